package io.campanile.gateway;

import io.netty.channel.unix.Buffer;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A ring of io_uring that sends: many sockets in one system call. Belongs to the thread that has opened it.
 *
 * <p>Layout and meaning of its memory: {@code linux/io_uring.h} and io_uring(7). Linux 6.6 has all that is asked for.
 */
final class SendRing {

    /*
     * Each entry is a send that does not wait (MSG_DONTWAIT), so it has ended when the call that submits it returns: the
     * bytes were copied, and nothing of the entry or its source is looked at any more. One that sent everything says
     * nothing (CQE_SKIP_SUCCESS). One that sent less fails, because it was asked for all (MSG_WAITALL), and leaves a
     * completion with the bytes it did send; any other failure leaves its negative error number.
     *
     *     queued entries   tail .. tail + queued    written by us, seen by the kernel once the tail is released
     *     completions      head .. the kernel's tail, acquired; there are as many places as entries, and all are taken
     *                      before more is submitted, so none is ever lost
     */

    private static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

    private static final int IO_URING_SETUP = 425;
    private static final int IO_URING_ENTER = 426;

    private static final int CQSIZE = 1 << 3;
    private static final int SUBMIT_ALL = 1 << 7;
    private static final int SINGLE_ISSUER = 1 << 12;
    private static final int DEFER_TASKRUN = 1 << 13;
    private static final int NO_SQARRAY = 1 << 16;
    private static final int FEAT_SINGLE_MMAP = 1;
    private static final int PARAMS_BYTES = 120;

    private static final long OFFSET_OF_RING = 0;
    private static final long OFFSET_OF_ENTRIES = 0x1000_0000;
    private static final int ENTRY_BYTES = 64;
    private static final int COMPLETION_BYTES = 16;

    private static final byte OP_SEND = 26;
    private static final byte CQE_SKIP_SUCCESS = 1 << 6;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_WAITALL = 0x100;
    private static final int MSG_NOSIGNAL = 0x4000;

    private static final long READ_AND_WRITE = 3;
    private static final long SHARED_AND_POPULATED = 0x8001;

    /** What has other numbers on other processors. */
    private enum Processor {
        AMD64(9, 11, 3),
        AARCH64(222, 215, 57);

        final long mmap;
        final long munmap;
        final long close;

        Processor(long mmap, long munmap, long close) {
            this.mmap = mmap;
            this.munmap = munmap;
            this.close = close;
        }

        static Optional<Processor> ours() {
            return switch (System.getProperty("os.arch", "")) {
                case "amd64" -> Optional.of(AMD64);
                case "aarch64" -> Optional.of(AARCH64);
                default -> Optional.empty();
            };
        }
    }

    private static final class Availability {
        static final @Nullable String REASON = findOut();

        private static @Nullable String findOut() {
            Optional<String> calls = SystemCalls.unavailability();
            if (calls.isPresent()) {
                return calls.get();
            }
            try {
                new SendRing(1).close();
                return null;
            } catch (IllegalStateException e) {
                return e.getMessage();
            }
        }
    }

    private final Processor processor;
    private final long descriptor;
    private final int capacity;
    private final long ringAddress;
    private final long ringBytes;
    private final long entriesAddress;
    private final ByteBuffer ring;
    private final ByteBuffer entries;
    private final int tailAt;
    private final int completionsAt;
    private final int completionHeadAt;
    private final int completionTailAt;
    private final int completionMask;

    private int tail;
    private int queued;

    /**
     * Opens a ring.
     *
     * @param capacity how many sends it takes at a time, a power of two
     * @throws IllegalStateException when the kernel is too old or forbids it
     */
    SendRing(int capacity) {
        this.capacity = capacity;
        processor = Processor.ours()
                .orElseThrow(() -> new IllegalStateException(
                        "os.arch: " + System.getProperty("os.arch") + " (expected: amd64 or aarch64)"));
        ByteBuffer params = ByteBuffer.allocateDirect(PARAMS_BYTES).order(ByteOrder.nativeOrder());
        params.putInt(4, capacity);
        params.putInt(8, CQSIZE | SUBMIT_ALL | SINGLE_ISSUER | DEFER_TASKRUN | NO_SQARRAY);
        descriptor = SystemCalls.call(IO_URING_SETUP, capacity, Buffer.memoryAddress(params), 0, 0, 0, 0);
        if (descriptor < 0) {
            throw new IllegalStateException(
                    "io_uring_setup failed (expected: Linux 6.6 or newer, and that it allows it)");
        }
        boolean single = (params.getInt(20) & FEAT_SINGLE_MMAP) != 0;
        tailAt = params.getInt(44);
        completionHeadAt = params.getInt(80);
        completionTailAt = params.getInt(84);
        completionsAt = params.getInt(100);
        ringBytes = completionsAt + (long) COMPLETION_BYTES * params.getInt(4);
        ringAddress = single ? map(OFFSET_OF_RING, ringBytes) : -1;
        entriesAddress = map(OFFSET_OF_ENTRIES, (long) ENTRY_BYTES * capacity);
        if (ringAddress == -1 || entriesAddress == -1) {
            close();
            throw new IllegalStateException("the memory of an io_uring cannot be mapped");
        }
        ring = SystemCalls.memory(ringAddress, ringBytes);
        entries = SystemCalls.memory(entriesAddress, (long) ENTRY_BYTES * capacity);
        completionMask = ring.getInt(params.getInt(88));
        for (int at = 0; at < ENTRY_BYTES * capacity; at += ENTRY_BYTES) {
            entries.put(at, OP_SEND);
            entries.put(at + 1, CQE_SKIP_SUCCESS);
            entries.putInt(at + 28, MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL);
        }
    }

    /** Returns why there can be none on this machine; empty when there can. Opens one on the first call. */
    static Optional<String> unavailability() {
        return Optional.ofNullable(Availability.REASON);
    }

    private long map(long offset, long bytes) {
        return SystemCalls.call(processor.mmap, 0, bytes, READ_AND_WRITE, SHARED_AND_POPULATED, descriptor, offset);
    }

    /** Queues a send; no more than fit are queued at a time. */
    void add(int socket, long address, int length, int tag) {
        int at = ((tail + queued++) & (capacity - 1)) * ENTRY_BYTES;
        entries.putInt(at + 4, socket);
        entries.putLong(at + 16, address);
        entries.putInt(at + 24, length);
        entries.putLong(at + 32, tag);
    }

    /**
     * Sends what is queued, in order, and returns how many were: fewer only when the kernel is at the end of its memory.
     * The rest is then forgotten, and the ring of no use any more.
     */
    int submit() {
        int count = queued;
        queued = 0;
        tail += count;
        INT.setRelease(ring, tailAt, tail);
        int done = 0;
        while (done < count) {
            long more = SystemCalls.call(IO_URING_ENTER, descriptor, count - done, 0, 0, 0, 0);
            if (more <= 0) {
                break;
            }
            done += (int) more;
        }
        return done;
    }

    /** Returns whether some of what was sent has left a completion: it has not sent everything. */
    boolean hasFailure() {
        return (int) INT.getAcquire(ring, completionTailAt) != ring.getInt(completionHeadAt);
    }

    /** Returns the tag of the next of them. */
    int failedTag() {
        return (int) ring.getLong(completionAt());
    }

    /** Takes the next of them, and returns how many bytes it did send, or its negative error number. */
    int takeFailure() {
        int result = ring.getInt(completionAt() + 8);
        INT.setRelease(ring, completionHeadAt, ring.getInt(completionHeadAt) + 1);
        return result;
    }

    private int completionAt() {
        return completionsAt + (ring.getInt(completionHeadAt) & completionMask) * COMPLETION_BYTES;
    }

    /** Gives everything back; any thread, once the ring is not used any more. */
    void close() {
        if (ringAddress != -1) {
            SystemCalls.call(processor.munmap, ringAddress, ringBytes, 0, 0, 0, 0);
        }
        if (entriesAddress != -1) {
            SystemCalls.call(processor.munmap, entriesAddress, (long) ENTRY_BYTES * capacity, 0, 0, 0, 0);
        }
        SystemCalls.call(processor.close, descriptor, 0, 0, 0, 0, 0);
    }
}

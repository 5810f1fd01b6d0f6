package io.campanile.gateway;

import io.netty.channel.unix.Errors;
import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What the connections of one loop are sent at the end of a turn: all of it by one system call where there is a ring, else
 * by one after the other. Belongs to the loop's thread.
 *
 * <p>A send drives most of what the processor has cached out of it. So what has to be known of each connection is
 * looked up for many in a row, where the processor can wait for several memory accesses at once, and then nothing
 * is done but sending.
 */
final class Sends {

    /** How many are put off at most. Measured with 64, 256 and 1,024: the more the better. */
    private static final int CAPACITY = 1_024;

    /** Fewer than these are sent one by one. */
    private static final int FEW = 4;

    private final ChannelTransport[] transports = new ChannelTransport[CAPACITY];
    private final Socket[] sockets = new Socket[CAPACITY];
    private final int[] offsets = new int[CAPACITY];
    private final int[] lengths = new int[CAPACITY];
    private final int[] results = new int[CAPACITY];
    private int count;

    private @Nullable ByteBuffer source;
    private long address;

    private @Nullable SendRing ring;

    /** Uses a ring from now on, if one can be had. On the loop's thread, which a ring belongs to. */
    void openRing() {
        try {
            ring = new SendRing(CAPACITY);
        } catch (IllegalStateException e) {
            Gateway.LOG.log(Level.WARNING, "no io_uring for a loop, which sends one by one; cause={0}", e.getMessage());
        }
    }

    /** Puts a send off until {@link #flush}. */
    void add(ChannelTransport transport, Socket socket, ByteBuffer from, long at, int offset, int length) {
        if (count == CAPACITY || at != address) {
            flush();
            source = from;
            address = at;
        }
        int i = count++;
        transports[i] = transport;
        sockets[i] = socket;
        offsets[i] = offset;
        lengths[i] = length;
    }

    /** Sends what was put off, then tells those transports of which the socket did not take everything. */
    @SuppressWarnings("NullAway") // behind count there is nothing
    void flush() {
        ByteBuffer from = source;
        int all = count;
        if (all == 0 || from == null) {
            return;
        }
        int failed = ring == null || all < FEW ? sendEach(0, all) : sendTogether(ring, all);
        count = 0;
        for (int i = 0; failed > 0 && i < all; i++) {
            if (results[i] != lengths[i]) {
                failed--;
                transports[i].unsent(from, offsets[i], lengths[i], results[i]);
            }
        }
        Arrays.fill(transports, 0, all, null);
        Arrays.fill(sockets, 0, all, null);
    }

    /** Returns how many were not sent whole. */
    private int sendEach(int first, int end) {
        int failed = 0;
        for (int i = first; i < end; i++) {
            try {
                results[i] = sockets[i].sendAddress(address, offsets[i], offsets[i] + lengths[i]);
            } catch (NativeIoException e) {
                results[i] = e.expectedErr();
            } catch (IOException e) {
                results[i] = Errors.ERRNO_EBADF_NEGATIVE;
            }
            failed += results[i] == lengths[i] ? 0 : 1;
        }
        return failed;
    }

    private int sendTogether(SendRing by, int all) {
        for (int i = 0; i < all; i++) {
            by.add(sockets[i].intValue(), address + offsets[i], lengths[i], i);
        }
        int sent = by.submit();
        int failed = 0;
        if (by.hasFailure() || sent < all) {
            System.arraycopy(lengths, 0, results, 0, all);
            while (by.hasFailure()) {
                results[by.failedTag()] = by.takeFailure();
                failed++;
            }
        }
        if (sent < all) {
            close();
            Gateway.LOG.log(Level.WARNING, "io_uring takes no more sends; they go one by one from now on");
            failed += sendEach(sent, all);
        }
        return failed;
    }

    /** Gives the ring back, if there is one; any thread, when the loop has ended. */
    void close() {
        SendRing open = ring;
        ring = null;
        if (open != null) {
            open.close();
        }
    }
}

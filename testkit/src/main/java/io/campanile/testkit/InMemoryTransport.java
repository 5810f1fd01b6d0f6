package io.campanile.testkit;

import io.campanile.core.CloseReason;
import io.campanile.core.Message;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.Transport;
import io.campanile.core.spi.WireFormat;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A transport without a network, and the peer at its far end. The peer reads everything at once until it is told to
 * {@link #stall} or reads slowly, sends a sign of life when it is told to, and can go away in several ways.
 *
 * <p>Any thread may play the peer. What the transport has to report it reports at once, on the thread that caused it.
 */
public final class InMemoryTransport implements Transport {

    /*
     * All bytes ever given stand in one array:
     *
     *     0 .. read          the peer has read them
     *     read .. taken      in the socket: taken by the network, not yet read
     *     taken .. end       held by the transport
     *
     * taken = end while the peer is reading, else taken = min(end, read + room). The registry was told false, and waits
     * for `writable`, exactly while `owesWritable`.
     *
     * The link is never called with the lock held.
     */

    /** A method of {@link Transport}. */
    public enum Call {
        /** {@link Transport#attach}. */
        ATTACH,
        /** {@link Transport#write(ByteBuffer, int, int)} and its other form. */
        WRITE,
        /** {@link Transport#closing}. */
        CLOSING,
        /** {@link Transport#close}. */
        CLOSE,
        /** {@link Transport#abort}. */
        ABORT
    }

    private final int shard;
    private final WireFormat format;
    private final ReentrantLock lock = new ReentrantLock();
    private final Set<Call> failing = EnumSet.noneOf(Call.class);

    private @Nullable Link link;
    private byte[] bytes = new byte[64];
    private int read;
    private int taken;
    private int end;

    /** How many unread bytes the socket takes; negative while the peer reads everything. */
    private int room = -1;

    private boolean owesWritable;
    private boolean silent;
    private @Nullable CloseReason closingReason;
    private @Nullable CloseReason closeReason;
    private boolean aborted;
    private boolean ended;
    /** The reason that is behind all bytes in the socket, or has been read. */
    private @Nullable CloseReason farewell;

    /** Begins a transport that leaves the shard to the registry and writes {@link PlainFormat#shared}. */
    public InMemoryTransport() {
        this(ANY_SHARD, PlainFormat.shared());
    }

    /**
     * Begins a transport.
     *
     * @param shard what {@link #shard} returns
     * @param format what {@link #format} returns
     */
    public InMemoryTransport(int shard, WireFormat format) {
        this.shard = shard;
        this.format = format;
    }

    // The peer.

    /** The peer sends something: a sign of life, if the connection still stands. Returns whether it was heard. */
    public boolean hear() {
        Link told;
        lock.lock();
        try {
            told = ended || silent || closingReason != null ? null : link;
        } finally {
            lock.unlock();
        }
        if (told != null) {
            told.touch();
        }
        return told != null;
    }

    /**
     * The peer stops reading.
     *
     * @param socketBytes how many unread bytes the network takes; the transport holds what is beyond
     */
    public void stall(int socketBytes) {
        lock.lock();
        try {
            room = Math.max(0, socketBytes);
        } finally {
            lock.unlock();
        }
    }

    /** The peer reads everything again, and from now on at once. */
    public void resume() {
        lock.lock();
        try {
            room = -1;
        } finally {
            lock.unlock();
        }
        move(0);
    }

    /** The stalled peer reads up to so many bytes of what is in the socket, which makes room there. */
    public void read(int bytesToRead) {
        move(bytesToRead);
    }

    /** The peer sends nothing any more, not even that it has gone, but still reads. */
    public void fallSilent() {
        lock.lock();
        try {
            silent = true;
        } finally {
            lock.unlock();
        }
    }

    /** The peer has gone and the transport noticed: nothing more arrives, and the link is told. Idempotent. */
    public void lose() {
        end(CloseReason.TRANSPORT_LOST, false);
    }

    /**
     * The time runs out which the transport grants a connection that is closing: what is held is given up. Does nothing
     * before {@link #closing}.
     */
    public void expire() {
        CloseReason reason;
        lock.lock();
        try {
            reason = closingReason;
        } finally {
            lock.unlock();
        }
        if (reason != null) {
            end(reason, false);
        }
    }

    /** The next such call throws, and has no other effect. */
    public void failNext(Call call) {
        lock.lock();
        try {
            failing.add(call);
        } finally {
            lock.unlock();
        }
    }

    // What can be seen.

    /** Returns all bytes the peer has read so far. */
    public byte[] received() {
        lock.lock();
        try {
            return Arrays.copyOf(bytes, read);
        } finally {
            lock.unlock();
        }
    }

    /** Returns the messages the peer has read so far, of which {@link PlainFormat} was the format. */
    public List<Message> messages() {
        return PlainFormat.parse(received());
    }

    /** Returns the payloads of {@link #messages} as text. */
    public List<String> texts() {
        return messages().stream()
                .map(message -> new String(message.payload(), StandardCharsets.UTF_8))
                .toList();
    }

    /** Returns how many bytes the registry has given. */
    public int givenBytes() {
        lock.lock();
        try {
            return end;
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many bytes the transport holds because the network did not take them. */
    public int heldBytes() {
        lock.lock();
        try {
            return end - taken;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the reason the peer was told, once it has read all that stood before it. */
    public Optional<CloseReason> peerReason() {
        lock.lock();
        try {
            return read == end ? Optional.ofNullable(farewell) : Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the reason the registry gave to {@link #closing}, if it did. */
    public Optional<CloseReason> closingReason() {
        lock.lock();
        try {
            return Optional.ofNullable(closingReason);
        } finally {
            lock.unlock();
        }
    }

    /** Returns the reason the registry gave to {@link #close}, if it did. */
    public Optional<CloseReason> closeReason() {
        lock.lock();
        try {
            return Optional.ofNullable(closeReason);
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether the registry called {@link #abort}. */
    public boolean isAborted() {
        lock.lock();
        try {
            return aborted;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether the transport has ended: closed, aborted, expired or lost. */
    public boolean isEnded() {
        lock.lock();
        try {
            return ended;
        } finally {
            lock.unlock();
        }
    }

    // From the registry.

    @Override
    public int shard() {
        return shard;
    }

    @Override
    public WireFormat format() {
        return format;
    }

    /** {@inheritDoc} Here {@code missed 3 in lobby}, or {@code missed 3}. */
    @Override
    public Message gapNotice(Optional<String> room, long missed) {
        return Message.text(gapText(room.orElse(""), missed));
    }

    static String gapText(String room, long missed) {
        return "missed " + missed + (room.isEmpty() ? "" : " in " + room);
    }

    @Override
    public void attach(Link attached) {
        lock.lock();
        try {
            failIfAsked(Call.ATTACH);
            link = attached;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean write(ByteBuffer source, int offset, int length) {
        return write(source, new int[] {offset, length}, 1);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException when the caller broke the contract
     */
    @Override
    public boolean write(ByteBuffer source, int[] ranges, int count) {
        lock.lock();
        try {
            failIfAsked(Call.WRITE);
            if (owesWritable) {
                throw new IllegalStateException("write before writable");
            }
            if (closeReason != null || aborted) {
                throw new IllegalStateException("write after close");
            }
            if (ended) {
                return true; // the link was told; nobody will read it
            }
            ByteBuffer whole = source.duplicate().clear();
            for (int i = 0; i < count; i++) {
                int length = ranges[2 * i + 1];
                if (length < 1) {
                    throw new IllegalStateException("length: " + length + " (expected: > 0)");
                }
                if (bytes.length - end < length) {
                    bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, end + length));
                }
                whole.get(ranges[2 * i], bytes, end, length);
                end += length;
            }
            flow();
            owesWritable = taken < end;
            return !owesWritable;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void closing(CloseReason reason) {
        lock.lock();
        try {
            if (closingReason == null) {
                closingReason = reason;
            }
            failIfAsked(Call.CLOSING);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close(CloseReason reason) {
        lock.lock();
        try {
            failIfAsked(Call.CLOSE);
            if (closeReason == null) {
                closeReason = reason;
            }
        } finally {
            lock.unlock();
        }
        move(0);
    }

    @Override
    public void abort() {
        CloseReason reason;
        lock.lock();
        try {
            failIfAsked(Call.ABORT);
            aborted = true;
            reason = closeReason;
        } finally {
            lock.unlock();
        }
        end(reason == null ? CloseReason.TRANSPORT_LOST : reason, false);
    }

    private void failIfAsked(Call call) {
        if (failing.remove(call)) {
            throw new IllegalStateException("asked to fail at " + call);
        }
    }

    /** Lets bytes flow, and reports what has come of it. */
    private void move(int toRead) {
        boolean writable = false;
        CloseReason close = null;
        Link told;
        lock.lock();
        try {
            if (ended && farewell == null) {
                return; // what was in the socket is lost
            }
            read = Math.min(taken, read + toRead);
            flow();
            if (ended) {
                return;
            }
            if (taken == end) {
                writable = owesWritable;
                owesWritable = false;
                close = closeReason;
            }
            told = link;
        } finally {
            lock.unlock();
        }
        if (told != null && writable) {
            told.writable();
        }
        if (close != null) {
            end(close, true);
        }
    }

    private void flow() {
        if (room < 0) {
            read = end;
            taken = end;
        } else {
            taken = Math.max(taken, Math.min(end, read + room));
        }
    }

    private void end(CloseReason reason, boolean inOrder) {
        Link told;
        lock.lock();
        try {
            if (ended) {
                return;
            }
            ended = true;
            owesWritable = false;
            farewell = inOrder ? reason : null;
            told = link;
        } finally {
            lock.unlock();
        }
        if (told != null) {
            told.closed(reason);
        }
    }

    @Override
    public String toString() {
        return "InMemoryTransport[given=" + givenBytes() + " held=" + heldBytes() + (isEnded() ? " ended]" : "]");
    }
}

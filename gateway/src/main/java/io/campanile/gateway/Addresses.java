package io.campanile.gateway;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * How many connections each address has, and how often it has come of late, held to limits. For any thread; waits for
 * nothing but a bin of the map.
 */
final class Addresses {

    /*
     * An address has an entry while it has connections, and after that until its bucket is full again and somebody sweeps:
     *
     *     entries <= sockets + connections that were accepted within the time in which a bucket fills
     *
     * Who is refused takes nothing from the bucket, so an address is never refused for coming too often alone.
     */

    /** A peer's address cannot be that of a multicast group, so no prefix of IPv6 looks like this one. */
    private static final long IPV4 = 0xffff_ffff_0000_0000L;

    /** Whether an address may have one connection more. */
    enum Answer {
        ENTERED,
        FULL,
        TOO_OFTEN
    }

    /** The connections of one address, and when the bucket is full again from which it takes one for each. */
    private record Entry(int open, long fullAt) {}

    private final int limit;
    private final Rate rate;
    private final ConcurrentHashMap<Long, Entry> entries = new ConcurrentHashMap<>();

    /** Counts nothing when both limits are 0. */
    Addresses(int limit, int perSecond) {
        this.limit = limit;
        this.rate = new Rate(perSecond, 1);
    }

    boolean isOff() {
        return limit == 0 && rate.isOff();
    }

    /** Returns whether entries stay behind, so that somebody must {@link #sweep} now and then. */
    boolean needsSweeps() {
        return !rate.isOff();
    }

    /**
     * Returns what stands for an address: all of IPv4, also where it is written as IPv6; else the first 64 bits, for the
     * other 64 are the client's to choose.
     */
    static long keyOf(SocketAddress remote) {
        InetAddress address = remote instanceof InetSocketAddress internet ? internet.getAddress() : null;
        // No address is left of a peer that has gone by now. There are few of those, and they end at once.
        ByteBuffer bytes = ByteBuffer.wrap(address == null ? new byte[4] : address.getAddress());
        if (bytes.capacity() == 4) {
            return IPV4 | (bytes.getInt(0) & 0xffff_ffffL);
        }
        boolean mapped = bytes.getLong(0) == 0 && bytes.getInt(8) == 0xffff;
        return mapped ? IPV4 | (bytes.getInt(12) & 0xffff_ffffL) : bytes.getLong(0);
    }

    /**
     * Counts one more connection, or nothing when it is one too many.
     *
     * @param now in nanoseconds, as for all that follow
     */
    Answer enter(long key, long now) {
        while (true) {
            Entry held = entries.get(key);
            int open = held == null ? 0 : held.open;
            if (limit > 0 && open >= limit) {
                return Answer.FULL;
            }
            long fullAt = held == null ? now : held.fullAt;
            if (!rate.isOff()) {
                fullAt = rate.take(fullAt, now, 1);
                if (rate.isExceeded(fullAt, now)) {
                    return Answer.TOO_OFTEN;
                }
            }
            Entry more = new Entry(open + 1, fullAt);
            if (held == null ? entries.putIfAbsent(key, more) == null : entries.replace(key, held, more)) {
                return Answer.ENTERED;
            }
        }
    }

    /** Counts one less. */
    void leave(long key, long now) {
        entries.computeIfPresent(key, (k, held) -> kept(new Entry(held.open - 1, held.fullAt), now));
    }

    /** Forgets those who have no connections and might have as many as anybody. */
    void sweep(long now) {
        entries.keySet().forEach(key -> entries.computeIfPresent(key, (k, held) -> kept(held, now)));
    }

    private @Nullable Entry kept(Entry entry, long now) {
        boolean full = rate.isOff() || entry.fullAt - now <= 0;
        return entry.open == 0 && full ? null : entry;
    }

    /** Returns how many addresses are known. */
    int size() {
        return entries.size();
    }
}

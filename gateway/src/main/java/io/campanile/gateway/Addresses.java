package io.campanile.gateway;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentHashMap;

/** How many connections each address has, held to a limit. For any thread; waits for nothing but a bin of the map. */
final class Addresses {

    /*
     * An address has an entry exactly while it has connections, so there are never more entries than sockets.
     */

    /** A peer's address cannot be that of a multicast group, so no prefix of IPv6 looks like this one. */
    private static final long IPV4 = 0xffff_ffff_0000_0000L;

    private final int limit;
    private final ConcurrentHashMap<Long, Integer> connections = new ConcurrentHashMap<>();

    /** Counts nothing at a limit of 0. */
    Addresses(int limit) {
        this.limit = limit;
    }

    boolean isOff() {
        return limit == 0;
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

    /** Counts one more connection; returns false, having counted nothing, when there are as many as may be. */
    boolean enter(long key) {
        while (true) {
            Integer held = connections.putIfAbsent(key, 1);
            if (held == null) {
                return true;
            }
            if (held >= limit) {
                return false;
            }
            if (connections.replace(key, held, held + 1)) {
                return true;
            }
        }
    }

    /** Counts one less. */
    void leave(long key) {
        connections.computeIfPresent(key, (k, held) -> held == 1 ? null : held - 1);
    }

    /** Returns how many addresses have connections. */
    int size() {
        return connections.size();
    }
}

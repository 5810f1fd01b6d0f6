package io.campanile.core;

import java.util.Map;

/**
 * What a registry holds and has done since it was built. Counters only grow; each is exact, but they are read one after
 * another, so two of them may differ by what happened in between.
 *
 * @param connections the connections that are registered
 * @param rooms the rooms that have members
 * @param users the users that have connections
 * @param waitingBytes the bytes that wait for clients which do not take them at once
 * @param opened the connections registered so far
 * @param refused the registrations refused so far
 * @param closed the connections closed so far, by the label of their close reason
 * @param posted the messages accepted from callers
 * @param overloaded the messages refused because callers post faster than the shards take up
 * @param queued the deliveries put in outbound queues
 * @param dropped the deliveries lost while the connection stayed: too large, not to be encoded, or dropped by an overflow
 *     policy
 * @param conflated the deliveries replaced by a later one with the same key before they were written
 * @param evicted the connections closed because a delivery did not fit
 * @param writtenBytes the bytes that transports have taken
 * @param listenerFailures the exceptions thrown by listeners
 * @param quotaRefused the registrations and changes of claims refused so far by each {@link Quota}, by its name
 * @param quotaReplaced the connections closed so far to make room under each {@link Quota}, by its name
 */
public record RegistryStats(
        int connections,
        int rooms,
        int users,
        long waitingBytes,
        long opened,
        long refused,
        Map<String, Long> closed,
        long posted,
        long overloaded,
        long queued,
        long dropped,
        long conflated,
        long evicted,
        long writtenBytes,
        long listenerFailures,
        Map<String, Long> quotaRefused,
        Map<String, Long> quotaReplaced) {

    /** Copies the maps. */
    public RegistryStats {
        closed = Map.copyOf(closed);
        quotaRefused = Map.copyOf(quotaRefused);
        quotaReplaced = Map.copyOf(quotaReplaced);
    }
}

package io.campanile.core;

/**
 * What became of a broadcast. {@code matched = queued + dropped + evicted}.
 *
 * @param posted whether the broadcast was placed; all counts are 0 when it was not
 * @param matched the connections that were addressed
 * @param queued those in whose outbound queue the message was put
 * @param dropped those for whom it was lost while they stay connected; they will be told
 * @param evicted those that were closed because it did not fit
 * @param displaced older messages that were queued before, for whichever of the connections, and were now dropped or
 *     replaced for this one, as their policy allows; the clients will be told
 */
public record Receipt(Posted posted, int matched, int queued, int dropped, int evicted, int displaced) {

    static Receipt notPosted(Posted posted) {
        return new Receipt(posted, 0, 0, 0, 0, 0);
    }
}

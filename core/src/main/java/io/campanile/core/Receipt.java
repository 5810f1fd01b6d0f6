package io.campanile.core;

/**
 * What became of a broadcast. {@code matched = queued + dropped + evicted}.
 *
 * @param posted whether the broadcast was placed; all counts are 0 when it was not
 * @param matched the connections that were addressed
 * @param queued those in whose outbound queue the message was put
 * @param dropped those for whom it was lost while they stay connected
 * @param evicted those that were closed because it did not fit
 */
public record Receipt(Posted posted, int matched, int queued, int dropped, int evicted) {

    static Receipt notPosted(Posted posted) {
        return new Receipt(posted, 0, 0, 0, 0);
    }
}

package io.campanile.gateway;

/**
 * How much may come in a second: the rule of a token bucket, for any number of buckets. Whoever is held to it keeps one
 * number, the time at which its bucket is full again, in nanoseconds of one clock; it begins with the time it is met.
 */
final class Rate {

    /*
     *     tokens in a bucket = burst - perSecond * max(0, fullAt - now)
     *
     * so taking some moves fullAt, the passing of time fills the bucket, and nothing has to be done meanwhile.
     */

    /** How long the network or this process may hold a client up without what gathers meanwhile counting against it. */
    private static final long BURST_SECONDS = 5;

    private static final long NANOS = 1_000_000_000;

    private final int perSecond;
    private final long burstNanos;

    /**
     * A rule under which five seconds' worth may come at once.
     *
     * @param perSecond the most in a second, over time; 0 is without limit
     * @param least what may come at once in any case
     */
    Rate(int perSecond, long least) {
        this.perSecond = perSecond;
        this.burstNanos = perSecond == 0 ? 0 : Math.max(BURST_SECONDS * NANOS, least * NANOS / perSecond);
    }

    boolean isOff() {
        return perSecond == 0;
    }

    int perSecond() {
        return perSecond;
    }

    /** Returns when a bucket is full again from which some is taken now, whether it holds that much or not. */
    long take(long fullAt, long now, int amount) {
        // Times are compared by their difference: the clock may begin anywhere.
        long from = fullAt - now > 0 ? fullAt : now;
        return from + amount * NANOS / perSecond;
    }

    /** Returns whether more was taken from a bucket than it held. */
    boolean isExceeded(long fullAt, long now) {
        return fullAt - now > burstNanos;
    }
}

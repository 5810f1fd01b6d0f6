package io.campanile.server;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Somebody who may call the HTTP API, by the name of the key: what it has asked for, and how much more it may. */
final class ApiCaller {

    /*
     * The rate is that of a token bucket, kept as the time at which the bucket is full again:
     *
     *     tokens = BURST_SECONDS * perSecond - perSecond * max(0, fullAt - now)
     *
     * A call is let through while there is a token, and then takes what it costs: a batch may leave the bucket in debt, which
     * those behind it wait for. So what costs more than a bucket holds can be asked for too, and the rate holds over time.
     */
    private static final long BURST_SECONDS = 5;

    private static final long NANOS = 1_000_000_000;

    private final String name;
    private final int perSecond;
    private final AtomicLong fullAt;
    private final LongAdder requests = new LongAdder();
    private final LongAdder limited = new LongAdder();

    /**
     * Begins a caller with a full bucket.
     *
     * @param perSecond the most it may ask for in a second, over time; 0 is without limit
     */
    ApiCaller(String name, int perSecond, long nowNanos) {
        this.name = name;
        this.perSecond = perSecond;
        this.fullAt = new AtomicLong(nowNanos);
    }

    String name() {
        return name;
    }

    /** Counts a request that was let through. */
    void called() {
        requests.increment();
    }

    long requests() {
        return requests.sum();
    }

    /** Returns how often it asked for more than it may. */
    long limited() {
        return limited.sum();
    }

    /** Takes tokens and returns 0, or the nanoseconds after which there is one again. */
    long take(int tokens, long nowNanos) {
        if (perSecond == 0) {
            return 0;
        }
        while (true) {
            long before = fullAt.get();
            long from = before - nowNanos > 0 ? before : nowNanos;
            long wait = from - nowNanos - (BURST_SECONDS * NANOS - NANOS / perSecond);
            if (wait > 0) {
                limited.increment();
                return wait;
            }
            if (fullAt.compareAndSet(before, from + tokens * NANOS / perSecond)) {
                return 0;
            }
        }
    }
}

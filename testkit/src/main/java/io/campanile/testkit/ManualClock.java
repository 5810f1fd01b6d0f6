package io.campanile.testkit;

import io.campanile.core.spi.Clock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that stands still until it is told how much time has passed. Any thread. */
public final class ManualClock implements Clock {

    private final AtomicLong nanos;

    /** Begins at an arbitrary moment, as real clocks do: nothing may depend on it. */
    public ManualClock() {
        this(1_000_000_007L);
    }

    /**
     * Begins at a moment.
     *
     * @param nanos what {@link #nanos} returns until time is advanced; may be negative
     */
    public ManualClock(long nanos) {
        this.nanos = new AtomicLong(nanos);
    }

    @Override
    public long nanos() {
        return nanos.get();
    }

    /**
     * Lets time pass.
     *
     * @param by how much; not negative
     */
    public void advance(Duration by) {
        if (by.isNegative()) {
            throw new IllegalArgumentException("by: " + by + " (expected: not negative)");
        }
        nanos.addAndGet(by.toNanos());
    }
}

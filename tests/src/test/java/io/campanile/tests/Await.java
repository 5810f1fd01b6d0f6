package io.campanile.tests;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for what happens elsewhere and cannot be listened to. */
final class Await {

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private Await() {}

    /**
     * Returns once the condition holds.
     *
     * @throws AssertionError when it does not within the time, with what is the case instead
     */
    static void until(Duration patience, BooleanSupplier condition, Supplier<String> instead) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("still not after " + patience + ": " + instead.get());
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }
}

package io.campanile.app;

import java.time.Duration;

/**
 * What handlers may take.
 *
 * @param deadline how long one handler may take; then it is interrupted, or the stage it returned is cancelled, and its
 *     client is answered with {@code timeout}
 * @param grace how long a handler that was interrupted may take to return; then its connection is closed with 1011, and its
 *     thread is left to it
 * @param maxQueuedBytes how much may wait for the handlers of one connection before its client is no longer read: the bytes
 *     of each message and 1 KiB for each. Reading goes on when half of it is handled
 * @param maxRunning the most handlers that run at a time; the others wait for their turn. Handlers that were left to
 *     themselves are not among them, up to as many again
 * @param maxAsks the most answers that may be awaited from one client
 */
public record HandlerLimits(Duration deadline, Duration grace, int maxQueuedBytes, int maxRunning, int maxAsks) {

    private static final int ON_PLATFORM_THREADS = 64;
    private static final int ON_VIRTUAL_THREADS = 10_000;

    private static final HandlerLimits DEFAULTS = new HandlerLimits(
            Duration.ofSeconds(30),
            Duration.ofSeconds(5),
            128 << 10,
            Threads.areVirtual() ? ON_VIRTUAL_THREADS : ON_PLATFORM_THREADS,
            100);

    /** Rejects limits under which nothing could be handled. */
    public HandlerLimits {
        positive("deadline", deadline);
        positive("grace", grace);
        positive("maxQueuedBytes", maxQueuedBytes);
        positive("maxRunning", maxRunning);
        positive("maxAsks", maxAsks);
    }

    /**
     * Returns 30 s, 5 s of grace, 128 KiB, 100 asks, and 10,000 handlers at a time on virtual threads, or 64 where there are
     * none.
     */
    public static HandlerLimits defaults() {
        return DEFAULTS;
    }

    /** Returns the same limits with another deadline. */
    public HandlerLimits withDeadline(Duration value) {
        return new HandlerLimits(value, grace, maxQueuedBytes, maxRunning, maxAsks);
    }

    /** Returns the same limits with another grace. */
    public HandlerLimits withGrace(Duration value) {
        return new HandlerLimits(deadline, value, maxQueuedBytes, maxRunning, maxAsks);
    }

    /** Returns the same limits with another bound on what waits. */
    public HandlerLimits withMaxQueuedBytes(int value) {
        return new HandlerLimits(deadline, grace, value, maxRunning, maxAsks);
    }

    /** Returns the same limits with another number of handlers at a time. */
    public HandlerLimits withMaxRunning(int value) {
        return new HandlerLimits(deadline, grace, maxQueuedBytes, value, maxAsks);
    }

    /** Returns the same limits with another number of answers awaited. */
    public HandlerLimits withMaxAsks(int value) {
        return new HandlerLimits(deadline, grace, maxQueuedBytes, maxRunning, value);
    }

    private static void positive(String name, int value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: > 0)");
        }
    }

    private static void positive(String name, Duration value) {
        if (value.isNegative() || value.isZero() || value.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: > 0, at most a day)");
        }
    }
}

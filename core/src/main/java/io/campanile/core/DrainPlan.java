package io.campanile.core;

import io.campanile.core.CloseReason.ComeBack;
import java.time.Duration;

/**
 * How connections are told to go, and by when all are gone.
 *
 * <p>They are told evenly over {@code window}, but no more than {@code maxPerSecond} of them, so the slower of the two
 * holds. Only the deadline is stronger: where the rate would take longer than three quarters of it, connections are told
 * over that time instead, so that the last ones have a quarter to leave in.
 *
 * @param reason why, as the clients are told: {@link CloseReason#GOING_AWAY}, {@link CloseReason#RESTART} or one of the
 *     application's
 * @param window the time over which connections are told, at least; zero tells them as fast as the rate lets
 * @param maxPerSecond the most connections told in a second; 0 for no such bound
 * @param comeBackMin the shortest time a client is asked to wait before it comes back
 * @param comeBackMax the longest; each client gets a time of its own between the two, zero for both leaves it to them
 * @param deadline the time after which what is left is cut; longer than the window
 */
public record DrainPlan(
        CloseReason reason,
        Duration window,
        int maxPerSecond,
        Duration comeBackMin,
        Duration comeBackMax,
        Duration deadline) {

    private static final DrainPlan DEFAULTS = new DrainPlan(
            CloseReason.GOING_AWAY,
            Duration.ZERO,
            2_000,
            Duration.ofSeconds(1),
            Duration.ofSeconds(10),
            Duration.ofSeconds(10));

    /** Rejects a plan that cannot be carried out. */
    public DrainPlan {
        Checks.notNegative("window", window);
        Checks.notNegative("comeBackMin", comeBackMin);
        Checks.inRange("maxPerSecond", maxPerSecond, 0, Integer.MAX_VALUE);
        Checks.positive("deadline", deadline);
        if (window.compareTo(deadline) >= 0) {
            throw new IllegalArgumentException(
                    "window: " + window + ", deadline: " + deadline + " (expected: window < deadline); raise deadline");
        }
        if (comeBackMax.compareTo(comeBackMin) < 0) {
            throw new IllegalArgumentException("comeBackMin: " + comeBackMin + ", comeBackMax: " + comeBackMax
                    + " (expected: comeBackMin <= comeBackMax)");
        }
        if (reason.comeBack() == ComeBack.NO && !comeBackMax.isZero()) {
            throw new IllegalArgumentException("reason: " + reason.label() + ", comeBackMax: " + comeBackMax
                    + " (expected: a reason after which clients come back, or zero)");
        }
        reason.withComeBackAfter(comeBackMax); // rejects what no client could be told
    }

    /** Returns 1001, as fast as 2,000 a second let, 1 to 10 seconds to come back, and 10 seconds for all. */
    public static DrainPlan defaults() {
        return DEFAULTS;
    }

    /** Returns the plan that tells everybody now. */
    public static DrainPlan atOnce(CloseReason reason) {
        return new DrainPlan(reason, Duration.ZERO, 0, Duration.ZERO, Duration.ZERO, DEFAULTS.deadline);
    }

    /** Returns the same plan with another reason. */
    public DrainPlan withReason(CloseReason value) {
        return new DrainPlan(value, window, maxPerSecond, comeBackMin, comeBackMax, deadline);
    }

    /** Returns the same plan over another time. */
    public DrainPlan withWindow(Duration value) {
        return new DrainPlan(reason, value, maxPerSecond, comeBackMin, comeBackMax, deadline);
    }

    /** Returns the same plan with another rate; 0 for none. */
    public DrainPlan withMaxPerSecond(int value) {
        return new DrainPlan(reason, window, value, comeBackMin, comeBackMax, deadline);
    }

    /** Returns the same plan with other times to come back after. */
    public DrainPlan withComeBack(Duration min, Duration max) {
        return new DrainPlan(reason, window, maxPerSecond, min, max, deadline);
    }

    /** Returns the same plan with another deadline. */
    public DrainPlan withDeadline(Duration value) {
        return new DrainPlan(reason, window, maxPerSecond, comeBackMin, comeBackMax, value);
    }

    /** Returns over how many nanoseconds so many connections are told; 0 for at once. */
    long spanNanos(int connections) {
        long span = window.toNanos();
        if (maxPerSecond > 0) {
            long byRate = (long) (connections * 1e9 / maxPerSecond);
            span = Math.max(span, Math.min(byRate, deadline.toNanos() / 4 * 3));
        }
        return span;
    }

    /** Returns what the connection with the id is told; the same id is always given the same time. */
    CloseReason reasonFor(long id) {
        if (comeBackMax.isZero()) {
            return reason;
        }
        long least = comeBackMin.toMillis();
        long mixed = (id ^ (id >>> 32)) * 0x9E3779B97F4A7C15L;
        long spread = Long.remainderUnsigned(mixed ^ (mixed >>> 29), comeBackMax.toMillis() - least + 1);
        return reason.withComeBackAfter(Duration.ofMillis(least + spread));
    }
}

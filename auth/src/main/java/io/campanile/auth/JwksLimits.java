package io.campanile.auth;

import java.time.Duration;

/**
 * How keys are fetched, and how long they are trusted.
 *
 * @param timeout the longest time one fetch may take, to its last byte
 * @param maxBytes the largest answer
 * @param refreshAfter the age at which keys are fetched anew, by the next token that is judged and without it waiting
 * @param maxAge the age up to which keys are used when they cannot be fetched anew; so long can whoever keeps this node
 *     from its issuer keep a key alive that the issuer has withdrawn
 * @param pause the shortest time between two fetches, whatever the tokens say
 */
public record JwksLimits(Duration timeout, int maxBytes, Duration refreshAfter, Duration maxAge, Duration pause) {

    private static final JwksLimits DEFAULTS = new JwksLimits(
            Duration.ofSeconds(3), 256 << 10, Duration.ofMinutes(5), Duration.ofHours(1), Duration.ofSeconds(5));

    /** Rejects limits under which no key could be had. */
    public JwksLimits {
        positive("timeout", timeout);
        positive("refreshAfter", refreshAfter);
        positive("maxAge", maxAge);
        positive("pause", pause);
        if (maxBytes <= 0) {
            throw new IllegalArgumentException("maxBytes: " + maxBytes + " (expected: > 0)");
        }
        if (refreshAfter.compareTo(maxAge) > 0) {
            throw new IllegalArgumentException("refreshAfter: " + refreshAfter + ", maxAge: " + maxAge
                    + " (expected: refreshAfter <= maxAge); raise maxAge");
        }
    }

    /** Returns 3 seconds, 256 KiB, 5 minutes, an hour and 5 seconds. */
    public static JwksLimits defaults() {
        return DEFAULTS;
    }

    /** Returns the same with other ages. */
    public JwksLimits withAges(Duration newRefreshAfter, Duration newMaxAge) {
        return new JwksLimits(timeout, maxBytes, newRefreshAfter, newMaxAge, pause);
    }

    /** Returns the same with another time for a fetch. */
    public JwksLimits withTimeout(Duration value) {
        return new JwksLimits(value, maxBytes, refreshAfter, maxAge, pause);
    }

    /** Returns the same with another size of an answer. */
    public JwksLimits withMaxBytes(int value) {
        return new JwksLimits(timeout, value, refreshAfter, maxAge, pause);
    }

    /** Returns the same with another time between fetches. */
    public JwksLimits withPause(Duration value) {
        return new JwksLimits(timeout, maxBytes, refreshAfter, maxAge, value);
    }

    private static void positive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: > 0)");
        }
    }
}

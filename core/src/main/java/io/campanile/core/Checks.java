package io.campanile.core;

import java.time.Duration;

/** Rejects arguments with a sentence that names the thing, its value and what was expected. */
final class Checks {

    private Checks() {}

    static int positive(String name, int value) {
        positive(name, (long) value);
        return value;
    }

    static long positive(String name, long value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: > 0)");
        }
        return value;
    }

    static Duration positive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: > 0)");
        }
        return value;
    }

    static Duration notNegative(String name, Duration value) {
        if (value.isNegative()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: >= 0)");
        }
        return value;
    }

    static int inRange(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + least + " to " + most + ")");
        }
        return value;
    }

    static String notEmpty(String name, String value) {
        if (value.isEmpty()) {
            throw new IllegalArgumentException(name + ": \"\" (expected: not empty)");
        }
        return value;
    }
}

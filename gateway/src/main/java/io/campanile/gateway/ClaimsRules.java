package io.campanile.gateway;

import java.time.Duration;

/**
 * How a gateway keeps connections in step with their claims.
 *
 * @param expiryWarning how long before its claims expire a client is warned; zero warns nobody
 * @param revocationTime how long a revocation is kept: as long as the longest token lives
 * @param maxRevocations the most revocations that are kept at once; a further one is not kept
 * @param subject whether newer claims may name another user
 */
public record ClaimsRules(Duration expiryWarning, Duration revocationTime, int maxRevocations, Subject subject) {

    /** Whether the claims that a client shows while it is connected may be those of another user. */
    public enum Subject {
        /** They must name the same user, or again none. */
        STAYS,
        /** They may name any user. */
        MAY_CHANGE
    }

    private static final Duration MOST = Duration.ofDays(365);

    private static final ClaimsRules DEFAULTS =
            new ClaimsRules(Duration.ofSeconds(30), Duration.ofHours(24), 100_000, Subject.STAYS);

    /** Rejects times that cannot be kept. */
    public ClaimsRules {
        if (expiryWarning.isNegative() || expiryWarning.compareTo(MOST) > 0) {
            throw new IllegalArgumentException("expiryWarning: " + expiryWarning + " (expected: zero to " + MOST + ")");
        }
        Checks.positive("revocationTime", revocationTime);
        if (revocationTime.compareTo(MOST) > 0) {
            throw new IllegalArgumentException(
                    "revocationTime: " + revocationTime + " (expected: at most " + MOST + ")");
        }
        Checks.inRange("maxRevocations", maxRevocations, 1, Integer.MAX_VALUE);
    }

    /** Returns a warning 30 s before, 100,000 revocations kept for 24 hours, and users that stay. */
    public static ClaimsRules defaults() {
        return DEFAULTS;
    }

    /** Returns the same rules with another time for the warning. */
    public ClaimsRules withExpiryWarning(Duration value) {
        return new ClaimsRules(value, revocationTime, maxRevocations, subject);
    }

    /** Returns the same rules with another time for revocations. */
    public ClaimsRules withRevocationTime(Duration value) {
        return new ClaimsRules(expiryWarning, value, maxRevocations, subject);
    }

    /** Returns the same rules with another number of revocations. */
    public ClaimsRules withMaxRevocations(int value) {
        return new ClaimsRules(expiryWarning, revocationTime, value, subject);
    }

    /** Returns the same rules with another answer to claims of another user. */
    public ClaimsRules withSubject(Subject value) {
        return new ClaimsRules(expiryWarning, revocationTime, maxRevocations, value);
    }
}

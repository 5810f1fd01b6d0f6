package io.campanile.core;

import java.util.Map;
import java.util.Optional;

/**
 * What authentication established about the peer. Immutable.
 *
 * <p>The subject groups the connections of one user: a broadcast to {@link Audience#user} reaches all of them.
 */
public final class Claims {

    private static final Claims ANONYMOUS = new Claims(Optional.empty(), Map.of());

    private final Optional<String> subject;
    private final Map<String, Object> values;

    private Claims(Optional<String> subject, Map<String, Object> values) {
        this.subject = subject;
        this.values = values;
    }

    /** Returns the claims of a peer about whom nothing is known. */
    public static Claims anonymous() {
        return ANONYMOUS;
    }

    /**
     * Returns claims that establish nothing but who the peer is.
     *
     * @param subject the user; not empty
     */
    public static Claims of(String subject) {
        return of(subject, Map.of());
    }

    /**
     * Returns claims with further values.
     *
     * @param subject the user; not empty
     * @param values what else was established, by name; copied, so its values should be immutable
     */
    public static Claims of(String subject, Map<String, ?> values) {
        return new Claims(Optional.of(Checks.notEmpty("subject", subject)), Map.copyOf(values));
    }

    /** Returns the user, or empty for an anonymous peer. */
    public Optional<String> subject() {
        return subject;
    }

    /** Returns what else was established, by name. Unmodifiable. */
    public Map<String, Object> values() {
        return values;
    }

    /** Names the subject only: claims do not belong in a log. */
    @Override
    public String toString() {
        return subject.map(s -> "Claims[" + s + "]").orElse("Claims[anonymous]");
    }
}

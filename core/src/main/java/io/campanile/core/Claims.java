package io.campanile.core;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What authentication established about the peer. Immutable.
 *
 * <p>The subject groups the connections of one user: a broadcast to {@link Audience#user} reaches all of them. The
 * registry judges by no time: who admits the connection ends it when its claims expire.
 */
public final class Claims {

    private static final Claims ANONYMOUS = new Claims(null, null, null, null, Map.of());

    private static final int MAX_DEPTH = 16;

    /** Null stands for what was not established. */
    private final @Nullable String subject;

    private final @Nullable Instant issuedAt;
    private final @Nullable Instant expiresAt;
    private final @Nullable String tokenId;
    private final Map<String, Object> values;

    private Claims(
            @Nullable String subject,
            @Nullable Instant issuedAt,
            @Nullable Instant expiresAt,
            @Nullable String tokenId,
            Map<String, Object> values) {
        this.subject = subject;
        this.issuedAt = issuedAt;
        this.expiresAt = expiresAt;
        this.tokenId = tokenId;
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
     * @param values what else was established, by name: texts, numbers, truth values, and lists and maps by name of
     *     these, at most 16 deep; copied
     */
    public static Claims of(String subject, Map<String, ?> values) {
        return new Claims(Checks.notEmpty("subject", subject), null, null, null, copyOf("values", values, 1));
    }

    /** Returns the same claims with the moment in which they were established. */
    public Claims withIssuedAt(Instant value) {
        return new Claims(subject, value, expiresAt, tokenId, values);
    }

    /** Returns the same claims with the moment from which on they hold no more. */
    public Claims withExpiresAt(Instant value) {
        return new Claims(subject, issuedAt, value, tokenId, values);
    }

    /**
     * Returns the same claims with the id of the token that established them.
     *
     * @param value not empty
     */
    public Claims withTokenId(String value) {
        return new Claims(subject, issuedAt, expiresAt, Checks.notEmpty("tokenId", value), values);
    }

    /** Returns the same claims with other values, under the rules of {@link #of(String, Map)}. */
    public Claims withValues(Map<String, ?> value) {
        return new Claims(subject, issuedAt, expiresAt, tokenId, copyOf("values", value, 1));
    }

    /** Returns the user, or empty for an anonymous peer. */
    public Optional<String> subject() {
        return Optional.ofNullable(subject);
    }

    /** Returns when they were established, if that is known. */
    public Optional<Instant> issuedAt() {
        return Optional.ofNullable(issuedAt);
    }

    /** Returns from when on they hold no more; empty when they never expire. */
    public Optional<Instant> expiresAt() {
        return Optional.ofNullable(expiresAt);
    }

    /** Returns the id of the token that established them, if it has one. */
    public Optional<String> tokenId() {
        return Optional.ofNullable(tokenId);
    }

    /** Returns what else was established, by name. Unmodifiable, to the bottom. */
    public Map<String, Object> values() {
        return values;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Claims that
                && Objects.equals(subject, that.subject)
                && Objects.equals(issuedAt, that.issuedAt)
                && Objects.equals(expiresAt, that.expiresAt)
                && Objects.equals(tokenId, that.tokenId)
                && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return Objects.hash(subject, issuedAt, expiresAt, tokenId, values);
    }

    /** Names the subject only: claims do not belong in a log. */
    @Override
    public String toString() {
        return subject == null ? "Claims[anonymous]" : "Claims[" + subject + "]";
    }

    private static Map<String, Object> copyOf(String name, Map<?, ?> values, int depth) {
        if (values.isEmpty()) {
            return Map.of();
        }
        Map<String, Object> copy = new LinkedHashMap<>();
        values.forEach((key, value) -> {
            if (!(key instanceof String text)) {
                throw new IllegalArgumentException(name + ": a name that is no text (expected: texts)");
            }
            copy.put(text, copyOf(name + "." + text, value, depth));
        });
        return Map.copyOf(copy);
    }

    private static Object copyOf(String name, @Nullable Object value, int depth) {
        if (value instanceof String || value instanceof Number || value instanceof Boolean) {
            return value;
        }
        if (depth < MAX_DEPTH && value instanceof List<?> list) {
            return list.stream()
                    .map(element -> copyOf(name, element, depth + 1))
                    .toList();
        }
        if (depth < MAX_DEPTH && value instanceof Map<?, ?> map) {
            return copyOf(name, map, depth + 1);
        }
        // Not the value itself: claims do not belong in a log.
        throw new IllegalArgumentException(
                name + ": " + (value == null ? "null" : value.getClass().getName())
                        + " (expected: a text, a number, a truth value, or a list or map of these, at most " + MAX_DEPTH
                        + " deep)");
    }
}

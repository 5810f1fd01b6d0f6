package io.campanile.core;

import java.util.Optional;

/**
 * How many connections may share one value of their claims, such as the user. Exact at every moment, also while many
 * register and claims change: who registers or gets other claims takes a place first, and one that is closed to make
 * room has left before its place is used. Connections whose claims do not have the value are not counted.
 */
public final class Quota {

    /** What happens to a connection that would be one too many. */
    public enum WhenFull {
        /** It is refused, and those that are there stay. */
        REFUSE_NEW,
        /** The one that was registered first is closed with {@link CloseReason#REPLACED}, and its place handed over. */
        CLOSE_OLDEST
    }

    private final String name;
    private final Optional<String> claim;
    private final int max;
    private final WhenFull whenFull;

    private Quota(String name, Optional<String> claim, int max, WhenFull whenFull) {
        this.name = name;
        this.claim = claim;
        this.max = Checks.positive("max", max);
        this.whenFull = whenFull;
    }

    /**
     * Limits the connections of each user, by the subject of their claims; refuses the new.
     *
     * @param max the most connections of one user; at least 1
     */
    public static Quota perUser(int max) {
        return new Quota("user", Optional.empty(), max, WhenFull.REFUSE_NEW);
    }

    /**
     * Limits the connections that have the same value of a claim, as in {@code perClaim("tenant", 1_000)}; refuses the
     * new. Values are compared as texts; a claim that is a list or a map counts as absent.
     *
     * @param name the name among {@link Claims#values}; not empty
     * @param max the most connections with one value; at least 1
     */
    public static Quota perClaim(String name, int max) {
        return new Quota(Checks.notEmpty("name", name), Optional.of(name), max, WhenFull.REFUSE_NEW);
    }

    /** Returns the same limit with another answer to one too many. */
    public Quota withWhenFull(WhenFull value) {
        return new Quota(name, claim, max, value);
    }

    /** Returns what it goes by: {@code user}, or the name of the claim. */
    public String name() {
        return name;
    }

    /** Returns the most connections with one value. */
    public int max() {
        return max;
    }

    /** Returns what happens to a connection that would be one too many. */
    public WhenFull whenFull() {
        return whenFull;
    }

    /** Returns the value of the claims that is counted, if they have it. */
    Optional<String> valueIn(Claims claims) {
        if (claim.isEmpty()) {
            return claims.subject();
        }
        Object value = claims.values().get(claim.get());
        return value instanceof String || value instanceof Number || value instanceof Boolean
                ? Optional.of(value.toString())
                : Optional.empty();
    }

    @Override
    public String toString() {
        return "Quota[" + name + " max=" + max + " " + whenFull + "]";
    }
}

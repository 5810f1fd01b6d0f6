package io.campanile.protocol;

/**
 * What {@code auth.refresh} asks for.
 *
 * @param token the newer token; any text
 */
public record AuthRefresh(String token) {

    /** Leaves the token out: it does not belong in a log. */
    @Override
    public String toString() {
        return "AuthRefresh[]";
    }
}

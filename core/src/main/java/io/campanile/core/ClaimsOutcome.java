package io.campanile.core;

/** What became of a request to change the claims of a connection. */
public enum ClaimsOutcome {
    /** The connection has the new claims, and belongs to the user they name. */
    CHANGED,
    /** The user or another {@link Quota} of the new claims has no place left; the connection keeps its claims. */
    REFUSED,
    /** The connection had left the registry. */
    GONE
}

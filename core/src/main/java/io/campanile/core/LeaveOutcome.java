package io.campanile.core;

/** What became of a request to leave a room. */
public enum LeaveOutcome {
    /** The connection is no longer a member. */
    LEFT,
    /** The connection was no member. */
    NOT_IN,
    /** The connection had left the registry. */
    GONE
}

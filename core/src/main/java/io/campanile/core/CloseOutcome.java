package io.campanile.core;

/** What became of a request to end a connection. */
public enum CloseOutcome {
    /** The connection has left the registry; its transport closes once what waited for it is written. */
    CLOSED,
    /** The connection had left before. */
    GONE
}

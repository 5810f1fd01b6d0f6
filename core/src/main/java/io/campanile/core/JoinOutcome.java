package io.campanile.core;

/** What became of a request to join a room. */
public enum JoinOutcome {
    /** The connection is a member now. */
    JOINED,
    /** The connection was a member before. */
    ALREADY_IN,
    /** The connection is in as many rooms as it may be ({@link RegistryConfig#maxRoomsPerConnection}). */
    REFUSED,
    /** The connection had left the registry. */
    GONE
}

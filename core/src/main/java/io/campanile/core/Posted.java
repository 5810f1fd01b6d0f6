package io.campanile.core;

/** The answer given at once to a call that hands over a message. */
public enum Posted {
    /** The message is placed in order on the shards that have recipients, if there are any. */
    ACCEPTED,
    /** Nothing was placed: the addressed connection has left. */
    GONE,
    /** Nothing was placed: callers post faster than the shards take up ({@link RegistryConfig#maxPostedBytes}). */
    OVERLOADED,
    /** Nothing was placed: the message is larger than what may wait for one client ({@link OutboundLimits#maxBytes}). */
    TOO_LARGE,
    /** Nothing was placed: the registry is closed. */
    CLOSED
}

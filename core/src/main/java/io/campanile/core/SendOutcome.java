package io.campanile.core;

/** What became of a message to one connection. */
public enum SendOutcome {
    /** It waits in the connection's outbound queue, or the network has taken it already. */
    QUEUED,
    /**
     * As {@link #QUEUED}, and for it one or more older messages to the same connection were dropped or replaced, as their
     * policy allows.
     */
    DISPLACED,
    /**
     * It is lost, and the client will be told that it missed something: the message did not fit and its policy lets it be
     * dropped, or it could not be encoded for the connection's transport, or is larger than what may ever wait.
     */
    DROPPED,
    /** It did not fit in the outbound queue, and the connection was closed for that. */
    EVICTED,
    /** The connection had left. */
    GONE,
    /** Callers post faster than the shard takes up; the message was not placed. */
    OVERLOADED
}

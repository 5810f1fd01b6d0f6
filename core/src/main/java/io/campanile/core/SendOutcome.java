package io.campanile.core;

/** What became of a message to one connection. */
public enum SendOutcome {
    /** It waits in the connection's outbound queue, or the network has taken it already. */
    QUEUED,
    /** It could not be encoded for the connection's transport, or is larger than what may ever wait; it is lost. */
    DROPPED,
    /** It did not fit in the outbound queue, and the connection was closed for that. */
    EVICTED,
    /** The connection had left. */
    GONE,
    /** Callers post faster than the shard takes up; the message was not placed. */
    OVERLOADED
}

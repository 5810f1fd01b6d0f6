package io.campanile.core;

/** One client attached by one transport. All methods may be called from any thread and never block. */
public interface Connection {

    /** Returns the id, which no other connection of this registry ever has. */
    ConnectionId id();

    /**
     * Returns what authentication established about the peer, as it is now: see {@link ConnectionRegistry#changeClaims}.
     * After the connection has left, what it was at the end.
     */
    Claims claims();

    /** Returns whether the connection is still in the registry. */
    boolean isOpen();
}

package io.campanile.core;

/** One client attached by one transport. All methods may be called from any thread and never block. */
public interface Connection {

    /** Returns the id, which no other connection of this registry ever has. */
    ConnectionId id();

    /** Returns what authentication established about the peer. */
    Claims claims();

    /** Returns whether the connection is still in the registry. */
    boolean isOpen();
}

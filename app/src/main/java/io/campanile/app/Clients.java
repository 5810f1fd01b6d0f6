package io.campanile.app;

import io.campanile.core.ConnectionId;
import java.util.Optional;

/**
 * All clients of one gateway, for code that is not in a handler: a feed, a timer, another gateway. May be used from any
 * thread, and nothing waits.
 */
public interface Clients {

    /** Addresses everyone who is connected to this gateway. */
    Recipients all();

    /** Addresses the members of rooms of this gateway, each once. */
    Recipients to(String... rooms);

    /** Addresses the members of rooms, each once. */
    Recipients to(Room... rooms);

    /** Addresses the connections that a user has to this gateway: those whose claims named it as subject when they came. */
    Recipients toUser(String user);

    /** Returns a connection to this gateway, or empty when there is none of that id. */
    Optional<Connection> find(ConnectionId id);

    /** Returns how many are connected. */
    int count();

    /** Returns how many members a room has; of a shared one, those of all gateways. */
    int count(Room room);

    /** Returns what the handlers have done. */
    HandlerStats stats();
}

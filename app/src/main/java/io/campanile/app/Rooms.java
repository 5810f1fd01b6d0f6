package io.campanile.app;

import io.campanile.protocol.RoomName;
import java.util.Optional;

/** How the rooms of one gateway are called in the registry, which all gateways of a node have in common. */
final class Rooms {

    /*
     * lobby of /chat is "/chat#lobby"; its clients are in "/chat#", and those of the user ada in "/chat##ada". Neither paths
     * nor names of rooms have a #, so no two of these are the same, and no name that is good on the wire is one of them. A
     * shared room goes by its name.
     */
    private static final char MARK = '#';

    private final String prefix;

    Rooms(String path) {
        this.prefix = path + MARK;
    }

    String registered(Room room) {
        return room.isShared() ? room.name() : prefix + room.name();
    }

    String everyone() {
        return prefix;
    }

    String user(String name) {
        return prefix + MARK + name;
    }

    /** Returns the room as the application and the client know it; empty for those of the gateway itself. */
    Optional<Room> known(String registered) {
        boolean own = registered.startsWith(prefix);
        String name = own ? registered.substring(prefix.length()) : registered;
        return RoomName.isValid(name) ? Optional.of(new Room(name, !own)) : Optional.empty();
    }
}

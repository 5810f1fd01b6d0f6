package io.campanile.app;

import io.campanile.protocol.ErrorCode;
import io.campanile.protocol.RoomName;

/**
 * A room as the application names it. Rooms belong to their gateway: {@code lobby} of {@code /chat} and {@code lobby} of
 * {@code /game} are two rooms, and neither can be reached over the wire from anywhere else. A {@link #shared} room is one
 * and the same for all gateways of a node, for its built-in endpoints and for its HTTP API.
 *
 * @param name 1 to 128 of the characters that names have on the wire; it is what the room's members see
 * @param isShared whether the room is shared
 */
public record Room(String name, boolean isShared) {

    /** Rejects what is no name; the exception tells the client so, since names often come from there. */
    public Room {
        RoomName.problem("room", name).ifPresent(problem -> {
            throw new Refusal(ErrorCode.INVALID, problem);
        });
    }

    /** Returns the gateway's own room of a name. */
    public static Room of(String name) {
        return new Room(name, false);
    }

    /** Returns the room of a name that all have in common. */
    public static Room shared(String name) {
        return new Room(name, true);
    }
}

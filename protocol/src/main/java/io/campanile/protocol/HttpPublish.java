package io.campanile.protocol;

import java.util.List;
import java.util.Optional;

/**
 * What the body of {@code POST /api/publish} asks for.
 *
 * @param target who gets the message
 * @param except connections that do not get it although the target includes them
 * @param exceptRooms rooms whose members do not get it although the target includes them
 * @param event a valid {@link EventName} that is not reserved
 * @param data what the recipients get, byte for byte
 * @param key which earlier messages a slow client may miss for it: those of the room with the same key; empty for none.
 *     Counts in rooms whose overflow policy goes by keys only
 * @param eventId what the publisher calls this one event, if it has such a name; see {@link
 *     EnvelopeMessage#withEventId}
 */
public record HttpPublish(
        Target target,
        List<String> except,
        List<String> exceptRooms,
        String event,
        JsonSlice data,
        String key,
        Optional<String> eventId) {

    /** Copies the lists. */
    public HttpPublish {
        except = List.copyOf(except);
        exceptRooms = List.copyOf(exceptRooms);
    }

    /** A publish of an event that has no id. */
    public HttpPublish(
            Target target, List<String> except, List<String> exceptRooms, String event, JsonSlice data, String key) {
        this(target, except, exceptRooms, event, data, key, Optional.empty());
    }

    /** Whom a publish is for. */
    public sealed interface Target {

        /** Every connection of the node. */
        record Everyone() implements Target {}

        /**
         * The members of one room.
         *
         * @param name a valid {@link RoomName}
         */
        record OneRoom(String name) implements Target {}

        /**
         * The members of at least one of several rooms, each once.
         *
         * @param names valid {@link RoomName}s; at least one
         */
        record SomeRooms(List<String> names) implements Target {

            /** Copies the list. */
            public SomeRooms {
                names = List.copyOf(names);
            }
        }

        /**
         * All connections of one user.
         *
         * @param name the subject of the user's claims
         */
        record OneUser(String name) implements Target {}
    }
}

package io.campanile.protocol;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * Reads the data of the server's own events. Unlike in the envelope an unknown field is refused here: a misspelt
 * {@code except} that was ignored would send a message to those it was to be kept from.
 *
 * <p>All methods may be called from any thread, and none throws because of what a client sent.
 */
public final class Payloads {

    /** The most rooms one publish may name, and the most it may leave out. */
    public static final int MAX_ROOMS = 100;

    /** The most connections one publish may leave out. */
    public static final int MAX_EXCEPT = 1_000;

    /** The most characters a user's name may have. */
    public static final int MAX_USER_CHARS = Names.MAX_USER_CHARS;

    private static final String A_ROOM = "the name of a room";
    private static final String AN_EVENT = "the name of an event";

    private Payloads() {}

    /** Reads the data of {@code room.join} and {@code room.leave}: {@code {"room":"lobby"}}. */
    public static Payload<RoomRequest> roomRequest(JsonSlice data) {
        return read(data, new String[] {"room"}, fields -> new RoomRequest(room(fields, 0)));
    }

    /**
     * Reads the data of {@code room.publish}: {@code {"room":"lobby","event":"chat","data":…,"key":"eur","echo":false}}.
     */
    public static Payload<RoomPublish> roomPublish(JsonSlice data) {
        return read(
                data,
                new String[] {"room", "event", "data", "key", "echo"},
                fields -> new RoomPublish(
                        room(fields, 0), event(fields, 1), fields.slice(2), key(fields, 3), fields.flag(4, true)));
    }

    /**
     * Reads the data of {@code direct.send}: {@code {"to":"<connection>","event":"hint","data":…}}, or {@code "user"} in
     * the place of {@code "to"}.
     */
    public static Payload<DirectSend> directSend(JsonSlice data) {
        return read(data, new String[] {"to", "user", "event", "data"}, fields -> {
            if (fields.has(0) == fields.has(1)) {
                fields.report((fields.has(0) ? "both" : "neither") + " of to and user (expected: one of them)");
            }
            DirectSend.Addressee addressee = fields.has(0)
                    ? new DirectSend.Addressee.OneConnection(connection(fields, 0))
                    : new DirectSend.Addressee.OneUser(user(fields, 1));
            return new DirectSend(addressee, event(fields, 2), fields.slice(3));
        });
    }

    /**
     * Reads the body of {@code POST /api/publish}: {@code {"room":"lobby","event":"chat","data":…}}. In the place of
     * {@code "room"} may stand {@code "rooms":["a","b"]}, {@code "user":"ada"} or {@code "all":true}; beside it {@code
     * "except":["<connection>"]}, {@code "exceptRooms":["b"]}, {@code "key":"eur"} and {@code "eventId":"42"}.
     *
     * @param body the bytes of the body; the data of the answer is a window on them
     * @param offset the index of the first byte
     * @param length the number of bytes
     * @return the publish, or what is wrong
     * @throws IndexOutOfBoundsException if the array does not hold these bytes
     */
    public static Payload<HttpPublish> httpPublish(byte[] body, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, body.length);
        return read(
                body,
                offset,
                length,
                new String[] {"room", "rooms", "user", "all", "except", "exceptRooms", "event", "data", "key", "eventId"
                },
                fields -> new HttpPublish(
                        target(fields),
                        except(fields, 4),
                        rooms(fields, 5),
                        event(fields, 6),
                        fields.slice(7),
                        key(fields, 8),
                        eventId(fields, 9)));
    }

    private static <T> Payload<T> read(JsonSlice data, String[] names, Function<JsonFields, T> reader) {
        byte[] bytes = data.array();
        int start = data.offset();
        if (bytes[start] != '{') {
            String value = data.isNull() ? "missing" : JsonFields.describe(bytes, start, start + data.length());
            return new Payload.Refused<>(ErrorCode.INVALID, "data: " + value + " (expected: an object)");
        }
        return read(bytes, start, data.length(), names, reader);
    }

    private static <T> Payload<T> read(
            byte[] bytes, int offset, int length, String[] names, Function<JsonFields, T> reader) {
        var fields = JsonFields.read(bytes, offset, length, names, JsonFields.Unknown.REFUSED);
        // Reads on after a problem: the value is thrown away then, and the first problem is the answer.
        T value = reader.apply(fields);
        return fields.problem()
                .<Payload<T>>map(problem -> new Payload.Refused<>(problem.code(), problem.message()))
                .orElseGet(() -> new Payload.Valid<>(value));
    }

    private static HttpPublish.Target target(JsonFields fields) {
        int targets = 0;
        for (int field = 0; field < 4; field++) {
            targets += fields.has(field) ? 1 : 0;
        }
        if (targets != 1) {
            fields.report((targets == 0 ? "none" : "more than one")
                    + " of room, rooms, user and all (expected: one of them)");
        }
        if (fields.has(0)) {
            return new HttpPublish.Target.OneRoom(room(fields, 0));
        }
        if (fields.has(1)) {
            List<String> rooms = rooms(fields, 1);
            if (rooms.isEmpty()) {
                fields.report("rooms: empty (expected: 1 to " + MAX_ROOMS + " names of rooms)");
            }
            return new HttpPublish.Target.SomeRooms(rooms);
        }
        if (fields.has(2)) {
            return new HttpPublish.Target.OneUser(user(fields, 2));
        }
        if (!fields.flag(3, true)) {
            fields.report("all: false (expected: true, or another target)");
        }
        return new HttpPublish.Target.Everyone();
    }

    private static String room(JsonFields fields, int field) {
        String room = fields.requiredString(field, A_ROOM);
        fields.report(RoomName.problem(fields.name(field), room));
        return room;
    }

    private static List<String> rooms(JsonFields fields, int field) {
        List<String> rooms = fields.strings(field, MAX_ROOMS);
        rooms.forEach(room -> fields.report(RoomName.problem(fields.name(field), room)));
        return rooms;
    }

    private static List<String> except(JsonFields fields, int field) {
        List<String> ids = fields.strings(field, MAX_EXCEPT);
        ids.forEach(id -> fields.report(Names.connectionProblem(fields.name(field), id)));
        return ids;
    }

    private static String event(JsonFields fields, int field) {
        String event = fields.requiredString(field, AN_EVENT);
        fields.report(EventName.problem(fields.name(field), event));
        return event;
    }

    private static String key(JsonFields fields, int field) {
        Optional<String> key = fields.string(field);
        key.ifPresent(name -> fields.report(Names.nameProblem(fields.name(field), name)));
        return key.orElse("");
    }

    private static Optional<String> eventId(JsonFields fields, int field) {
        Optional<String> id = fields.string(field);
        id.ifPresent(given -> fields.report(Names.eventIdProblem(fields.name(field), given)));
        return id;
    }

    private static String user(JsonFields fields, int field) {
        String user = fields.requiredString(field, "the name of a user");
        fields.report(Names.userProblem(fields.name(field), user));
        return user;
    }

    private static String connection(JsonFields fields, int field) {
        String id = fields.requiredString(field, "the id of a connection");
        fields.report(Names.connectionProblem(fields.name(field), id));
        return id;
    }
}

package io.campanile.protocol;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
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

    /** The most publishes one batch may hold. */
    public static final int MAX_BATCH = 1_000;

    /** The most bytes of UTF-8 that the reason of a disconnect may have (RFC 6455 section 5.5). */
    public static final int MAX_REASON_BYTES = 123;

    /** The most characters a user's name may have. */
    public static final int MAX_USER_CHARS = Names.MAX_USER_CHARS;

    /** The last second of the year 9999. */
    private static final long MAX_SECONDS = 253_402_300_799L;

    private static final String A_ROOM = "the name of a room";
    private static final String AN_EVENT = "the name of an event";

    private Payloads() {}

    /**
     * Returns what is wrong with the name of a user.
     *
     * @param field what the name was given as, to begin the sentence with
     * @return a sentence for whoever gave it, or nothing if the name is good
     */
    public static Optional<String> userProblem(String field, String user) {
        return Names.userProblem(field, user);
    }

    /**
     * Returns what is wrong with the id of a connection, of which nobody knows yet whether it is there.
     *
     * @param field what the id was given as, to begin the sentence with
     * @return a sentence for whoever gave it, or nothing if it could be one
     */
    public static Optional<String> connectionProblem(String field, String id) {
        return Names.connectionProblem(field, id);
    }

    /** Reads the data of {@code room.join}, {@code room.leave} and {@code room.members}: {@code {"room":"lobby"}}. */
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
            return new DirectSend(addressee(fields), event(fields, 2), fields.slice(3));
        });
    }

    /** Reads the data of {@code auth.refresh}: {@code {"token":"…"}}. */
    public static Payload<AuthRefresh> authRefresh(JsonSlice data) {
        return read(data, new String[] {"token"}, fields -> new AuthRefresh(fields.requiredString(0, "a token")));
    }

    /** Reads the first two fields, of which one names a connection and the other a user. */
    private static DirectSend.Addressee addressee(JsonFields fields) {
        one(fields);
        return fields.has(0)
                ? new DirectSend.Addressee.OneConnection(connection(fields, 0))
                : new DirectSend.Addressee.OneUser(user(fields, 1));
    }

    private static void one(JsonFields fields) {
        if (fields.has(0) == fields.has(1)) {
            fields.report((fields.has(0) ? "both" : "neither") + " of " + fields.name(0) + " and " + fields.name(1)
                    + " (expected: one of them)");
        }
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

    /**
     * Reads the body of {@code POST /api/publish/batch}: {@code {"messages":[{"room":"lobby","event":"chat","data":…},…]}},
     * each message as {@link #httpPublish} reads it, by itself: what is wrong with one does not concern the others.
     *
     * @param body the bytes of the body; the data of the answer is a window on them
     */
    public static Payload<List<Payload<HttpPublish>>> httpPublishBatch(byte[] body) {
        return read(body, 0, body.length, new String[] {"messages"}, fields -> {
            List<JsonSlice> messages = fields.values(0, MAX_BATCH);
            if (messages.isEmpty()) {
                fields.report("messages: empty (expected: 1 to " + MAX_BATCH + " messages)");
            }
            return messages.stream()
                    .map(message -> httpPublish(message.array(), message.offset(), message.length()))
                    .toList();
        });
    }

    /**
     * Reads the body of {@code POST /api/broadcast}: {@code {"event":"news","data":…}}, and beside them what may stand beside
     * the target of a publish.
     *
     * @param body the bytes of the body; the data of the answer is a window on them
     * @return a publish to everyone, or what is wrong
     */
    public static Payload<HttpPublish> httpBroadcast(byte[] body) {
        return read(
                body,
                0,
                body.length,
                new String[] {"event", "data", "except", "exceptRooms", "key", "eventId"},
                fields -> new HttpPublish(
                        new HttpPublish.Target.Everyone(),
                        except(fields, 2),
                        rooms(fields, 3),
                        event(fields, 0),
                        fields.slice(1),
                        key(fields, 4),
                        eventId(fields, 5)));
    }

    /**
     * Reads the body of {@code POST /api/join} and {@code POST /api/leave}: {@code {"connection":"1c8xpjb5s","room":"lobby"}},
     * or {@code "user"} in the place of {@code "connection"}.
     */
    public static Payload<HttpMembership> httpMembership(byte[] body) {
        return read(
                body,
                0,
                body.length,
                new String[] {"connection", "user", "room"},
                fields -> new HttpMembership(addressee(fields), room(fields, 2)));
    }

    /**
     * Reads the body of {@code POST /api/disconnect}: {@code {"connection":"1c8xpjb5s","code":4000,"reason":"moved"}}, or
     * {@code "user"} in the place of {@code "connection"}.
     */
    public static Payload<HttpDisconnect> httpDisconnect(byte[] body) {
        return read(
                body,
                0,
                body.length,
                new String[] {"connection", "user", "code", "reason"},
                fields -> new HttpDisconnect(addressee(fields), code(fields, 2), reason(fields, 3)));
    }

    /**
     * Reads the body of {@code POST /api/revoke}: {@code {"user":"ada","issuedBefore":1790000000}}, in seconds since 1970, or
     * {@code {"tokenId":"…"}}.
     */
    public static Payload<HttpRevoke> httpRevoke(byte[] body) {
        return read(body, 0, body.length, new String[] {"user", "tokenId", "issuedBefore"}, fields -> {
            one(fields);
            Optional<Instant> issuedBefore = instant(fields, 2);
            if (fields.has(0)) {
                return new HttpRevoke.OfUser(user(fields, 0), issuedBefore);
            }
            if (fields.has(2)) {
                fields.report("issuedBefore: beside tokenId (expected: none, or user)");
            }
            return new HttpRevoke.OfToken(tokenId(fields, 1));
        });
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

    private static int code(JsonFields fields, int field) {
        OptionalLong code = fields.integer(field);
        if (code.isEmpty()) {
            return 1_000;
        }
        long given = code.getAsLong();
        if (given != 1_000 && (given < 4_000 || given > 4_999)) {
            fields.report(fields.name(field) + ": " + given + " (expected: 1000, or 4000 to 4999)");
            return 1_000;
        }
        return (int) given;
    }

    private static String reason(JsonFields fields, int field) {
        String reason = fields.string(field).orElse("");
        if (!reason.isEmpty()) {
            fields.report(Names.lineProblem(fields.name(field), reason, MAX_REASON_BYTES));
        }
        int bytes = reason.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MAX_REASON_BYTES) {
            fields.report(fields.name(field) + ": " + bytes + " bytes (expected: at most " + MAX_REASON_BYTES
                    + " bytes of UTF-8)");
        }
        return reason;
    }

    private static Optional<Instant> instant(JsonFields fields, int field) {
        OptionalLong seconds = fields.integer(field);
        if (seconds.isEmpty()) {
            return Optional.empty();
        }
        long given = seconds.getAsLong();
        if (given < 0 || given > MAX_SECONDS) {
            fields.report(fields.name(field) + ": " + given + " (expected: seconds since 1970)");
            return Optional.empty();
        }
        return Optional.of(Instant.ofEpochSecond(given));
    }

    private static String tokenId(JsonFields fields, int field) {
        String id = fields.requiredString(field, "the id of a token");
        fields.report(Names.tokenIdProblem(fields.name(field), id));
        return id;
    }
}

package io.campanile.protocol;

import io.campanile.core.Message;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A message in the JSON envelope. Its payload is the envelope as text, put together on the first use, with the data byte
 * for byte as it was given; a wire format with another envelope reads the fields instead.
 *
 * <p>Data that is a window on an array must stay as it is until the message has been sent; {@link JsonSlice#copy} is for
 * arrays that are used again.
 */
public final class EnvelopeMessage extends Message {

    /** What an envelope adds to its names and data: the field names, quotes and brackets, and an id. */
    private static final int MAX_OVERHEAD_BYTES = 96;

    private final String event;
    private final Optional<String> room;
    private final Optional<String> from;
    private final OptionalLong id;
    private final Optional<String> eventId;
    private final JsonSlice data;

    private EnvelopeMessage(
            String event, Optional<String> room, Optional<String> from, OptionalLong id, JsonSlice data) {
        this(event, room, from, id, Optional.empty(), data);
    }

    private EnvelopeMessage(
            String event,
            Optional<String> room,
            Optional<String> from,
            OptionalLong id,
            Optional<String> eventId,
            JsonSlice data) {
        super(Kind.TEXT);
        this.eventId = eventId;
        this.event = event;
        this.room = room;
        this.from = from;
        this.id = id;
        this.data = data;
    }

    /**
     * Returns an event that is about no room and comes from the application.
     *
     * @param event a valid {@link EventName} that is not reserved
     * @param data what goes with it
     * @return the message {@code {"event":"price","data":…}}
     * @throws IllegalArgumentException if the event may not be called so
     */
    public static EnvelopeMessage event(String event, JsonSlice data) {
        return new EnvelopeMessage(checked(event), Optional.empty(), Optional.empty(), OptionalLong.empty(), data);
    }

    /**
     * Returns an event for the members of a room.
     *
     * @param room the room's name, which the recipients see
     * @param event a valid {@link EventName} that is not reserved
     * @param data what goes with it
     * @return the message {@code {"event":"chat","room":"lobby","data":…}}
     * @throws IllegalArgumentException if the event may not be called so
     */
    public static EnvelopeMessage inRoom(String room, String event, JsonSlice data) {
        return new EnvelopeMessage(checked(event), Optional.of(room), Optional.empty(), OptionalLong.empty(), data);
    }

    /**
     * Returns an event that one connection sends to another.
     *
     * @param from the sender's connection id, which the recipient may answer to
     * @param event a valid {@link EventName} that is not reserved
     * @param data what goes with it
     * @return the message {@code {"event":"hint","from":"<connection>","data":…}}
     * @throws IllegalArgumentException if the event may not be called so
     */
    public static EnvelopeMessage direct(String from, String event, JsonSlice data) {
        return new EnvelopeMessage(checked(event), Optional.empty(), Optional.of(from), OptionalLong.empty(), data);
    }

    /**
     * Returns an event that asks its recipient for an answer.
     *
     * @param id the number that the answer has to carry, from -9007199254740991 to 9007199254740991
     * @param event a valid {@link EventName} that is not reserved
     * @param data what goes with it
     * @return the message {@code {"event":"confirm","id":-1,"data":…}}
     * @throws IllegalArgumentException if the event may not be called so
     */
    public static EnvelopeMessage request(long id, String event, JsonSlice data) {
        return new EnvelopeMessage(checked(event), Optional.empty(), Optional.empty(), OptionalLong.of(id), data);
    }

    /**
     * Returns the first message of a connection.
     *
     * @param connection the connection's id
     * @return the message {@code {"event":"welcome","data":{"connection":"…","protocol":1}}}
     */
    public static EnvelopeMessage welcome(String connection) {
        return answer(EventName.WELCOME, OptionalLong.empty(), Answers.welcome(connection));
    }

    /**
     * Returns the answer to a request that was carried out.
     *
     * @param id the request's id
     * @param data what came of it
     * @return the message {@code {"event":"ack","id":7,"data":…}}
     */
    public static EnvelopeMessage ack(long id, JsonSlice data) {
        return answer(EventName.ACK, OptionalLong.of(id), data);
    }

    /**
     * Returns the answer to a request that was not carried out.
     *
     * @param id the request's id, if it had one that could be read
     * @param code which kind of failure
     * @param message one sentence that names what was wrong
     * @return the message {@code {"event":"error","id":7,"data":{"code":"forbidden","message":"…"}}}
     */
    public static EnvelopeMessage error(OptionalLong id, ErrorCode code, String message) {
        return answer(EventName.ERROR, id, Answers.error(code, message));
    }

    /**
     * Returns the answer to a request that was not carried out, with a code of the application's own.
     *
     * @param id the request's id, if it had one that could be read
     * @param code which kind of failure: lower case letters, digits and underscores
     * @param message one sentence that names what was wrong
     * @return the error message
     */
    public static EnvelopeMessage error(OptionalLong id, String code, String message) {
        return answer(EventName.ERROR, id, Answers.error(code, message));
    }

    /**
     * Returns the answer to bytes that break a rule of the envelope.
     *
     * @param error which rule
     * @return the error message
     */
    public static EnvelopeMessage error(Inbound.ProtocolError error) {
        return error(error.id(), error.code(), error.message());
    }

    /**
     * Returns the answer to {@code ping}.
     *
     * @param id the request's id, if it had one
     * @param data the request's data
     * @return the message {@code {"event":"pong","id":7,"data":…}}
     */
    public static EnvelopeMessage pong(OptionalLong id, JsonSlice data) {
        return answer(EventName.PONG, id, data);
    }

    /**
     * Returns what tells a client that it missed messages, since it was too slow to take them.
     *
     * @param room the room they were sent through; empty for messages that came through none
     * @param missed how many
     * @return the message {@code {"event":"campanile.gap","room":"prices","data":{"missed":12}}}
     */
    public static EnvelopeMessage gap(Optional<String> room, long missed) {
        return new EnvelopeMessage(EventName.GAP, room, Optional.empty(), OptionalLong.empty(), Answers.gap(missed));
    }

    /**
     * Returns what warns a client that its claims are about to expire, and the connection with them.
     *
     * @param inSeconds when
     * @return the message {@code {"event":"auth.expiring","data":{"inSeconds":30}}}
     */
    public static EnvelopeMessage expiring(long inSeconds) {
        return answer(EventName.AUTH_EXPIRING, OptionalLong.empty(), Answers.expiring(inSeconds));
    }

    /**
     * Returns what tells a client that it is no longer in a room, although it did not leave.
     *
     * @param room the room
     * @param reason why
     * @return the message {@code {"event":"room.lost","data":{"room":"staff","reason":"forbidden"}}}
     */
    public static EnvelopeMessage roomLost(String room, ErrorCode reason) {
        return answer(EventName.ROOM_LOST, OptionalLong.empty(), Answers.lost(room, reason));
    }

    private static EnvelopeMessage answer(String event, OptionalLong id, JsonSlice data) {
        return new EnvelopeMessage(event, Optional.empty(), Optional.empty(), id, data);
    }

    private static String checked(String event) {
        EventName.problem("event", event).ifPresent(problem -> {
            throw new IllegalArgumentException(problem);
        });
        return event;
    }

    /**
     * Returns the same message with an id of its own, by which the client of an event stream says how far it came when it
     * comes again.
     *
     * @param newId 1 to 128 characters, none of them a control character
     * @return the message {@code {"event":"price","eventId":"42","data":…}}
     * @throws IllegalArgumentException if the id is no such text
     */
    public EnvelopeMessage withEventId(String newId) {
        Names.eventIdProblem("eventId", newId).ifPresent(problem -> {
            throw new IllegalArgumentException(problem);
        });
        return new EnvelopeMessage(event, room, from, id, Optional.of(newId), data);
    }

    /** Returns the name of what has happened. */
    public String event() {
        return event;
    }

    /** Returns the room through which the message reaches its recipients, if there is one. */
    public Optional<String> room() {
        return room;
    }

    /** Returns the id of the connection that sent a direct message; nothing for all other messages. */
    public Optional<String> from() {
        return from;
    }

    /** Returns the id of the request that the message answers, if it answers one that has an id. */
    public OptionalLong id() {
        return id;
    }

    /** Returns the event's own id, if its publisher gave it one. */
    public Optional<String> eventId() {
        return eventId;
    }

    /** Returns what goes with the event. */
    public JsonSlice data() {
        return data;
    }

    @Override
    protected byte[] compose() {
        int names = event.length()
                + room.map(String::length).orElse(0)
                + from.map(String::length).orElse(0)
                + eventId.map(String::length).orElse(0);
        var writer = new JsonWriter(MAX_OVERHEAD_BYTES + names + data.length())
                .raw("{\"event\":")
                .string(event);
        room.ifPresent(name -> writer.raw(",\"room\":").string(name));
        from.ifPresent(connection -> writer.raw(",\"from\":").string(connection));
        eventId.ifPresent(own -> writer.raw(",\"eventId\":").string(own));
        id.ifPresent(number -> writer.raw(",\"id\":").number(number));
        return writer.raw(",\"data\":").slice(data).raw("}").toByteArray();
    }
}

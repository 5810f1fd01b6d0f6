package io.campanile.app;

import io.campanile.core.CloseReason;
import io.campanile.core.JoinOutcome;
import io.campanile.core.LeaveOutcome;
import io.campanile.core.Posted;
import io.campanile.protocol.JsonSlice;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentMap;

/**
 * One client of a gateway. All methods may be called from any thread and none of them waits; calls for a connection that
 * has left are answered, not thrown. What one thread asks for happens in the order it asked.
 *
 * <p>Data that is sent is written as JSON: records, collections, maps, numbers, texts and {@code JsonNode}s as Jackson
 * writes them, a {@link JsonSlice} byte for byte.
 */
public interface Connection extends io.campanile.core.Connection {

    /** Returns what the application remembers of the connection, by names of its own; gone when the connection is. */
    ConcurrentMap<String, Object> attributes();

    /** Makes the client a member of a room of this gateway. */
    default CompletionStage<JoinOutcome> join(String room) {
        return join(Room.of(room));
    }

    /**
     * Makes the client a member of a room.
     *
     * @throws Refusal when the gateway has an {@link Gateway#authorizer} that does not let it
     */
    CompletionStage<JoinOutcome> join(Room room);

    /** Ends the client's membership of a room of this gateway. */
    default CompletionStage<LeaveOutcome> leave(String room) {
        return leave(Room.of(room));
    }

    /** Ends the client's membership of a room. */
    CompletionStage<LeaveOutcome> leave(Room room);

    /** Returns the rooms the client is in, in the order it joined them; none when it has left. */
    CompletionStage<List<Room>> rooms();

    /** Sends an event without data. */
    default Posted send(String event) {
        return send(event, JsonSlice.NULL);
    }

    /**
     * Sends an event to this client.
     *
     * @param event 1 to 128 of the characters that names have, and not one of the server's own
     * @param data what goes with it
     * @throws IllegalArgumentException when the event may not be called so or the data cannot be written
     */
    Posted send(String event, Object data);

    /** Sends bytes as a binary message. */
    Posted sendBinary(byte[] bytes);

    /**
     * Asks this client: it gets the event with an id, and answers with {@code {"event":"ack","id":…,"data":…}}, or with an
     * {@code error} of that form. The ids count down from -1, apart from all that clients count.
     *
     * @param answer what the data of the answer is read as
     * @param timeout how long the client may take
     * @return what came of it; completes on a thread of the gateway, never with a failure
     */
    <T> CompletionStage<Reply<T>> ask(String event, Object data, Class<T> answer, Duration timeout);

    /** Addresses the members of rooms of this gateway, each once, of which this client may be one. */
    Recipients to(String... rooms);

    /** Addresses the members of rooms, each once. */
    Recipients to(Room... rooms);

    /** Returns all that are connected to this gateway. */
    Clients clients();

    /** Ends the connection with {@link CloseReason#NORMAL}, after what waits for the client. */
    default void close() {
        close(CloseReason.NORMAL);
    }

    /** Ends the connection, after what waits for the client. */
    void close(CloseReason reason);
}

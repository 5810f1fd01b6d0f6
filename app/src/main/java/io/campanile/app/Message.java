package io.campanile.app;

import io.campanile.protocol.ErrorCode;
import io.campanile.protocol.JsonSlice;
import java.util.OptionalLong;

/**
 * What a client sent, and how to answer it. A request with an id gets exactly one answer: the first of an {@link #ack} or a
 * {@link #refuse}, what the handler returns or throws, and the deadline. One that nothing else has answered is acknowledged
 * with {@code null} when its handler is done. May be used from any thread, also after the handler has returned.
 */
public interface Message {

    /** Returns the event's name. */
    String event();

    /** Returns the number the client gave the request; without one it wants no ack, and gets errors all the same. */
    OptionalLong id();

    /** Returns what came with the event, byte for byte. */
    JsonSlice data();

    /**
     * Answers that what was asked for is done.
     *
     * @param data as for {@link Connection#send(String, Object)}
     * @return whether this is the answer; false when there was one already
     */
    boolean ack(Object data);

    /** Answers that what was asked for is done, and no more. */
    default boolean ack() {
        return ack(JsonSlice.NULL);
    }

    /**
     * Answers that it is not done, and why.
     *
     * @param sentence one sentence for the client
     * @return whether this is the answer; false when there was one already
     */
    boolean refuse(ErrorCode code, String sentence);
}

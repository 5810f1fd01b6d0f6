package io.campanile.protocol;

import java.util.Optional;
import java.util.OptionalLong;

/** What the bytes of one frame, or of one request body, turned out to be. */
public sealed interface Inbound {

    /**
     * A message that follows the rules of the envelope.
     *
     * @param event what is asked for, or what has happened; a valid {@link EventName}
     * @param id the number that the answer has to carry; without one the client wants no answer
     * @param room the room it is about, where the client named one; a valid {@link RoomName}
     * @param data what came with it, byte for byte; {@link JsonSlice#NULL} if nothing did
     */
    record Request(String event, OptionalLong id, Optional<String> room, JsonSlice data) implements Inbound {}

    /**
     * Bytes that break a rule. The connection stays open: the peer is told and may go on.
     *
     * @param code which kind of rule
     * @param message one sentence that names the rule, and the field and its value where it is short
     * @param id the request's id, where it could be read, so that the client knows which of its requests failed
     */
    record ProtocolError(ErrorCode code, String message, OptionalLong id) implements Inbound {}
}

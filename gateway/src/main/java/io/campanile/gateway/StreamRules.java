package io.campanile.gateway;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.List;
import java.util.Optional;

/** What a request for a stream must be, and who may make it. */
final class StreamRules {

    /** The most characters of the id of an event. */
    static final int MAX_EVENT_ID = 128;

    static final String ENVELOPE = "envelope";
    static final String LAST_EVENT_ID = "lastEventId";

    private StreamRules() {}

    /** Returns why a request is refused; empty for one that may be admitted. */
    static Optional<HandshakeRules.Refused> check(HttpHeaders headers, Handshake handshake, Gateway gateway) {
        List<String> origins = headers.getAll(HttpHeaderNames.ORIGIN);
        if (origins.size() > 1) {
            return refused("malformed", 400, "the request has more than one origin");
        }
        if (origins.size() == 1 && !gateway.origins.admits(origins.get(0), headers.get(HttpHeaderNames.HOST, ""))) {
            return refused("origin", 403, "pages of this origin may not connect");
        }
        String envelope = handshake.parameter(ENVELOPE).orElse("false");
        if (!envelope.equals("true") && !envelope.equals("false")) {
            return refused("malformed", 400, "envelope: expected true or false");
        }
        if (!Requests.lastEventIds(handshake).stream().allMatch(StreamRules::isEventId)) {
            return refused(
                    "malformed",
                    400,
                    "the last event's id has more than " + MAX_EVENT_ID + " characters, or a control character");
        }
        return Optional.empty();
    }

    /** Returns whether an id could have come from a stream. */
    static boolean isEventId(String id) {
        return id.length() <= MAX_EVENT_ID && id.codePoints().noneMatch(Character::isISOControl);
    }

    private static Optional<HandshakeRules.Refused> refused(String label, int status, String detail) {
        return Optional.of(new HandshakeRules.Refused(label, HttpAnswer.problem(status, detail)));
    }
}

package io.campanile.protocol;

/** Why a request failed, as it is named on the wire. A released name keeps its meaning; new ones may be added. */
public enum ErrorCode {
    /** The bytes are not one JSON object in UTF-8. */
    MALFORMED("malformed", 400),
    /** The JSON is good, but a field is missing, unknown, of the wrong type or of a value that is not allowed. */
    INVALID("invalid", 400),
    /** A stated limit was reached: of nesting, of a length, of a count. */
    LIMIT_EXCEEDED("limit_exceeded", 413),
    /** Nothing here answers to the event's name. */
    UNKNOWN_EVENT("unknown_event", 400),
    /** The request needs an identity, and the peer has shown none. */
    UNAUTHORIZED("unauthorized", 401),
    /** The peer may not do this. */
    FORBIDDEN("forbidden", 403),
    /** The connection, user or room addressed is not here. */
    NOT_FOUND("not_found", 404),
    /** The node has more to deliver than it may hold; nothing was sent, and the request may be repeated later. */
    OVERLOADED("overloaded", 503),
    /** The node is starting or draining; another one may answer. */
    UNAVAILABLE("unavailable", 503),
    /** The server took longer than it gives itself; what was asked for may be done, or half done, or not. */
    TIMEOUT("timeout", 504),
    /** The server failed; its log says how. */
    INTERNAL("internal", 500);

    private final String wireName;
    private final int httpStatus;

    ErrorCode(String wireName, int httpStatus) {
        this.wireName = wireName;
        this.httpStatus = httpStatus;
    }

    /** Returns the name in an error event and in the answer of the HTTP API: lower case letters and underscores. */
    public String wireName() {
        return wireName;
    }

    /** Returns the status of an HTTP answer that carries this error. */
    public int httpStatus() {
        return httpStatus;
    }
}

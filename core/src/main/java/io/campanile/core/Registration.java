package io.campanile.core;

/** What became of a request to register. */
public sealed interface Registration {

    /**
     * The connection is live under an id that this registry has not used before.
     *
     * @param connection the new connection
     */
    record Registered(Connection connection) implements Registration {}

    /**
     * The registry took no connection; nothing refers to the transport.
     *
     * @param reason why; {@link CloseReason#NODE_FULL} at the limit, {@link CloseReason#GOING_AWAY} once closed
     */
    record Refused(CloseReason reason) implements Registration {}
}

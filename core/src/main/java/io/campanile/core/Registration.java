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
     * @param reason why; {@link CloseReason#NODE_FULL} at the limit, {@link CloseReason#QUOTA_FULL} at that of a {@link
     *     Quota}, {@link CloseReason#REPLACED} when the place was handed on before it was used, {@link CloseReason#GOING_AWAY}
     *     once closed
     */
    record Refused(CloseReason reason) implements Registration {}
}

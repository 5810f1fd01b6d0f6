package io.campanile.core;

/**
 * Hears what happens to connections. Called on the shard that owns the connection, in the order in which things
 * happen to it, so an implementation must not block; it may call the registry, whose work is then done after the
 * current step. One that throws is counted and logged, and harms nobody.
 *
 * <p>Each {@link #opened} is followed by exactly one {@link #closed} for the same connection, and nothing about a
 * connection is told after its {@code closed}.
 */
public interface RegistryListener {

    /** The connection is registered. Told before the answer to {@code register} and before anything is sent. */
    default void opened(Connection connection) {}

    /** The connection became a member of the room. */
    default void joined(Connection connection, String room) {}

    /** The connection is no longer a member; also told for each room it was in when it closes, before {@code closed}. */
    default void left(Connection connection, String room) {}

    /**
     * The connection has other claims, which {@link Connection#claims} returns, and belongs to the user they name. Told
     * before the answer to {@code changeClaims}.
     *
     * @param before what they were
     */
    default void claimsChanged(Connection connection, Claims before) {}

    /** The connection has left the registry; nothing refers to it any more. */
    default void closed(Connection connection, CloseReason reason) {}

    /** The peer has been silent, and a keep-alive is queued for it. */
    default void pinged(Connection connection) {}

    /**
     * The peer has answered a ping.
     *
     * @param nanos how long that took, from when the ping was queued
     */
    default void roundTrip(Connection connection, long nanos) {}

    /**
     * A shard wrote to those whom the end of a turn writes to; see
     * {@link io.campanile.core.spi.ShardExecutor#writesPerTurn}.
     *
     * @param waitedNanos how long the message that had waited longest among theirs had waited since it was posted
     */
    default void written(long waitedNanos) {}
}

package io.campanile.core;

/**
 * The limits of one registry.
 *
 * @param maxConnections the most connections at once; exact, also when many register at the same moment
 * @param maxRoomsPerConnection the most rooms one connection may be in; a further join is refused
 * @param outbound how much may wait for one client
 * @param maxWaitingBytes the most bytes that may wait for all clients together that do not take them; when it is short,
 *     the connections that owe the most are evicted first, and nobody for whom nothing waits
 * @param maxPostedBytes the most payload bytes that callers may have posted to one shard and that it has not yet
 *     taken up; beyond it a post is answered {@link Posted#OVERLOADED}
 * @param liveness by what silence and age connections end
 * @param scope the first byte of every id, 0 to 255; give the registries of one process different ones
 */
public record RegistryConfig(
        int maxConnections,
        int maxRoomsPerConnection,
        OutboundLimits outbound,
        long maxWaitingBytes,
        long maxPostedBytes,
        Liveness liveness,
        int scope) {

    private static final RegistryConfig DEFAULTS = new RegistryConfig(
            1_000_000, 1_000, OutboundLimits.defaults(), 256L << 20, 16L << 20, Liveness.defaults(), 0);

    /** Rejects limits under which the registry could not work. */
    public RegistryConfig {
        Checks.positive("maxConnections", maxConnections);
        Checks.positive("maxRoomsPerConnection", maxRoomsPerConnection);
        Checks.positive("maxWaitingBytes", maxWaitingBytes);
        Checks.positive("maxPostedBytes", maxPostedBytes);
        Checks.inRange("scope", scope, 0, ConnectionId.MAX_SCOPES - 1);
    }

    /**
     * Returns a million connections, a thousand rooms for each, the default outbound limits, 256 MiB waiting, 16 MiB
     * posted to a shard, the default liveness, and scope 0.
     */
    public static RegistryConfig defaults() {
        return DEFAULTS;
    }

    /** Returns the same limits with another number of connections. */
    public RegistryConfig withMaxConnections(int value) {
        return new RegistryConfig(
                value, maxRoomsPerConnection, outbound, maxWaitingBytes, maxPostedBytes, liveness, scope);
    }

    /** Returns the same limits with another number of rooms for each connection. */
    public RegistryConfig withMaxRoomsPerConnection(int value) {
        return new RegistryConfig(maxConnections, value, outbound, maxWaitingBytes, maxPostedBytes, liveness, scope);
    }

    /** Returns the same limits with others for what may wait for one client. */
    public RegistryConfig withOutbound(OutboundLimits value) {
        return new RegistryConfig(
                maxConnections, maxRoomsPerConnection, value, maxWaitingBytes, maxPostedBytes, liveness, scope);
    }

    /** Returns the same limits with another bound on what may wait for all clients together. */
    public RegistryConfig withMaxWaitingBytes(long value) {
        return new RegistryConfig(
                maxConnections, maxRoomsPerConnection, outbound, value, maxPostedBytes, liveness, scope);
    }

    /** Returns the same limits with another bound on what may be posted to a shard. */
    public RegistryConfig withMaxPostedBytes(long value) {
        return new RegistryConfig(
                maxConnections, maxRoomsPerConnection, outbound, maxWaitingBytes, value, liveness, scope);
    }

    /** Returns the same limits with other times of silence and age. */
    public RegistryConfig withLiveness(Liveness value) {
        return new RegistryConfig(
                maxConnections, maxRoomsPerConnection, outbound, maxWaitingBytes, maxPostedBytes, value, scope);
    }

    /** Returns the same limits with another scope. */
    public RegistryConfig withScope(int value) {
        return new RegistryConfig(
                maxConnections, maxRoomsPerConnection, outbound, maxWaitingBytes, maxPostedBytes, liveness, value);
    }
}

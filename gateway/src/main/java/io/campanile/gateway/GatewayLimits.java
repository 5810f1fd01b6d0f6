package io.campanile.gateway;

import java.time.Duration;
import java.util.function.Consumer;

/**
 * What one client may ask of the gateway. How much may wait for a client, and how long it may be
 * silent, is the registry's: {@link io.campanile.core.RegistryConfig}.
 *
 * @param maxMessageBytes the most bytes of one message from a client, all its frames together; one more closes the
 *     connection with 1009. An endpoint may have a limit of its own: {@link Endpoint#maxMessageBytes}
 * @param maxMessagesPerSecond the most messages of one WebSocket in a second, over time; pings and pongs count as
 *     messages, and 0 is off. Five seconds' worth may come at once; one more closes the connection with 3005
 * @param maxBytesPerSecond the most bytes of one WebSocket in a second, over time, frame headers included; 0 is off.
 *     Five seconds' worth, or the largest message in as many frames as it may have if that is more, may come at once; one
 *     more closes the connection with 3005
 * @param maxHeaderBytes the most bytes of a request's headers, and of its request line; one more is answered with 431,
 *     or 414 for the line. Also the most that the client of a stream may send behind its request; one more closes the
 *     connection with 1008
 * @param maxHttpBodyBytes the most bytes of a request's body; one more is answered with 413
 * @param maxHttpConnections the most TCP connections that are not WebSockets, or not yet; further ones are closed as
 *     they come
 * @param maxConnectionsPerAddress the most TCP connections of one address, whatever they have become; further ones are
 *     closed as they come, and 0 is off, since behind a proxy all have its address. Of IPv6 the first 64 bits count
 * @param maxConnectsPerSecondPerAddress the most TCP connections that one address may open in a second, over time; 0 is
 *     off. Five seconds' worth may come at once; further ones are closed as they come
 * @param handshakeTimeout how long a whole request may take to arrive, and an admission to be decided, before the
 *     connection is closed; also how long one may be silent before its first request
 * @param keepAliveTimeout how long an HTTP connection may be silent between two requests before it is closed
 * @param closeTimeout how long a client may take to end a closed connection before it is reset
 */
public record GatewayLimits(
        int maxMessageBytes,
        int maxMessagesPerSecond,
        int maxBytesPerSecond,
        int maxHeaderBytes,
        int maxHttpBodyBytes,
        int maxHttpConnections,
        int maxConnectionsPerAddress,
        int maxConnectsPerSecondPerAddress,
        Duration handshakeTimeout,
        Duration keepAliveTimeout,
        Duration closeTimeout) {

    private static final GatewayLimits DEFAULTS = new GatewayLimits(
            64 << 10,
            1_000,
            4 << 20,
            16 << 10,
            1 << 20,
            10_000,
            0,
            0,
            Duration.ofSeconds(5),
            Duration.ofSeconds(30),
            Duration.ofSeconds(2));

    private static final int MAX_PER_SECOND = 1 << 30;

    /** Rejects limits under which nothing could work. */
    public GatewayLimits {
        Checks.positive("maxMessageBytes", maxMessageBytes);
        Checks.inRange("maxMessagesPerSecond", maxMessagesPerSecond, 0, MAX_PER_SECOND);
        Checks.inRange("maxBytesPerSecond", maxBytesPerSecond, 0, MAX_PER_SECOND);
        Checks.inRange("maxHeaderBytes", maxHeaderBytes, 512, 1 << 20);
        Checks.positive("maxHttpBodyBytes", maxHttpBodyBytes);
        Checks.positive("maxHttpConnections", maxHttpConnections);
        Checks.inRange("maxConnectionsPerAddress", maxConnectionsPerAddress, 0, Integer.MAX_VALUE);
        Checks.inRange("maxConnectsPerSecondPerAddress", maxConnectsPerSecondPerAddress, 0, MAX_PER_SECOND);
        Checks.positive("handshakeTimeout", handshakeTimeout);
        Checks.positive("keepAliveTimeout", keepAliveTimeout);
        Checks.positive("closeTimeout", closeTimeout);
    }

    /**
     * Returns 64 KiB for a message, 1,000 messages and 4 MiB a second from one client, 16 KiB for headers, 1 MiB for a
     * body, 10,000 HTTP connections, any number from one address
     * at any rate, 5 s for a handshake, 30 s between requests and 2 s to close.
     */
    public static GatewayLimits defaults() {
        return DEFAULTS;
    }

    /** Returns the same limits with another size of messages. */
    public GatewayLimits withMaxMessageBytes(int value) {
        return with(draft -> draft.maxMessageBytes = value);
    }

    /** Returns the same limits with another number of messages in a second; 0 is off. */
    public GatewayLimits withMaxMessagesPerSecond(int value) {
        return with(draft -> draft.maxMessagesPerSecond = value);
    }

    /** Returns the same limits with another number of bytes in a second; 0 is off. */
    public GatewayLimits withMaxBytesPerSecond(int value) {
        return with(draft -> draft.maxBytesPerSecond = value);
    }

    /** Returns the same limits with another size of headers. */
    public GatewayLimits withMaxHeaderBytes(int value) {
        return with(draft -> draft.maxHeaderBytes = value);
    }

    /** Returns the same limits with another size of bodies. */
    public GatewayLimits withMaxHttpBodyBytes(int value) {
        return with(draft -> draft.maxHttpBodyBytes = value);
    }

    /** Returns the same limits with another number of HTTP connections. */
    public GatewayLimits withMaxHttpConnections(int value) {
        return with(draft -> draft.maxHttpConnections = value);
    }

    /** Returns the same limits with another number of connections from one address; 0 is off. */
    public GatewayLimits withMaxConnectionsPerAddress(int value) {
        return with(draft -> draft.maxConnectionsPerAddress = value);
    }

    /** Returns the same limits with another number of connections that one address may open in a second; 0 is off. */
    public GatewayLimits withMaxConnectsPerSecondPerAddress(int value) {
        return with(draft -> draft.maxConnectsPerSecondPerAddress = value);
    }

    /** Returns the same limits with another time for handshakes. */
    public GatewayLimits withHandshakeTimeout(Duration value) {
        return with(draft -> draft.handshakeTimeout = value);
    }

    /** Returns the same limits with another time between requests. */
    public GatewayLimits withKeepAliveTimeout(Duration value) {
        return with(draft -> draft.keepAliveTimeout = value);
    }

    /** Returns the same limits with another time to close. */
    public GatewayLimits withCloseTimeout(Duration value) {
        return with(draft -> draft.closeTimeout = value);
    }

    private GatewayLimits with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.limits();
    }

    /** Limits of which one is about to be changed. */
    private static final class Draft {
        int maxMessageBytes;
        int maxMessagesPerSecond;
        int maxBytesPerSecond;
        int maxHeaderBytes;
        int maxHttpBodyBytes;
        int maxHttpConnections;
        int maxConnectionsPerAddress;
        int maxConnectsPerSecondPerAddress;
        Duration handshakeTimeout;
        Duration keepAliveTimeout;
        Duration closeTimeout;

        Draft(GatewayLimits from) {
            maxMessageBytes = from.maxMessageBytes;
            maxMessagesPerSecond = from.maxMessagesPerSecond;
            maxBytesPerSecond = from.maxBytesPerSecond;
            maxHeaderBytes = from.maxHeaderBytes;
            maxHttpBodyBytes = from.maxHttpBodyBytes;
            maxHttpConnections = from.maxHttpConnections;
            maxConnectionsPerAddress = from.maxConnectionsPerAddress;
            maxConnectsPerSecondPerAddress = from.maxConnectsPerSecondPerAddress;
            handshakeTimeout = from.handshakeTimeout;
            keepAliveTimeout = from.keepAliveTimeout;
            closeTimeout = from.closeTimeout;
        }

        GatewayLimits limits() {
            return new GatewayLimits(
                    maxMessageBytes,
                    maxMessagesPerSecond,
                    maxBytesPerSecond,
                    maxHeaderBytes,
                    maxHttpBodyBytes,
                    maxHttpConnections,
                    maxConnectionsPerAddress,
                    maxConnectsPerSecondPerAddress,
                    handshakeTimeout,
                    keepAliveTimeout,
                    closeTimeout);
        }
    }
}

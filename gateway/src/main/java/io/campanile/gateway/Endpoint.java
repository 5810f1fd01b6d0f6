package io.campanile.gateway;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Message;
import io.campanile.core.OutboundLimits;
import io.campanile.core.OverflowPolicy;
import io.campanile.protocol.EnvelopeMessage;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * What the application does with the connections of one WebSocket path.
 *
 * <pre>
 *  start   admit ──► opened ──► text | binary ... ──► closed   stop
 *                └─► refused: a plain HTTP answer, no connection
 * </pre>
 *
 * All methods but {@link #start(ConnectionRegistry)} and {@link #stop} are called on the event loop that owns the connection, one at a time for each
 * connection, and must not block: what takes long belongs on another thread, which may call the registry from there.
 * One endpoint serves many connections on several event loops at once.
 *
 * <p>A method that throws is counted and logged, and harms nothing but its own call: the connection stays open and its
 * next message is delivered. Each {@link #opened} is followed by exactly one {@link #closed}.
 */
@FunctionalInterface
public interface Endpoint {

    /**
     * Hands over the registry in which the connections will live. Called once, before the first connection, on the thread
     * that starts the gateway. An exception keeps the gateway from starting.
     */
    default void start(ConnectionRegistry registry) {}

    /**
     * Hands over the registry, and what keeps the claims of its connections: for endpoints that let clients show newer
     * tokens. Called in place of {@link #start(ConnectionRegistry)}, which it calls unless overridden.
     */
    default void start(ConnectionRegistry registry, LiveClaims claims) {
        start(registry);
    }

    /**
     * Returns the kinds of messages this endpoint takes. Asked once, at the start. A message of another kind closes its
     * connection with 1003. Text only, unless overridden.
     */
    default Set<Message.Kind> kinds() {
        return Set.of(Message.Kind.TEXT);
    }

    /**
     * Returns the most bytes of one message from a client of this path, where that is not {@link
     * GatewayLimits#maxMessageBytes}. Asked once, at the start.
     */
    default OptionalInt maxMessageBytes() {
        return OptionalInt.empty();
    }

    /** Returns what establishes who clients are. Everyone is admitted anonymously unless overridden. */
    default Authenticator authenticator() {
        return Authenticator.anonymous();
    }

    /**
     * Returns how much may wait for a client of this path, where that is not {@link
     * io.campanile.core.RegistryConfig#outbound}. Asked once, at the start. Broadcasts are held to that all the same.
     */
    default Optional<OutboundLimits> outboundLimits() {
        return Optional.empty();
    }

    /**
     * Decides about a handshake that is otherwise valid. Nothing more is read from the client until the stage completes,
     * on whatever thread; a stage that does not complete within {@link GatewayLimits#handshakeTimeout} ends the
     * handshake with 503. An exception, thrown or in the stage, refuses it with 500.
     *
     * @return the claims to admit the client with, or why it is refused; who the {@link #authenticator}
     *     admits unless overridden
     */
    default CompletionStage<Admission> admit(Handshake handshake) {
        return authenticator().authenticate(handshake);
    }

    /** The client is told that it is connected, and nothing it sent was delivered yet. */
    default void opened(Connection connection) {}

    /**
     * As {@link #opened(Connection)}, which it calls unless overridden, with what the client sends in hand.
     *
     * @param reading stops and begins to read from the client, for endpoints that pass work on and have to bound it
     */
    default void opened(Connection connection, Reading reading) {
        opened(connection);
    }

    /**
     * The client sent a text message.
     *
     * @param utf8 the message's exact bytes, which are valid UTF-8; the endpoint may keep the array
     */
    void text(Connection connection, byte[] utf8);

    /**
     * The client sent a binary message. Only called when {@link #kinds} has {@link Message.Kind#BINARY}.
     *
     * @param bytes the message's exact bytes; the endpoint may keep the array
     */
    default void binary(Connection connection, byte[] bytes) {}

    /**
     * Returns what tells a client that it missed messages, since it was too slow and their {@link OverflowPolicy} lets them
     * be dropped. The envelope's event {@code campanile.gap} unless overridden.
     *
     * @param room the room they came through; empty for messages that came through none
     * @param missed how many; more must not make the message longer than {@link Long#MAX_VALUE} does
     */
    default Message gapNotice(Optional<String> room, long missed) {
        return EnvelopeMessage.gap(room, missed);
    }

    /**
     * The connection has other claims, which it returns from now on: the place to judge anew what was granted for those
     * before. Called on the event loop, within the step that changes them.
     *
     * @param before what they were
     */
    default void claimsChanged(Connection connection, Claims before) {}

    /** The connection has left the registry, for whatever reason; nothing the client sends is delivered any more. */
    default void closed(Connection connection, CloseReason reason) {}

    /**
     * All connections have left, or the gateway could not start: ends what the endpoint has running. Called once, after
     * {@link #start(ConnectionRegistry)}, on the thread that stops the gateway; what it throws is logged.
     *
     * @param budget how long it may take
     */
    default void stop(Duration budget) {}
}

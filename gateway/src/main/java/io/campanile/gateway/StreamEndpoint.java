package io.campanile.gateway;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionRegistry;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * What the application does with the streams of one path: connections that only listen, over Server-Sent Events. They
 * live in the registry like all others: what is sent to them, or to a room they are in, is written as events.
 *
 * <pre>
 *  start   admit ──► refusal ──► opened ──► closed
 *                └─► │ └─► refused: a plain HTTP answer
 *                    └─► refused, and no connection was made
 * </pre>
 *
 * All methods but {@link #start(ConnectionRegistry)} are called on the event loop that owns the connection and must not block. One endpoint
 * serves many streams on several event loops at once. Each {@link #opened} is followed by exactly one {@link #closed},
 * also when it throws, which is counted and logged and leaves the stream open.
 */
@FunctionalInterface
public interface StreamEndpoint {

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

    /** Returns what establishes who clients are. Everyone is admitted anonymously unless overridden. */
    default Authenticator authenticator() {
        return Authenticator.anonymous();
    }

    /**
     * Decides about a request that is otherwise valid, as {@link Endpoint#admit} does.
     *
     * @return the claims to admit the client with, or why it is refused; who the {@link #authenticator}
     *     admits unless overridden
     */
    default CompletionStage<Admission> admit(Handshake handshake) {
        return authenticator().authenticate(handshake);
    }

    /**
     * Decides about what the client wants to hear, when it has a place in the registry and an id, and nothing was sent to
     * it yet. Must answer from memory, and not call the registry. An exception refuses the request with 500.
     *
     * @return why the client is refused; nobody is unless overridden
     */
    default Optional<Admission.Refused> refusal(Connection connection, Handshake handshake) {
        return Optional.empty();
    }

    /**
     * The stream has begun, and nothing but what went to everyone or to its user was sent on it: the place to join rooms.
     *
     * @param handshake the request, which says what the client wants to hear
     */
    void opened(Connection connection, Handshake handshake);

    /**
     * The connection has other claims, which it returns from now on: the place to judge anew what was granted for those
     * before. Called on the event loop, within the step that changes them.
     *
     * @param before what they were
     */
    default void claimsChanged(Connection connection, Claims before) {}

    /** The connection has left the registry, for whatever reason. */
    default void closed(Connection connection, CloseReason reason) {}
}

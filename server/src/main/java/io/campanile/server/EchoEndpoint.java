package io.campanile.server;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.CloseReason.ComeBack;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Delivery;
import io.campanile.core.Message;
import io.campanile.core.OutboundLimits;
import io.campanile.core.OverflowPolicy;
import io.campanile.core.Posted;
import io.campanile.gateway.Admission;
import io.campanile.gateway.Endpoint;
import io.campanile.gateway.Handshake;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Sends each message back as it came. Nothing is lost on the way: a client that does not take its echoes is evicted,
 * whatever policy others have.
 */
final class EchoEndpoint implements Endpoint {

    /** The largest message of the Autobahn test suite. */
    static final int MAX_MESSAGE_BYTES = 16 << 20;

    /** What must be allowed to wait for a client so that the largest echo fits, with control frames beside it. */
    static final int MIN_OUTBOUND_BYTES = MAX_MESSAGE_BYTES + (1 << 20);

    private static final Delivery NEVER_DROPPED = Delivery.usual().withOverflow(OverflowPolicy.EVICT);
    private static final CloseReason OVERLOADED =
            new CloseReason(1013, "overloaded", "the node is too busy to send the message back", ComeBack.YES);

    private final Mode mode;
    private final OutboundLimits outbound;
    private final CompletableFuture<ConnectionRegistry> registry = new CompletableFuture<>();

    /**
     * Begins an echo.
     *
     * @param usual how much may wait for a client of another path, which is the least here
     */
    EchoEndpoint(Mode mode, OutboundLimits usual) {
        this.mode = mode;
        this.outbound = new OutboundLimits(Math.max(usual.maxBytes(), MIN_OUTBOUND_BYTES), usual.maxFrames());
    }

    @Override
    public void start(ConnectionRegistry started) {
        registry.complete(started);
    }

    @Override
    public Set<Message.Kind> kinds() {
        return Set.of(Message.Kind.TEXT, Message.Kind.BINARY);
    }

    @Override
    public OptionalInt maxMessageBytes() {
        return OptionalInt.of(MAX_MESSAGE_BYTES);
    }

    @Override
    public Optional<OutboundLimits> outboundLimits() {
        return Optional.of(outbound);
    }

    @Override
    public CompletionStage<Admission> admit(Handshake handshake) {
        Optional<Admission.Refused> stranger = Localhost.refusal(mode, handshake);
        return CompletableFuture.completedFuture(
                stranger.isPresent() ? stranger.get() : new Admission.Admitted(Claims.anonymous()));
    }

    @Override
    public void text(Connection connection, byte[] utf8) {
        echo(connection, Message.utf8(utf8));
    }

    @Override
    public void binary(Connection connection, byte[] bytes) {
        echo(connection, Message.binary(bytes));
    }

    private void echo(Connection connection, Message message) {
        ConnectionRegistry node = registry.join();
        if (node.send(connection.id(), message, NEVER_DROPPED) == Posted.OVERLOADED) {
            node.close(connection.id(), OVERLOADED);
        }
    }
}

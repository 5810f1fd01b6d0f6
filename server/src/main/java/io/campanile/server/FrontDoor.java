package io.campanile.server;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Message;
import io.campanile.gateway.Admission;
import io.campanile.gateway.Authenticator;
import io.campanile.gateway.Endpoint;
import io.campanile.gateway.Handshake;
import io.campanile.gateway.LiveClaims;
import io.campanile.gateway.RoomsEndpoint;
import io.campanile.gateway.StreamEndpoint;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** Decides who may connect to the built-in endpoint, by WebSocket or stream, and leaves all else to it. */
final class FrontDoor implements Endpoint, StreamEndpoint {

    private final RoomsEndpoint rooms;
    private final Mode mode;
    private final boolean anyUser;
    private final Consumer<ConnectionRegistry> onStart;

    FrontDoor(Settings settings, ClientAuth auth, RoomsEndpoint rooms, Consumer<ConnectionRegistry> onStart) {
        this.rooms = rooms;
        this.mode = settings.mode();
        // Who must show a token does not get around it by giving a name.
        this.anyUser = settings.get(Options.CLAIM_ANY_USER) && !auth.isOn();
        this.onStart = onStart;
    }

    @Override
    public void start(ConnectionRegistry registry) {
        onStart.accept(registry);
        rooms.start(registry);
    }

    @Override
    public void start(ConnectionRegistry registry, LiveClaims claims) {
        onStart.accept(registry);
        rooms.start(registry, claims);
    }

    @Override
    public Set<Message.Kind> kinds() {
        return rooms.kinds();
    }

    @Override
    public Authenticator authenticator() {
        return rooms.authenticator();
    }

    @Override
    public CompletionStage<Admission> admit(Handshake handshake) {
        Optional<Admission.Refused> stranger = Localhost.refusal(mode, handshake);
        if (stranger.isPresent()) {
            return CompletableFuture.completedFuture(stranger.get());
        }
        Optional<String> user = anyUser ? handshake.parameter("user") : Optional.empty();
        if (user.isEmpty()) {
            return rooms.admit(handshake);
        }
        return CompletableFuture.completedFuture(
                isUser(user.get())
                        ? new Admission.Admitted(Claims.of(user.get()))
                        : new Admission.Refused(400, "user: expected 1 to 256 characters without control characters"));
    }

    private static boolean isUser(String name) {
        return !name.isEmpty() && name.length() <= 256 && name.codePoints().noneMatch(Character::isISOControl);
    }

    @Override
    public void opened(Connection connection) {
        rooms.opened(connection);
    }

    @Override
    public Optional<Admission.Refused> refusal(Connection connection, Handshake handshake) {
        return rooms.refusal(connection, handshake);
    }

    @Override
    public void opened(Connection connection, Handshake handshake) {
        rooms.opened(connection, handshake);
    }

    @Override
    public void text(Connection connection, byte[] utf8) {
        rooms.text(connection, utf8);
    }

    @Override
    public void binary(Connection connection, byte[] bytes) {
        rooms.binary(connection, bytes);
    }

    @Override
    public void claimsChanged(Connection connection, Claims before) {
        rooms.claimsChanged(connection, before);
    }

    @Override
    public void closed(Connection connection, CloseReason reason) {
        rooms.closed(connection, reason);
    }
}

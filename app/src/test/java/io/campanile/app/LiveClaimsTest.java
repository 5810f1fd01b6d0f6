package io.campanile.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Claims;
import io.campanile.gateway.Admission;
import io.campanile.gateway.Authenticator;
import io.campanile.gateway.Authorizer;
import io.campanile.gateway.GatewayServer;
import io.campanile.gateway.Handshake;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** What becomes of the clients of a gateway when their claims change. */
final class LiveClaimsTest {

    /** Believes the role that a token names. */
    private static final Authenticator BY_ROLE = new Authenticator() {
        @Override
        public CompletionStage<Admission> authenticate(Handshake handshake) {
            return refresh("staff");
        }

        @Override
        public CompletionStage<Admission> refresh(String token) {
            return CompletableFuture.completedFuture(
                    token.equals("forged")
                            ? Admission.tokenRefused("the token is not good")
                            : new Admission.Admitted(Claims.of("ada", Map.of("role", token))));
        }
    };

    private static final Authorizer BY_CLAIM = new Authorizer() {
        @Override
        public boolean mayJoin(io.campanile.core.Connection connection, String room) {
            return !room.equals("staff")
                    || "staff".equals(connection.claims().values().get("role"));
        }
    };

    @Test
    void aNewerTokenReplacesTheClaimsAndTakesAwayTheRoomsThatWereLost() {
        Gateway gateway = Gateway.at("/live")
                .authenticator(BY_ROLE)
                .authorizer(BY_CLAIM)
                .onConnect(connection -> {
                    connection.join("staff");
                    connection.join("lobby");
                })
                .answer("role", connection -> connection.claims().values().getOrDefault("role", "none"))
                .answer(
                        "rooms",
                        connection -> connection
                                .rooms()
                                .thenApply(
                                        rooms -> rooms.stream().map(Room::name).toList()));
        try (GatewayServer server =
                        GatewayServer.builder().port(0).webSocket(gateway).start();
                TestClient ada = TestClient.connect(server, "/live")) {
            ada.send("{\"event\":\"rooms\",\"id\":1}");
            assertThat(ada.next()).endsWith("\"data\":[\"staff\",\"lobby\"]}");

            ada.send("{\"event\":\"auth.refresh\",\"id\":2,\"data\":{\"token\":\"forged\"}}");
            assertThat(ada.next()).startsWith("{\"event\":\"error\",\"id\":2").contains("unauthorized");

            ada.send("{\"event\":\"auth.refresh\",\"id\":3,\"data\":{\"token\":\"guest\"}}");
            assertThat(java.util.List.of(ada.next(), ada.next()))
                    .containsExactlyInAnyOrder(
                            "{\"event\":\"ack\",\"id\":3,\"data\":{}}",
                            "{\"event\":\"room.lost\",\"data\":{\"room\":\"staff\",\"reason\":\"forbidden\"}}");
            ada.send("{\"event\":\"role\",\"id\":4}").send("{\"event\":\"rooms\",\"id\":5}");
            assertThat(ada.next()).endsWith("\"data\":\"guest\"}");
            assertThat(ada.next()).endsWith("\"data\":[\"lobby\"]}");
        }
    }
}

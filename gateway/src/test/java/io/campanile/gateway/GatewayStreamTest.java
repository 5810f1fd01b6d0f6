package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Audience;
import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.CloseReason.ComeBack;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionId;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Liveness;
import io.campanile.core.Message;
import io.campanile.core.OutboundLimits;
import io.campanile.core.Receipt;
import io.campanile.core.RegistryConfig;
import io.campanile.protocol.EnvelopeMessage;
import io.campanile.protocol.JsonSlice;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Event streams as connections: how they begin, what they hear, and how they end. */
@ParameterizedClass
@MethodSource("io.campanile.gateway.TestGateway#kinds")
final class GatewayStreamTest {

    private final IoKind io;
    private final Listener listener = new Listener();
    private final TestGateway.Echo echo = new TestGateway.Echo();

    GatewayStreamTest(IoKind io) {
        this.io = io;
    }

    /** Keeps what happens to its streams; admits and refuses by what they ask for. */
    private static final class Listener implements StreamEndpoint {
        final BlockingQueue<Connection> opened = new LinkedBlockingQueue<>();
        final BlockingQueue<Handshake> handshakes = new LinkedBlockingQueue<>();
        final BlockingQueue<CloseReason> closed = new LinkedBlockingQueue<>();

        @Override
        public CompletionStage<Admission> admit(Handshake handshake) {
            Optional<String> user = handshake.parameter("user");
            return CompletableFuture.completedFuture(
                    user.filter("nobody"::equals).isPresent()
                            ? new Admission.Refused(401, "who are you")
                            : new Admission.Admitted(user.map(Claims::of).orElse(Claims.anonymous())));
        }

        @Override
        public Optional<Admission.Refused> refusal(Connection connection, Handshake handshake) {
            if (handshake.parameter("throw").isPresent()) {
                throw new IllegalStateException("secret");
            }
            return handshake.parameter("secret").map(room -> new Admission.Refused(403, "not for you"));
        }

        @Override
        public void opened(Connection connection, Handshake handshake) {
            handshakes.add(handshake);
            opened.add(connection);
        }

        @Override
        public void closed(Connection connection, CloseReason reason) {
            closed.add(reason);
        }
    }

    private GatewayBuilder builder() {
        return TestGateway.on(io)
                .sse("/sse", listener)
                .sse("/rooms", new RoomsEndpoint(Authorizer.defaults()))
                .http("POST", "/sse", call -> CompletableFuture.completedFuture(HttpAnswer.text(200, "posted")));
    }

    private static Message event(String name, String json) {
        return EnvelopeMessage.event(name, JsonSlice.of(json));
    }

    @Test
    void aStreamIsAnAnswerThatIsNeitherKeptNorHeldBackOnItsWay() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(RawClient.get("/sse"));

            RawClient.Response response = client.response();

            assertThat(response.status()).isEqualTo(200);
            assertThat(response.headers())
                    .isEqualTo(Map.of(
                            "content-type", "text/event-stream",
                            "cache-control", "no-cache, no-transform",
                            "x-accel-buffering", "no",
                            "vary", "origin",
                            "connection", "close",
                            "transfer-encoding", "chunked"));
            assertThat(client.chunk()).matches("retry: (2[0-9]{3}|3[0-9]{3}|4000)\n\n");
        }
    }

    @Test
    void aStreamHearsItsRoomsItsUserAndItself() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.stream(gateway, "/sse?user=ada")) {
            ConnectionRegistry registry = gateway.registry();
            ConnectionId id = TestGateway.await(listener.opened).id();
            registry.join(id, "lobby");
            registry.broadcast(Audience.room("lobby"), event("chat", "1"));
            registry.broadcast(Audience.user("ada"), event("note", "2"));
            registry.broadcast(Audience.all(), Message.text("3"));
            registry.send(id, Message.text("4"));

            assertThat(List.of(client.chunk(), client.chunk(), client.chunk(), client.chunk()))
                    .containsExactly(
                            "event: chat\ndata: 1\n\n", "event: note\ndata: 2\n\n", "data: 3\n\n", "data: 4\n\n");
        }
    }

    @Test
    void aStreamIsCountedAsAConnectionUntilItEnds() {
        try (GatewayServer gateway = builder().webSocket("/echo", echo).start();
                RawClient webSocket = RawClient.webSocket(gateway, "/echo");
                RawClient client = RawClient.stream(gateway, "/sse")) {
            TestGateway.await(listener.opened);
            TestGateway.await(echo.opened);

            assertThat(gateway.registry().connectionCount()).isEqualTo(2);
            assertThat(gateway.stats())
                    .extracting(GatewayStats::streams, GatewayStats::webSockets, GatewayStats::httpConnections)
                    .containsExactly(1, 1, 0);

            client.close();
            assertThat(TestGateway.await(listener.closed)).isEqualTo(CloseReason.TRANSPORT_LOST);
            webSocket.text("still here");
            assertThat(webSocket.readText()).isEqualTo("still here");
            assertThat(gateway.stats().streams()).isZero();
            assertThat(gateway.registry().connectionCount()).isEqualTo(1);
        }
    }

    @Test
    void aResetEndsAStreamAndSoDoesAHalfClose() {
        try (GatewayServer gateway = builder().start();
                RawClient first = RawClient.stream(gateway, "/sse");
                RawClient second = RawClient.stream(gateway, "/sse")) {
            first.reset();
            assertThat(TestGateway.await(listener.closed)).isEqualTo(CloseReason.TRANSPORT_LOST);

            second.shutdownOutput();
            assertThat(TestGateway.await(listener.closed)).isEqualTo(CloseReason.TRANSPORT_LOST);
            assertThat(second.readToEnd()).isZero();
        }
    }

    @Test
    void requestsBehindAStreamAreThrownAway() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(RawClient.get("/sse") + RawClient.get("/sse") + RawClient.handshake("/sse"));
            client.response();
            client.chunk();
            client.send(RawClient.get("/sse"));
            gateway.registry().send(TestGateway.await(listener.opened).id(), "one");

            assertThat(client.chunk()).isEqualTo("data: one\n\n");
            assertThat(gateway.registry().connectionCount()).isEqualTo(1);
            assertThat(gateway.stats().httpRequests()).isZero();
        }
    }

    @Test
    void aClientThatSendsWithoutEndIsClosed() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.stream(gateway, "/sse")) {
            client.send("x".repeat(GatewayLimits.defaults().maxHeaderBytes() + 1));

            assertThat(client.chunk())
                    .isEqualTo("event: campanile.close\ndata: {\"code\":1008,\"reason\":\"unexpected_data\","
                            + "\"message\":\"the client of a stream has nothing to send\"}\n\n");
            assertThat(client.chunk()).isEmpty();
            assertThat(client.readToEnd()).isZero();
        }
    }

    @Test
    void aRefusalOfTheEndpointIsAPlainAnswer() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(RawClient.get("/sse?user=nobody"));
            RawClient.Response unknown = client.response();
            client.send(RawClient.get("/sse?secret=1"));
            RawClient.Response forbidden = client.response();
            client.send(RawClient.get("/sse?throw=1"));
            RawClient.Response failed = client.response();

            assertThat(unknown.status()).isEqualTo(401);
            assertThat(forbidden.body())
                    .isEqualTo("{\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":403,"
                            + "\"code\":\"forbidden\",\"detail\":\"not for you\"}");
            assertThat(failed.status()).isEqualTo(500);
            assertThat(failed.body()).doesNotContain("secret");
            assertThat(gateway.registry().connectionCount()).isZero();
            assertThat(listener.opened).isEmpty();
            assertThat(listener.closed).isEmpty();
            assertThat(gateway.stats().handshakesRefused()).isEqualTo(Map.of("unauthenticated", 1L, "endpoint", 2L));
        }
    }

    @Test
    void oneStreamTooManyIsRefusedWithATimeToComeBack() {
        try (GatewayServer gateway = builder()
                        .registry(RegistryConfig.defaults().withMaxConnections(1))
                        .start();
                RawClient first = RawClient.stream(gateway, "/sse");
                RawClient second = RawClient.connect(gateway)) {
            second.send(RawClient.get("/sse"));
            RawClient.Response refused = second.response();
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.headers())
                    .containsKey("retry-after")
                    .containsEntry("content-type", "application/problem+json");

            first.close();
            TestGateway.await(listener.closed);
            second.send(RawClient.get("/sse"));
            assertThat(second.response().status()).isEqualTo(200);
        }
    }

    @Test
    void otherMethodsAreNotStreams() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway);
                RawClient head = RawClient.connect(gateway)) {
            client.send("POST /sse HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
            assertThat(client.response().body()).isEqualTo("posted");
            client.send("DELETE /rooms HTTP/1.1\r\nHost: localhost\r\n\r\n");
            RawClient.Response wrong = client.response();
            head.send("HEAD /sse HTTP/1.1\r\nHost: localhost\r\n\r\n");
            RawClient.Response only = head.response();

            assertThat(wrong.status()).isEqualTo(405);
            assertThat(wrong.headers()).containsEntry("allow", "GET, HEAD, OPTIONS");
            assertThat(only.headers()).containsEntry("content-type", "text/event-stream");
            assertThat(head.readToEnd()).isZero();
            assertThat(listener.opened).isEmpty();
        }
    }

    @Test
    void theIdOfTheLastEventIsAtHand() {
        try (GatewayServer gateway = builder().start();
                RawClient byHeader = RawClient.stream(gateway, "/sse?lastEventId=x", "Last-Event-ID: caf\u00c3\u00a9");
                RawClient byQuery = RawClient.stream(gateway, "/sse?lastEventId=4%202");
                RawClient without = RawClient.stream(gateway, "/sse", "Last-Event-ID: ")) {
            assertThat(List.of(
                            TestGateway.await(listener.handshakes).lastEventId(),
                            TestGateway.await(listener.handshakes).lastEventId(),
                            TestGateway.await(listener.handshakes).lastEventId()))
                    .containsExactlyInAnyOrder(Optional.of("café"), Optional.of("4 2"), Optional.empty());
            assertThat(List.of(byHeader, byQuery, without)).doesNotContainNull();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/sse?lastEventId=a%0Ab",
                "/sse?lastEventId=LONG",
                "/sse?envelope=yes",
                "/rooms?room=a%20b",
                "/rooms?room="
            })
    void aRequestThatCannotBeMeantIsRefused(String target) {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(RawClient.get(target.replace("LONG", "x".repeat(129))));

            assertThat(client.response().status()).isEqualTo(400);
            assertThat(gateway.registry().connectionCount()).isZero();
        }
    }

    @Test
    void aStreamThatIsSilentGetsCommentsAndIsNotTakenForDead() {
        Liveness liveness = new Liveness(
                Duration.ofMillis(100),
                Duration.ofMillis(100),
                Duration.ofMillis(400),
                Duration.ofMillis(100),
                Duration.ZERO);
        try (GatewayServer gateway = builder()
                        .registry(RegistryConfig.defaults().withLiveness(liveness))
                        .start();
                RawClient client = RawClient.stream(gateway, "/sse")) {
            for (int i = 0; i < 8; i++) {
                assertThat(client.chunk()).isEqualTo(":\n\n");
            }

            assertThat(listener.closed).isEmpty();
        }
    }

    @Test
    void theEndNamesTheReasonAndTheTimeToComeBack() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.stream(gateway, "/sse")) {
            ConnectionId id = TestGateway.await(listener.opened).id();
            gateway.registry().send(id, "before");
            gateway.registry()
                    .close(
                            id,
                            new CloseReason(4000, "moved", "go there", ComeBack.YES)
                                    .withComeBackAfter(Duration.ofSeconds(9)));

            assertThat(client.chunk()).isEqualTo("data: before\n\n");
            assertThat(client.chunk())
                    .isEqualTo("event: campanile.close\nretry: 9000\n"
                            + "data: {\"code\":4000,\"reason\":\"moved\",\"message\":\"go there\"}\n\n");
            assertThat(client.chunk()).isEmpty();
            assertThat(client.readToEnd()).isZero();
            assertThat(TestGateway.await(listener.closed).code()).isEqualTo(4000);
        }
    }

    @Test
    void aStopEndsEveryStream() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.stream(gateway, "/sse")) {
            CompletableFuture<Boolean> stopped =
                    CompletableFuture.supplyAsync(() -> gateway.stop(Duration.ofSeconds(20)));

            assertThat(client.chunk()).contains("\"reason\":\"going_away\"");
            assertThat(client.chunk()).isEmpty();
            client.close();
            assertThat(stopped.join()).isTrue();
        }
    }

    @Test
    void aReaderThatStallsIsEvictedAndResetAndTheOthersLoseNothing() {
        try (GatewayServer gateway = builder()
                        .registry(RegistryConfig.defaults().withOutbound(new OutboundLimits(1 << 20, 1_000)))
                        .limits(GatewayLimits.defaults().withCloseTimeout(Duration.ofMillis(100)))
                        .start();
                RawClient stalled = RawClient.connect(gateway, 4_096);
                RawClient healthy = RawClient.stream(gateway, "/rooms?room=lobby")) {
            assertThat(healthy.chunk()).startsWith("event: welcome\n");
            stalled.send(RawClient.get("/sse"));
            gateway.registry()
                    .join(TestGateway.await(listener.opened).id(), "lobby")
                    .toCompletableFuture()
                    .join();
            String payload = "x".repeat(100_000);
            int sent = 0;
            while (listener.closed.isEmpty()) {
                gateway.registry().broadcast("lobby", payload + sent);
                assertThat(healthy.chunk()).isEqualTo("data: " + payload + sent++ + "\n\n");
            }

            assertThat(TestGateway.await(listener.closed).code()).isEqualTo(CloseReason.SLOW_CLIENT_CODE);
            healthy.close();
            assertThat(gateway.stop(Duration.ofSeconds(10))).isTrue();
        }
    }

    @Test
    void aBinaryMessageIsLostToStreamsOnlyAndBothSidesAreTold() {
        try (GatewayServer gateway = builder().webSocket("/echo", echo).start();
                RawClient client = RawClient.stream(gateway, "/sse");
                RawClient webSocket = RawClient.webSocket(gateway, "/echo")) {
            TestGateway.await(listener.opened);

            Receipt receipt = gateway.registry()
                    .broadcastWithReceipt(Audience.all(), Message.binary(new byte[] {7}))
                    .toCompletableFuture()
                    .join();
            gateway.registry().broadcast(Audience.all(), Message.text("after"));

            assertThat(List.of(receipt.matched(), receipt.queued(), receipt.dropped()))
                    .containsExactly(2, 1, 1);
            assertThat(webSocket.frame().opcode()).isEqualTo(RawClient.BINARY);
            assertThat(client.chunk())
                    .startsWith("event: campanile.gap\ndata: ")
                    .contains("\"missed\":1");
            assertThat(client.chunk()).isEqualTo("data: after\n\n");
        }
    }

    @Test
    void aBroadcastReachesStreamsAndWebSocketsInOneOrder() {
        try (GatewayServer gateway = builder()
                        .webSocket("/ws", new RoomsEndpoint(Authorizer.defaults()))
                        .start();
                RawClient events = RawClient.stream(gateway, "/rooms?room=lobby&room=other&room=lobby");
                RawClient envelopes = RawClient.stream(gateway, "/rooms?room=lobby&envelope=true");
                RawClient webSocket = RawClient.webSocket(gateway, "/ws")) {
            assertThat(events.chunk())
                    .matches("event: welcome\ndata: \\{\"connection\":\"[a-z0-9]+\",\"protocol\":1}\n\n");
            assertThat(envelopes.chunk()).startsWith("data: {\"event\":\"welcome\",");
            webSocket.readText();
            webSocket.text("{\"event\":\"room.join\",\"id\":1,\"data\":{\"room\":\"lobby\"}}");
            webSocket.readText();

            for (int i = 0; i < 100; i++) {
                gateway.registry()
                        .broadcast(
                                Audience.room("lobby"),
                                EnvelopeMessage.inRoom("lobby", "chat", JsonSlice.of(Integer.toString(i))));
            }

            for (int i = 0; i < 100; i++) {
                String envelope = "{\"event\":\"chat\",\"room\":\"lobby\",\"data\":" + i + "}";
                assertThat(events.chunk()).isEqualTo("event: chat\ndata: " + i + "\n\n");
                assertThat(envelopes.chunk()).isEqualTo("data: " + envelope + "\n\n");
                assertThat(webSocket.readText()).isEqualTo(envelope);
            }
        }
    }

    @Test
    void aRoomThatMayNotBeJoinedIsRefusedAndNoneIsJoined() {
        Authorizer policy = new Authorizer() {
            @Override
            public boolean mayJoin(Connection connection, String room) {
                return !room.startsWith("staff");
            }
        };
        try (GatewayServer gateway = TestGateway.on(io)
                        .sse("/sse", new RoomsEndpoint(policy))
                        .start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(RawClient.get("/sse?room=lobby&room=staff"));

            RawClient.Response refused = client.response();

            assertThat(refused.status()).isEqualTo(403);
            assertThat(refused.body()).contains("may not join \\\"staff\\\"");
            assertThat(gateway.registry().roomCount()).isZero();
            client.send(RawClient.get("/sse?room=lobby"));
            assertThat(client.response().status()).isEqualTo(200);
        }
    }

    @Test
    void moreRoomsThanOneConnectionMayBeInEndTheStream() {
        try (GatewayServer gateway = builder()
                        .registry(RegistryConfig.defaults().withMaxRoomsPerConnection(1))
                        .start();
                RawClient client = RawClient.stream(gateway, "/rooms?room=a&room=b")) {
            assertThat(client.chunk()).startsWith("event: welcome\n");
            assertThat(client.chunk()).contains("\"reason\":\"too_many_rooms\"");
            assertThat(client.chunk()).isEmpty();
        }
    }
}

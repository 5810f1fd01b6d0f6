package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.OutboundLimits;
import io.campanile.core.Posted;
import io.campanile.core.RegistryConfig;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** How connections end, and what each side learns of it. */
@ParameterizedClass
@MethodSource("io.campanile.gateway.TestGateway#kinds")
final class GatewayCloseTest {

    private final IoKind io;
    private final TestGateway.Echo echo = new TestGateway.Echo();

    GatewayCloseTest(IoKind io) {
        this.io = io;
    }

    private GatewayBuilder builder() {
        return TestGateway.on(io).webSocket("/echo", echo);
    }

    @Test
    void theClientsCloseIsEchoedBehindWhatWaits() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.text("last words");
            client.send(RawClient.closeFrame(4321));

            assertThat(client.readText()).isEqualTo("last words");
            assertThat(client.readClose()).isEqualTo(4321);
            assertThat(client.readToEnd()).isZero();
            assertThat(TestGateway.await(echo.closed).code()).isEqualTo(4321);
        }
    }

    @Test
    void aCloseWithoutACodeIsEchoedWithoutOne() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.send(RawClient.frame(RawClient.CLOSE, new byte[0]));

            RawClient.Frame close = client.frame();
            assertThat(close.opcode()).isEqualTo(RawClient.CLOSE);
            assertThat(close.payload()).isEmpty();
            assertThat(client.readToEnd()).isZero();
        }
    }

    @Test
    void theServersCloseWaitsForTheClients() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            Connection connection = TestGateway.await(echo.opened);
            gateway.registry().send(connection.id(), "before");
            gateway.registry()
                    .close(
                            connection.id(),
                            new CloseReason(4000, "moved", "go to the other room", CloseReason.ComeBack.NO));

            assertThat(client.readText()).isEqualTo("before");
            RawClient.Frame close = client.frame();
            assertThat(close.closeCode()).isEqualTo(4000);
            assertThat(new String(close.payload(), 2, close.payload().length - 2, StandardCharsets.UTF_8))
                    .isEqualTo("go to the other room");
            client.text("not heard any more");
            client.send(RawClient.closeFrame(4000));
            assertThat(client.readToEnd()).isZero();
            assertThat(echo.texts).isEmpty();
        }
    }

    @Test
    void aClientThatDoesNotEndIsReset() {
        try (GatewayServer gateway = builder()
                        .limits(GatewayLimits.defaults().withCloseTimeout(Duration.ofMillis(100)))
                        .start();
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            Connection connection = TestGateway.await(echo.opened);

            gateway.registry().unregister(connection.id());

            client.readToCut();
            assertThat(gateway.stop(Duration.ofSeconds(10))).isTrue();
        }
    }

    @Test
    void anEvictedClientThatNeverReadsIsReset() {
        try (GatewayServer gateway = builder()
                        .registry(RegistryConfig.defaults().withOutbound(new OutboundLimits(1 << 20, 1_000)))
                        .limits(GatewayLimits.defaults().withCloseTimeout(Duration.ofMillis(100)))
                        .start();
                RawClient client = RawClient.connect(gateway, 4_096).open("/echo")) {
            Connection connection = TestGateway.await(echo.opened);
            String payload = "x".repeat(100_000);
            while (echo.closed.isEmpty()) {
                gateway.registry().send(connection.id(), payload);
            }

            assertThat(TestGateway.await(echo.closed).code()).isEqualTo(CloseReason.SLOW_CLIENT_CODE);
            assertThat(gateway.stop(Duration.ofSeconds(10))).isTrue();
            client.close();
        }
    }

    @Test
    void aBrokenFrameIsAProtocolError() {
        assertThat(codeFor(new byte[] {(byte) 0xc1, (byte) 0x80, 0, 0, 0, 0})).isEqualTo(1002);
    }

    @Test
    void anUnmaskedFrameIsAProtocolError() {
        assertThat(codeFor(RawClient.frame(0x81, "hi".getBytes(StandardCharsets.UTF_8), false)))
                .isEqualTo(1002);
    }

    @Test
    void textThatIsNotUtf8IsInvalid() {
        assertThat(codeFor(RawClient.frame(RawClient.TEXT, new byte[] {(byte) 0xc0, (byte) 0xaf})))
                .isEqualTo(1007);
    }

    @Test
    void aMessageBeyondTheLimitIsTooBig() {
        assertThat(codeFor(RawClient.frame(RawClient.TEXT, new byte[(64 << 10) + 1])))
                .isEqualTo(1009);
    }

    private int codeFor(byte[] bytes) {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.send(bytes);

            int code = client.readClose();
            assertThat(client.readToEnd()).isZero();
            assertThat(TestGateway.await(echo.closed).code()).isEqualTo(code);
            assertThat(gateway.stats().protocolErrors()).hasSize(1);
            return code;
        }
    }

    @Test
    void aMessageAtTheLimitIsTaken() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            String largest = "x".repeat(64 << 10);
            client.text(largest);

            assertThat(client.readText()).isEqualTo(largest);
        }
    }

    @Test
    void anEndpointMayHaveALimitOfItsOwn() {
        int most = 100 << 10;
        var lengths = new LinkedBlockingQueue<Integer>();
        Endpoint large = new Endpoint() {
            @Override
            public OptionalInt maxMessageBytes() {
                return OptionalInt.of(most);
            }

            @Override
            public void text(Connection connection, byte[] utf8) {
                lengths.add(utf8.length);
            }
        };
        try (GatewayServer gateway = builder().webSocket("/large", large).start();
                RawClient client = RawClient.webSocket(gateway, "/large");
                RawClient other = RawClient.webSocket(gateway, "/echo")) {
            client.text("x".repeat(most));
            assertThat(TestGateway.await(lengths)).isEqualTo(most);

            client.text("x".repeat(most + 1));
            assertThat(client.readClose()).isEqualTo(1009);
            other.text("x".repeat(most));
            assertThat(other.readClose()).isEqualTo(1009);
        }
    }

    @Test
    void aKindOfMessageThatTheEndpointDoesNotTakeIsUnsupported() {
        try (GatewayServer gateway = TestGateway.on(io)
                        .webSocket("/text", (connection, utf8) -> {})
                        .start();
                RawClient client = RawClient.webSocket(gateway, "/text")) {
            client.send(RawClient.frame(RawClient.BINARY, new byte[] {1}));

            assertThat(client.readClose()).isEqualTo(1003);
        }
    }

    @Test
    void aLostClientIsClosedOnceWithoutACode() {
        try (GatewayServer gateway = builder().start()) {
            RawClient client = RawClient.webSocket(gateway, "/echo");
            TestGateway.await(echo.opened);

            client.reset();

            assertThat(TestGateway.await(echo.closed)).isEqualTo(CloseReason.TRANSPORT_LOST);
            assertThat(gateway.registry().connectionCount()).isZero();
        }
        assertThat(echo.closed).isEmpty();
    }

    @Test
    void nothingIsDeliveredBehindAMessageThatEndedTheConnection() {
        var texts = new LinkedBlockingQueue<String>();
        var closing = new ClosingAtFirst(texts, new CompletableFuture<>());
        try (GatewayServer gateway =
                        TestGateway.on(io).webSocket("/once", closing).start();
                RawClient client = RawClient.webSocket(gateway, "/once")) {
            byte[] first = RawClient.frame(RawClient.TEXT, "first".getBytes(StandardCharsets.UTF_8));
            byte[] second = RawClient.frame(RawClient.TEXT, "second".getBytes(StandardCharsets.UTF_8));
            byte[] both = new byte[first.length + second.length];
            System.arraycopy(first, 0, both, 0, first.length);
            System.arraycopy(second, 0, both, first.length, second.length);
            client.send(both);

            assertThat(client.readClose()).isEqualTo(1000);
            assertThat(texts).containsExactly("first");
        }
    }

    private record ClosingAtFirst(BlockingQueue<String> texts, CompletableFuture<ConnectionRegistry> registry)
            implements Endpoint {
        @Override
        public void start(ConnectionRegistry started) {
            registry.complete(started);
        }

        @Override
        public void text(Connection connection, byte[] utf8) {
            texts.add(new String(utf8, StandardCharsets.UTF_8));
            registry.join().unregister(connection.id());
        }
    }

    @Test
    void anEndpointThatThrowsHarmsNothingButItsCall() {
        var throwing = new Throwing(new AtomicInteger(), new AtomicInteger(), new LinkedBlockingQueue<>());
        try (GatewayServer gateway =
                        TestGateway.on(io).webSocket("/throws", throwing).start();
                RawClient other = RawClient.webSocket(gateway, "/throws");
                RawClient client = RawClient.webSocket(gateway, "/throws")) {
            client.text("one");
            client.text("two");
            client.send(RawClient.frame(RawClient.PING, new byte[0]));
            assertThat(client.frame().opcode()).isEqualTo(RawClient.PONG);

            client.send(RawClient.closeFrame(1000));
            assertThat(client.readClose()).isEqualTo(1000);
            TestGateway.await(throwing.closed());
            other.send(RawClient.frame(RawClient.PING, new byte[0]));
            assertThat(other.frame().opcode()).isEqualTo(RawClient.PONG);

            assertThat(throwing.opens()).hasValue(2);
            assertThat(throwing.texts()).hasValue(2);
            assertThat(gateway.stats().handlerFailures()).isEqualTo(5);
        }
        assertThat(throwing.closed()).hasSize(1);
    }

    private record Throwing(AtomicInteger opens, AtomicInteger texts, BlockingQueue<CloseReason> closed)
            implements Endpoint {
        @Override
        public void opened(Connection connection) {
            opens.incrementAndGet();
            throw new IllegalStateException("opened");
        }

        @Override
        public void text(Connection connection, byte[] utf8) {
            texts.incrementAndGet();
            throw new IllegalStateException("text");
        }

        @Override
        public void closed(Connection connection, CloseReason reason) {
            closed.add(reason);
            throw new IllegalStateException("closed");
        }
    }

    @Test
    void aStopTellsEveryClientAndWaitsForThem() throws Exception {
        GatewayServer gateway = builder()
                .http("GET", "/hello", call -> CompletableFuture.completedFuture(HttpAnswer.empty(204)))
                .start();
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            clients.add(RawClient.webSocket(gateway, "/echo"));
        }
        RawClient http = RawClient.connect(gateway);
        http.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
        http.response();

        var stopping = CompletableFuture.supplyAsync(() -> gateway.stop(Duration.ofSeconds(30)));
        for (RawClient client : clients) {
            assertThat(client.readClose()).isEqualTo(1001);
            client.send(RawClient.closeFrame(1001));
            assertThat(client.readToEnd()).isZero();
        }

        assertThat(http.readToEnd()).isZero();
        assertThat(stopping.get()).isTrue();
        assertThat(echo.closed).hasSize(20).allMatch(reason -> reason.code() == 1001);
        assertThat(gateway.registry().connectionCount()).isZero();
        clients.forEach(RawClient::close);
        http.close();
    }

    @Test
    void aStopDoesNotWaitBeyondItsDeadline() {
        GatewayServer gateway = builder()
                .limits(GatewayLimits.defaults().withCloseTimeout(Duration.ofHours(1)))
                .start();
        try (RawClient client = RawClient.webSocket(gateway, "/echo")) {
            assertThat(gateway.stop(Duration.ofMillis(100))).isFalse();

            client.readToCut();
            TestGateway.await(echo.closed);
            assertThat(echo.closed).isEmpty();
        }
    }

    @Test
    void aHandshakeDuringTheStopIsRefused() throws Exception {
        var asked = new LinkedBlockingQueue<CompletableFuture<Admission>>();
        Endpoint deciding = new Endpoint() {
            @Override
            public CompletionStage<Admission> admit(Handshake handshake) {
                CompletableFuture<Admission> admission = new CompletableFuture<>();
                asked.add(admission);
                return admission;
            }

            @Override
            public void text(Connection connection, byte[] utf8) {}
        };
        GatewayServer gateway = TestGateway.on(io).webSocket("/late", deciding).start();
        try (RawClient client = RawClient.connect(gateway)) {
            client.send(RawClient.handshake("/late"));
            var admission = TestGateway.await(asked);
            var stopping = CompletableFuture.supplyAsync(() -> gateway.stop(Duration.ofSeconds(30)));
            // The registry is closed before the loops hear of the end of their HTTP connections, or after: either way.
            while (gateway.registry().broadcast("room", "x") != Posted.CLOSED) {
                Thread.onSpinWait();
            }
            admission.complete(Admission.anonymous());

            RawClient.Response response = client.response();
            assertThat(response.status()).isEqualTo(503);
            assertThat(response.headers()).containsKey("retry-after").containsEntry("connection", "close");
            assertThat(client.readToEnd()).isZero();
            client.close();
            assertThat(stopping.get()).isTrue();
        }
    }
}

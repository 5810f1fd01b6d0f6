package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Claims;
import io.campanile.core.Connection;
import io.campanile.core.RegistryConfig;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** How a WebSocket is opened: what is admitted, and in which order things happen. */
@ParameterizedClass
@MethodSource("io.campanile.gateway.TestGateway#kinds")
final class GatewayHandshakeTest {

    private final IoKind io;
    private final TestGateway.Echo echo = new TestGateway.Echo();

    GatewayHandshakeTest(IoKind io) {
        this.io = io;
    }

    private GatewayBuilder builder() {
        return TestGateway.on(io).webSocket("/echo", echo);
    }

    @Test
    void theAnswerShowsThatTheKeyWasUnderstood() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(RawClient.handshake("/echo"));

            RawClient.Response response = client.response();
            assertThat(response.status()).isEqualTo(101);
            assertThat(response.headers())
                    .containsEntry("upgrade", "websocket")
                    .containsEntry("connection", "Upgrade")
                    .containsEntry("sec-websocket-accept", RawClient.ACCEPT)
                    .hasSize(3);
        }
    }

    @Test
    void whatIsSentBehindTheHandshakeIsAnsweredAfterItInOrder() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            byte[] head = RawClient.handshake("/echo").getBytes(StandardCharsets.US_ASCII);
            byte[] one = RawClient.frame(RawClient.TEXT, "one".getBytes(StandardCharsets.UTF_8));
            byte[] two = RawClient.frame(RawClient.TEXT, "two".getBytes(StandardCharsets.UTF_8));
            client.send(join(head, one, two));

            assertThat(client.response().status()).isEqualTo(101);
            assertThat(client.readText()).isEqualTo("one");
            assertThat(client.readText()).isEqualTo("two");
        }
    }

    @Test
    void whatIsSentBehindTheHandshakeWaitsForALateAdmission() {
        var asked = new LinkedBlockingQueue<CompletableFuture<Admission>>();
        var order = new LinkedBlockingQueue<String>();
        try (GatewayServer gateway = TestGateway.on(io)
                        .webSocket("/late", new Deciding(asked, order))
                        .start();
                RawClient client = RawClient.connect(gateway)) {
            byte[] head = RawClient.handshake("/late").getBytes(StandardCharsets.US_ASCII);
            byte[] one = RawClient.frame(RawClient.TEXT, "one".getBytes(StandardCharsets.UTF_8));
            client.send(join(head, one));
            CompletableFuture<Admission> admission = TestGateway.await(asked);
            client.text("two");
            assertThat(order).isEmpty();

            admission.complete(new Admission.Admitted(Claims.of("ada")));

            assertThat(client.response().status()).isEqualTo(101);
            assertThat(TestGateway.await(order)).isEqualTo("opened ada");
            assertThat(TestGateway.await(order)).isEqualTo("one");
            assertThat(TestGateway.await(order)).isEqualTo("two");
            assertThat(gateway.registry().userConnectionCount("ada")).isEqualTo(1);
        }
    }

    @Test
    void aRefusedClientIsAnsweredAndMayTryAgainOnTheSameConnection() {
        var asked = new LinkedBlockingQueue<CompletableFuture<Admission>>();
        try (GatewayServer gateway = TestGateway.on(io)
                        .webSocket("/late", new Deciding(asked, new LinkedBlockingQueue<>()))
                        .start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(RawClient.handshake("/late"));
            TestGateway.await(asked).complete(new Admission.Refused(401, "say who you are"));
            RawClient.Response refused = client.response();

            client.send(RawClient.handshake("/late"));
            TestGateway.await(asked).complete(Admission.anonymous());

            assertThat(refused.status()).isEqualTo(401);
            assertThat(refused.headers())
                    .containsEntry("content-type", "application/problem+json")
                    .containsEntry("www-authenticate", "Bearer");
            assertThat(refused.body())
                    .isEqualTo("{\"type\":\"about:blank\",\"title\":\"Unauthorized\",\"status\":401,"
                            + "\"code\":\"unauthorized\",\"detail\":\"say who you are\"}");
            assertThat(client.response().status()).isEqualTo(101);
            assertThat(gateway.stats().handshakesRefused()).containsEntry("unauthenticated", 1L);
        }
    }

    @Test
    void anAdmissionThatFailsIsAnswered() {
        var asked = new LinkedBlockingQueue<CompletableFuture<Admission>>();
        try (GatewayServer gateway = TestGateway.on(io)
                        .webSocket("/late", new Deciding(asked, new LinkedBlockingQueue<>()))
                        .start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(RawClient.handshake("/late"));
            TestGateway.await(asked).completeExceptionally(new IllegalStateException("no database"));

            RawClient.Response response = client.response();
            assertThat(response.status()).isEqualTo(500);
            assertThat(response.body()).doesNotContain("database");
            assertThat(gateway.stats().handlerFailures()).isEqualTo(1);
        }
    }

    @Test
    void anAdmissionThatTakesTooLongIsRefused() {
        var asked = new LinkedBlockingQueue<CompletableFuture<Admission>>();
        try (GatewayServer gateway = TestGateway.on(io)
                        .limits(GatewayLimits.defaults().withHandshakeTimeout(Duration.ofMillis(200)))
                        .webSocket("/late", new Deciding(asked, new LinkedBlockingQueue<>()))
                        .start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(RawClient.handshake("/late"));

            RawClient.Response response = client.response();
            TestGateway.await(asked).complete(Admission.anonymous());

            assertThat(response.status()).isEqualTo(503);
            assertThat(response.headers()).containsKey("retry-after");
            assertThat(client.readToEnd()).isZero();
            assertThat(gateway.registry().connectionCount()).isZero();
        }
    }

    @Test
    void theConnectionLimitIsExactUnderConcurrentHandshakes() throws Exception {
        int limit = 7;
        int clients = 50;
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        try (GatewayServer gateway = builder()
                .registry(RegistryConfig.defaults().withMaxConnections(limit))
                .start()) {
            CountDownLatch go = new CountDownLatch(1);
            List<Future<RawClient.Response>> answers = new ArrayList<>();
            BlockingQueue<RawClient> open = new LinkedBlockingQueue<>();
            for (int i = 0; i < clients; i++) {
                answers.add(threads.submit(() -> {
                    RawClient client = RawClient.connect(gateway);
                    open.add(client);
                    go.await();
                    client.send(RawClient.handshake("/echo"));
                    return client.response();
                }));
            }
            go.countDown();

            int admitted = 0;
            for (Future<RawClient.Response> answer : answers) {
                RawClient.Response response = answer.get();
                if (response.status() == 101) {
                    admitted++;
                } else {
                    assertThat(response.status()).isEqualTo(503);
                    assertThat(response.headers()).containsEntry("retry-after", "5");
                }
            }
            assertThat(admitted).isEqualTo(limit);
            assertThat(gateway.registry().connectionCount()).isEqualTo(limit);
            assertThat(gateway.stats().handshakesRefused()).containsEntry("node_full", (long) clients - limit);
            open.forEach(RawClient::close);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void aPlaceIsFreeAgainWhenItsConnectionHasGone() {
        try (GatewayServer gateway = builder()
                .registry(RegistryConfig.defaults().withMaxConnections(1))
                .start()) {
            try (RawClient first = RawClient.webSocket(gateway, "/echo")) {
                first.send(RawClient.closeFrame(1000));
                first.readClose();
            }
            TestGateway.await(echo.closed);

            try (RawClient second = RawClient.webSocket(gateway, "/echo")) {
                second.text("in");

                assertThat(second.readText()).isEqualTo("in");
            }
        }
    }

    @Test
    void theClientOfTheJdkConnects() throws Exception {
        try (GatewayServer gateway = builder().start()) {
            var received = new LinkedBlockingQueue<String>();
            var closed = new CompletableFuture<Integer>();
            WebSocket client = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .buildAsync(
                            URI.create("ws://127.0.0.1:" + gateway.address().getPort() + "/echo"),
                            new WebSocket.Listener() {
                                @Override
                                public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
                                    received.add(data.toString());
                                    return WebSocket.Listener.super.onText(socket, data, last);
                                }

                                @Override
                                public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
                                    closed.complete(code);
                                    return WebSocket.Listener.super.onClose(socket, code, reason);
                                }
                            })
                    .get();

            client.sendText("hello", true).get();
            assertThat(TestGateway.await(received)).isEqualTo("hello");
            client.sendClose(4001, "done").get();

            assertThat(closed.get()).isEqualTo(4001);
            assertThat(TestGateway.await(echo.closed).code()).isEqualTo(4001);
        }
    }

    private static byte[] join(byte[]... parts) {
        var out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    /** Leaves the decision to the test. */
    private record Deciding(BlockingQueue<CompletableFuture<Admission>> asked, BlockingQueue<String> order)
            implements Endpoint {

        @Override
        public CompletionStage<Admission> admit(Handshake handshake) {
            CompletableFuture<Admission> admission = new CompletableFuture<>();
            asked.add(admission);
            return admission;
        }

        @Override
        public void opened(Connection connection) {
            order.add("opened " + connection.claims().subject().orElse("anonymous"));
        }

        @Override
        public void text(Connection connection, byte[] utf8) {
            order.add(new String(utf8, StandardCharsets.UTF_8));
        }
    }
}

package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Handshakes that never end, come byte by byte, or mean two things. */
@Timeout(60)
final class GatewayHostileHandshakeTest {

    private static final int SLOW = 500;
    private static final String HOST = "Host: localhost\r\n";
    private static final String UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: " + RawClient.KEY + "\r\n";

    private final TestGateway.Echo echo = new TestGateway.Echo();

    private GatewayServer start(Duration handshakeTimeout) {
        return TestGateway.on(IoKind.AUTO)
                .limits(GatewayLimits.defaults().withHandshakeTimeout(handshakeTimeout))
                .webSocket("/echo", echo)
                .http("POST", "/take", call -> CompletableFuture.completedFuture(HttpAnswer.text(200, "taken")))
                .http("GET", "/smuggled", call -> CompletableFuture.completedFuture(HttpAnswer.text(200, "smuggled")))
                .start();
    }

    private static void isServed(GatewayServer gateway) {
        try (RawClient healthy = RawClient.webSocket(gateway, "/echo")) {
            healthy.text("healthy");
            assertThat(healthy.readText()).isEqualTo("healthy");
        }
    }

    @Test
    void aHandshakeMayComeByteByByte() {
        try (GatewayServer gateway = start(Duration.ofSeconds(30));
                RawClient client = RawClient.connect(gateway)) {
            for (byte each : RawClient.handshake("/echo").getBytes(StandardCharsets.US_ASCII)) {
                client.send(new byte[] {each});
            }
            for (byte each : RawClient.frame(RawClient.TEXT, "slowly".getBytes(StandardCharsets.UTF_8))) {
                client.send(new byte[] {each});
            }

            assertThat(client.response().status()).isEqualTo(101);
            assertThat(client.readText()).isEqualTo("slowly");
        }
    }

    @Test
    void manySlowHandshakesHoldNobodyUp() {
        byte[] head = RawClient.handshake("/echo").getBytes(StandardCharsets.US_ASCII);
        try (GatewayServer gateway = start(Duration.ofSeconds(30))) {
            List<RawClient> slow = new ArrayList<>();
            for (int i = 0; i < SLOW; i++) {
                slow.add(RawClient.connect(gateway));
            }
            for (int at = 0; at < head.length - 1; at++) {
                byte[] next = {head[at]};
                slow.forEach(client -> client.send(next));
                if (at % 32 == 0) {
                    isServed(gateway);
                }
            }

            slow.forEach(client -> client.send(new byte[] {head[head.length - 1]}));
            slow.forEach(client -> assertThat(client.response().status()).isEqualTo(101));
            slow.forEach(RawClient::close);
        }
    }

    @Test
    void bytesThatKeepComingDoNotMakeTheTimeLonger() {
        GatewayLimits limits = GatewayLimits.defaults()
                .withHandshakeTimeout(Duration.ofMillis(200))
                .withMaxHeaderBytes(1 << 20);
        try (GatewayServer gateway = TestGateway.on(IoKind.AUTO)
                        .limits(limits)
                        .webSocket("/echo", echo)
                        .start();
                RawClient client = RawClient.connect(gateway)) {
            client.send("GET /echo HTTP/1.1\r\n" + HOST + "Name: ");
            sendUntilCut(client);

            assertThat(gateway.stats().httpRefused()).containsExactly(Map.entry("handshake_timeout", 1L));
        }
    }

    /** Sends one byte after the other; a megabyte of them takes longer than the time. */
    private static void sendUntilCut(RawClient client) {
        try {
            while (true) {
                client.send("x");
            }
        } catch (UncheckedIOException e) {
            // Cut.
        }
    }

    private static Arguments upgrade(String headers, String behind) {
        return Arguments.of("GET /echo HTTP/1.1\r\n" + HOST + UPGRADE + headers + "\r\n" + behind);
    }

    private static Arguments post(String headers, String body) {
        return Arguments.of("POST /take HTTP/1.1\r\n" + HOST + headers + "\r\n" + body);
    }

    static List<Arguments> ambiguous() {
        return List.of(
                Arguments.of("GET /echo HTTP/1.0\r\n" + HOST + UPGRADE + "\r\n"),
                Arguments.of("GET /echo HTTP/1.1\r\n" + UPGRADE + "\r\n"),
                Arguments.of("GET /echo HTTP/1.1\r\n" + HOST + "Host: other\r\n" + UPGRADE + "\r\n"),
                upgrade("Content-Length: 5\r\n", "hello"),
                upgrade("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                upgrade("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
                post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
                post("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"),
                post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"),
                post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
                post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
                post("Transfer-Encoding: \u000bchunked\r\n", "0\r\n\r\n"),
                post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
                post(" Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                post("Name: x\r\n Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                post("Name: x\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                post("Name: x\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                post("Name: \u0000\r\n", ""),
                post("Content-Length: 0x5\r\n", "hello"),
                post("Content-Length: 5, 5\r\n", "hello"),
                post("Content-Length: 5 5\r\n", "hello"),
                post("Content-Length:\r\n", ""),
                post("Transfer-Encoding: chunked\r\n", "-1\r\n\r\n"),
                post("Transfer-Encoding: chunked\r\n", "0x0\r\n\r\n"),
                post("Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n"),
                post("Transfer-Encoding: chunked\r\n", "0\n\n"),
                post("Transfer-Encoding: chunked\r\n", "1\r\nxx0\r\n\r\n"));
    }

    @ParameterizedTest
    @MethodSource("ambiguous")
    void whatCanBeReadInTwoWaysIsRefusedAndNothingBehindItIsRead(String request) {
        try (GatewayServer gateway = start(Duration.ofSeconds(30));
                RawClient client = RawClient.connect(gateway)) {
            client.send(request + RawClient.get("/smuggled"));

            RawClient.Response response = client.response();
            assertThat(response.status()).isIn(400, 413);
            assertThat(response.headers()).containsEntry("connection", "close");
            assertThat(client.readToEnd()).isZero();
            isServed(gateway);
        }
    }

    static List<String> before() {
        return List.of(
                "",
                "\r\n",
                " \r\n\r\n",
                "\u007f\r\n\r\n",
                "POST /take HTTP/1.1\r\n" + HOST + "Content-Length: 3\r\n\r\na\n ");
    }

    @ParameterizedTest
    @MethodSource("before")
    void aFoldedHeaderIsRefusedWhateverComesBeforeItAndHoweverItIsCut(String before) {
        String request =
                before + "POST /take HTTP/1.1\r\n" + HOST + "Name: x\r\n\tTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        try (GatewayServer gateway = start(Duration.ofSeconds(30));
                RawClient whole = RawClient.connect(gateway);
                RawClient cut = RawClient.connect(gateway)) {
            whole.send(request);
            for (byte each : request.getBytes(StandardCharsets.ISO_8859_1)) {
                cut.send(new byte[] {each});
            }

            for (RawClient client : List.of(whole, cut)) {
                RawClient.Response response = client.response();
                if (before.startsWith("POST")) {
                    assertThat(response.body()).isEqualTo("taken");
                    response = client.response();
                }
                assertThat(response.status()).isEqualTo(400);
                assertThat(client.readToEnd()).isZero();
            }
        }
    }

    @Test
    void framesBehindTheHandshakeAreAnsweredAfterItAndFramesBehindARefusalAreNot() {
        var frames = new ByteArrayOutputStream();
        for (int i = 0; i < 1_000; i++) {
            frames.writeBytes(
                    RawClient.frame(RawClient.TEXT, Integer.toString(i).getBytes(StandardCharsets.UTF_8)));
        }
        try (GatewayServer gateway = start(Duration.ofSeconds(30));
                RawClient client = RawClient.connect(gateway);
                RawClient refused = RawClient.connect(gateway)) {
            client.send(join(RawClient.handshake("/echo"), frames.toByteArray()));
            assertThat(client.response().status()).isEqualTo(101);
            for (int i = 0; i < 1_000; i++) {
                assertThat(client.readText()).isEqualTo(Integer.toString(i));
            }

            refused.send(join(RawClient.handshake("/nowhere", "Connection: close"), frames.toByteArray()));
            assertThat(refused.response().status()).isEqualTo(404);
            refused.readToCut();
            assertThat(echo.texts).hasSize(1_000);
        }
    }

    private static byte[] join(String head, byte[] rest) {
        var all = new ByteArrayOutputStream();
        all.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
        all.writeBytes(rest);
        return all.toByteArray();
    }
}

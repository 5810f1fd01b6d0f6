package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** How HTTP requests are answered beside the WebSockets. */
final class GatewayHttpTest {

    private final BlockingQueue<CompletableFuture<HttpAnswer>> late = new LinkedBlockingQueue<>();

    private GatewayBuilder builder() {
        return TestGateway.on(IoKind.AUTO)
                .limits(GatewayLimits.defaults().withMaxHttpBodyBytes(100).withMaxHeaderBytes(1_024))
                .webSocket("/ws", new TestGateway.Echo())
                .http("GET", "/hello", call -> done(HttpAnswer.text(200, "hello " + call.query())))
                .http("POST", "/echo", call -> done(HttpAnswer.bytes(200, "application/test", call.body())))
                .http("GET", "/throws", call -> {
                    throw new IllegalStateException("secret");
                })
                .http("GET", "/late", call -> {
                    CompletableFuture<HttpAnswer> answer = new CompletableFuture<>();
                    late.add(answer);
                    return answer;
                });
    }

    private static CompletableFuture<HttpAnswer> done(HttpAnswer answer) {
        return CompletableFuture.completedFuture(answer);
    }

    private static String get(String target) {
        return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    }

    private static String post(String target, String body) {
        return "POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + body.length() + "\r\n\r\n"
                + body;
    }

    @Test
    void aConnectionServesOneRequestAfterTheOther() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(get("/hello?a=1"));
            assertThat(client.response().body()).isEqualTo("hello a=1");

            client.send(post("/echo", "body"));
            RawClient.Response second = client.response();

            assertThat(second.body()).isEqualTo("body");
            assertThat(second.headers())
                    .containsEntry("content-type", "application/test")
                    .containsKey("date")
                    .doesNotContainKey("connection");
        }
    }

    @Test
    void requestsSentAheadAreAnsweredInOrder() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(get("/late") + post("/echo", "second") + get("/hello?3") + get("/late"));
            CompletableFuture<HttpAnswer> first = TestGateway.await(late);
            assertThat(gateway.stats().httpRequests()).isZero();

            first.complete(HttpAnswer.text(200, "first"));
            assertThat(client.response().body()).isEqualTo("first");
            assertThat(client.response().body()).isEqualTo("second");
            assertThat(client.response().body()).isEqualTo("hello 3");
            TestGateway.await(late).complete(HttpAnswer.text(200, "fourth"));
            assertThat(client.response().body()).isEqualTo("fourth");
        }
    }

    @Test
    void aWebSocketMayFollowARequest() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(get("/hello") + RawClient.handshake("/ws"));
            client.response();
            assertThat(client.response().status()).isEqualTo(101);

            client.text("now in frames");

            assertThat(client.readText()).isEqualTo("now in frames");
            assertThat(gateway.stats().httpConnections()).isZero();
        }
    }

    @Test
    void headIsAnsweredLikeGetWithoutTheBody() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send("HEAD /hello?x HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/hello?y"));

            RawClient.Response head = client.response(false);
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.headers()).containsEntry("content-length", "7");
            assertThat(client.response().body()).isEqualTo("hello y");
        }
    }

    @Test
    void aMethodThatIsNotThereIsAnsweredWithThoseThatAre() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(post("/hello", ""));

            RawClient.Response response = client.response();
            assertThat(response.status()).isEqualTo(405);
            assertThat(response.headers()).containsEntry("allow", "GET, HEAD");
        }
    }

    @Test
    void aPathThatIsNotThereIsAnsweredAndTheConnectionGoesOn() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(get("/nothing") + get("/hello?on"));

            assertThat(client.response().status()).isEqualTo(404);
            assertThat(client.response().body()).isEqualTo("hello on");
        }
    }

    @Test
    void aBodyMayBeAsLargeAsTheLimitAndNotLarger() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(post("/echo", "x".repeat(100)) + post("/echo", "x".repeat(101)));

            assertThat(client.response().body()).hasSize(100);
            RawClient.Response tooLarge = client.response();
            assertThat(tooLarge.status()).isEqualTo(413);
            assertThat(tooLarge.headers()).containsEntry("connection", "close");
            assertThat(client.readToEnd()).isZero();
            assertThat(gateway.stats().httpRefused()).containsExactly(Map.entry("body_too_large", 1L));
        }
    }

    @Test
    void aBodyInChunksIsBoundedToo() {
        String chunk = "32\r\n" + "x".repeat(50) + "\r\n";
        String head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(head + chunk + chunk + "0\r\n\r\n" + head + chunk + chunk + "1\r\nx\r\n0\r\n\r\n");

            assertThat(client.response().body()).hasSize(100);
            assertThat(client.response().status()).isEqualTo(413);
            assertThat(client.readToEnd()).isZero();
        }
    }

    @Test
    void aClientThatAsksFirstIsToldToGoOn() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
            assertThat(client.response().status()).isEqualTo(100);

            client.send("ok");

            assertThat(client.response().body()).isEqualTo("ok");
        }
    }

    @Test
    void aHandlerThatThrowsIsAnsweredWithoutItsReason() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(get("/throws") + get("/hello?still"));

            RawClient.Response response = client.response();
            assertThat(response.status()).isEqualTo(500);
            assertThat(response.body()).doesNotContain("secret");
            assertThat(client.response().body()).isEqualTo("hello still");
            assertThat(gateway.stats().handlerFailures()).isEqualTo(1);
        }
    }

    @Test
    void theClientMayAskForTheEnd() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" + get("/hello"));

            assertThat(client.response().headers()).containsEntry("connection", "close");
            assertThat(client.readToEnd()).isZero();
        }
    }

    static List<Arguments> malformed() {
        String host = "Host: localhost\r\n";
        return List.of(
                Arguments.of(400, "GET /hello HTTP/1.0\r\n" + host + "\r\n"),
                Arguments.of(400, "GET /hello HTTP/2.0\r\n" + host + "\r\n"),
                Arguments.of(400, "GET /hello HTTP/1.1\r\n\r\n"),
                Arguments.of(400, "GET /hello HTTP/1.1\r\n" + host + host + "\r\n"),
                Arguments.of(400, "GET /hello HTTP/1.1\r\nHost:\r\n\r\n"),
                Arguments.of(400, "GET /hello\r\n" + host + "\r\n"),
                Arguments.of(400, "\u0000\u0001\u0002\r\n\r\n"),
                Arguments.of(400, "GET http://localhost/hello HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of(400, "GET /hello#part HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of(400, "GET /hell\u00f6 HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of(400, "GET /hello HTTP/1.1\r\n" + host + "Bad Name: x\r\n\r\n"),
                Arguments.of(400, "GET /hello HTTP/1.1\r\n" + host + "Name : x\r\n\r\n"),
                Arguments.of(400, "GET /hello HTTP/1.1\n" + "Host: localhost\n\n"),
                Arguments.of(400, "POST /echo HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n"),
                Arguments.of(400, "POST /echo HTTP/1.1\r\n" + host + "Content-Length: +1\r\n\r\nx"),
                Arguments.of(
                        400, "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
                Arguments.of(400, "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
                Arguments.of(
                        400,
                        "POST /echo HTTP/1.1\r\n" + host
                                + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                Arguments.of(
                        400,
                        "POST /echo HTTP/1.1\r\n" + host
                                + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
                Arguments.of(
                        400, "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
                Arguments.of(400, "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: identity\r\n\r\n"),
                Arguments.of(400, "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
                Arguments.of(400, "GET /hello HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx"),
                Arguments.of(400, "HEAD /hello HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                Arguments.of(413, "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 99999999999\r\n\r\n"),
                Arguments.of(414, "GET /" + "x".repeat(1_100) + " HTTP/1.1\r\n" + host + "\r\n"),
                Arguments.of(431, "GET /hello HTTP/1.1\r\n" + host + "Name: " + "x".repeat(1_100) + "\r\n\r\n"),
                Arguments.of(417, "GET /hello HTTP/1.1\r\n" + host + "Expect: magic\r\n\r\n"));
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void aRequestInDoubtIsRefusedAndTheConnectionEnds(int status, String request) {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(request + get("/hello?smuggled"));

            RawClient.Response response = client.response();
            assertThat(response.status()).isEqualTo(status);
            assertThat(response.headers())
                    .containsEntry("content-type", "application/problem+json")
                    .containsEntry("connection", "close");
            assertThat(client.readToEnd()).isZero();
            String label = switch (status) {
                case 413 -> "body_too_large";
                case 414, 431 -> "header_too_large";
                default -> "bad_request";
            };
            assertThat(gateway.stats().httpRefused()).containsExactly(Map.entry(label, 1L));
        }
    }

    /** Header lines, of which the first is the host. */
    private static String lines(int count, IntFunction<String> name) {
        return "Host: localhost\r\n"
                + IntStream.range(1, count)
                        .mapToObj(i -> name.apply(i) + ": x\r\n")
                        .collect(Collectors.joining());
    }

    private static String chunked(int lines, int trailers) {
        return "POST /echo HTTP/1.1\r\n" + lines(lines - 1, i -> "n" + i) + "Transfer-Encoding: chunked\r\n\r\n0\r\n"
                + lines(trailers, i -> "t").replace("Host", "t") + "\r\n";
    }

    static List<Arguments> headerLines() {
        return List.of(
                Arguments.of(200, "GET /hello HTTP/1.1\r\n" + lines(100, i -> "n" + i) + "\r\n"),
                Arguments.of(431, "GET /hello HTTP/1.1\r\n" + lines(101, i -> "n" + i) + "\r\n"),
                Arguments.of(200, "GET /hello HTTP/1.1\r\n" + lines(100, i -> "same") + "\r\n"),
                Arguments.of(431, "GET /hello HTTP/1.1\r\n" + lines(101, i -> "same") + "\r\n"),
                Arguments.of(200, chunked(60, 40)),
                Arguments.of(431, chunked(60, 41)));
    }

    @ParameterizedTest
    @MethodSource("headerLines")
    void aRequestMayHaveAHundredHeaderLinesHoweverTheyAreCut(int status, String request) {
        try (GatewayServer gateway = builder().limits(GatewayLimits.defaults()).start();
                RawClient whole = RawClient.connect(gateway);
                RawClient cut = RawClient.connect(gateway)) {
            whole.send(request);
            for (byte each : request.getBytes(StandardCharsets.US_ASCII)) {
                cut.send(new byte[] {each});
            }

            assertThat(whole.response().status()).isEqualTo(status);
            assertThat(cut.response().status()).isEqualTo(status);
            assertThat(gateway.stats().httpRefused())
                    .isEqualTo(status == 200 ? Map.of() : Map.of("header_too_large", 2L));
        }
    }

    @Test
    void linesOfOneRequestDoNotCountForTheNext() {
        String request = "GET /hello HTTP/1.1\r\n" + lines(100, i -> "n" + i) + "\r\n";
        try (GatewayServer gateway = builder().limits(GatewayLimits.defaults()).start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(request + request);

            assertThat(client.response().status()).isEqualTo(200);
            assertThat(client.response().status()).isEqualTo(200);
        }
    }

    static List<Arguments> headerSizes() {
        String get = "GET /hello HTTP/1.1\r\nHost: localhost\r\n";
        return List.of(
                Arguments.of(200, "GET /hello?" + "x".repeat(1_024 - 20) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                Arguments.of(414, "GET /hello?" + "x".repeat(1_024 - 19) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                Arguments.of(200, get + "a: " + "x".repeat(1_024 - 18) + "\r\n\r\n"),
                Arguments.of(431, get + "a: " + "x".repeat(1_024 - 17) + "\r\n\r\n"),
                Arguments.of(431, get + "a: " + "x".repeat(1_024 - 17)));
    }

    @ParameterizedTest
    @MethodSource("headerSizes")
    void aRequestLineAndHeadersMayBeAsLargeAsTheLimitHoweverTheyAreCut(int status, String request) {
        try (GatewayServer gateway = builder().start();
                RawClient whole = RawClient.connect(gateway);
                RawClient cut = RawClient.connect(gateway)) {
            whole.send(request);
            for (byte each : request.getBytes(StandardCharsets.US_ASCII)) {
                cut.send(new byte[] {each});
            }

            assertThat(whole.response().status()).isEqualTo(status);
            assertThat(cut.response().status()).isEqualTo(status);
        }
    }

    @Test
    void aRequestMayBeRefusedBeforeItsBodyHasCome() {
        HttpHandler keyed = new HttpHandler() {
            @Override
            public Optional<HttpAnswer> refusal(HttpCall head) {
                return head.header("key").isPresent() ? Optional.empty() : Optional.of(HttpAnswer.empty(401));
            }

            @Override
            public CompletionStage<HttpAnswer> handle(HttpCall call) {
                return done(HttpAnswer.text(200, "taken " + call.body().length));
            }
        };
        String post = "POST /keyed HTTP/1.1\r\nHost: localhost\r\n";
        try (GatewayServer gateway = TestGateway.on(IoKind.AUTO)
                        .http("POST", "/keyed", keyed)
                        .start();
                RawClient client = RawClient.connect(gateway);
                RawClient stranger = RawClient.connect(gateway);
                RawClient inChunks = RawClient.connect(gateway)) {
            stranger.send(post + "Content-Length: 4\r\n\r\n");
            inChunks.send(post + "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
            client.send(post + "Key: x\r\nContent-Length: 4\r\n\r\nbody");

            for (RawClient refused : List.of(stranger, inChunks)) {
                RawClient.Response response = refused.response();
                assertThat(response.status()).isEqualTo(401);
                assertThat(response.headers()).containsEntry("connection", "close");
                assertThat(refused.readToEnd()).isZero();
            }
            assertThat(client.response().body()).isEqualTo("taken 4");
        }
    }

    @Test
    void aClientThatSendsNothingIsCutOff() {
        try (GatewayServer gateway = builder()
                        .limits(GatewayLimits.defaults().withHandshakeTimeout(Duration.ofMillis(100)))
                        .start();
                RawClient client = RawClient.connect(gateway)) {
            assertThat(client.readToEnd()).isZero();
        }
    }

    @Test
    void aClientThatNeverEndsItsRequestIsCutOff() {
        try (GatewayServer gateway = builder()
                        .limits(GatewayLimits.defaults().withHandshakeTimeout(Duration.ofMillis(100)))
                        .start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(get("/hello"));
            client.response();
            client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nx");

            assertThat(client.readToEnd()).isZero();
            assertThat(gateway.stats().httpRefused()).containsExactly(Map.entry("handshake_timeout", 1L));
        }
    }

    @Test
    void aClientThatStaysSilentBetweenRequestsIsCutOff() {
        try (GatewayServer gateway = builder()
                        .limits(GatewayLimits.defaults().withKeepAliveTimeout(Duration.ofMillis(100)))
                        .start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(get("/hello"));
            client.response();

            assertThat(client.readToEnd()).isZero();
        }
    }

    @Test
    void connectionsBeyondTheLimitAreClosedAtOnce() {
        try (GatewayServer gateway = builder()
                        .limits(GatewayLimits.defaults().withMaxHttpConnections(1))
                        .start();
                RawClient first = RawClient.connect(gateway)) {
            first.send(get("/hello?first"));
            first.response();

            try (RawClient second = RawClient.connect(gateway)) {
                second.readToCut();
            }
            assertThat(gateway.stats().httpRefused()).containsExactly(Map.entry("http_full", 1L));

            first.send(get("/hello?again"));
            assertThat(first.response().body()).isEqualTo("hello again");
        }
    }

    @Test
    void headersReachTheHandlerUnderLowerCaseNames() {
        var seen = new LinkedBlockingQueue<HttpCall>();
        try (GatewayServer gateway = TestGateway.on(IoKind.AUTO)
                        .http("POST", "/call", call -> {
                            seen.add(call);
                            return done(HttpAnswer.empty(204));
                        })
                        .start();
                RawClient client = RawClient.connect(gateway)) {
            client.send("POST /call?room=a%20b&room=c&x HTTP/1.1\r\nHost: localhost\r\nX-Key: one\r\nx-key: two\r\n"
                    + "Content-Length: 4\r\n\r\nbody");

            RawClient.Response response = client.response();
            HttpCall call = TestGateway.await(seen);
            assertThat(response.status()).isEqualTo(204);
            assertThat(response.headers()).doesNotContainKey("content-length");
            assertThat(call.method()).isEqualTo("POST");
            assertThat(call.path()).isEqualTo("/call");
            assertThat(call.parameters("room")).containsExactly("a b", "c");
            assertThat(call.parameter("x")).contains("");
            assertThat(call.headers()).containsEntry("x-key", List.of("one", "two"));
            assertThat(call.header("X-KEY")).contains("one");
            assertThat(new String(call.body(), StandardCharsets.UTF_8)).isEqualTo("body");
            assertThat(call.remote().getAddress().isLoopbackAddress()).isTrue();
        }
    }
}

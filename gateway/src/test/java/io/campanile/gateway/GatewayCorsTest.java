package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the pages of other origins may do. */
final class GatewayCorsTest {

    private static final String FRIEND = "https://chat.example.com";

    private static GatewayServer start() {
        return TestGateway.on(IoKind.AUTO)
                .origins(OriginPolicy.allow(FRIEND))
                .sse("/sse", new RoomsEndpoint(Authorizer.defaults()))
                .http(
                        "POST",
                        "/publish",
                        call -> CompletableFuture.completedFuture(
                                HttpAnswer.text(200, "ok").withHeader("vary", "accept")))
                .http("POST", "/closed", call -> CompletableFuture.completedFuture(HttpAnswer.text(200, "ok")))
                .crossOrigin("/publish")
                .start();
    }

    private static RawClient.Response ask(RawClient client, String request, String origin, String... more) {
        StringBuilder text = new StringBuilder(request + " HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 0\r\n");
        if (!origin.isEmpty()) {
            text.append("Origin: ").append(origin).append("\r\n");
        }
        for (String header : more) {
            text.append(header).append("\r\n");
        }
        client.send(text.append("\r\n").toString());
        return client.response(!request.startsWith("HEAD"));
    }

    @ParameterizedTest
    @ValueSource(strings = {FRIEND, "https://CHAT.example.com:443", "http://localhost:8080"})
    void anAllowedPageMayReadAStream(String origin) {
        try (GatewayServer gateway = start();
                RawClient client = RawClient.connect(gateway)) {
            RawClient.Response response = ask(client, "GET /sse", origin);

            assertThat(response.status()).isEqualTo(200);
            assertThat(response.headers())
                    .containsEntry("access-control-allow-origin", origin)
                    .containsEntry("access-control-allow-credentials", "true")
                    .containsEntry("vary", "origin");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://chat.example.com",
                "https://chat.example.com:8443",
                "https://chat.example.com.evil.test",
                "https://evilchat.example.com",
                "https://chat.example.com@evil.test",
                "https://example.com",
                "https://chat.example.com/",
                "https://chat.example.com, https://evil.test",
                "https://localhost:8080",
                "http://localhost:8081",
                "null",
                "*"
            })
    void anyOtherPageIsRefused(String origin) {
        try (GatewayServer gateway = start();
                RawClient client = RawClient.connect(gateway)) {
            RawClient.Response stream = ask(client, "GET /sse", origin);
            RawClient.Response preflight = ask(client, "OPTIONS /sse", origin, "Access-Control-Request-Method: GET");
            RawClient.Response head = ask(client, "HEAD /sse", origin);

            assertThat(stream.status()).isEqualTo(403);
            assertThat(preflight.status()).isEqualTo(403);
            assertThat(head.status()).isEqualTo(403);
            assertThat(stream.headers())
                    .doesNotContainKey("access-control-allow-origin")
                    .containsEntry("vary", "origin");
            assertThat(preflight.headers()).doesNotContainKey("access-control-allow-origin");
        }
    }

    @Test
    void aClientThatIsNoPageNeedsNoOrigin() {
        try (GatewayServer gateway = start();
                RawClient client = RawClient.connect(gateway)) {
            RawClient.Response response = ask(client, "GET /sse", "");

            assertThat(response.status()).isEqualTo(200);
            assertThat(response.headers())
                    .doesNotContainKey("access-control-allow-origin")
                    .containsEntry("vary", "origin");
        }
    }

    @Test
    void anAllowedPageIsToldWhatItMaySend() {
        try (GatewayServer gateway = start();
                RawClient client = RawClient.connect(gateway)) {
            RawClient.Response response = ask(
                    client,
                    "OPTIONS /publish",
                    FRIEND,
                    "Access-Control-Request-Method: POST",
                    "Access-Control-Request-Headers: content-type,x-api-key");

            assertThat(response.status()).isEqualTo(204);
            assertThat(response.headers())
                    .containsEntry("access-control-allow-origin", FRIEND)
                    .containsEntry("access-control-allow-methods", "OPTIONS, POST")
                    .containsEntry("access-control-allow-headers", "content-type,x-api-key")
                    .containsEntry("access-control-max-age", "600");
        }
    }

    @Test
    void anAnswerIsReadableOnAnOpenPathOnly() {
        try (GatewayServer gateway = start();
                RawClient client = RawClient.connect(gateway)) {
            RawClient.Response open = ask(client, "POST /publish", FRIEND);
            RawClient.Response closed = ask(client, "POST /closed", FRIEND);
            RawClient.Response preflight = ask(client, "OPTIONS /closed", FRIEND);

            assertThat(open.headers())
                    .containsEntry("access-control-allow-origin", FRIEND)
                    .containsEntry("vary", "accept, origin");
            assertThat(closed.headers()).doesNotContainKeys("access-control-allow-origin", "vary");
            assertThat(preflight.status()).isEqualTo(405);
        }
    }
}

package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Which requests do not become WebSockets, and how each is answered. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class HandshakeRulesTest {

    private static final String HOST = "Host: chat.example.com:8080";
    private static final String CONNECTION = "Connection: keep-alive, Upgrade";
    private static final String UPGRADE = "Upgrade: WebSocket";
    private static final String VERSION = "Sec-WebSocket-Version: 13";
    private static final String KEY = "Sec-WebSocket-Key: " + RawClient.KEY;

    private final GatewayServer gateway = TestGateway.on(IoKind.AUTO)
            .webSocket("/ws", new TestGateway.Echo())
            .origins(OriginPolicy.allow("https://app.example.com"))
            .start();

    @AfterAll
    void stop() {
        gateway.close();
    }

    @BeforeAll
    void theHandshakeIsRightButForOneThing() {
        assertThat(answer(request("GET /ws HTTP/1.1", HOST, CONNECTION, UPGRADE, VERSION, KEY))
                        .status())
                .isEqualTo(101);
    }

    static List<Arguments> refused() {
        return List.of(
                refused(400, "GET /ws HTTP/1.0", HOST, CONNECTION, UPGRADE, VERSION, KEY),
                refused(400, "GET /ws HTTP/1.1", CONNECTION, UPGRADE, VERSION, KEY),
                refused(400, "GET /ws HTTP/1.1", HOST, HOST, CONNECTION, UPGRADE, VERSION, KEY),
                refused(405, "POST /ws HTTP/1.1", HOST, CONNECTION, UPGRADE, VERSION, KEY),
                refused(404, "GET /elsewhere HTTP/1.1", HOST, CONNECTION, UPGRADE, VERSION, KEY),
                refused(400, "GET /ws HTTP/1.1", HOST, UPGRADE, VERSION, KEY),
                refused(400, "GET /ws HTTP/1.1", HOST, "Connection: close", UPGRADE, VERSION, KEY),
                refused(426, "GET /ws HTTP/1.1", HOST, CONNECTION, VERSION, KEY),
                refused(426, "GET /ws HTTP/1.1", HOST, CONNECTION, "Upgrade: h2c", VERSION, KEY),
                refused(400, "GET /ws HTTP/1.1", HOST, CONNECTION, UPGRADE, KEY),
                refused(400, "GET /ws HTTP/1.1", HOST, CONNECTION, UPGRADE, VERSION, VERSION, KEY),
                refused(426, "GET /ws HTTP/1.1", HOST, CONNECTION, UPGRADE, "Sec-WebSocket-Version: 8", KEY),
                refused(426, "GET /ws HTTP/1.1", HOST, CONNECTION, UPGRADE, "Sec-WebSocket-Version: 013", KEY),
                refused(400, "GET /ws HTTP/1.1", HOST, CONNECTION, UPGRADE, VERSION),
                refused(400, "GET /ws HTTP/1.1", HOST, CONNECTION, UPGRADE, VERSION, KEY, KEY),
                refused(400, "GET /ws HTTP/1.1", HOST, CONNECTION, UPGRADE, VERSION, "Sec-WebSocket-Key: AAAA"),
                refused(400, "GET /ws HTTP/1.1", HOST, CONNECTION, UPGRADE, VERSION, KEY.replace('d', '*')),
                refused(400, "GET /ws HTTP/1.1", HOST, CONNECTION, UPGRADE, VERSION, KEY, "Content-Length: 3"),
                refused(
                        400,
                        "GET /ws HTTP/1.1",
                        HOST,
                        CONNECTION,
                        UPGRADE,
                        VERSION,
                        KEY,
                        "Sec-WebSocket-Extensions: permessage-deflate;"),
                refused(400, "GET /ws HTTP/1.1", HOST, CONNECTION, UPGRADE, VERSION, KEY, "Transfer-Encoding: chunked"),
                refused(
                        403,
                        "GET /ws HTTP/1.1",
                        HOST,
                        CONNECTION,
                        UPGRADE,
                        VERSION,
                        KEY,
                        "Origin: http://evil.example"),
                refused(403, "GET /ws HTTP/1.1", HOST, CONNECTION, UPGRADE, VERSION, KEY, "Origin: null"),
                refused(
                        403,
                        "GET /ws HTTP/1.1",
                        HOST,
                        CONNECTION,
                        UPGRADE,
                        VERSION,
                        KEY,
                        "Origin: https://chat.example.com:8080"),
                refused(
                        403,
                        "GET /ws HTTP/1.1",
                        HOST,
                        CONNECTION,
                        UPGRADE,
                        VERSION,
                        KEY,
                        "Origin: http://chat.example.com"),
                refused(
                        400,
                        "GET /ws HTTP/1.1",
                        HOST,
                        CONNECTION,
                        UPGRADE,
                        VERSION,
                        KEY,
                        "Origin: https://app.example.com",
                        "Origin: https://app.example.com"));
    }

    private static Arguments refused(int status, String... lines) {
        return Arguments.of(status, request(lines));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void aRequestThatBreaksARuleIsAnsweredWithAProblem(int status, String request) {
        RawClient.Response response = answer(request);

        assertThat(response.status()).isEqualTo(status);
        assertThat(response.headers()).containsEntry("content-type", "application/problem+json");
        assertThat(response.body()).contains("\"status\":" + status).contains("\"detail\":\"");
    }

    @Test
    void anotherVersionIsToldWhichOneIsSpoken() {
        RawClient.Response response =
                answer(request("GET /ws HTTP/1.1", HOST, CONNECTION, UPGRADE, "Sec-WebSocket-Version: 8", KEY));

        assertThat(response.headers()).containsEntry("sec-websocket-version", "13");
    }

    @Test
    void pagesOfTheServersOwnOriginAreAdmitted() {
        assertThat(answer(request(
                                "GET /ws HTTP/1.1",
                                HOST,
                                CONNECTION,
                                UPGRADE,
                                VERSION,
                                KEY,
                                "Origin: http://chat.example.com:8080"))
                        .status())
                .isEqualTo(101);
    }

    @Test
    void pagesOfAnOriginThatWasNamedAreAdmitted() {
        assertThat(answer(request(
                                "GET /ws HTTP/1.1",
                                HOST,
                                CONNECTION,
                                UPGRADE,
                                VERSION,
                                KEY,
                                "Origin: https://APP.example.com:443"))
                        .status())
                .isEqualTo(101);
    }

    private static String request(String... lines) {
        return String.join("\r\n", lines) + "\r\n\r\n";
    }

    private RawClient.Response answer(String request) {
        try (RawClient client = RawClient.connect(gateway)) {
            client.send(request);
            return client.response();
        }
    }
}

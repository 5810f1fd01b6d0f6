package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Who may do what, with a configuration file and without. */
final class AccessTest {

    private static final String KEY = "0123456789abcdef";
    private static final String BODY = "{\"room\":\"lobby\",\"event\":\"chat\",\"data\":1}";

    @RegisterExtension
    final RunningServer server = new RunningServer();

    @Test
    void withAFileAndNoKeyTheApiIsClosed() {
        server.start("");

        var answer = server.publish(BODY);

        assertThat(answer.statusCode()).isEqualTo(403);
        assertThat(answer.body()).contains("set api.key");
    }

    @Test
    void withAKeyTheApiOpensToItAlone() {
        server.start("api.key: " + KEY);

        assertThat(server.publish(BODY).statusCode()).isEqualTo(401);
        assertThat(server.publish(BODY).headers().firstValue("www-authenticate"))
                .contains("Bearer");
        assertThat(server.publish(BODY, "x-api-key", KEY + "0").statusCode()).isEqualTo(401);
        assertThat(server.publish(BODY, "x-api-key", "").statusCode()).isEqualTo(401);
        assertThat(server.publish(BODY, "authorization", "Basic " + KEY).statusCode())
                .isEqualTo(401);
        assertThat(server.publish(BODY, "x-api-key", KEY).statusCode()).isEqualTo(200);
        assertThat(server.publish(BODY, "authorization", "bearer " + KEY).statusCode())
                .isEqualTo(200);
    }

    @Test
    void withAFileClientsListenAndNoMore() {
        server.start("api.key: " + KEY);
        Peer peer = server.connect("/ws?user=ada").join("lobby");

        peer.send("{\"event\":\"room.publish\",\"id\":2,\"data\":{\"room\":\"lobby\",\"event\":\"chat\",\"data\":1}}");
        assertThat(peer.next()).startsWith("{\"event\":\"error\",\"id\":2,\"data\":{\"code\":\"forbidden\"");
        peer.send("{\"event\":\"direct.send\",\"id\":3,\"data\":{\"to\":\"" + peer.id() + "\",\"event\":\"hint\"}}");
        assertThat(peer.next()).startsWith("{\"event\":\"error\",\"id\":3,\"data\":{\"code\":\"forbidden\"");
        assertThat(server.publish("{\"user\":\"ada\",\"event\":\"chat\"}", "x-api-key", KEY)
                        .body())
                .startsWith("{\"matched\":0,");
    }

    @Test
    void withAFileClientsMayDoWhatItAllows() {
        server.start("client: {may-publish: true, may-send-direct: true}");
        Peer peer = server.connect().join("lobby");

        peer.send("{\"event\":\"room.publish\",\"data\":{\"room\":\"lobby\",\"event\":\"chat\",\"data\":1}}");
        assertThat(peer.next()).isEqualTo("{\"event\":\"chat\",\"room\":\"lobby\",\"data\":1}");
        peer.send("{\"event\":\"direct.send\",\"data\":{\"to\":\"" + peer.id() + "\",\"event\":\"hint\",\"data\":2}}");
        assertThat(peer.next()).isEqualTo("{\"event\":\"hint\",\"from\":\"" + peer.id() + "\",\"data\":2}");
    }

    @Test
    void inDevelopmentModePagesFromElsewhereCannotPublish() {
        server.start();

        assertThat(post("Host: 127.0.0.1:" + server.port())).isEqualTo("HTTP/1.1 200 OK");
        assertThat(post("Host: LOCALHOST:" + server.port() + "\r\nOrigin: http://localhost:" + server.port()))
                .isEqualTo("HTTP/1.1 200 OK");
        assertThat(post("Host: 127.0.0.1:" + server.port() + "\r\nOrigin: http://evil.example"))
                .isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(post("Host: 127.0.0.1:" + server.port() + "\r\nOrigin: null"))
                .isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(post("Host: evil.example:" + server.port())).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(post("Host: 127.0.0.1.evil.example")).isEqualTo("HTTP/1.1 403 Forbidden");
    }

    @Test
    void inDevelopmentModePagesFromElsewhereCannotConnect() {
        server.start();

        assertThat(upgrade("Host: localhost:" + server.port())).isEqualTo("HTTP/1.1 101 Switching Protocols");
        assertThat(upgrade("Host: evil.example\r\nOrigin: http://evil.example")).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(upgrade("Host: localhost\r\nOrigin: http://evil.example")).isEqualTo("HTTP/1.1 403 Forbidden");
    }

    @Test
    void inDevelopmentModePagesFromElsewhereCannotListen() {
        server.start();

        assertThat(stream("Host: localhost:" + server.port())).isEqualTo("HTTP/1.1 200 OK");
        assertThat(stream("Host: evil.example\r\nOrigin: http://evil.example")).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(stream("Host: evil.example")).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(stream("Host: localhost\r\nOrigin: http://evil.example")).isEqualTo("HTTP/1.1 403 Forbidden");
    }

    @Test
    void withAFilePagesOfTheOriginsItNamesMayPublishWithTheKey() {
        server.start("{api.key: " + KEY + ", websocket.allowed-origins: [https://www.example.com]}");

        assertThat(stream("Host: a.example\r\nOrigin: https://www.example.com")).isEqualTo("HTTP/1.1 200 OK");
        assertThat(stream("Host: a.example\r\nOrigin: https://www.example.com.evil.test"))
                .isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(preflight("https://www.example.com")).isEqualTo("HTTP/1.1 204 No Content");
        assertThat(preflight("https://evil.example")).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(post("Host: a.example\r\nOrigin: https://www.example.com\r\nX-API-Key: " + KEY))
                .isEqualTo("HTTP/1.1 200 OK");
        assertThat(post("Host: a.example\r\nOrigin: https://www.example.com")).isEqualTo("HTTP/1.1 401 Unauthorized");
    }

    @Test
    void streamsCanBeSwitchedOff() {
        server.start("sse.enabled: false");

        assertThat(stream("Host: localhost")).isEqualTo("HTTP/1.1 404 Not Found");
    }

    @Test
    void withAFileTheOriginsItNamesMayConnect() {
        server.start("websocket.allowed-origins: [https://www.example.com]");

        assertThat(upgrade("Host: ws.example.com\r\nOrigin: https://www.example.com"))
                .isEqualTo("HTTP/1.1 101 Switching Protocols");
        assertThat(upgrade("Host: ws.example.com\r\nOrigin: https://evil.example"))
                .isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(upgrade("Host: ws.example.com")).isEqualTo("HTTP/1.1 101 Switching Protocols");
    }

    @Test
    void refusesAUserThatIsNoName() {
        server.start();

        assertThat(server.raw("GET /ws?user= HTTP/1.1\r\nHost: localhost\r\n" + UPGRADE))
                .isEqualTo("HTTP/1.1 400 Bad Request");
        assertThat(server.raw("GET /ws?user=a%00 HTTP/1.1\r\nHost: localhost\r\n" + UPGRADE))
                .isEqualTo("HTTP/1.1 400 Bad Request");
    }

    private static final String UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    private String stream(String headers) {
        return server.raw("GET /sse?room=lobby HTTP/1.1\r\n" + headers + "\r\n\r\n");
    }

    private String preflight(String origin) {
        return server.raw("OPTIONS /api/publish HTTP/1.1\r\nHost: a.example\r\nOrigin: " + origin
                + "\r\nAccess-Control-Request-Method: POST\r\n\r\n");
    }

    private String upgrade(String headers) {
        return server.raw("GET /ws HTTP/1.1\r\n" + headers + "\r\n" + UPGRADE);
    }

    private String post(String headers) {
        return server.raw("POST /api/publish HTTP/1.1\r\n" + headers + "\r\nContent-Length: " + BODY.length()
                + "\r\n\r\n" + BODY);
    }
}

package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.campanile.auth.ApiKeys;
import io.campanile.auth.Jwt;
import io.campanile.auth.SigningKey;
import io.campanile.core.Claims;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Who may connect to a server that knows keys, and what they may do there. */
final class ClientAuthTest {

    private static final String SECRET = "0123456789abcdef0123456789abcdef";
    private static final SigningKey KEY = SigningKey.secret(SECRET);

    @RegisterExtension
    final RunningServer server = new RunningServer();

    @Test
    void withASecretOnlyThoseWithATokenConnect() {
        server.start("auth.jwt.secret: " + SECRET);

        assertThat(upgrade("")).isEqualTo("HTTP/1.1 401 Unauthorized");
        assertThat(upgrade(bearer(token("ada", Map.of())))).isEqualTo("HTTP/1.1 101 Switching Protocols");
        assertThat(upgrade("Sec-WebSocket-Protocol: campanile, bearer." + token("ada", Map.of())))
                .isEqualTo("HTTP/1.1 101 Switching Protocols");
        assertThat(upgrade(bearer(token("ada", Map.of()) + "x"))).isEqualTo("HTTP/1.1 401 Unauthorized");
        assertThat(upgrade(bearer(expired()))).isEqualTo("HTTP/1.1 401 Unauthorized");
        assertThat(upgrade("Cookie: session=" + token("ada", Map.of()))).isEqualTo("HTTP/1.1 401 Unauthorized");
        assertThat(server.raw("GET /ws?user=ada HTTP/1.1\r\nHost: localhost\r\n" + UPGRADE))
                .isEqualTo("HTTP/1.1 401 Unauthorized");
        assertThat(server.raw("GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n")).isEqualTo("HTTP/1.1 401 Unauthorized");
        assertThat(server.raw("GET /sse HTTP/1.1\r\nHost: localhost\r\n" + bearer(token("ada", Map.of())) + "\r\n\r\n"))
                .isEqualTo("HTTP/1.1 200 OK");
        assertThat(server.get("/metrics").body())
                .contains("campanile_tokens_refused_total{reason=\"expired\"} 1.0")
                .contains("campanile_tokens_refused_total{reason=\"signature\"} 1.0")
                .contains("campanile_handshakes_refused_total{reason=\"unauthenticated\"} 6.0");
    }

    @Test
    void aTokenSaysWhoTheUserIs() {
        server.start("{auth.jwt.secret: " + SECRET + ", api.key: 0123456789abcdef, auth.query-parameter: t}");
        Peer peer = server.connect("/ws?t=" + token("ada", Map.of()));

        server.publish("{\"user\":\"ada\",\"event\":\"hi\",\"data\":1}", "x-api-key", "0123456789abcdef");

        assertThat(peer.next()).contains("\"event\":\"hi\"");
    }

    @Test
    void thoseWithoutATokenConnectWhereThatIsAllowed() {
        server.start("{auth.jwt.secret: " + SECRET + ", auth.anonymous: true}");

        assertThat(upgrade("")).isEqualTo("HTTP/1.1 101 Switching Protocols");
        assertThat(upgrade(bearer(expired()))).isEqualTo("HTTP/1.1 401 Unauthorized");
        assertThat(upgrade("Authorization: Basic YTpi")).isEqualTo("HTTP/1.1 401 Unauthorized");
    }

    @Test
    void aCookieIsTakenFromPagesOfOurOriginOnly() {
        server.start("{auth.jwt.secret: " + SECRET + ", auth.cookie: session}");
        String cookie = "Cookie: session=" + token("ada", Map.of());

        assertThat(upgrade(cookie)).isEqualTo("HTTP/1.1 101 Switching Protocols");
        assertThat(upgrade(cookie + "\r\nOrigin: http://localhost")).isEqualTo("HTTP/1.1 101 Switching Protocols");
        assertThat(upgrade(cookie + "\r\nOrigin: https://evil.example")).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(upgrade(cookie + "\r\nOrigin: null")).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(upgrade(cookie + "\r\n" + bearer(token("bob", Map.of())))).isEqualTo("HTTP/1.1 400 Bad Request");
    }

    @Test
    void keysOfClientsStandForTheirUserAndClaims() {
        server.start("{auth.client-keys: [\"" + ApiKeys.hash("a-key-of-a-sensor")
                + " sensor-7 role=device\"], auth.jwt.secret: " + SECRET
                + ", rooms.rules: [\"dev.* join if role=device\"], auth.query-parameter: t}");

        assertThat(upgrade(bearer("a-key-of-a-sensor"))).isEqualTo("HTTP/1.1 101 Switching Protocols");
        assertThat(upgrade(bearer(token("ada", Map.of())))).isEqualTo("HTTP/1.1 101 Switching Protocols");
        assertThat(upgrade(bearer("a-key-of-another"))).isEqualTo("HTTP/1.1 401 Unauthorized");
        server.connect("/ws?t=a-key-of-a-sensor").join("dev.1");
    }

    @Test
    void rulesSayWhoMayDoWhatInWhichRoom() {
        server.start("""
                auth:
                  query-parameter: t
                  jwt.secret: %s
                rooms:
                  rules:
                    - chat.* join
                    - chat.* publish if role=speaker
                    - user.{sub}.** join
                """.formatted(SECRET));
        Peer ada = server.connect("/ws?t=" + token("ada", Map.of()));
        Peer eve = server.connect("/ws?t=" + token("eve", Map.of("role", List.of("speaker"))));

        ada.join("chat.de").join("user.ada.inbox");
        for (String room :
                List.of("lobby", "user.eve.inbox", "user.ada", "user.ada", "chat", "chat.de.x", "user..inbox")) {
            ada.send("{\"event\":\"room.join\",\"id\":9,\"data\":{\"room\":\"" + room + "\"}}");
            assertThat(ada.next()).startsWith("{\"event\":\"error\",\"id\":9,\"data\":{\"code\":\"forbidden\"");
        }
        String publish =
                "{\"event\":\"room.publish\",\"id\":8,\"data\":{\"room\":\"chat.de\",\"event\":\"hi\",\"data\":1}}";
        ada.send(publish);
        assertThat(ada.next()).startsWith("{\"event\":\"error\",\"id\":8,\"data\":{\"code\":\"forbidden\"");
        eve.send(publish);
        assertThat(ada.next()).isEqualTo("{\"event\":\"hi\",\"room\":\"chat.de\",\"data\":1}");
        assertThat(server.raw("GET /sse?room=user.eve.inbox HTTP/1.1\r\nHost: localhost\r\n"
                        + bearer(token("ada", Map.of())) + "\r\n\r\n"))
                .isEqualTo("HTTP/1.1 403 Forbidden");
    }

    @Test
    void keysAreReadFromAFile(@TempDir Path directory) throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        Path file = Files.writeString(
                directory.resolve("keys.pem"),
                pem("PUBLIC KEY", pair.getPublic().getEncoded()));
        server.start(
                "{auth.jwt.key-file: " + file + ", auth.jwt.issuer: https://id.example, auth.jwt.audience: [chat]}");
        SigningKey key = SigningKey.pem(pem("PRIVATE KEY", pair.getPrivate().getEncoded()));

        assertThat(upgrade(bearer(Jwt.sign(claims("ada", Map.of("iss", "https://id.example", "aud", "chat")), key))))
                .isEqualTo("HTTP/1.1 101 Switching Protocols");
        assertThat(upgrade(bearer(Jwt.sign(claims("ada", Map.of("iss", "https://id.example", "aud", "shop")), key))))
                .isEqualTo("HTTP/1.1 401 Unauthorized");
        assertThat(upgrade(bearer(token("ada", Map.of("iss", "https://id.example", "aud", "chat")))))
                .isEqualTo("HTTP/1.1 401 Unauthorized");
    }

    @Test
    void keysAreFetchedFromTheIssuer() throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        HttpServer issuer = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        byte[] encoded = pair.getPublic().getEncoded();
        String x = Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(java.util.Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length));
        byte[] set = ("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"a\",\"x\":\"" + x + "\"}]}")
                .getBytes(StandardCharsets.UTF_8);
        issuer.createContext("/jwks", exchange -> {
            exchange.sendResponseHeaders(200, set.length);
            exchange.getResponseBody().write(set);
            exchange.close();
        });
        issuer.start();
        try {
            server.start("{auth.jwt.jwks-url: \"http://127.0.0.1:"
                    + issuer.getAddress().getPort() + "/jwks\", auth.jwt.issuer: https://id.example}");
            SigningKey key = SigningKey.pem(pem("PRIVATE KEY", pair.getPrivate().getEncoded()))
                    .withId("a");

            assertThat(upgrade(bearer(Jwt.sign(claims("ada", Map.of("iss", "https://id.example")), key))))
                    .isEqualTo("HTTP/1.1 101 Switching Protocols");
        } finally {
            issuer.stop(0);
        }
    }

    @Test
    void aFileOfKeysThatIsMissingKeepsTheServerFromStarting() {
        assertThatThrownBy(() -> server.start("auth.jwt.key-file: /nowhere/keys.pem"))
                .isInstanceOf(StartFailure.class)
                .hasMessageContaining("auth.jwt.key-file: /nowhere/keys.pem: cannot be read");
    }

    @Test
    void settingsThatDoNotGoTogetherAreNamed() throws IOException {
        refuses("auth.jwt.issuer: a", "auth.jwt.issuer: is set, and no tokens are taken");
        refuses("auth.jwt.audience: [a]", "auth.jwt.audience: is set, and no tokens are taken");
        refuses("auth.cookie: session", "auth.cookie: is set, and clients cannot show who they are");
        refuses("auth.anonymous: true", "auth.anonymous: is set, and clients cannot show who they are");
        refuses(
                "{auth.jwt.secret: " + SECRET + ", auth.jwt.key-file: a.pem}",
                "expected: one of auth.jwt.secret, auth.jwt.key-file and auth.jwt.jwks-url");
        refuses("auth.jwt.jwks-url: https://id.example/jwks", "is set without auth.jwt.issuer");
        refuses(
                "auth.jwt.jwks-url: http://id.example/jwks",
                "auth.jwt.jwks-url: expected a URL that begins with https://");
        refuses(
                "auth.jwt.jwks-url: http://localhost@id.example/jwks",
                "auth.jwt.jwks-url: expected a URL that begins with https://");
        refuses(
                "{auth.jwt.secret: " + SECRET + ", auth.cookie: a, websocket.allow-any-origin-unsafe: true}",
                "with both, every page a user visits connects as that user");
        refuses(
                "{auth.jwt.secret: " + SECRET + ", client.claim-any-user-unsafe: true}",
                "client.claim-any-user-unsafe: is on, so tokens are in vain");
        refuses("auth.jwt.secret: " + SECRET.substring(1), "auth.jwt.secret: expected 32 to 1024 printable ASCII");
        refuses(
                "auth.jwt.algorithms: [none]",
                "auth.jwt.algorithms: expected HS256, RS256, ES256, EdDSA, got \"none\"");
        refuses("auth.client-keys: [\"a-key ada\"]", "auth.client-keys: expected hashes of keys");
        refuses("rooms.rules: [chat.* jump]", "rooms.rules: expected rules such as chat.* join publish");
        refuses(
                "rooms.rules: [chat.** join, chat.de join]",
                "rooms.rules: \"chat.de join\" never holds, since \"chat.** join\" stands before it");
    }

    private void refuses(String yaml, String problem) {
        assertThatThrownBy(() -> server.start(yaml))
                .as(yaml)
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining(problem)
                .message()
                .doesNotContain(SECRET.substring(1), "a-key ada");
    }

    private static final String UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    private String upgrade(String header) {
        return server.raw(
                "GET /ws HTTP/1.1\r\nHost: localhost\r\n" + (header.isEmpty() ? "" : header + "\r\n") + UPGRADE);
    }

    private static String bearer(String token) {
        return "Authorization: Bearer " + token;
    }

    private static String token(String user, Map<String, ?> values) {
        return Jwt.sign(claims(user, values), KEY);
    }

    private static Claims claims(String user, Map<String, ?> values) {
        return Claims.of(user, values).withExpiresAt(Instant.now().plus(Duration.ofHours(1)));
    }

    private static String expired() {
        return Jwt.sign(Claims.of("ada").withExpiresAt(Instant.now().minus(Duration.ofHours(1))), KEY);
    }

    private static String pem(String label, byte[] content) throws NoSuchAlgorithmException {
        return "-----BEGIN " + label + "-----\n" + Base64.getMimeEncoder().encodeToString(content) + "\n-----END "
                + label + "-----\n";
    }
}

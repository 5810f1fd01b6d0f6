package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.Claims;
import io.campanile.core.Connection;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where clients may put their token, and what becomes of those that have none, several, or one that is not good. */
final class GatewayTokenTest {

    private static final String GOOD = "eyJ-good.token_1~x";
    private static final TokenSources ALL_SOURCES =
            TokenSources.defaults().withCookie("session").withParameterUnsafe("access_token");

    private final BlockingQueue<Connection> opened = new LinkedBlockingQueue<>();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/ws | Authorization: Bearer " + GOOD,
                "/ws | Authorization: bearer   " + GOOD,
                "/ws | Sec-WebSocket-Protocol: campanile, bearer." + GOOD,
                "/ws | Sec-WebSocket-Protocol: bearer." + GOOD + ",campanile",
                "/ws | Cookie: a=b; session=" + GOOD + "; c=d",
                "/ws | Cookie: session=\"" + GOOD + "\"",
                "/ws?x=1&access_token=" + GOOD + " | ",
                "/ws?access%5ftoken=eyJ-good.token%5F1~x | ",
                "/ws?access_token=" + GOOD + " | Authorization: Bearer " + GOOD,
            })
    void aTokenIsFound(String request) {
        try (GatewayServer gateway = gateway(Authenticator.tokens(ALL_SOURCES, GatewayTokenTest::verify))) {
            assertThat(ask(gateway, request).status()).isEqualTo(101);
            assertThat(TestGateway.await(opened).claims().subject()).contains("ada");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/ws | Cookie: session=" + GOOD,
                "/ws?access_token=" + GOOD + " | ",
                "/ws | X-Token: " + GOOD,
                "/ws | ",
            })
    void aPlaceThatWasNotNamedIsNotLookedAt(String request) {
        try (GatewayServer gateway = gateway(Authenticator.tokens(TokenSources.defaults(), GatewayTokenTest::verify))) {
            RawClient.Response response = ask(gateway, request);

            assertThat(response.status()).isEqualTo(401);
            assertThat(response.headers()).containsEntry("www-authenticate", "Bearer");
            assertThat(gateway.registry().connectionCount()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/ws | Authorization: Bearer wrong",
                "/ws | Sec-WebSocket-Protocol: campanile, bearer.wrong",
                "/ws | Cookie: session=wrong",
                "/ws?access_token=wrong | ",
                "/ws | Authorization: Bearer",
                "/ws | Authorization: Bearer ",
                "/ws | Authorization: Bearer " + GOOD + " " + GOOD,
                "/ws | Authorization: Bearer\t" + GOOD,
                "/ws | Authorization: Bearer " + GOOD + ",",
                "/ws | Authorization: Bearer \u00e9" + GOOD,
                "/ws | Authorization: " + GOOD,
                "/ws | Authorization: Basic YWRhOnNlY3JldA==",
                "/ws | Authorization:",
                "/ws | Sec-WebSocket-Protocol: campanile, bearer.",
                "/ws | Cookie: session=",
                "/ws | Cookie: session=\"\"",
                "/ws?access_token= | ",
                "/ws?access_token | ",
                "/ws?access_token=%zz | ",
                "/ws?access_token=" + GOOD + "%00 | ",
                "/sse?access_token=wrong | ",
                "/sse | Authorization: Bearer wrong",
            })
    void whoShowsABadTokenIsNeverAdmittedAnonymously(String request) {
        try (GatewayServer gateway = gateway(Authenticator.tokensOrAnonymous(ALL_SOURCES, GatewayTokenTest::verify))) {
            RawClient.Response response = ask(gateway, request);

            assertThat(response.status()).isEqualTo(401);
            assertThat(response.headers()).containsEntry("www-authenticate", "Bearer error=\"invalid_token\"");
            assertThat(gateway.registry().connectionCount()).isZero();
            assertThat(gateway.stats().handshakesRefused()).isEqualTo(Map.of("unauthenticated", 1L));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/ws | Authorization: Bearer " + GOOD + " | Authorization: Bearer other",
                "/ws | Authorization: Bearer " + GOOD + " | Cookie: session=other",
                "/ws | Authorization: Bearer " + GOOD + " | Cookie: session=",
                "/ws | Cookie: session=" + GOOD + "; session=other",
                "/ws | Cookie: session=" + GOOD + " | Cookie: session=other",
                "/ws | Sec-WebSocket-Protocol: bearer." + GOOD + ", bearer.other",
                "/ws?access_token=" + GOOD + "&access_token=other | ",
                "/ws?access_token=other | Authorization: Bearer " + GOOD,
                "/ws?access_token=%zz | Authorization: Bearer " + GOOD,
                "/ws | Authorization: Basic YWRhOnNlY3JldA== | Cookie: session=" + GOOD,
            })
    void tokensThatDifferAreRefused(String request) {
        try (GatewayServer gateway = gateway(Authenticator.tokens(ALL_SOURCES, GatewayTokenTest::verify))) {
            RawClient.Response response = ask(gateway, request);

            assertThat(response.status()).isEqualTo(400);
            assertThat(response.headers()).containsEntry("www-authenticate", "Bearer error=\"invalid_request\"");
            assertThat(gateway.registry().connectionCount()).isZero();
        }
    }

    @Test
    void whoShowsNoTokenIsAdmittedWhereThatIsAllowed() {
        try (GatewayServer gateway = gateway(Authenticator.tokensOrAnonymous(ALL_SOURCES, GatewayTokenTest::verify))) {
            assertThat(ask(gateway, "/ws | Cookie: other=1").status()).isEqualTo(101);
            assertThat(TestGateway.await(opened).claims().subject()).isEmpty();
        }
    }

    @Test
    void theAnswerSelectsTheGatewaysProtocolAndNeverTheToken() {
        try (GatewayServer gateway = gateway(Authenticator.tokens(ALL_SOURCES, GatewayTokenTest::verify))) {
            var both = ask(gateway, "/ws | Sec-WebSocket-Protocol: bearer." + GOOD + ", campanile");
            var tokenOnly = ask(gateway, "/ws | Sec-WebSocket-Protocol: bearer." + GOOD);

            assertThat(both.headers()).containsEntry("sec-websocket-protocol", "campanile");
            assertThat(tokenOnly.status()).isEqualTo(101);
            assertThat(tokenOnly.headers()).doesNotContainKey("sec-websocket-protocol");
            assertThat(both.toString() + tokenOnly).doesNotContain(GOOD);
        }
    }

    @Test
    void aTokenThatCannotBeJudgedNowMayBeTriedAgain() {
        TokenVerifier unsure =
                token -> CompletableFuture.completedFuture(new Admission.Refused(503, "the keys cannot be had"));
        try (GatewayServer gateway = gateway(Authenticator.tokens(ALL_SOURCES, unsure))) {
            RawClient.Response response = ask(gateway, "/ws | Authorization: Bearer " + GOOD);

            assertThat(response.status()).isEqualTo(503);
            assertThat(response.headers()).containsKey("retry-after");
        }
    }

    @Test
    void anotherVerifierIsAskedAboutATokenThatTheFirstRefuses() {
        TokenVerifier keys = token -> CompletableFuture.completedFuture(
                token.equals("key") ? new Admission.Admitted(Claims.of("device")) : Admission.tokenRefused("no key"));
        TokenVerifier either = keys.or(GatewayTokenTest::verify);
        TokenVerifier unavailable = token -> CompletableFuture.completedFuture(new Admission.Refused(503, "later"));

        assertThat(TestGateway.now(either.verify("key"))).isInstanceOf(Admission.Admitted.class);
        assertThat(TestGateway.now(either.verify(GOOD))).isInstanceOf(Admission.Admitted.class);
        assertThat(TestGateway.now(either.verify("neither"))).isEqualTo(Admission.tokenRefused("not good"));
        assertThat(TestGateway.now(unavailable.or(keys).verify("key"))).isEqualTo(new Admission.Refused(503, "later"));
    }

    @Test
    void aNewerTokenIsJudgedAsThatOfAHandshake() {
        Authenticator authenticator = Authenticator.tokens(ALL_SOURCES, GatewayTokenTest::verify);

        assertThat(TestGateway.now(authenticator.refresh(GOOD))).isInstanceOf(Admission.Admitted.class);
        assertThat(TestGateway.now(authenticator.refresh("wrong"))).isEqualTo(Admission.tokenRefused("not good"));
        assertThat(TestGateway.now(authenticator.refresh("no token"))).isInstanceOf(Admission.Refused.class);
        assertThat(TestGateway.now(authenticator.refresh(""))).isInstanceOf(Admission.Refused.class);
        assertThat(TestGateway.now(Authenticator.anonymous().refresh(GOOD))).isInstanceOf(Admission.Refused.class);
    }

    /** The queries, headers and cookies of all requests go through the whole gateway with every logger wide open. */
    @Test
    void noTokenIsEverLogged() {
        var lines = new ConcurrentLinkedQueue<String>();
        var handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                lines.add(line.getMessage() + " " + line.getThrown());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger root = Logger.getLogger("");
        Level before = root.getLevel();
        root.setLevel(Level.ALL);
        root.addHandler(handler);
        TokenVerifier failing = token -> {
            if (token.equals(GOOD)) {
                return verify(token);
            }
            throw new IllegalStateException("no database");
        };
        try (GatewayServer gateway = gateway(Authenticator.tokens(ALL_SOURCES, failing))) {
            for (String token : new String[] {GOOD, "other-secret"}) {
                ask(gateway, "/ws | Authorization: Bearer " + token);
                ask(gateway, "/ws | Cookie: session=" + token);
                ask(gateway, "/ws | Sec-WebSocket-Protocol: bearer." + token);
                ask(gateway, "/ws?access_token=" + token + " | ");
                ask(gateway, "/nothing?access_token=" + token + " | ");
                ask(gateway, "/sse?access_token=" + token + " | ");
            }
        } finally {
            root.removeHandler(handler);
            root.setLevel(before);
        }

        assertThat(lines)
                .isNotEmpty()
                .noneMatch(line -> line.contains(GOOD) || line.contains("other-secret"))
                .anyMatch(line -> line.contains("handler failed"));
        var handshake = new Handshake(
                "/ws", "access_token=" + GOOD, Map.of(), java.net.InetSocketAddress.createUnresolved("a", 1));
        assertThat(handshake.toString() + ALL_SOURCES.find(handshake)).doesNotContain(GOOD);
    }

    @Test
    void aNameThatCannotBeSentIsRefused() {
        assertThatThrownBy(() -> TokenSources.defaults().withCookie("a b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cookie: \"a b\"");
        assertThatThrownBy(() -> TokenSources.defaults().withParameterUnsafe(""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("parameter: \"\"");
    }

    private static CompletableFuture<Admission> verify(String token) {
        return CompletableFuture.completedFuture(
                token.equals(GOOD) ? new Admission.Admitted(Claims.of("ada")) : Admission.tokenRefused("not good"));
    }

    private GatewayServer gateway(Authenticator authenticator) {
        return TestGateway.on(IoKind.NIO)
                .webSocket("/ws", new Endpoint() {
                    @Override
                    public Authenticator authenticator() {
                        return authenticator;
                    }

                    @Override
                    public void opened(Connection connection) {
                        opened.add(connection);
                    }

                    @Override
                    public void text(Connection connection, byte[] utf8) {}
                })
                .sse("/sse", new RoomsEndpoint(authenticator, Authorizer.defaults()))
                .start();
    }

    /** Sends a request that is written as its target and its headers, with bars between them. */
    private static RawClient.Response ask(GatewayServer gateway, String request) {
        String[] parts = request.split(" \\| ", -1);
        String[] headers = java.util.Arrays.stream(parts)
                .skip(1)
                .filter(header -> !header.isEmpty())
                .toArray(String[]::new);
        try (RawClient client = RawClient.connect(gateway)) {
            client.send(
                    parts[0].startsWith("/sse")
                            ? RawClient.get(parts[0], headers)
                            : RawClient.handshake(parts[0], headers));
            return client.response();
        }
    }
}

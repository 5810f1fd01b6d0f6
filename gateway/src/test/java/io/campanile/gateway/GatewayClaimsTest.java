package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Claims;
import io.campanile.core.ClaimsOutcome;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionId;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Quota;
import io.campanile.core.Quota.WhenFull;
import io.campanile.core.RegistryListener;
import io.campanile.gateway.ClaimsRules.Subject;
import io.campanile.gateway.Revocations.Revoked;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What happens to connections whose claims expire, change, are revoked, or are those of too many others. */
final class GatewayClaimsTest {

    private static final Instant BEGIN = Instant.parse("2026-11-26T12:00:00Z");

    private final AtomicReference<Instant> wall = new AtomicReference<>(BEGIN);
    private final AtomicLong nanos = new AtomicLong();
    private final BlockingQueue<Connection> opened = new LinkedBlockingQueue<>();
    private final BlockingQueue<Connection> closed = new LinkedBlockingQueue<>();

    private GatewayServer gateway = start(ClaimsRules.defaults());

    @AfterEach
    void stop() {
        gateway.close();
    }

    private GatewayServer start(ClaimsRules rules, Quota... quotas) {
        RoomsEndpoint rooms = new RoomsEndpoint(new Words(), new ByTenant());
        GatewayBuilder builder = TestGateway.on(IoKind.AUTO)
                .claims(new LiveClaims(rules, wall::get, nanos::get))
                .webSocket("/ws", rooms)
                .sse("/sse", rooms)
                .listener(new RegistryListener() {
                    @Override
                    public void opened(Connection connection) {
                        opened.add(connection);
                    }

                    @Override
                    public void closed(Connection connection, io.campanile.core.CloseReason reason) {
                        closed.add(connection);
                    }
                });
        for (Quota quota : quotas) {
            builder.quota(quota);
        }
        return builder.start();
    }

    private void restart(ClaimsRules rules, Quota... quotas) {
        gateway.close();
        gateway = start(rules, quotas);
    }

    /** Reads tokens such as {@code ann:exp=60:iat=0:id=t1:tenant=acme}, with times in seconds from the beginning. */
    private static final class Words implements Authenticator {
        @Override
        public CompletionStage<Admission> authenticate(Handshake handshake) {
            return refresh(handshake.parameter("token").orElse("wrong"));
        }

        @Override
        public CompletionStage<Admission> refresh(String token) {
            return CompletableFuture.completedFuture(
                    token.startsWith("wrong")
                            ? Admission.tokenRefused("the token is not good")
                            : new Admission.Admitted(claims(token)));
        }
    }

    private static Claims claims(String token) {
        String[] words = token.split(":");
        Map<String, String> values = new HashMap<>();
        for (int i = 1; i < words.length; i++) {
            values.put(words[i].split("=")[0], words[i].split("=")[1]);
        }
        Claims claims = Claims.of(words[0], values);
        if (values.containsKey("exp")) {
            claims = claims.withExpiresAt(second(values.get("exp")));
        }
        if (values.containsKey("iat")) {
            claims = claims.withIssuedAt(second(values.get("iat")));
        }
        if (values.containsKey("id")) {
            claims = claims.withTokenId(String.valueOf(values.get("id")));
        }
        return claims;
    }

    private static Instant second(@org.jspecify.annotations.Nullable String text) {
        return BEGIN.plusSeconds(Long.parseLong(String.valueOf(text)));
    }

    /** Lets clients join the rooms of their tenant. */
    private static final class ByTenant implements Authorizer {
        @Override
        public boolean mayJoin(Connection connection, String room) {
            return room.startsWith(String.valueOf(connection.claims().values().get("tenant")));
        }
    }

    private RawClient webSocket(String token) {
        RawClient client = RawClient.webSocket(gateway, "/ws?token=" + token);
        assertThat(client.readText()).contains("\"welcome\"");
        return client;
    }

    private int status(String path) {
        try (RawClient client = RawClient.connect(gateway)) {
            client.send(path.startsWith("/sse") ? RawClient.get(path) : RawClient.handshake(path));
            return client.response().status();
        }
    }

    private Revoked revoke(CompletionStage<Revoked> revoked) {
        return TestGateway.now(revoked);
    }

    private Revocations revocations() {
        return gateway.claims().revocations();
    }

    // Expiry.

    @Test
    void warnsOfTheEndOfTheClaimsAndClosesThen() {
        try (RawClient client = webSocket("ann:exp=60")) {
            wall.set(BEGIN.plusSeconds(30));
            assertThat(client.readText()).isEqualTo("{\"event\":\"auth.expiring\",\"data\":{\"inSeconds\":30}}");

            wall.set(BEGIN.plusSeconds(60));
            assertThat(client.readClose()).isEqualTo(3006);
            assertThat(gateway.claims().watched()).isZero();
        }
    }

    @Test
    void keepsAConnectionUntilTheMomentOfItsEnd() {
        try (RawClient client = webSocket("ann:exp=60")) {
            wall.set(BEGIN.plusSeconds(60).minusMillis(1));
            assertThat(client.readText()).contains("\"inSeconds\":1}");
            client.text("{\"event\":\"ping\",\"id\":1}");
            assertThat(client.readText()).contains("\"pong\"");
        }
    }

    @Test
    void warnsOfTheEndOfAStreamAndEndsIt() {
        try (RawClient client = RawClient.stream(gateway, "/sse?token=ann:exp=60&envelope=true")) {
            assertThat(readUntil(client, "welcome")).contains("welcome");

            wall.set(BEGIN.plusSeconds(31));
            assertThat(readUntil(client, "auth.expiring"))
                    .contains("data: {\"event\":\"auth.expiring\",\"data\":{\"inSeconds\":29}}");

            wall.set(BEGIN.plusSeconds(61));
            assertThat(readUntil(client, "3006")).contains("3006");
        }
    }

    private static String readUntil(RawClient client, String part) {
        StringBuilder all = new StringBuilder();
        while (all.indexOf(part) < 0) {
            all.append(client.chunk());
        }
        return all.toString();
    }

    @Test
    void closesWithoutAWarningWhenTheClockIsPutForwardPastTheEnd() {
        try (RawClient client = webSocket("ann:exp=60")) {
            wall.set(BEGIN.plusSeconds(3_600));

            assertThat(client.readClose()).isEqualTo(3006);
        }
    }

    @Test
    void warnsAtOnceOfClaimsThatAreNearlyOver() {
        try (RawClient client = webSocket("ann:exp=10")) {
            assertThat(client.readText()).contains("\"inSeconds\":10}");
        }
    }

    @Test
    void refusesClaimsThatHaveExpired() {
        assertThat(status("/ws?token=ann:exp=0")).isEqualTo(401);
        assertThat(gateway.registry().connectionCount()).isZero();
    }

    @Test
    void watchesNobodyWhoHasLeft() {
        webSocket("ann:exp=60").close();
        TestGateway.await(closed);

        assertThat(gateway.claims().watched()).isZero();
    }

    @Test
    void watchesNobodyWhoLeavesAfterTheWarning() {
        RawClient client = webSocket("ann:exp=60");
        wall.set(BEGIN.plusSeconds(40));
        client.readText();

        client.close();
        TestGateway.await(closed);

        assertThat(gateway.claims().watched()).isZero();
    }

    // Refresh.

    @Test
    void renewsClaimsInPlace() {
        try (RawClient client = webSocket("ann:exp=60")) {
            client.text("{\"event\":\"auth.refresh\",\"id\":1,\"data\":{\"token\":\"ann:exp=600\"}}");
            assertThat(client.readText())
                    .isEqualTo("{\"event\":\"ack\",\"id\":1,\"data\":{\"expiresAt\":"
                            + BEGIN.plusSeconds(600).getEpochSecond() + "}}");

            wall.set(BEGIN.plusSeconds(570));
            assertThat(client.readText()).contains("\"inSeconds\":30}");
            assertThat(gateway.claims().watched()).isEqualTo(1);
        }
    }

    @Test
    void answersWithoutATimeWhenTheNewClaimsNeverExpire() {
        try (RawClient client = webSocket("ann:exp=60")) {
            client.text("{\"event\":\"auth.refresh\",\"id\":1,\"data\":{\"token\":\"ann\"}}");

            assertThat(client.readText()).isEqualTo("{\"event\":\"ack\",\"id\":1,\"data\":{}}");
            assertThat(gateway.claims().watched()).isZero();
        }
    }

    @Test
    void keepsTheOldClaimsWhenTheNewTokenIsNotGood() {
        try (RawClient client = webSocket("ann:exp=60")) {
            client.text("{\"event\":\"auth.refresh\",\"id\":1,\"data\":{\"token\":\"wrong\"}}");
            assertThat(client.readText())
                    .isEqualTo("{\"event\":\"error\",\"id\":1,\"data\":{\"code\":\"unauthorized\","
                            + "\"message\":\"the token is not good\"}}");
            assertThat(TestGateway.await(opened).claims()).isEqualTo(claims("ann:exp=60"));

            wall.set(BEGIN.plusSeconds(60));
            assertThat(client.readClose()).isEqualTo(3006);
        }
    }

    @Test
    void refusesTheTokenOfAnotherUser() {
        try (RawClient client = webSocket("ann")) {
            client.text("{\"event\":\"auth.refresh\",\"id\":1,\"data\":{\"token\":\"bob\"}}");

            assertThat(client.readText()).contains("\"unauthorized\"").contains("the token is of another user");
            assertThat(TestGateway.await(opened).claims().subject()).contains("ann");
        }
    }

    @Test
    void takesTheTokenOfAnotherUserWhereThatIsAllowed() {
        restart(ClaimsRules.defaults().withSubject(Subject.MAY_CHANGE));
        try (RawClient client = webSocket("ann")) {
            client.text("{\"event\":\"auth.refresh\",\"id\":1,\"data\":{\"token\":\"bob\"}}");

            assertThat(client.readText()).contains("\"ack\"");
            assertThat(gateway.registry().userConnectionCount("bob")).isEqualTo(1);
            assertThat(gateway.registry().userConnectionCount("ann")).isZero();
        }
    }

    @Test
    void refusesATokenThatHasExpiredOrWasRevoked() {
        revoke(revocations().revokeToken("t2"));
        try (RawClient client = webSocket("ann")) {
            client.text("{\"event\":\"auth.refresh\",\"id\":1,\"data\":{\"token\":\"ann:exp=0\"}}");
            assertThat(client.readText()).contains("\"unauthorized\"").contains("the token has expired");

            client.text("{\"event\":\"auth.refresh\",\"id\":2,\"data\":{\"token\":\"ann:id=t2\"}}");
            assertThat(client.readText()).contains("\"unauthorized\"").contains("the token was revoked");
        }
    }

    // Rooms.

    @Test
    void takesTheRoomsAwayThatTheNewClaimsDoNotGrant() {
        try (RawClient client = webSocket("ann:tenant=acme")) {
            client.text("{\"event\":\"room.join\",\"id\":1,\"data\":{\"room\":\"acme\"}}");
            client.readText();
            client.text("{\"event\":\"room.join\",\"id\":2,\"data\":{\"room\":\"acme.all\"}}");
            client.readText();

            client.text("{\"event\":\"auth.refresh\",\"id\":3,\"data\":{\"token\":\"ann:tenant=acme.a\"}}");
            assertThat(List.of(client.readText(), client.readText()))
                    .containsExactlyInAnyOrder(
                            "{\"event\":\"room.lost\",\"data\":{\"room\":\"acme\",\"reason\":\"forbidden\"}}",
                            "{\"event\":\"ack\",\"id\":3,\"data\":{}}");
            assertThat(TestGateway.now(
                            gateway.registry().rooms(TestGateway.await(opened).id())))
                    .containsExactly("acme.all");
        }
    }

    @Test
    void takesTheRoomsOfAStreamAway() {
        try (RawClient client = RawClient.stream(gateway, "/sse?token=ann:tenant=acme&room=acme&envelope=true")) {
            readUntil(client, "welcome");
            ConnectionId id = TestGateway.await(opened).id();

            assertThat(TestGateway.now(gateway.registry().changeClaims(id, claims("ann:tenant=other"))))
                    .isEqualTo(ClaimsOutcome.CHANGED);

            assertThat(readUntil(client, "room.lost")).contains("{\"room\":\"acme\",\"reason\":\"forbidden\"}");
            assertThat(gateway.registry().memberCount("acme")).isZero();
        }
    }

    // Revocations.

    @Test
    void closesTheConnectionsOfAUserWhoseClaimsAreRevoked() {
        try (RawClient one = webSocket("ann");
                RawClient two = webSocket("ann");
                RawClient other = webSocket("bob")) {
            assertThat(revoke(revocations().revokeUser("ann"))).isEqualTo(new Revoked(2, true));

            assertThat(one.readClose()).isEqualTo(3007);
            assertThat(two.readClose()).isEqualTo(3007);
            other.text("{\"event\":\"ping\",\"id\":1}");
            assertThat(other.readText()).contains("\"pong\"");
            assertThat(status("/ws?token=ann")).isEqualTo(401);
            assertThat(status("/sse?token=ann")).isEqualTo(401);
            assertThat(status("/ws?token=bob")).isEqualTo(101);
        }
    }

    @Test
    void revokesWhatWasIssuedBeforeAMoment() {
        try (RawClient old = webSocket("ann:iat=9");
                RawClient unknown = webSocket("ann");
                RawClient young = webSocket("ann:iat=10")) {
            assertThat(revoke(revocations().revokeUser("ann", BEGIN.plusSeconds(10))))
                    .isEqualTo(new Revoked(2, true));

            assertThat(old.readClose()).isEqualTo(3007);
            assertThat(unknown.readClose()).isEqualTo(3007);
            young.text("{\"event\":\"ping\",\"id\":1}");
            assertThat(young.readText()).contains("\"pong\"");
            assertThat(status("/ws?token=ann:iat=9")).isEqualTo(401);
            assertThat(status("/ws?token=ann:iat=10")).isEqualTo(101);
        }
    }

    @Test
    void revokesOneToken() {
        try (RawClient one = webSocket("ann:id=t1");
                RawClient two = webSocket("ann:id=t2")) {
            assertThat(revoke(revocations().revokeToken("t1"))).isEqualTo(new Revoked(1, true));

            assertThat(one.readClose()).isEqualTo(3007);
            two.text("{\"event\":\"ping\",\"id\":1}");
            assertThat(two.readText()).contains("\"pong\"");
            assertThat(status("/ws?token=ann:id=t1")).isEqualTo(401);
        }
    }

    @Test
    void revokesClaimsThatAConnectionGetsAfterwards() {
        try (RawClient client = webSocket("ann")) {
            revoke(revocations().revokeToken("t1"));

            gateway.registry().changeClaims(TestGateway.await(opened).id(), claims("ann:id=t1"));

            assertThat(client.readClose()).isEqualTo(3007);
        }
    }

    @Test
    void keepsAsManyRevocationsAsItMayAndTellsOfOneMore() {
        restart(ClaimsRules.defaults().withMaxRevocations(2));
        assertThat(revoke(revocations().revokeUser("ann")).isKept()).isTrue();
        assertThat(revoke(revocations().revokeToken("t1")).isKept()).isTrue();
        try (RawClient client = webSocket("bob")) {
            assertThat(revoke(revocations().revokeUser("bob"))).isEqualTo(new Revoked(1, false));

            assertThat(client.readClose()).isEqualTo(3007);
            assertThat(revocations().size()).isEqualTo(2);
            assertThat(revocations().notKept()).isEqualTo(1);
            assertThat(revoke(revocations().revokeUser("ann")).isKept()).isTrue();
        }
    }

    @Test
    void forgetsARevocationAfterItsTime() {
        revoke(revocations().revokeUser("ann"));

        nanos.set(ClaimsRules.defaults().revocationTime().toNanos() - 1);
        assertThat(status("/ws?token=ann")).isEqualTo(401);

        nanos.set(ClaimsRules.defaults().revocationTime().toNanos());
        assertThat(status("/ws?token=ann")).isEqualTo(101);
        assertThat(revoke(revocations().revokeUser("bob")).isKept()).isTrue();
        assertThat(revocations().size()).isEqualTo(1);
    }

    // Quotas.

    @Test
    void refusesTheUserOneConnectionTooMany() {
        restart(ClaimsRules.defaults(), Quota.perUser(2));
        try (RawClient one = webSocket("ann");
                RawClient stream = RawClient.stream(gateway, "/sse?token=ann")) {
            assertThat(status("/ws?token=ann")).isEqualTo(429);
            assertThat(status("/sse?token=ann")).isEqualTo(429);
            assertThat(status("/ws?token=bob")).isEqualTo(101);
            assertThat(gateway.stats().handshakesRefused()).containsEntry("quota_full", 2L);
        }
    }

    @Test
    void refusesTheTenantOneConnectionTooMany() {
        restart(ClaimsRules.defaults(), Quota.perClaim("tenant", 2));
        try (RawClient one = webSocket("ann:tenant=acme");
                RawClient two = webSocket("bob:tenant=acme")) {
            assertThat(status("/ws?token=cid:tenant=acme")).isEqualTo(429);
            assertThat(status("/ws?token=cid:tenant=other")).isEqualTo(101);
        }
    }

    @Test
    void closesTheOldestOfTheUser() {
        restart(ClaimsRules.defaults(), Quota.perUser(2).withWhenFull(WhenFull.CLOSE_OLDEST));
        try (RawClient one = webSocket("ann");
                RawClient two = webSocket("ann");
                RawClient three = webSocket("ann")) {
            assertThat(one.readClose()).isEqualTo(3500);
            assertThat(gateway.registry().userConnectionCount("ann")).isEqualTo(2);
            two.text("{\"event\":\"ping\",\"id\":1}");
            assertThat(two.readText()).contains("\"pong\"");
        }
    }

    @Test
    void closesTheOldestOfTheTenant() {
        restart(ClaimsRules.defaults(), Quota.perClaim("tenant", 2).withWhenFull(WhenFull.CLOSE_OLDEST));
        try (RawClient one = webSocket("ann:tenant=acme");
                RawClient two = webSocket("bob:tenant=acme");
                RawClient three = webSocket("cid:tenant=acme")) {
            assertThat(one.readClose()).isEqualTo(3500);
            two.text("{\"event\":\"ping\",\"id\":1}");
            assertThat(two.readText()).contains("\"pong\"");
        }
    }

    @Test
    void refusesARefreshThatWouldPassAQuota() {
        restart(ClaimsRules.defaults(), Quota.perClaim("tenant", 1));
        try (RawClient one = webSocket("ann:tenant=acme");
                RawClient two = webSocket("bob:tenant=other")) {
            two.text("{\"event\":\"auth.refresh\",\"id\":1,\"data\":{\"token\":\"bob:tenant=acme\"}}");

            assertThat(two.readText()).contains("\"limit_exceeded\"");
        }
    }

    /** A registry is asked for who is there; the endpoints of a gateway share what keeps the claims. */
    @Test
    void isTheSameForAllEndpoints() {
        CompletableFuture<LiveClaims> given = new CompletableFuture<>();
        Endpoint endpoint = new Endpoint() {
            @Override
            public void start(ConnectionRegistry registry, LiveClaims claims) {
                given.complete(claims);
            }

            @Override
            public void text(Connection connection, byte[] utf8) {}
        };
        try (GatewayServer other =
                TestGateway.on(IoKind.AUTO).webSocket("/other", endpoint).start()) {
            assertThat(given.join()).isSameAs(other.claims());
        }
    }
}

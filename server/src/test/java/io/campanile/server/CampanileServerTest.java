package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.CloseReason;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Health, figures, the demo page, and the order of stopping. */
final class CampanileServerTest {

    private static final int PATIENCE_SECONDS = 30;

    @RegisterExtension
    final RunningServer server = new RunningServer();

    @Test
    void isHealthyAndReadyOnceStarted() {
        server.start("");

        assertThat(server.get("/healthz").body()).isEqualTo("ok\n");
        assertThat(server.get("/readyz").body()).isEqualTo("ready\n");
        assertThat(server.get("/readyz").statusCode()).isEqualTo(200);
    }

    @Test
    void turnsUnreadyBeforeClientsAreSentAway() throws Exception {
        CampanileServer node = server.start("server.drain-delay: 10m");
        Peer peer = server.connect();

        var stopped = CompletableFuture.runAsync(node::stop);
        awaitUnready();

        assertThat(server.get("/readyz").body()).isEqualTo("stopping\n");
        assertThat(server.get("/healthz").statusCode()).isEqualTo(200);
        peer.heardNothing();
        assertThat(stopped).isNotDone();

        node.hurry();
        stopped.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(peer.closeCode()).isEqualTo(1001);
    }

    @Test
    void showsItsFiguresToPrometheus() {
        server.start();
        Peer first = server.connect().join("lobby");
        Peer second = server.connect().join("lobby");
        server.publish("{\"room\":\"lobby\",\"event\":\"chat\",\"data\":1}");
        first.next();
        second.next();
        second.close();
        awaitSample("campanile_connections 1.0");

        String text = server.get("/metrics").body();

        assertThat(text.lines())
                .allMatch(line -> line.startsWith("# HELP ")
                        || line.startsWith("# TYPE ")
                        || line.matches(
                                "[a-z][a-z0-9_]*(\\{[a-z]+=\"[^\"]*\"(,[a-z]+=\"[^\"]*\")*})? [-+0-9.eEInfNa]+"));
        assertThat(text.lines())
                .contains(
                        "campanile_connections 1.0",
                        "campanile_rooms 1.0",
                        "campanile_connections_opened_total 2.0",
                        "campanile_closes_total{reason=\"peer_closed\"} 1.0",
                        "campanile_messages_received_total 2.0",
                        "campanile_handler_failures_total 0.0",
                        "# TYPE campanile_publish_to_write_seconds histogram",
                        "# TYPE campanile_sent_bytes_total counter",
                        "# TYPE campanile_received_bytes_total counter",
                        "# TYPE campanile_waiting_bytes gauge");
        assertThat(text).contains("campanile_publish_to_write_seconds_bucket{le=\"", "jvm_memory_used_bytes{");
        assertThat(text).doesNotContain("lobby");
    }

    @Test
    void countsNoEvictionWhenAClientClosesWithThatCode() {
        server.start();
        Peer peer = server.connect();

        peer.close(CloseReason.SLOW_CLIENT_CODE);

        awaitSample("campanile_closes_total{reason=\"peer_closed\"} 1.0");
        assertThat(server.get("/metrics").body())
                .contains("campanile_closes_total{reason=\"peer_closed\"} 1.0")
                .doesNotContain("campanile_evictions_total{");
    }

    @Test
    void countsRefusedHandshakesByReason() {
        server.start();

        server.raw(
                "GET /ws HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nConnection: Upgrade\r\n"
                        + "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");

        assertThat(server.get("/metrics").body())
                .containsPattern("campanile_handshakes_refused_total\\{reason=\"[a-z_]+\"} 1.0");
    }

    @Test
    void keepsFiguresToItselfWhenToldTo() {
        server.start("metrics.enabled: false");

        assertThat(server.get("/metrics").statusCode()).isEqualTo(404);
    }

    @Test
    void servesTheDemoPageWithNothingFromElsewhere() {
        server.start();

        var page = server.get("/");

        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("content-type")).contains("text/html; charset=utf-8");
        assertThat(page.headers().firstValue("x-content-type-options")).contains("nosniff");
        assertThat(page.headers().firstValue("content-security-policy").orElse(""))
                .startsWith("default-src 'self'; connect-src 'self' ws:");
        assertThat(page.body()).contains("<html").doesNotContain("https://", "<script>");
        assertThat(server.get("/app.js").headers().firstValue("content-type"))
                .contains("text/javascript; charset=utf-8");
        assertThat(server.get("/campanile.js").statusCode()).isEqualTo(200);
        assertThat(server.get("/style.css").headers().firstValue("content-type"))
                .contains("text/css; charset=utf-8");
        String tag = page.headers().firstValue("etag").orElseThrow();
        assertThat(server.get("/", "if-none-match", tag).statusCode()).isEqualTo(304);
    }

    @Test
    void tellsTheDemoPageWhatIsGoingOn() {
        server.start();
        Peer peer = server.connect().join("lobby");
        peer.send("{\"event\":\"room.publish\",\"data\":{\"room\":\"lobby\",\"event\":\"chat\",\"data\":1}}");
        peer.next();

        assertThat(server.get("/api/stats").body())
                .matches("\\{\"connections\":1,\"rooms\":1,\"messagesIn\":2,\"messagesOut\":[0-9]+}");
    }

    @Test
    void servesNoDemoPageWithAConfigurationFile() {
        server.start("");

        assertThat(server.get("/").statusCode()).isEqualTo(404);
        assertThat(server.get("/api/stats").statusCode()).isEqualTo(404);
    }

    @Test
    void putsTheWebSocketWhereItIsTold() {
        server.start("websocket.path: /live/socket");

        server.connect("/live/socket").heardNothing();
        assertThat(server.get("/ws").statusCode()).isEqualTo(404);
    }

    @Test
    void refusesConnectionsPastTheLimit() {
        server.start("node.max-connections: 1");
        server.connect();

        assertThat(server.raw("GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
                .isEqualTo("HTTP/1.1 503 Service Unavailable");
    }

    @Test
    void refusesConnectionsOfAUserPastTheirLimit() {
        server.start("client.claim-any-user-unsafe: true\nauth.max-connections-per-user: 2");
        server.connect("/ws?user=ann");
        server.connect("/ws?user=ann");

        assertThat(server.raw("GET /ws?user=ann HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                        + "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
                .isEqualTo("HTTP/1.1 429 Too Many Requests");
        assertThat(server.get("/metrics").body().lines())
                .contains(
                        "campanile_quota_refused_total{quota=\"user\"} 1.0",
                        "campanile_quota_replaced_total{quota=\"user\"} 0.0",
                        "campanile_revocations 0.0",
                        "campanile_revocations_not_kept_total 0.0");
    }

    @Test
    void closesTheOldestConnectionOfAUserWhenToldTo() {
        server.start("client.claim-any-user-unsafe: true\nauth.max-connections-per-user: 1\n"
                + "auth.when-full: close-oldest");
        Peer old = server.connect("/ws?user=ann");

        server.connect("/ws?user=ann");

        assertThat(old.closeCode()).isEqualTo(3500);
        assertThat(server.get("/metrics").body().lines())
                .contains("campanile_quota_replaced_total{quota=\"user\"} 1.0");
    }

    private void awaitUnready() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (server.get("/readyz").statusCode() == 200 && System.nanoTime() - deadline < 0) {
            Thread.onSpinWait();
        }
    }

    private void awaitSample(String line) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (server.get("/metrics").body().lines().noneMatch(line::equals) && System.nanoTime() - deadline < 0) {
            Thread.onSpinWait();
        }
    }
}

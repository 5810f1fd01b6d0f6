package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Audience;
import io.campanile.core.CloseReason;
import io.campanile.core.DrainPlan;
import io.campanile.core.DrainReport;
import io.campanile.core.Message;
import io.campanile.core.Posted;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** G11 on real sockets: who is refused, told, answered and cut while a gateway drains. */
@ParameterizedClass
@MethodSource("io.campanile.gateway.TestGateway#kinds")
final class GatewayDrainTest {

    private static final Duration LONG = Duration.ofMinutes(5);

    /** A pace at which nobody's turn comes within the test. */
    private static final DrainPlan SLOWLY =
            DrainPlan.defaults().withDeadline(LONG.multipliedBy(20)).withWindow(LONG.multipliedBy(10));

    private final IoKind io;
    private final TestGateway.Echo echo = new TestGateway.Echo();

    GatewayDrainTest(IoKind io) {
        this.io = io;
    }

    private GatewayBuilder builder() {
        return TestGateway.on(io)
                .webSocket("/echo", echo)
                .http("GET", "/hello", call -> CompletableFuture.completedFuture(HttpAnswer.empty(204)));
    }

    private static DrainReport await(CompletionStage<DrainReport> report) throws Exception {
        return report.toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    private static String reasonOf(RawClient.Frame close) {
        assertThat(close.opcode()).isEqualTo(RawClient.CLOSE);
        return new String(close.payload(), 2, close.payload().length - 2, StandardCharsets.UTF_8);
    }

    @Test
    void eachClientIsToldWhenToComeBackBehindWhatWaitedForIt() throws Exception {
        GatewayServer gateway = builder().start();
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            clients.add(RawClient.webSocket(gateway, "/echo"));
        }
        gateway.registry().broadcast(Audience.all(), Message.text("last words"));
        var report = gateway.drain(DrainPlan.defaults()
                .withReason(CloseReason.RESTART)
                .withComeBack(Duration.ofSeconds(2), Duration.ofSeconds(4)));

        List<String> reasons = new ArrayList<>();
        for (RawClient client : clients) {
            assertThat(client.readText()).isEqualTo("last words");
            reasons.add(reasonOf(client.frame()));
            client.send(RawClient.closeFrame(1012));
            assertThat(client.readToEnd()).isZero();
            client.close();
        }

        assertThat(reasons).allMatch(reason -> reason.matches("the server restarts, retry=[234]\\d{3}"));
        assertThat(reasons.stream().distinct()).hasSizeGreaterThan(10);
        DrainReport done = await(report);
        assertThat(done).isEqualTo(new DrainReport(20, 0, 20, 20, 0, 0, done.took()));
    }

    @Test
    void newRequestsAndHandshakesAreAnswered503UntilAllAreTold() throws Exception {
        GatewayServer gateway = builder().start();
        try (RawClient member = RawClient.webSocket(gateway, "/echo");
                RawClient earlier = RawClient.connect(gateway)) {
            var report = gateway.drain(SLOWLY);
            awaitRefusal(gateway);
            earlier.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
            RawClient.Response response = earlier.response();
            assertThat(response.status()).isEqualTo(503);
            assertThat(response.headers()).containsKey("retry-after").containsEntry("connection", "close");
            try (RawClient late = RawClient.connect(gateway)) {
                late.send(RawClient.handshake("/echo"));
                RawClient.Response refused = late.response();
                assertThat(refused.status()).isEqualTo(503);
                assertThat(refused.headers()).containsKey("retry-after");
            }
            member.text("still heard");
            assertThat(member.readText()).isEqualTo("still heard");

            gateway.hurry();
            assertThat(member.readClose()).isEqualTo(1001);
            member.send(RawClient.closeFrame(1001));
            assertThat(await(report).flushed()).isOne();
        }
    }

    @Test
    void whoWatchesTheNodeIsAnsweredUntilAllAreTold() throws Exception {
        GatewayServer gateway = builder()
                .http("GET", "/watch", call -> CompletableFuture.completedFuture(HttpAnswer.text(200, "alive")))
                .whileDraining("/watch")
                .start();
        try (RawClient member = RawClient.webSocket(gateway, "/echo")) {
            var report = gateway.drain(SLOWLY);
            awaitRefusal(gateway);

            try (RawClient watcher = RawClient.connect(gateway)) {
                watcher.send("GET /watch HTTP/1.1\r\nHost: localhost\r\n\r\n");
                assertThat(watcher.response().status()).isEqualTo(200);
            }
            try (RawClient late = RawClient.connect(gateway)) {
                late.send(RawClient.handshake("/watch"));
                assertThat(late.response().status())
                        .as("a handshake is not watching")
                        .isEqualTo(503);
            }

            gateway.hurry();
            assertThat(member.readClose()).isEqualTo(1001);
            member.send(RawClient.closeFrame(1001));
            assertThat(await(report).flushed()).isOne();
        }
    }

    /** Asks until the drain has begun to refuse. */
    private static void awaitRefusal(GatewayServer gateway) {
        int status;
        do {
            try (RawClient client = RawClient.connect(gateway)) {
                client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
                status = client.response().status();
            }
        } while (status == 204);
        assertThat(status).isEqualTo(503);
    }

    @Test
    void duringTheDelayAllGoesOnButReadiness() throws Exception {
        GatewayServer gateway = builder().start();
        assertThat(gateway.isDraining()).isFalse();
        var report = gateway.drain(LONG, SLOWLY);
        assertThat(gateway.isDraining()).isTrue();

        try (RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.text("come in");
            assertThat(client.readText()).isEqualTo("come in");

            gateway.hurry();
            assertThat(client.readClose()).isEqualTo(1001);
            client.send(RawClient.closeFrame(1001));
            assertThat(await(report).told()).isOne();
        }
    }

    @Test
    void aClientThatDoesNotEndIsCutAtTheDeadline() throws Exception {
        GatewayServer gateway = builder()
                .limits(GatewayLimits.defaults().withCloseTimeout(Duration.ofHours(1)))
                .start();
        try (RawClient client = RawClient.webSocket(gateway, "/echo")) {
            DrainReport report = await(gateway.drain(DrainPlan.defaults().withDeadline(Duration.ofMillis(300))));

            assertThat(report).isEqualTo(new DrainReport(1, 0, 1, 0, 0, 1, report.took()));
            client.readToCut();
            assertThat(gateway.stop(Duration.ofSeconds(1))).isFalse();
        }
    }

    @Test
    void aRequestUnderWayIsAnswered() throws Exception {
        var asked = new LinkedBlockingQueue<CompletableFuture<HttpAnswer>>();
        GatewayServer gateway = builder()
                .http("GET", "/slow", call -> {
                    CompletableFuture<HttpAnswer> answer = new CompletableFuture<>();
                    asked.add(answer);
                    return answer;
                })
                .start();
        try (RawClient client = RawClient.connect(gateway)) {
            client.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
            CompletableFuture<HttpAnswer> answer = TestGateway.await(asked);
            var report = gateway.drain(DrainPlan.defaults());
            awaitClosed(gateway);
            answer.complete(HttpAnswer.text(200, "as asked"));

            assertThat(client.response().body()).isEqualTo("as asked");
            client.close();
            await(report);
        }
    }

    private static void awaitClosed(GatewayServer gateway) {
        while (gateway.registry().broadcast("room", "x") != Posted.CLOSED) {
            Thread.onSpinWait();
        }
    }

    @Test
    void aSecondDrainJoinsTheFirst() throws Exception {
        GatewayServer gateway = builder().start();
        var first = gateway.drain(DrainPlan.defaults());
        var second = gateway.drain(SLOWLY);

        assertThat(await(second)).isEqualTo(await(first));
        assertThat(gateway.stop(Duration.ofSeconds(1))).isTrue();
    }
}

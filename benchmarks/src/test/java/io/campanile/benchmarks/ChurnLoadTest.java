package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.benchmarks.EnvelopeServer.Misbehaviour;
import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.benchmarks.LoadPlan.Stage;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that come and go, and rooms of servers that know them by the query. */
@Timeout(120)
final class ChurnLoadTest {

    @Test
    void comesJoinsLeavesAndGoes() throws Exception {
        try (EnvelopeServer server = new EnvelopeServer(Misbehaviour.NONE);
                ChurnLoad churn = churn(server.url(), Mode.CAMPANILE)) {

            Measured measured = churn.run().stages().get(0);

            assertThat(measured.delivered()).isPositive();
            assertThat(measured.latency().count()).isPositive();
            assertThat(measured.stage()).hasToString("3 at a time");
            assertThat(server.left()).isGreaterThanOrEqualTo(measured.delivered());
        }
    }

    @Test
    void comesAndGoesWhereNothingIsSaid() throws Exception {
        try (PlainNettyChat.Running server = PlainNettyChat.start("127.0.0.1", 0, "/ws", 1);
                ChurnLoad churn = churn("ws://127.0.0.1:" + server.port() + "/ws", Mode.PLAIN)) {

            assertThat(churn.run().stages().get(0).delivered()).isPositive();
        }
    }

    @Test
    void endsWhenAVisitorIsRefused() throws Exception {
        try (EnvelopeServer server = new EnvelopeServer(Misbehaviour.REFUSES_TO_JOIN);
                ChurnLoad churn = churn(server.url(), Mode.CAMPANILE)) {

            assertThatThrownBy(churn::run)
                    .isInstanceOf(RunFailedException.class)
                    .hasMessageContaining("the server refused: {\"event\":\"error\"");
        }
    }

    @Test
    void endsWhenNobodyListens() throws Exception {
        int port;
        try (PlainNettyChat.Running server = PlainNettyChat.start("127.0.0.1", 0, "/ws", 1)) {
            port = server.port();
            server.listener().close().sync();
        }
        try (ChurnLoad churn = churn("ws://127.0.0.1:" + port + "/ws", Mode.PLAIN)) {

            assertThatThrownBy(churn::run)
                    .isInstanceOf(RunFailedException.class)
                    .hasMessageContaining("cannot connect");
        }
    }

    @Test
    void tellsTheRoomsOfAPlainServerApart() throws Exception {
        try (PlainNettyChat.Running server = PlainNettyChat.start("127.0.0.1", 0, "/ws", 1);
                LoadGenerator generator = new LoadGenerator(
                        plan("ws://127.0.0.1:" + server.port() + "/ws", Mode.PLAIN, new Stage.Rate(100)),
                        (activity, left, rate) -> {})) {

            generator.run();

            // Each of six clients saw the messages of its own room of three, each once and in order, and no others.
            assertThat(generator.delivered()).isEqualTo(generator.sent() * 2).isPositive();
        }
    }

    private static ChurnLoad churn(String url, Mode mode) {
        return new ChurnLoad(plan(url, mode, new Stage.Visits(3)), (activity, left, rate) -> {});
    }

    private static LoadPlan plan(String url, Mode mode, Stage stage) {
        return LoadPlan.at(URI.create(url), mode)
                .connections(6, 3)
                .size(200)
                .stages(List.of(stage))
                .inspecting()
                .build();
    }
}

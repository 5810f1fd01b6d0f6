package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.benchmarks.EnvelopeServer.Misbehaviour;
import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.benchmarks.LoadPlan.Stage;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A load in the JSON envelope, and what is said when the server does not play along. */
@Timeout(120)
final class EnvelopeLoadTest {

    @Test
    void deliversToEveryRoom() throws Exception {
        try (EnvelopeServer server = new EnvelopeServer(Misbehaviour.NONE);
                LoadGenerator generator = generator(server, true)) {

            LoadReport report = generator.run();

            assertThat(report.stages()).hasSize(1);
            Measured measured = report.stages().get(0);
            assertThat(measured.broadcasts()).isPositive();
            assertThat(measured.latency().count()).isPositive();
            // Each broadcast goes to the two or three members of one room; a few are cut by the ends of the window.
            assertThat(measured.delivered()).isBetween(2 * measured.broadcasts() - 24, 3 * measured.broadcasts() + 24);
        }
    }

    @Test
    void publishesFromConnectionsThatAreNoMembers() throws Exception {
        try (EnvelopeServer server = new EnvelopeServer(Misbehaviour.NONE);
                LoadGenerator generator = generator(server, false)) {

            assertThat(generator.run().stages().get(0).delivered()).isPositive();
        }
    }

    @Test
    void keepsARateOverAllRooms() throws Exception {
        try (EnvelopeServer server = new EnvelopeServer(Misbehaviour.NONE);
                LoadGenerator generator = generator(server, true, new Stage.Rate(300), new Stage.Rate(300))) {

            Measured measured = generator.run().stages().get(0);

            assertThat(measured.broadcasts()).isPositive();
            assertThat(measured.lastReceiver().count()).isEqualTo(measured.broadcasts());
        }
    }

    @Test
    void keepsARateAfterAWarmUpAsFastAsItGoes() throws Exception {
        try (EnvelopeServer server = new EnvelopeServer(Misbehaviour.NONE);
                LoadGenerator generator = generator(server, true, new Stage.InFlight(1), new Stage.Rate(20))) {

            Measured measured = generator.run().stages().get(0);

            // In a second or somewhat more; what has come to the end of its way is not followed by another any more.
            assertThat(measured.broadcasts()).isBetween(1L, 200L);
        }
    }

    @Test
    void looksAtEveryMessageOfWhomItDoesNotLetStall() throws Exception {
        try (EnvelopeServer server = new EnvelopeServer(Misbehaviour.NONE);
                LoadGenerator generator = new LoadGenerator(inspecting(server), (activity, left, rate) -> {})) {

            Measured measured = generator.run().stages().get(0);

            // All, not some of each; what arrives while the window opens or closes may be in one of the two only.
            assertThat(measured.latency().count())
                    .isBetween(measured.delivered() - 14, measured.delivered() + 14)
                    .isPositive();
            assertThat(generator.delivered()).isEqualTo(generator.sent() * 7);
            assertThat(generator.stalledPorts()).hasSize(2);
        }
    }

    @Test
    void noticesWhatArrivesTwice() throws Exception {
        try (EnvelopeServer server = new EnvelopeServer(Misbehaviour.REPEATS_MESSAGES);
                LoadGenerator generator = new LoadGenerator(inspecting(server), (activity, left, rate) -> {})) {

            assertThatThrownBy(generator::run)
                    .isInstanceOf(RunFailedException.class)
                    .hasMessageContaining("received message 0 (expected: message 1");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            REFUSES_TO_JOIN       | the server refused to join bench-
            REFUSES_TO_PUBLISH    | received a message that this run did not send: {"event":"error"
            CLOSES_AT_A_MESSAGE   | the server closed the connection: 4001 slow_client
            HANGS_UP_ON_RECEIVERS | the server hung up without a close frame
            SWALLOWS_MESSAGES     | no message was delivered for 1 s
            """)
    void endsAtOnceAndSaysWhy(Misbehaviour misbehaviour, String why) throws Exception {
        try (EnvelopeServer server = new EnvelopeServer(misbehaviour);
                LoadGenerator generator = generator(server, true)) {

            assertThatThrownBy(generator::run)
                    .isInstanceOf(RunFailedException.class)
                    .hasMessageContaining(why);
        }
    }

    private static LoadPlan inspecting(EnvelopeServer server) {
        return LoadPlan.at(URI.create(server.url()), Mode.CAMPANILE)
                .connections(7, 1)
                .stalled(2)
                .size(200)
                .stages(List.of(new Stage.Rate(100)))
                .inspecting()
                .build();
    }

    private static LoadGenerator generator(EnvelopeServer server, boolean echo) {
        return generator(server, echo, new Stage.InFlight(1), new Stage.InFlight(2));
    }

    private static LoadGenerator generator(EnvelopeServer server, boolean echo, Stage warmup, Stage stage) {
        LoadPlan plan = LoadPlan.at(URI.create(server.url()), Mode.CAMPANILE)
                .connections(7, 3)
                .echo(echo)
                .size(200)
                .stages(List.of(stage))
                .warmup(warmup, Duration.ofSeconds(3))
                .build();
        return new LoadGenerator(plan, (activity, secondsLeft, perSecond) -> {}, Duration.ofSeconds(1));
    }
}

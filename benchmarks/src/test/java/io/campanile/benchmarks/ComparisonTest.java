package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.campanile.benchmarks.LoadPlan.Stage;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How rounds become medians and ratios. */
final class ComparisonTest {
    private static final Peer NETTY = Peer.named("netty");
    private static final Circumstances CIRCUMSTANCES = new Circumstances(
            Map.of("commit", "abc"), "./campanile bench compare", 3, Map.of("jetty", "gave up\nlater"));

    private final Comparison comparison = new Comparison(
            Scenario.closed("broadcast", 10, 128, 1, 4),
            reports(
                    List.of(report(3, 1), report(9, 2), report(4, 3)),
                    List.of(report(10, 10), report(30, 11), report(8, 12))),
            CIRCUMSTANCES);

    private static Map<Peer, List<LoadReport>> reports(List<LoadReport> campanile, List<LoadReport> netty) {
        Map<Peer, List<LoadReport>> reports = new LinkedHashMap<>();
        reports.put(Peer.CAMPANILE.withCommand("started otherwise"), campanile);
        reports.put(NETTY, netty);
        return reports;
    }

    @Test
    void takesTheMedianOfTheRoundsForEachLoad() {
        assertThat(comparison.rows())
                .extracting(Comparison.Row::load, row -> row.peer().name(), Comparison.Row::serverMicros)
                .containsExactly(
                        tuple("1 in flight", "campanile", 4.0),
                        tuple("1 in flight", "netty", 10.0),
                        tuple("4 in flight", "campanile", 2.0),
                        tuple("4 in flight", "netty", 11.0));
    }

    @Test
    void relatesCampanileToEachPeer() {
        assertThat(comparison.ratio("1 in flight", NETTY).orElseThrow()).isCloseTo(0.4, within(1e-9));
        assertThat(comparison.ratio("never measured", NETTY)).isEmpty();
        assertThat(comparison.ratio("1 in flight", Peer.named("gws"))).isEmpty();
    }

    @Test
    void meansTheMiddleTwoOfAnEvenNumber() {
        assertThat(Comparison.median(
                        report(1, 4, 2, 8).stages(),
                        measured -> measured.serverMicrosPerMessage().orElseThrow()))
                .isEqualTo(3);
    }

    @Test
    void writesAMarkdownTable() {
        assertThat(comparison.markdown())
                .startsWith("### Broadcast: 10 receivers, 128 bytes\n\n- commit: abc\n")
                .contains("- `jetty` did not come to the end: gave up\n")
                .contains(
                        "| 1 in flight | plain Netty | 10.00 (8.00..30.00) | 12.5 % | 0.40 | 1.00 | 100 | 0 | 0 | 0 | 0 | 0.00 |");
    }

    @Test
    void showsWhatIdleConnectionsTakeAndOfTheHeapWhereThereIsOne() {
        Map<Peer, List<IdleLoad.Bytes>> looks = new LinkedHashMap<>();
        looks.put(Peer.CAMPANILE, List.of(idle(2_000, OptionalDouble.of(900)), idle(1_900, OptionalDouble.of(910))));
        looks.put(Peer.named("gws"), List.of(idle(9_000, OptionalDouble.empty()), idle(9_100, OptionalDouble.empty())));

        IdleComparison idle = new IdleComparison(Scenario.named("idle"), looks, CIRCUMSTANCES);

        assertThat(idle.markdown())
                .startsWith("### Idle: 10,000 connections that do nothing\n\n- commit: abc\n")
                .contains("| Campanile | 1,950 (1,900..2,000) | 905 (900..910) |")
                .contains("| Go gws | 9,050 (9,000..9,100) | - |");
    }

    private static IdleLoad.Bytes idle(double resident, OptionalDouble heap) {
        return new IdleLoad.Bytes(resident, heap);
    }

    @Test
    void namesThePeersThereAre() {
        assertThatThrownBy(() -> Peer.named("apache"))
                .hasMessage("--peers: apache (expected: of " + Peer.names() + ")");
    }

    private static LoadReport report(long... microsPerMessage) {
        List<Stage> stages = List.of(new Stage.InFlight(1), new Stage.InFlight(4));
        LoadPlan plan = LoadPlan.at(URI.create("ws://localhost/ws"), Mode.CAMPANILE)
                .connections(10, 1)
                .stages(stages)
                .build();
        Percentiles none = new Percentiles(0, 0, 0, 0, 0);
        return new LoadReport(
                plan,
                1,
                IntStream.range(0, microsPerMessage.length)
                        .mapToObj(i -> new Measured(
                                stages.get(i % stages.size()),
                                10,
                                1_000,
                                100,
                                OptionalLong.of(microsPerMessage[i] * 1_000),
                                microsPerMessage[i] * 125,
                                1_000,
                                OptionalLong.of((microsPerMessage[i] + 1) * 1_000),
                                none,
                                none,
                                OptionalLong.empty()))
                        .toList());
    }
}

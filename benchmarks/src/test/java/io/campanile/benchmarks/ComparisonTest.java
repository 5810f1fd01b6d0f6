package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.campanile.benchmarks.Compare.Program;
import io.campanile.benchmarks.LoadPlan.Mode;
import io.campanile.benchmarks.LoadPlan.Stage;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How rounds become medians and ratios. */
final class ComparisonTest {
    private final Comparison comparison = new Comparison(
            new TreeMap<>(Map.of(
                    Program.CAMPANILE, List.of(report(3, 1), report(9, 2), report(4, 3)),
                    Program.BASELINE, List.of(report(10, 10), report(30, 11), report(8, 12)))),
            Map.of("commit", "abc"),
            "./campanile bench compare");

    @Test
    void takesTheMedianOfTheRoundsForEachLoad() {
        assertThat(comparison.rows())
                .extracting(Comparison.Row::load, Comparison.Row::program, Comparison.Row::serverMicros)
                .containsExactly(
                        tuple("1 in flight", Program.CAMPANILE, 4.0),
                        tuple("1 in flight", Program.BASELINE, 10.0),
                        tuple("4 in flight", Program.CAMPANILE, 2.0),
                        tuple("4 in flight", Program.BASELINE, 11.0));
    }

    @Test
    void relatesCampanileToTheBaseLine() {
        assertThat(comparison.ratio("1 in flight").orElseThrow()).isCloseTo(0.4, within(1e-9));
        assertThat(comparison.ratio("never measured")).isEmpty();
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
                .startsWith("### 10 receivers, 128 bytes, commit abc\n")
                .contains("| 1 in flight | Campanile | 4.00 (3.00..9.00) | **0.40** | 1.00 | 100 | 0 | 0 | 0.00 |");
    }

    private static LoadReport report(long... microsPerMessage) {
        List<Stage> stages = List.of(new Stage.InFlight(1), new Stage.InFlight(4));
        LoadPlan plan = new LoadPlan(
                URI.create("ws://localhost/ws"),
                Mode.CAMPANILE,
                10,
                1,
                1,
                true,
                128,
                stages,
                stages.get(0),
                Duration.ZERO,
                Duration.ZERO,
                Duration.ofSeconds(1),
                0,
                List.of(),
                List.of(),
                OptionalLong.empty(),
                1,
                Duration.ZERO);
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
                                1_000,
                                OptionalLong.of((microsPerMessage[i] + 1) * 1_000),
                                none,
                                none,
                                OptionalLong.empty()))
                        .toList());
    }
}

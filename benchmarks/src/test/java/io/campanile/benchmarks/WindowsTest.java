package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.benchmarks.LoadPlan.Stage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

/** What is concluded from windows in which servers took turns. */
final class WindowsTest {
    private final Windows windows = new Windows();

    @Test
    void takesRatiosWithinAWindow() {
        window(10, 20);
        window(50, 50);
        window(12, 20);

        assertThat(windows.ratio(0, "campanile", "netty")).isEqualTo(new Spread(0.6, 0.5, 1));
    }

    @Test
    void takesTheMeanOfTheTwoInTheMiddle() {
        assertThat(Spread.of(4, 1, 2, 3)).isEqualTo(new Spread(2.5, 1, 4));
    }

    @Test
    void saysWhatTheCompilersHadOfIt() {
        window(10, 20);

        assertThat(windows.table("campanile"))
                .containsPattern("campanile +1\\.00 \\(1\\.00\\.\\.1\\.00\\) +20\\.0 % +1 ");
    }

    @Test
    void isWithinABoundWhenTheMedianIs() {
        window(90, 100);
        window(75, 100);
        window(85, 100);

        Goals goals = CheckBench.held(windows, List.of(1), 0);

        assertThat(goals.isMissed()).isFalse();
        assertThat(goals.lines())
                .containsExactly("met     1 in flight: 0.85 of plain Netty's processor time (goal: at most 0.85)");
    }

    @Test
    void isOverABoundWhenTheMedianIsBeyondTheTolerance() {
        window(90, 100);

        assertThat(CheckBench.held(windows, List.of(1), 5).isMissed()).isTrue();
        assertThat(CheckBench.held(windows, List.of(1), 6).isMissed()).isFalse();
    }

    @Test
    void isNotWithinABoundWithoutAFigure() {
        windows.add(Map.of("campanile", List.of(measured(0, 0)), "netty", List.of(measured(1, 1))));

        assertThat(CheckBench.held(windows, List.of(1), 5).isMissed()).isTrue();
    }

    @Test
    void hasTheBoundsOfTheDocumentation() throws Exception {
        Map<Integer, Double> documented = new TreeMap<>();
        Pattern.compile("^\\| (\\d+) \\| (0\\.\\d\\d) \\|$", Pattern.MULTILINE)
                .matcher(Files.readString(Path.of("../docs/benchmarks.md")))
                .results()
                .forEach(row -> documented.put(Integer.valueOf(row.group(1)), Double.valueOf(row.group(2))));

        assertThat(CheckBench.BOUNDS).isEqualTo(documented);
    }

    @Test
    void holdsAFigureToARange() {
        Goals goals = new Goals();
        goals.within("ratio", 1.05, 0.95, 1.05, "");
        assertThat(goals.isMissed()).isFalse();

        goals.within("ratio", 0.94, 0.95, 1.05, "");

        assertThat(goals.isMissed()).isTrue();
        assertThat(goals.lines())
                .containsExactly("met     ratio: 1.05 (goal: 0.95..1.05)", "MISSED  ratio: 0.94 (goal: 0.95..1.05)");
    }

    private void window(long campanileMicros, long nettyMicros) {
        windows.add(Map.of(
                "campanile", List.of(measured(campanileMicros, 10)), "netty", List.of(measured(nettyMicros, 10))));
    }

    private static Measured measured(long micros, long delivered) {
        Percentiles none = Percentiles.ofNanos(new Histogram(3));
        return new Measured(
                new Stage.InFlight(1),
                1,
                delivered,
                0,
                OptionalLong.of(micros),
                micros / 5,
                0,
                OptionalLong.empty(),
                none,
                none,
                OptionalLong.empty());
    }
}

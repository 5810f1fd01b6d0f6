package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.campanile.benchmarks.LoadPlan.Stage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

/** How figures are computed and shown. */
final class ReportTest {

    @Test
    void readsPercentilesInMicroseconds() {
        Histogram nanos = new Histogram(3);
        for (int i = 1; i <= 1_000; i++) {
            nanos.recordValue(i * 1_000L);
        }

        Percentiles percentiles = Percentiles.ofNanos(nanos);

        assertThat(percentiles.count()).isEqualTo(1_000);
        assertThat(percentiles.p50()).isCloseTo(500, within(1.0));
        assertThat(percentiles.p99()).isCloseTo(990, within(1.0));
        assertThat(percentiles.p999()).isCloseTo(999, within(1.0));
        assertThat(percentiles.max()).isCloseTo(1_000, within(1.0));
    }

    @Test
    void hasNoPercentilesOfNothing() {
        assertThat(Percentiles.ofNanos(new Histogram(3))).isEqualTo(new Percentiles(0, 0, 0, 0, 0));
    }

    @Test
    void dividesProcessorTimeByDeliveredMessages() {
        Measured measured = measured(1_000, OptionalLong.of(4_000), 2_500, OptionalLong.of(3_006_500));

        assertThat(measured.deliveredPerSecond()).isEqualTo(500);
        assertThat(measured.serverMicrosPerMessage()).hasValue(4);
        assertThat(Measured.jitPart(List.of(measured))).isEqualTo(0.025);
        assertThat(measured.generatorMicrosPerMessage()).isEqualTo(2.5);
        assertThat(measured.foreignProcessors()).hasValue(1.5);
        assertThat(measured.isGeneratorHeavier()).isFalse();
    }

    @Test
    void saysWhenTheGeneratorIsTheHeavierOne() {
        assertThat(measured(1_000, OptionalLong.of(2_000), 2_500, OptionalLong.empty())
                        .isGeneratorHeavier())
                .isTrue();
    }

    @Test
    void leavesOutWhatIsNotKnown() {
        Measured measured = measured(0, OptionalLong.empty(), 10, OptionalLong.empty());

        assertThat(Measured.jitPart(List.of(measured))).isZero();
        assertThat(measured.toMap()).doesNotContainKeys("serverCpuMicrosPerMessage", "jitPart", "foreignProcessors");
    }

    @Test
    void writesJson() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("text", "a\"b\\c\n\u0001é");
        map.put("whole", 3L);
        map.put("fraction", 1.5);
        map.put("unknown", Double.NaN);
        map.put("list", List.of(1, true, Map.of()));

        assertThat(Json.write(map)).isEqualTo("""
                {
                  "text": "a\\"b\\\\c\\n\\u0001é",
                  "whole": 3,
                  "fraction": 1.500,
                  "unknown": null,
                  "list": [1, true, {}]
                }
                """);
    }

    private static Measured measured(
            long delivered, OptionalLong serverMicros, long generatorMicros, OptionalLong machineMicros) {
        Percentiles none = new Percentiles(0, 0, 0, 0, 0);
        return new Measured(
                new Stage.InFlight(4),
                2,
                delivered,
                delivered,
                serverMicros,
                100,
                generatorMicros,
                machineMicros,
                none,
                none,
                OptionalLong.empty());
    }
}

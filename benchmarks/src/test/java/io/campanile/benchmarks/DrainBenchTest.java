package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How a drain is measured. */
final class DrainBenchTest {

    @Test
    void findsTheMostWithinAnyInterval() {
        long ms = 1_000_000;
        long[] times = {0, 100 * ms, 240 * ms, 249 * ms, 250 * ms, 1_000 * ms};

        assertThat(DrainBench.most(times, 250)).isEqualTo(4);
        assertThat(DrainBench.most(times, 1_000)).isEqualTo(5);
        assertThat(DrainBench.most(new long[0], 1_000)).isZero();
    }

    @Test
    @Timeout(120)
    void measuresTheRealServer() {
        PrintStream out = System.out;
        var said = new ByteArrayOutputStream();
        System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            Bench.execute(new DrainBench(), "--connections", "60", "--window", "1");
        } finally {
            System.setOut(out);
        }

        assertThat(said.toString(StandardCharsets.UTF_8))
                .containsPattern("saw a Close frame +60")
                .containsPattern("codes +\\{1001=60}")
                .contains("status 0", "told=60 flushed=60");
    }
}

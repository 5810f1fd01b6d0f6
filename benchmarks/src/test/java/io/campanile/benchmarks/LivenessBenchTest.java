package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That the measuring of liveness pings everybody, keeps everybody, and says so. */
final class LivenessBenchTest {

    @Test
    @Timeout(120)
    void pingsAllInMemoryAndLosesNobody() {
        assertThat(said("--connections", "2000", "--seconds", "30", "--warmup", "30"))
                .containsPattern("connections left +2,000")
                .containsPattern("pings +(8|9)\\d a second")
                .containsPattern("slices of more +\\d");
    }

    @Test
    @Timeout(120)
    void measuresTheRealServer() {
        assertThat(said("--sockets", "20", "--seconds", "1", "--warmup", "0"))
                .containsPattern("liveness by default +[0-9.]+ % of a processor.*20 clients left")
                .containsPattern("liveness off +[0-9.]+ % of a processor.*20 clients left");
    }

    private static String said(String... arguments) {
        PrintStream out = System.out;
        var said = new ByteArrayOutputStream();
        System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            Bench.execute(new LivenessBench(), arguments);
        } finally {
            System.setOut(out);
        }
        return said.toString(StandardCharsets.UTF_8);
    }
}

package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.campanile.benchmarks.MemoryLook.Objects;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How the memory of idle connections is measured. */
final class IdleBenchTest {

    @Test
    void readsWhatTheJvmSaysOfItsObjects() {
        String histogram = """
                 num     #instances         #bytes  class name (module)
                -------------------------------------------------------
                   1:          5053         387392  [B (java.base@25.0.3)
                   2:             3             96  io.campanile.core.LiveConnection
                   3:             1             32  io.campanile.core.LiveConnection
                Total          5057         387520
                """;

        assertThat(MemoryLook.objects(histogram))
                .isEqualTo(Map.of(
                        "[B", new Objects(5_053, 387_392), "io.campanile.core.LiveConnection", new Objects(4, 128)));
    }

    @Test
    void readsWhatTheJvmSaysOfItsNativeMemory() {
        String summary = """
                Total: reserved=9834321, committed=234567
                       malloc: 30223#100

                -                 Java Heap (reserved=4194304, committed=16777216)
                                            (mmap: reserved=4194304, committed=16777216, peak=16777216)

                -                     Other (reserved=32768, committed=32768)
                """;

        assertThat(MemoryLook.natives(summary)).isEqualTo(Map.of("Java Heap", 16_777_216L, "Other", 32_768L));
    }

    @Test
    void takesTheSlopeOfTheClosestLine() {
        double[] connections = {1, 2, 3, 6};

        assertThat(IdleSlope.leastSquares(connections, new double[] {103, 106, 109, 118}))
                .isEqualTo(3);
        assertThat(IdleSlope.leastSquares(connections, new double[] {103, 106, 111, 116}))
                .isCloseTo(36.0 / 14, within(1e-9));
    }

    @Test
    @Timeout(120)
    void measuresWhatOneMoreTakes() {
        assertThat(said("--slope", "--steps=100,200,300", "--rounds=1"))
                .containsPattern("(?m)^300 +[0-9,]+ +[0-9,]+ +[0-9,]+$")
                .containsPattern("bytes for each connection more: resident -?[0-9.]+")
                .containsPattern("(met|MISSED) +an idle connection's resident memory, on Java \\d+: ");
    }

    @Test
    @Timeout(120)
    void measuresWebSockets() {
        assertThat(said("--connections=100", "--rounds=1", "--objects=1000"))
                .containsPattern("resident +-?[0-9,]+ bytes for each connection")
                .containsPattern("heap +[0-9,]+ bytes for each connection")
                .containsPattern(" 1.00  io.campanile.gateway.WebSocketConnection");
    }

    @Test
    @Timeout(120)
    void measuresWhatIsNoWebSocketYet() {
        for (String stage : new String[] {"unfinished", "stuffed", "undecided"}) {
            assertThat(said("--connections=50", "--rounds=1", "--objects=1000", "--stage=" + stage))
                    .containsPattern("connections +50, " + stage)
                    .containsPattern(" 1.00  io.campanile.gateway.HttpConnection")
                    .doesNotContain("WebSocketConnection");
        }
    }

    private static String said(String... arguments) {
        assumeTrue(Files.isReadable(Path.of("/proc/self/smaps_rollup")), "memory is looked at on Linux only");
        PrintStream out = System.out;
        var said = new ByteArrayOutputStream();
        System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            Bench.execute(new IdleBench(), arguments);
        } finally {
            System.setOut(out);
        }
        return said.toString(StandardCharsets.UTF_8);
    }
}

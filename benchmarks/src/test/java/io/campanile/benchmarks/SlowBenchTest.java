package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.campanile.benchmarks.LoadPlan.Stage;
import io.campanile.benchmarks.ServerWatch.Look;
import io.campanile.benchmarks.SlowBench.Run;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How slow clients are measured. */
final class SlowBenchTest {
    private static final long BUDGET = 1_000;

    @Test
    void findsEveryBrokenPromise() {
        Run usual = run(0, 100, 1_000, look(0, 0, 0, 0, 11));
        Run good = run(2, 80, 1_400, look(0, 900, 0, 2, 11), look(1, 500, 2, 2, 11), look(2, 0, 2, 0, 9));

        assertThat(SlowBench.broken(List.of(usual), List.of(good), BUDGET)).isEmpty();
        assertThat(SlowBench.broken(
                        List.of(usual),
                        List.of(run(
                                2, 79, 1_600, look(0, 1_001, 0, 2, 11), look(1, 0, 1, 2, 11), look(9, 0, 1, 2, 10))),
                        BUDGET))
                .satisfiesExactly(
                        sentence -> assertThat(sentence).contains("received 79 messages (expected: 10 for each of 8)"),
                        sentence -> assertThat(sentence).contains("1001 bytes waited (expected: at most 1000)"),
                        sentence -> assertThat(sentence).contains("1 clients were evicted (expected: 2"),
                        sentence -> assertThat(sentence).contains("were left for ever"),
                        sentence -> assertThat(sentence).contains("1 sockets fewer open"),
                        sentence -> assertThat(sentence).contains("1.60 times that without (expected: at most 1.5)"));
    }

    @Test
    void takesTheTimeOfTheSocketThatWasLeftLongest() {
        assertThat(ServerWatch.longestLeftNanos(
                        List.of(
                                look(0, 0, 0, 3, 9),
                                look(1, 0, 1, 3, 9),
                                look(3, 0, 2, 2, 9),
                                look(4, 0, 3, 2, 9),
                                look(7, 0, 3, 1, 9),
                                look(9, 0, 3, 0, 9)),
                        3))
                .isEqualTo(TimeUnit.SECONDS.toNanos(6));
    }

    @Test
    void countsTheSocketsThatTheKernelLists() {
        List<String> lines = List.of(
                "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
                "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1",
                "   1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 2 1",
                "   2: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 3 1",
                "   3: 0100007F:1F90 0100007F:9C41 04 00000000:00000000 00:00000000 00000000     0        0 0 1",
                "   4: 0100007F:1F90 0100007F:9C42 06 00000000:00000000 00:00000000 00000000     0        0 0 1",
                "   5: 0100007F:1F90 0100007F:9C43 01 00000000:00000000 00:00000000 00000000     0        0 4 1");

        assertThat(ServerWatch.sockets(lines, 8080, Set.of(40_000, 40_001, 40_002)))
                .isEqualTo(2);
    }

    @Test
    @Timeout(120)
    void measuresTheRealServer() {
        assumeTrue(Files.isReadable(Path.of("/proc/self/net/tcp")), "sockets are counted on Linux only");
        PrintStream out = System.out;
        var said = new ByteArrayOutputStream();
        System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            Bench.execute(
                    new SlowBench(),
                    "--connections=20",
                    "--stalled=4",
                    "--rounds=1",
                    "--rate=100",
                    "--size=16384",
                    "--warmup=1",
                    "--seconds=5");
        } finally {
            System.setOut(out);
        }

        assertThat(said.toString(StandardCharsets.UTF_8))
                .containsPattern("latency p50, µs +[0-9,.]+ +[0-9,.]+")
                .containsPattern("4 stalled: [0-9,]+ messages, each received by each of 16 others once and in order")
                .containsPattern("4 evicted; sockets left for [0-4]\\.[0-9] s at most; 4 descriptors fewer")
                .doesNotContain("expected: 4", "bytes waited");
    }

    private static Run run(int stalled, long received, double p99Micros, Look... looks) {
        Percentiles latency = new Percentiles(received, p99Micros / 2, p99Micros, p99Micros, p99Micros);
        Measured measured = new Measured(
                new Stage.Rate(20),
                1,
                received,
                10,
                OptionalLong.empty(),
                0,
                1,
                OptionalLong.empty(),
                latency,
                latency,
                OptionalLong.empty());
        return new Run(stalled, 10 - stalled, measured, 10, received, List.of(looks));
    }

    private static Look look(long second, long waiting, long evictions, int sockets, int descriptors) {
        long nanos = TimeUnit.SECONDS.toNanos(second);
        return new Look(nanos, nanos, waiting, evictions, 10 - evictions, sockets, descriptors);
    }
}

package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Servers that are measured side by side. */
final class VersusBenchTest {

    /** Below those that clients get, as the command wants it. */
    private static final int FIRST_PORT = 20_000;

    private static final int PORTS = 10_000;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    @Timeout(120)
    void measuresServersThatAreUpAtTheSameTime() {
        assumeTrue(Commands.succeeds("taskset", "-c", "0", "true"), "servers are pinned with taskset");
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "a server and the load take a processor each");

        int status = execute(
                "--in-place",
                "--port=" + freePort(),
                "--other=" + Peer.CAMPANILE.command(),
                "--other=" + Peer.CAMPANILE.command(),
                "--connections=20",
                "--in-flight=1",
                "--rounds=1",
                "--windows=2",
                "--warmup=1");

        assertThat(status).as(err.toString(StandardCharsets.UTF_8)).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .containsPattern("(?m)^1 in flight +campanile +[0-9.]+ \\([0-9.]+\\.\\.[0-9.]+\\) +[0-9.]+ % +1 ")
                .containsPattern(
                        "(?m)^1 in flight +other 1 +[0-9.]+ \\([0-9.]+\\.\\.[0-9.]+\\) +[0-9.]+ % +[0-9.]+ \\([0-9.]+\\.\\.")
                .containsPattern("(?m)^1 in flight +other 2 ")
                .contains("medians of 2 windows");
    }

    @Test
    void asksForAServerToMeasureAgainst() {
        assertThat(execute("--in-place")).isEqualTo(2);

        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("--peers, --other: none given (expected: a server to measure against)");
    }

    @Test
    void wantsAPortForEachServer() {
        assertThat(execute("--in-place", "--peers=netty", "--port=32767")).isEqualTo(2);

        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("--port: 32767 (expected: at most 32766, since 2 servers have one each;");
    }

    @Test
    void wantsDescriptorsForTheConnectionsToAllServers() {
        long most = CpuTimes.maxDescriptors().orElse(Long.MAX_VALUE);
        assumeTrue(most < 1_500_000, "this process may open more descriptors than a run may have connections");
        long justForOne = most * 2 / 3;

        assertThat(execute("--in-place", "--peers=netty", "--connections=" + justForOne))
                .isEqualTo(2);

        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("--connections: " + justForOne + " (expected: at most " + (most / 2 - 64)
                        + ", since this process may open " + most
                        + " descriptors and connects to 2 servers at a time)");
    }

    private int execute(String... arguments) {
        PrintStream usualOut = System.out;
        PrintStream usualErr = System.err;
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        try {
            return Bench.execute(new VersusBench(), arguments);
        } finally {
            System.setOut(usualOut);
            System.setErr(usualErr);
        }
    }

    /** Returns the first of three ports that are free. */
    private static int freePort() {
        int from = (int) (ProcessHandle.current().pid() % PORTS);
        for (int i = 0; i < PORTS; i++) {
            int port = FIRST_PORT + (from + i) % PORTS;
            if (isFree(port) && isFree(port + 1) && isFree(port + 2)) {
                return port;
            }
        }
        throw new IllegalStateException("no three ports are free from " + FIRST_PORT + " on");
    }

    private static boolean isFree(int port) {
        try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return free.isBound();
        } catch (IOException e) {
            return false;
        }
    }
}

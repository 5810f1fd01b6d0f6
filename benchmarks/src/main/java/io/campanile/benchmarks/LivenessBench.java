package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.benchmarks.MemoryNode.Pace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures what it costs to tell the living from the dead: in memory, or with sockets against the real server. */
@Command(
        name = "liveness",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measure what pings and deadlines cost.",
            "",
            "In memory: one shard, transports that take everything, a clock that is moved by hand, peers that are silent"
                    + " but for their pongs. Reports processor time for each simulated second of beats, apart from that"
                    + " of the pongs, and how long slices take. With --sockets: the real server in a process of its own"
                    + " and idle clients that answer pings; reports the server's processor time and memory, with liveness"
                    + " by default and with all of it off.",
            ""
        },
        footer = {
            "",
            "Exit status: 0 within 2 % of a processor and a millisecond for each slice (in memory), or measured; 1 not so,"
                    + " or the run failed; 2 the options make no sense."
        })
final class LivenessBench implements Callable<Integer> {

    private static final double ALLOWED_PERCENT = 2;
    private static final long ALLOWED_SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    @Option(
            names = "--connections",
            defaultValue = "1000000",
            description = "Connections in memory, at most 1048576 (default: ${DEFAULT-VALUE}).")
    private int connections;

    @Option(
            names = "--seconds",
            defaultValue = "60",
            description = "Seconds measured; simulated ones in memory (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(names = "--warmup", defaultValue = "60", description = "Seconds before these (default: ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(
            names = "--sockets",
            defaultValue = "0",
            description = "Measure the real server with so many clients instead; 0 means in memory.")
    private int sockets;

    @Option(names = "--java", description = "The java command for the server (default: the one that runs this).")
    private Path java = Path.of(System.getProperty("java.home"), "bin", "java");

    @Override
    public Integer call() throws IOException, InterruptedException, RunFailedException {
        Machine.describe(java, false).forEach((name, value) -> line(name, value));
        if (sockets > 0) {
            line("clients", String.valueOf(sockets));
            overSockets("liveness by default", List.of());
            overSockets(
                    "liveness off",
                    List.of("client.ping-interval: 0s", "client.pong-timeout: 0s", "client.idle-timeout: 0s"));
            return 0;
        }
        return inMemory();
    }

    private static void line(String name, String value) {
        System.out.printf("%-28s %s%n", name, value);
    }

    private void overSockets(String name, List<String> options)
            throws IOException, InterruptedException, RunFailedException {
        try (IdleClients clients = IdleClients.of(java, List.of(), options)) {
            clients.connect(sockets);
            TimeUnit.SECONDS.sleep(warmup);
            long before = CpuTimes.processMicros(clients.serverPid()).orElseThrow();
            long began = System.nanoTime();
            TimeUnit.SECONDS.sleep(seconds);
            double took = (System.nanoTime() - began) / 1e3;
            long used = CpuTimes.processMicros(clients.serverPid()).orElseThrow() - before;
            line(
                    name,
                    String.format(
                            "%.2f %% of a processor over %d s, resident %,d MiB, %,d pings answered, %,d clients left",
                            100 * used / took,
                            seconds,
                            CpuTimes.residentBytes(clients.serverPid()).orElse(0) >> 20,
                            clients.pings(),
                            clients.open()));
        }
    }

    private int inMemory() {
        MemoryNode node = new MemoryNode(connections);
        node.connect(connections, 0);
        node.run(warmup);
        Pace pace = node.run(seconds);
        line("connections", String.format("%,d", connections));
        line("connections left", String.format("%,d", node.connectionCount()));
        line("pings", String.format("%,d a second", pace.pings() / seconds));
        line(
                "beats",
                String.format("%.2f ms for each second, %.2f %% of a processor", pace.percent() * 10, pace.percent()));
        line("writes, into memory", String.format("%.2f ms for each second", pace.writeNanos() / 1e6 / seconds));
        line("pongs", String.format("%.2f ms for each second", pace.pongNanos() / 1e6 / seconds));
        for (int i = 0; i < pace.slices().size(); i++) {
            long[] bounds = MemoryNode.BOUNDS_MICROS;
            String bound = i < bounds.length ? "up to " + bounds[i] + " µs" : "more";
            line("slices of " + bound, String.format("%,d", pace.slices().get(i)));
        }
        line("longest slice", String.format("%,d µs", pace.longestNanos() / 1_000));
        return pace.percent() <= ALLOWED_PERCENT && pace.longestNanos() <= ALLOWED_SLICE_NANOS ? 0 : 1;
    }
}

package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.benchmarks.MemoryNode.Pace;
import io.campanile.core.Audience;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures a node with a million connections, and how it grows up to there. */
@Command(
        name = "million",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measure a million connections in a thousand rooms, in one process, and the growth up to there.",
            "",
            "With sockets where this process may open as many descriptors (ulimit -n), else in memory. In memory: one registry"
                    + " whose transports take everything, so heap and time are those before the socket. With sockets: the real"
                    + " server in a process of its own for each number of connections, clients that connect from 127.0.0.0/8,"
                    + " and a light load in all rooms; docs/benchmarks.md has the limits to raise.",
            ""
        },
        footer = {
            "",
            "Exit status: 0 the heap is at most 1 GiB; in memory, also, a broadcast to all takes at most 30 ns for each member,"
                    + " and beats at most 1 % of a processor; 1 not so, or the run failed; 2 the options make no sense."
        })
final class MillionBench implements Callable<Integer> {
    private static final double MOST_HEAP_GIB = 1;
    private static final double MOST_MEMBER_NANOS = 30;
    private static final double MOST_BEAT_PERCENT = 1;
    private static final int GROWTH = 10;
    private static final int LEAST = 1_000;
    private static final int SIMULATED_SECONDS = 30;
    private static final int SAMPLES = 11;
    private static final int DELIVERIES_IN_SAMPLE = 500_000;
    private static final byte[] PAYLOAD = new byte[128];

    /** What the connections are made of. */
    enum Over {
        /** Sockets where the limits allow, else memory. */
        AUTO,
        MEMORY,
        SOCKETS
    }

    @Option(
            names = "--connections",
            defaultValue = "1000000",
            description =
                    "Connections in the end; measured also at a tenth, a hundredth and so on, down to 1,000 (default:"
                            + " ${DEFAULT-VALUE}).")
    private int connections;

    @Option(
            names = "--rooms",
            defaultValue = "1000",
            description = "Rooms they are dealt to, one each (default: ${DEFAULT-VALUE}).")
    private int rooms;

    @Option(
            names = "--over",
            defaultValue = "auto",
            description =
                    "memory, sockets, or auto: sockets where this process may open that many descriptors (default:"
                            + " ${DEFAULT-VALUE}).")
    private Over over = Over.AUTO;

    @Option(
            names = "--java",
            description = "The java command for the server, with sockets (default: the one that runs this).")
    private Path java = Path.of(System.getProperty("java.home"), "bin", "java");

    @Override
    public Integer call() throws IOException, InterruptedException, RunFailedException {
        Place.require(
                rooms >= 1 && connections >= rooms && connections <= 1_000_000,
                "--rooms: " + rooms + ", --connections: " + connections
                        + " (expected: at least one room, and a connection for each; at most 1000000)");
        Machine.describe(java, false).forEach((name, value) -> System.out.printf("%-28s %s%n", name, value));
        OptionalLong limit = CpuTimes.maxDescriptors();
        boolean enough = limit.orElse(Long.MAX_VALUE) >= connections + MillionSockets.SPARE_DESCRIPTORS;
        boolean sockets = over == Over.SOCKETS || over == Over.AUTO && enough;
        System.out.printf(
                "%-28s %,d in %,d rooms, %s%n%n",
                "connections",
                connections,
                rooms,
                sockets
                        ? "sockets"
                        : "in memory"
                                + (enough ? "" : ": a process may open only " + limit.orElse(0) + " descriptors"));
        Goals goals = new Goals();
        if (sockets) {
            long heap = new MillionSockets(java, rooms).measure(steps(connections));
            goals.atMost("heap", heap / (double) (1 << 30), MOST_HEAP_GIB, "GiB");
        } else {
            inMemory(goals);
        }
        return goals.conclude();
    }

    /** Returns a number, a tenth of it, and so on, none below a thousand but the number itself; the least first. */
    static List<Integer> steps(int most) {
        List<Integer> steps = new ArrayList<>(List.of(most));
        for (int step = most / GROWTH; step >= LEAST; step /= GROWTH) {
            steps.add(0, step);
        }
        return steps;
    }

    private void inMemory(Goals goals) throws RunFailedException {
        long before = heap();
        MemoryNode node = new MemoryNode(connections);
        System.out.printf(
                "%-12s%10s%18s%16s%16s%16s%12s%14s%n",
                "connections",
                "heap MiB",
                "heap B/connection",
                "all, ns/member",
                "room members",
                "ns/member",
                "beats %",
                "longest µs");
        int connected = 0;
        for (int step : steps(connections)) {
            node.connect(step - connected, rooms);
            connected = step;
            node.run(SIMULATED_SECONDS);
            Pace pace = node.run(SIMULATED_SECONDS);
            Audience room = Audience.room(MemoryNode.roomName(0));
            int members = node.memberCount(MemoryNode.roomName(0));
            double all = nanos(node, Audience.all(), step);
            double one = nanos(node, room, members);
            if (node.connectionCount() < step) {
                throw new RunFailedException(step - node.connectionCount() + " connections were lost");
            }
            long heap = heap();
            System.out.printf(
                    "%,-12d%,10d%,18d%16.1f%,16d%16.1f%12.2f%,14d%n",
                    step,
                    heap >> 20,
                    (heap - before) / step,
                    all,
                    members,
                    one,
                    pace.percent(),
                    pace.longestNanos() / 1_000);
            if (step == connections) {
                goals.atMost("heap", heap / (double) (1 << 30), MOST_HEAP_GIB, "GiB");
                goals.atMost("a broadcast to all, for each member", all, MOST_MEMBER_NANOS, "ns");
                goals.atMost("beats: sweep and pings", pace.percent(), MOST_BEAT_PERCENT, "% of a processor");
            }
        }
    }

    /** Returns the median over the samples, the first ones left out as warm-up. */
    private static double nanos(MemoryNode node, Audience audience, int members) {
        int times = Math.max(1, DELIVERIES_IN_SAMPLE / members);
        double[] samples = new double[SAMPLES];
        for (int i = -SAMPLES; i < SAMPLES; i++) {
            double each = (double) node.broadcast(audience, PAYLOAD, times) / times / members;
            if (i >= 0) {
                samples[i] = each;
            }
        }
        return Spread.of(samples).median();
    }

    /** Returns the bytes of live objects in this process. */
    private static long heap() {
        System.gc();
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}

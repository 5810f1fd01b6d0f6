package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.benchmarks.LoadPlan.Stage;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The real server in a process of its own with many connections, and a light load in all their rooms. */
final class MillionSockets {

    /** Descriptors that a process needs beside its connections. */
    static final int SPARE_DESCRIPTORS = 256;

    private static final int PORT = 18_080;
    private static final double DELIVERIES_PER_SECOND = 20_000;

    private final Path java;
    private final int rooms;

    MillionSockets(Path java, int rooms) {
        this.java = java;
        this.rooms = rooms;
    }

    /** Measures a fresh server with each number of connections; returns the bytes of the heap with the last. */
    long measure(List<Integer> steps) throws IOException, InterruptedException, RunFailedException {
        System.out.printf(
                "%-12s%12s%14s%14s%14s%14s%20s%16s%n",
                "connections",
                "connects/s",
                "resident MiB",
                "B/connection",
                "heap MiB",
                "B/connection",
                "room, µs/message",
                "last, p99 µs");
        long heap = 0;
        for (int step : steps) {
            heap = measure(step);
        }
        return heap;
    }

    private long measure(int connections) throws IOException, InterruptedException, RunFailedException {
        Path config = Files.createTempFile("bench-million-", ".yml");
        Files.writeString(config, "client.may-publish: true\nhttp.max-connections: 1000000\n");
        List<String> command = ServerProcess.java(
                        java,
                        IdleBench.serverOptions(java),
                        "io.campanile.server.Main",
                        "serve",
                        "--port",
                        Integer.toString(PORT),
                        "--config",
                        config.toString())
                .command();
        try (ServerProcess server = ServerProcess.start("the server", command, PORT)) {
            MemoryLook before = MemoryLook.after(java, server.pid());
            ProgressLine progress = ProgressLine.onStandardError();
            Looking looking = new Looking(server.pid(), progress);
            try (LoadGenerator generator = new LoadGenerator(plan(connections, server.pid()), looking)) {
                LoadReport report = generator.run();
                progress.end();
                MemoryLook after = looking.look();
                Measured load = report.stages().get(0);
                System.out.printf(
                        Locale.ROOT,
                        "%,-12d%,12.0f%,14d%,14d%,14d%,14d%20.2f%,16.0f%n",
                        connections,
                        report.connectionsPerSecond(),
                        after.residentBytes() >> 20,
                        (after.residentBytes() - before.residentBytes()) / connections,
                        after.heapBytes() >> 20,
                        (after.heapBytes() - before.heapBytes()) / connections,
                        load.serverMicrosPerMessage().orElse(Double.NaN),
                        load.lastReceiver().p99());
                return after.heapBytes();
            }
        } finally {
            Files.deleteIfExists(config);
        }
    }

    private LoadPlan plan(int connections, long pid) {
        Stage load = new Stage.Rate(Math.max(1, Math.rint(DELIVERIES_PER_SECOND * rooms / connections)));
        return LoadPlan.at(URI.create("ws://127.0.0.1:" + PORT + "/ws"), Peer.CAMPANILE.mode())
                .connections(connections, rooms)
                .stages(List.of(load))
                .warmup(load, Duration.ofSeconds(5))
                .window(Duration.ofSeconds(2), Duration.ofSeconds(10))
                .sources(Sources.of("127.0.0.0/8"))
                .serverPid(OptionalLong.of(pid))
                .build();
    }

    /** Looks at the server's memory once while the load settles, when everybody has long been connected. */
    private final class Looking implements LoadGenerator.Progress {
        private final long pid;
        private final LoadGenerator.Progress next;
        private @Nullable MemoryLook look;
        private @Nullable Exception failure;

        Looking(long pid, LoadGenerator.Progress next) {
            this.pid = pid;
            this.next = next;
        }

        @Override
        public void update(String activity, double secondsLeft, double perSecond) {
            next.update(activity, secondsLeft, perSecond);
            if (look == null && failure == null && activity.startsWith("settling")) {
                try {
                    look = MemoryLook.after(java, pid);
                } catch (IOException | RunFailedException e) {
                    failure = e;
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        MemoryLook look() throws RunFailedException {
            MemoryLook seen = look;
            if (seen == null) {
                throw new RunFailedException("the server's memory could not be looked at"
                        + (failure == null ? "" : ": " + failure.getMessage()));
            }
            return seen;
        }
    }
}

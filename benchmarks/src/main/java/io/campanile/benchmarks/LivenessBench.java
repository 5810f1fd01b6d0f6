package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.core.CloseReason;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Liveness;
import io.campanile.core.Message;
import io.campanile.core.RegistryConfig;
import io.campanile.core.RegistryStats;
import io.campanile.core.spi.KeepAlive;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.ShardExecutor;
import io.campanile.core.spi.Transport;
import io.campanile.core.spi.WireFormat;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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
    private static final Duration BEAT = Duration.ofMillis(50);
    private static final int BEATS_IN_SECOND = 20;
    private static final long[] BOUNDS_MICROS = {10, 25, 50, 100, 250, 500, 1_000};

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
        return new InMemory().measure();
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

    /** One shard on a loop that is turned by hand. */
    private final class InMemory {
        private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        private final ArrayDeque<Runnable> slices = new ArrayDeque<>();
        private final ArrayDeque<Runnable> turnEnds = new ArrayDeque<>();
        private final List<Link> pinged = new ArrayList<>();
        private final long[] counts = new long[BOUNDS_MICROS.length + 1];
        private final Liveness liveness = Liveness.defaults();
        private final ConnectionRegistry registry;
        private long now;
        private long clockNanos;
        private long longest;
        private long beats;
        private long writes;
        private long answers;
        private long pings;

        InMemory() {
            ShardExecutor loop = new ShardExecutor() {
                @Override
                public boolean isOwner() {
                    return true;
                }

                @Override
                public void execute(Runnable task) {
                    turnEnds.add(task);
                }

                @Override
                public void executeNextTurn(Runnable task) {
                    slices.add(task);
                }
            };
            registry = ConnectionRegistry.builder()
                    .config(RegistryConfig.defaults()
                            .withMaxConnections(connections)
                            .withLiveness(liveness))
                    .shards(List.of(loop))
                    .clock(() -> now)
                    .build();
        }

        int measure() {
            // Who came spread over a ping interval is pinged so; the jitter makes it more even from then on.
            long steps = liveness.pingInterval().dividedBy(BEAT);
            for (long step = 0; step < steps; step++) {
                long until = connections * (step + 1) / steps;
                for (long i = connections * step / steps; i < until; i++) {
                    registry.register(new Silent());
                }
                beat();
            }
            run(warmup);
            run(seconds);
            double percent = beats / 1e7 / seconds;
            line("connections", String.format("%,d", connections));
            line("connections left", String.format("%,d", registry.connectionCount()));
            line("pings", String.format("%,d a second", pings / seconds));
            line("beats", String.format("%.2f ms for each second, %.2f %% of a processor", percent * 10, percent));
            line("writes, into memory", String.format("%.2f ms for each second", writes / 1e6 / seconds));
            line("pongs", String.format("%.2f ms for each second", answers / 1e6 / seconds));
            for (int i = 0; i < counts.length; i++) {
                String bound = i < BOUNDS_MICROS.length ? "up to " + BOUNDS_MICROS[i] + " µs" : "more";
                line("slices of " + bound, String.format("%,d", counts[i]));
            }
            line("longest slice", String.format("%,d µs", longest / 1_000));
            return percent <= ALLOWED_PERCENT && longest <= ALLOWED_SLICE_NANOS ? 0 : 1;
        }

        private void run(int howLong) {
            Arrays.fill(counts, 0);
            longest = 0;
            beats = 0;
            writes = 0;
            answers = 0;
            clockNanos = clockCost();
            long before = pingsSoFar();
            for (int i = howLong * BEATS_IN_SECOND; i > 0; i--) {
                beat();
            }
            pings = pingsSoFar() - before;
        }

        private long pingsSoFar() {
            RegistryStats stats = registry.stats();
            return stats.writtenBytes() / Silent.PING_BYTES;
        }

        private void beat() {
            now += BEAT.toNanos();
            Runnable slice = registry::beat;
            while (slice != null) {
                long took = timed(slice);
                beats += took;
                count(took);
                Runnable end;
                while ((end = turnEnds.poll()) != null) {
                    writes += timed(end);
                }
                slice = slices.poll();
            }
            long began = threads.getCurrentThreadCpuTime();
            for (Link link : pinged) {
                link.touch();
                link.pong();
            }
            pinged.clear();
            answers += threads.getCurrentThreadCpuTime() - began;
        }

        private long timed(Runnable task) {
            long began = threads.getCurrentThreadCpuTime();
            task.run();
            return Math.max(0, threads.getCurrentThreadCpuTime() - began - clockNanos);
        }

        /** Returns what looking at the clock costs, which is as much as a short slice. */
        private long clockCost() {
            int looks = 200_000;
            long began = threads.getCurrentThreadCpuTime();
            for (int i = 0; i < looks; i++) {
                threads.getCurrentThreadCpuTime();
            }
            return (threads.getCurrentThreadCpuTime() - began) / looks;
        }

        private void count(long took) {
            longest = Math.max(longest, took);
            int bucket = 0;
            while (bucket < BOUNDS_MICROS.length && took > BOUNDS_MICROS[bucket] * 1_000) {
                bucket++;
            }
            counts[bucket]++;
        }

        /** A peer that says nothing but its pongs. */
        private final class Silent implements Transport {
            static final int PING_BYTES = 2;

            private static final WireFormat FORMAT = new WireFormat() {
                private static final Optional<KeepAlive> PING =
                        Optional.of(KeepAlive.answered(new byte[] {(byte) 0x89, 0}));

                @Override
                public byte[] encode(Message message) {
                    return message.payload();
                }

                @Override
                public Optional<KeepAlive> keepAlive() {
                    return PING;
                }
            };

            private @Nullable Link link;

            @Override
            public WireFormat format() {
                return FORMAT;
            }

            @Override
            public void attach(Link attached) {
                link = attached;
            }

            @Override
            public boolean write(ByteBuffer source, int offset, int length) {
                Link to = link;
                if (to != null) {
                    pinged.add(to);
                }
                return true;
            }

            @Override
            public void close(CloseReason reason) {
                Link to = link;
                if (to != null) {
                    to.closed(reason);
                }
            }

            @Override
            public void abort() {}
        }
    }
}

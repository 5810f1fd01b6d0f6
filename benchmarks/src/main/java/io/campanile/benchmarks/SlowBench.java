package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.benchmarks.LoadPlan.BadPlanException;
import io.campanile.benchmarks.LoadPlan.Stage;
import io.campanile.benchmarks.ServerWatch.Look;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures what clients that stop reading do to those that read: nothing, if the guarantees hold. */
@Command(
        name = "slow",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measure what slow clients do to the others.",
            "",
            "Each run starts the server in a process of its own, opens --connections in one room and publishes at a fixed"
                    + " rate (open loop). In every second run --stalled of them stop reading when the measuring begins."
                    + " Reports the latency of the healthy ones with and without, the most bytes that waited in the"
                    + " server, evictions, and how long the sockets of evicted clients were left.",
            "",
            "The load must be enough for a stalled client to be evicted: what the kernel keeps for it (about 3 MiB) and"
                    + " the limit of its outbound queue (1 MiB) have to fill within --seconds.",
            ""
        },
        footer = {
            "",
            "Exit status: 0 the healthy lost nothing and their p99 stayed within 1.5 times, what waited stayed under the"
                    + " budget, who stalled was evicted and left no socket after 5 s; 1 not so, or the run failed; 2 the"
                    + " options make no sense."
        })
final class SlowBench implements Callable<Integer> {

    private static final double ALLOWED_RATIO = 1.5;
    private static final Duration ALLOWED_LEFT = Duration.ofSeconds(5);
    private static final Duration EVICTION_PATIENCE = Duration.ofSeconds(5);
    private static final int MAX_SIZE = 60_000;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--connections",
            defaultValue = "1000",
            description = "Clients in the room (default: ${DEFAULT-VALUE}).")
    private int connections;

    @Option(
            names = "--stalled",
            defaultValue = "100",
            description = "Those of them that stop reading, in every second run (default: ${DEFAULT-VALUE}).")
    private int stalled;

    @Option(
            names = "--rounds",
            defaultValue = "3",
            description = "Rounds of two runs, without and with stalled ones (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "20",
            description = "Broadcasts a second (default: ${DEFAULT-VALUE}).")
    private double rate;

    @Option(
            names = "--size",
            defaultValue = "16384",
            description = "Payload bytes of a delivered message (default: ${DEFAULT-VALUE}).")
    private int size;

    @Option(
            names = "--warmup",
            defaultValue = "8",
            description = "Seconds of load in each run before anybody stalls (default: ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(
            names = "--seconds",
            defaultValue = "20",
            description = "Seconds each run is measured (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(
            names = "--budget",
            paramLabel = "MIB",
            defaultValue = "256",
            description = "The server's node.max-waiting-size in MiB. A small one acts before the limits of the single"
                    + " clients do (default: ${DEFAULT-VALUE}).")
    private int budget;

    @Option(names = "--java", description = "The java command for the server (default: the one that runs this).")
    private Path java = Path.of(System.getProperty("java.home", ""), "bin", "java");

    /**
     * One run.
     *
     * @param stalled how many stopped reading
     * @param healthy how many did not
     * @param measured what the healthy ones saw in the window
     * @param published messages sent to the room in the whole run
     * @param received messages that the healthy ones got in the whole run, each one looked at
     * @param looks what was seen of the server
     */
    record Run(int stalled, int healthy, Measured measured, long published, long received, List<Look> looks) {

        long mostWaitingBytes() {
            return looks.stream().mapToLong(Look::waitingBytes).max().orElse(0);
        }

        long evictions() {
            return last().evictions();
        }

        long longestLeftNanos() {
            return ServerWatch.longestLeftNanos(looks, stalled);
        }

        int descriptorsGone() {
            return looks.stream().mapToInt(Look::descriptors).max().orElse(0) - last().descriptors();
        }

        private Look last() {
            return looks.get(looks.size() - 1);
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException, RunFailedException {
        require(connections >= 2, "--connections: " + connections + " (expected: at least 2)");
        require(
                stalled >= 1 && stalled < connections,
                "--stalled: " + stalled + " (expected: 1.." + (connections - 1) + ", less than --connections)");
        require(rounds >= 1, "--rounds: " + rounds + " (expected: at least 1)");
        require(size <= MAX_SIZE, "--size: " + size + " (expected: at most " + MAX_SIZE + ", as clients may send)");
        require(budget >= 1, "--budget: " + budget + " (expected: at least 1)");
        if (!Files.isReadable(Path.of("/proc/self/net/tcp"))) {
            throw new RunFailedException("the kernel's list of sockets is not at /proc/self/net/tcp: this needs Linux");
        }
        List<Run> without = new ArrayList<>();
        List<Run> with = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            System.err.printf("round %d of %d: nobody stalls%n", round, rounds);
            without.add(run(0));
            System.err.printf("round %d of %d: %d of %d stall%n", round, rounds, stalled, connections);
            with.add(run(stalled));
        }
        report(without, with);
        List<String> broken = broken(without, with, budgetBytes());
        broken.forEach(sentence -> System.out.println("NOT SO: " + sentence));
        System.out.println(broken.isEmpty() ? "as promised" : "NOT as promised");
        return broken.isEmpty() ? 0 : 1;
    }

    private long budgetBytes() {
        return (long) budget << 20;
    }

    private Run run(int stalling) throws IOException, InterruptedException, RunFailedException {
        Path config = Files.createTempFile("bench-slow-", ".yml");
        Files.writeString(
                config,
                "server.port: 0\nclient:\n  may-publish: true\n  max-messages-per-second: 0\n  max-bytes-per-second: 0B\n"
                        + "node.max-waiting-size: " + budget + "MiB\n");
        Process server = DrainBench.serve(java, config, ProcessBuilder.Redirect.DISCARD);
        Thread destroyer = ServerProcess.destroyAtExit(server);
        ProgressLine progress = ProgressLine.onStandardError();
        try {
            URI origin = DrainBench.origin(server);
            try (LoadGenerator generator = new LoadGenerator(plan(origin, server.pid(), stalling), progress);
                    ServerWatch watch = new ServerWatch(server.pid(), origin, generator::stalledPorts)) {
                LoadReport report = generator.run();
                if (stalling > 0 && watch.awaitEvictions(stalling, EVICTION_PATIENCE)) {
                    progress.update("waiting for the sockets of " + stalling + " evicted clients to go", 0, 0);
                    TimeUnit.NANOSECONDS.sleep(ALLOWED_LEFT
                            .plus(ServerWatch.INTERVAL.multipliedBy(2))
                            .toNanos());
                }
                return new Run(
                        stalling,
                        connections - stalling,
                        report.stages().get(0),
                        generator.sent(),
                        generator.delivered(),
                        watch.looks());
            }
        } finally {
            progress.end();
            server.destroyForcibly().waitFor();
            Runtime.getRuntime().removeShutdownHook(destroyer);
            Files.deleteIfExists(config);
        }
    }

    private LoadPlan plan(URI origin, long pid, int stalling) {
        return LoadPlan.at(URI.create("ws://" + origin.getAuthority() + "/ws"), Mode.CAMPANILE)
                .connections(connections - stalling, 1)
                .stalled(stalling)
                .size(size)
                .stages(List.of(new Stage.Rate(rate)))
                .warmup(new Stage.Rate(rate), Duration.ofSeconds(warmup))
                .window(Duration.ZERO, Duration.ofSeconds(seconds))
                .serverPid(OptionalLong.of(pid))
                .inspecting()
                .build();
    }

    private void report(List<Run> without, List<Run> with) {
        Machine.describe(java, false).forEach(SlowBench::line);
        line("command", commandLine());
        line("load", String.format(Locale.ROOT, "%d clients, %.0f broadcasts/s of %,d B", connections, rate, size));
        System.out.printf(
                "%n%-28s%14s%14s%8s  %s%n", "medians of " + rounds, "nobody stalls", "with", "ratio", "least..most");
        row("latency p50, µs", without, with, measured -> measured.latency().p50());
        row("  p99", without, with, measured -> measured.latency().p99());
        row("  p99.9", without, with, measured -> measured.latency().p999());
        row("  max", without, with, measured -> measured.latency().max());
        row("server CPU, processors", without, with, measured -> processors(measured, measured.serverMicros()));
        row(
                "generator CPU, processors",
                without,
                with,
                measured -> processors(measured, OptionalLong.of(measured.generatorMicros())));
        row(
                "foreign CPU, processors",
                without,
                with,
                measured -> measured.foreignProcessors().orElse(Double.NaN));
        row(
                "server memory, MiB",
                without,
                with,
                measured -> measured.serverBytes().orElse(0) >> 20);
        System.out.println();
        for (Run run : with) {
            System.out.printf(
                    Locale.ROOT,
                    "%d stalled: %,d messages, each received by each of %d others once and in order; most waiting %.1f MiB"
                            + " of %d; %d evicted; sockets left %s at most; %d descriptors fewer%n",
                    run.stalled(),
                    run.published(),
                    run.healthy(),
                    run.mostWaitingBytes() / (double) (1 << 20),
                    budget,
                    run.evictions(),
                    seconds(run.longestLeftNanos()),
                    run.descriptorsGone());
        }
    }

    private static double processors(Measured measured, OptionalLong micros) {
        return micros.isPresent() ? micros.getAsLong() / (measured.seconds() * 1e6) : Double.NaN;
    }

    /** Returns a sentence for each promise that was not kept. */
    static List<String> broken(List<Run> without, List<Run> with, long budgetBytes) {
        List<String> sentences = new ArrayList<>();
        List<Run> all = new ArrayList<>(without);
        all.addAll(with);
        for (Run run : all) {
            String who = run.stalled() + " stalled: ";
            if (run.received() != run.published() * run.healthy()) {
                sentences.add(who + "the healthy clients received " + run.received() + " messages (expected: "
                        + run.published() + " for each of " + run.healthy() + ")");
            }
            if (run.mostWaitingBytes() > budgetBytes) {
                sentences.add(who + run.mostWaitingBytes() + " bytes waited (expected: at most " + budgetBytes + ")");
            }
            if (run.evictions() != run.stalled()) {
                sentences.add(who + run.evictions() + " clients were evicted (expected: " + run.stalled()
                        + "; with fewer, the load may be too light: raise --seconds, --rate or --size)");
            }
            if (run.longestLeftNanos() > ALLOWED_LEFT.toNanos()) {
                sentences.add(who + "sockets of evicted clients were left " + seconds(run.longestLeftNanos())
                        + " (expected: at most " + ALLOWED_LEFT.toSeconds() + " s)");
            }
            if (run.descriptorsGone() < run.stalled()) {
                sentences.add(who + "the server has " + run.descriptorsGone()
                        + " sockets fewer open than at most (expected: " + run.stalled() + ")");
            }
        }
        double ratio = ratio(without, with, measured -> measured.latency().p99());
        if (!(ratio <= ALLOWED_RATIO)) {
            sentences.add(String.format(
                    Locale.ROOT,
                    "the p99 of the healthy clients with stalled ones is %.2f times that without (expected: at most"
                            + " %.1f)",
                    ratio,
                    ALLOWED_RATIO));
        }
        return sentences;
    }

    private static void row(String name, List<Run> without, List<Run> with, ToDoubleFunction<Measured> value) {
        double usual = median(without, value);
        double then = median(with, value);
        boolean small = Math.max(usual, then) < 100;
        System.out.printf(
                Locale.ROOT,
                "%-28s%14s%14s%8.2f  %s, %s%n",
                name,
                shown(usual, small),
                shown(then, small),
                then / usual,
                range(without, value, small),
                range(with, value, small));
    }

    private static String range(List<Run> runs, ToDoubleFunction<Measured> value, boolean small) {
        double[] sorted =
                runs.stream().map(Run::measured).mapToDouble(value).sorted().toArray();
        return shown(sorted[0], small) + ".." + shown(sorted[sorted.length - 1], small);
    }

    private static String shown(double value, boolean small) {
        return String.format(Locale.ROOT, small ? "%.2f" : "%,.0f", value);
    }

    private static double ratio(List<Run> without, List<Run> with, ToDoubleFunction<Measured> value) {
        return median(with, value) / median(without, value);
    }

    private static double median(List<Run> runs, ToDoubleFunction<Measured> value) {
        return Comparison.median(runs.stream().map(Run::measured).toList(), value);
    }

    private static String seconds(long nanos) {
        return nanos == Long.MAX_VALUE ? "for ever" : String.format(Locale.ROOT, "for %.1f s", nanos / 1e9);
    }

    private static void line(String name, String value) {
        System.out.printf("%-28s%s%n", name, value);
    }

    private String commandLine() {
        List<String> arguments = spec == null
                ? List.of()
                : spec.commandLine().getParseResult().originalArgs().stream()
                        .dropWhile("slow"::equals)
                        .toList();
        return ("./campanile bench slow " + String.join(" ", arguments)).strip();
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new BadPlanException(message);
        }
    }
}

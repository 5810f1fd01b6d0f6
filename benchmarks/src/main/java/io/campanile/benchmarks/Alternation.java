package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.benchmarks.LoadPlan.Stage;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/**
 * One load on several servers that are up at the same time, on each for a moment, over and over: what the machine does
 * meanwhile meets all alike. What differs between processes of the same server is left to rounds of fresh ones.
 */
final class Alternation {

    /** More than that of other programs, and a server is measured once more. */
    private static final double MOST_FOREIGN = 0.1;

    private static final int MOST_TRIES = 3;

    /** How long a load runs before its window opens. */
    private static final Duration SETTLE = Duration.ofMillis(500);

    @Option(
            names = "--rounds",
            defaultValue = "3",
            description = "Rounds, each with fresh processes (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--connections", defaultValue = "1000", description = "Receivers (default: ${DEFAULT-VALUE}).")
    private int connections;

    @Option(
            names = "--size",
            defaultValue = "128",
            description = "Payload bytes of a delivered message (default: ${DEFAULT-VALUE}).")
    private int size;

    @Option(
            names = "--in-flight",
            split = ",",
            paramLabel = "W",
            defaultValue = "1,4,16",
            description = "Broadcasts in flight, measured one after another (default: ${DEFAULT-VALUE}).")
    private List<Integer> inFlight = List.of();

    @Option(
            names = "--warmup",
            defaultValue = "8",
            description = "Seconds of warm-up of each server (default: ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(
            names = "--windows",
            defaultValue = "5",
            description = "Windows of each load on each server in a round (default: ${DEFAULT-VALUE}).")
    private int windows;

    @Option(names = "--seconds", defaultValue = "1", description = "Seconds of a window (default: ${DEFAULT-VALUE}).")
    private int seconds;

    /** Something that runs beside a load, until it is closed. */
    interface Beside {
        Beside NOTHING = port -> () -> {};

        AutoCloseable start(int port);
    }

    /** A server to be measured, and how. */
    record Variant(Peer peer, List<String> headers, Beside beside) {

        static Variant of(Peer peer) {
            return new Variant(peer, List.of(), Beside.NOTHING);
        }
    }

    List<Integer> inFlight() {
        return inFlight;
    }

    /** Rejects options that make no sense, before anything is started. */
    void check(Place place, List<Variant> variants) {
        Place.require(rounds >= 1 && rounds <= 100, "--rounds: " + rounds + " (expected: 1..100)");
        Place.require(windows >= 1 && windows <= 1_000, "--windows: " + windows + " (expected: 1..1000)");
        variants.forEach(variant -> plan(variant, place.port(), OptionalLong.empty()));
        int servers = variants.size();
        place.checkPorts(servers);
        // One generator for each server, all of them in this process; what one of them needs it checks itself.
        long most = CpuTimes.maxDescriptors().orElse(Long.MAX_VALUE);
        long each = most / servers - LoadGenerator.SPARE_DESCRIPTORS;
        Place.require(
                connections <= each,
                "--connections: " + connections + " (expected: at most " + each + ", since this process may open "
                        + most + " descriptors and connects to " + servers + " servers at a time)");
    }

    /** Measures as many rounds as were asked for, and prints where that was and what it gave, the first server being the base. */
    Windows show(Place place, @Nullable CommandSpec spec, List<Variant> variants)
            throws IOException, InterruptedException, RunFailedException {
        Windows windows = new Windows();
        measure(place, variants, windows);
        place.describe(spec);
        System.out.print(windows.table(variants.get(0).peer().name()));
        return windows;
    }

    /** Measures as many rounds as were asked for, and adds each of their windows to what there is. */
    void measure(Place place, List<Variant> variants, Windows results)
            throws IOException, InterruptedException, RunFailedException {
        for (int round = 1; round <= rounds; round++) {
            System.err.printf("round %d of %d%n", round, rounds);
            ProgressLine progress = ProgressLine.onStandardError();
            try (Opened opened = new Opened()) {
                Map<String, LoadGenerator> generators = new LinkedHashMap<>();
                for (Variant variant : variants) {
                    int port = place.port() + generators.size();
                    generators.put(variant.peer().name(), start(place, variant, port, progress, opened));
                }
                measure(generators, progress).forEach(results::add);
            } finally {
                progress.end();
            }
        }
    }

    /** Starts a server with all that belongs to it, and warms it up. */
    private LoadGenerator start(Place place, Variant variant, int port, ProgressLine progress, Opened opened)
            throws IOException, InterruptedException, RunFailedException {
        ServerProcess server = opened.add(place.start(variant.peer(), port));
        opened.add(variant.beside().start(port));
        LoadGenerator generator = opened.add(new LoadGenerator(
                plan(variant, port, OptionalLong.of(server.pid())),
                (activity, secondsLeft, perSecond) -> progress.update(variant.peer() + ": " + activity, 0, perSecond)));
        generator.begin();
        generator.rest();
        return generator;
    }

    /** Returns the windows: for each server its loads. */
    private List<Map<String, List<Measured>>> measure(Map<String, LoadGenerator> generators, ProgressLine progress)
            throws InterruptedException, RunFailedException {
        List<Map.Entry<String, LoadGenerator>> order = new ArrayList<>(generators.entrySet());
        List<Map<String, List<Measured>>> measured = new ArrayList<>();
        for (int window = 0; window < windows; window++) {
            measured.add(new LinkedHashMap<>());
        }
        for (int load : inFlight) {
            for (int window = 0; window < windows; window++) {
                progress.update(load + " in flight, window " + (window + 1) + " of " + windows, 0, 0);
                for (Map.Entry<String, LoadGenerator> server : order) {
                    measured.get(window)
                            .computeIfAbsent(server.getKey(), name -> new ArrayList<>())
                            .add(undisturbed(server.getValue(), new Stage.InFlight(load)));
                }
                // Whoever came last comes first: a drift of the machine meets none more than the others.
                Collections.reverse(order);
            }
        }
        return measured;
    }

    /** Measures again while other programs disturb; the last try counts in any case. */
    private static Measured undisturbed(LoadGenerator generator, Stage stage)
            throws InterruptedException, RunFailedException {
        for (int tries = 1; ; tries++) {
            Measured measured = generator.window(stage);
            generator.rest();
            if (measured.foreignProcessors().orElse(0) <= MOST_FOREIGN || tries == MOST_TRIES) {
                return measured;
            }
        }
    }

    /** What is up in a round; closed last first, and all of it even if some fails. */
    private static final class Opened implements AutoCloseable {
        private final Deque<AutoCloseable> all = new ArrayDeque<>();

        <T extends AutoCloseable> T add(T one) {
            all.push(one);
            return one;
        }

        @Override
        public void close() {
            IllegalStateException failure = new IllegalStateException("what was measured did not end");
            while (!all.isEmpty()) {
                try {
                    all.pop().close();
                } catch (Exception e) {
                    failure.addSuppressed(e);
                }
            }
            if (failure.getSuppressed().length > 0) {
                throw failure;
            }
        }
    }

    private LoadPlan plan(Variant variant, int port, OptionalLong pid) {
        Peer peer = variant.peer();
        return LoadPlan.at(peer.mode().at(port), peer.mode())
                .connections(connections, 1)
                .size(size)
                .stages(inFlight.stream().map(Stage.InFlight::new).toList())
                .warmup(new Stage.InFlight(1), Duration.ofSeconds(warmup))
                .window(SETTLE, Duration.ofSeconds(seconds))
                .headers(variant.headers())
                .serverPid(pid)
                .loops(1, Duration.ZERO)
                .build();
    }
}

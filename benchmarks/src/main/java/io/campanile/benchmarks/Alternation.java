package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.benchmarks.LoadPlan.Stage;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import picocli.CommandLine.Option;

/** One load on several servers in turn, round after round, so that what the machine does meanwhile meets all alike. */
final class Alternation {

    /** More than that of other programs, and a server is measured once more. */
    private static final double MOST_FOREIGN = 0.1;

    private static final int MOST_TRIES = 3;

    @Option(names = "--rounds", defaultValue = "3", description = "Rounds (default: ${DEFAULT-VALUE}).")
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

    @Option(names = "--warmup", defaultValue = "8", description = "Seconds of warm-up (default: ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(
            names = "--settle",
            defaultValue = "2",
            description = "Seconds each load runs before its window opens (default: ${DEFAULT-VALUE}).")
    private int settle;

    @Option(
            names = "--seconds",
            defaultValue = "5",
            description = "Seconds each load is measured (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(
            names = "--poll",
            paramLabel = "MICROS",
            defaultValue = "0",
            description = "As in bench (default: ${DEFAULT-VALUE}).")
    private int poll;

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
        variants.forEach(variant -> plan(place, variant, OptionalLong.empty()));
    }

    /** Measures as many rounds as were asked for, and adds them to what there is. */
    void measure(Place place, List<Variant> variants, Rounds results)
            throws IOException, InterruptedException, RunFailedException {
        for (int round = 1; round <= rounds; round++) {
            Map<String, List<Measured>> measured = new LinkedHashMap<>();
            for (Variant variant : variants) {
                System.err.printf("round %d of %d: %s%n", round, rounds, variant.peer());
                measured.put(variant.peer().name(), undisturbed(place, variant));
            }
            results.add(measured);
        }
    }

    /** Measures again while other programs disturb; the last try counts in any case. */
    private List<Measured> undisturbed(Place place, Variant variant)
            throws IOException, InterruptedException, RunFailedException {
        for (int tries = 1; ; tries++) {
            List<Measured> measured = measure(place, variant);
            double foreign = measured.stream()
                    .mapToDouble(stage -> stage.foreignProcessors().orElse(0))
                    .max()
                    .orElse(0);
            if (foreign <= MOST_FOREIGN || tries == MOST_TRIES) {
                return measured;
            }
            System.err.printf("other programs kept %.2f processors busy; once more%n", foreign);
        }
    }

    private List<Measured> measure(Place place, Variant variant)
            throws IOException, InterruptedException, RunFailedException {
        ProgressLine progress = ProgressLine.onStandardError();
        try (ServerProcess server = place.start(variant.peer());
                Closing beside = new Closing(variant.beside().start(place.port()));
                LoadGenerator generator =
                        new LoadGenerator(plan(place, variant, OptionalLong.of(server.pid())), progress)) {
            return generator.run().stages();
        } finally {
            progress.end();
        }
    }

    /** Closes what may throw anything. */
    private record Closing(AutoCloseable beside) implements AutoCloseable {
        @Override
        public void close() {
            try {
                beside.close();
            } catch (Exception e) {
                throw new IllegalStateException("what ran beside the load did not end", e);
            }
        }
    }

    private LoadPlan plan(Place place, Variant variant, OptionalLong pid) {
        Peer peer = variant.peer();
        return LoadPlan.at(peer.mode().at(place.port()), peer.mode())
                .connections(connections, 1)
                .size(size)
                .stages(inFlight.stream().map(Stage.InFlight::new).toList())
                .warmup(new Stage.InFlight(1), Duration.ofSeconds(warmup))
                .window(Duration.ofSeconds(settle), Duration.ofSeconds(seconds))
                .headers(variant.headers())
                .serverPid(pid)
                .loops(1, Duration.ofNanos(poll * 1_000L))
                .build();
    }
}

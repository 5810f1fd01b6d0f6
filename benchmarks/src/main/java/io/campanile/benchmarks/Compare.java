package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.benchmarks.LoadPlan.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Campanile and its peers, one after the other and again, under the same load on the same processors. */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measure Campanile against other servers that send each text frame to everybody.",
            "",
            "Each round starts the servers in turn, each in a fresh process pinned to one processor, warms it up at 1"
                    + " broadcast in flight, and measures the loads of --in-flight one after another. The generator is"
                    + " pinned to another processor. The table shows the medians of all rounds.",
            ""
        })
final class Compare implements Callable<Integer> {
    private static final int MOST_TRIES = 3;
    private static final int START_SECONDS = 4;
    private static final int IDLE_SECONDS = 15;

    @Mixin
    private final Place place = new Place();

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--rounds", defaultValue = "3", description = "Rounds (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--connections", defaultValue = "1000", description = "Receivers (default: ${DEFAULT-VALUE}).")
    private int connections;

    @Option(names = "--publishers", defaultValue = "1", description = "Publishers (default: ${DEFAULT-VALUE}).")
    private int publishers;

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
            description = "Broadcasts in flight (default: ${DEFAULT-VALUE}).")
    private List<Integer> inFlight = List.of();

    @Option(
            names = "--warmup",
            defaultValue = "8",
            description = "Seconds of warm-up. A JVM's compilers may take minutes; the table says what they still used"
                    + " (default: ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(
            names = "--settle",
            defaultValue = "3",
            description = "Seconds each load runs before its window opens (default: ${DEFAULT-VALUE}).")
    private int settle;

    @Option(
            names = "--seconds",
            defaultValue = "8",
            description = "Seconds each load is measured (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(
            names = "--poll",
            paramLabel = "MICROS",
            defaultValue = "" + Bench.DEFAULT_POLL_MICROS,
            description = "As in bench (default: ${DEFAULT-VALUE}).")
    private int poll;

    @Option(
            names = "--peers",
            split = ",",
            paramLabel = "NAME",
            defaultValue = "netty",
            description = "The servers to measure against (default: ${DEFAULT-VALUE}). All but netty have to be built:"
                    + " ./campanile compare does that, and takes all of them.")
    private List<String> peers = List.of();

    @Mixin
    private Contenders contenders = new Contenders();

    @Option(
            names = "--scenarios",
            split = ",",
            paramLabel = "NAME",
            description = "Measure these, one after another, instead of what --connections, --size and --in-flight say:"
                    + " broadcast (1,000 receivers, 128 bytes; 1, 4, 8 and 16 in flight), large (4 KiB; 1 and 8 in"
                    + " flight), many (10,000 receivers, 2 in flight), rooms (10,000 in 1,000 rooms), echo (1,000 rooms of"
                    + " one), open-loop (1,000 receivers, 20 broadcasts a second: what counts is the latency), stalled"
                    + " (the same with 16 KiB while one in ten stops reading), churn (clients that come, join, leave and"
                    + " go), idle (memory for each of 10,000 connections), or all.")
    private List<String> scenarios = List.of();

    @Option(
            names = "--charts",
            paramLabel = "DIR",
            description = "Draw each load here, as an SVG; --markdown shows them.")
    private @Nullable Path charts;

    @Option(names = "--json", paramLabel = "FILE", description = "Write all rounds here, as JSON.")
    private @Nullable Path json;

    @Option(
            names = "--markdown",
            paramLabel = "FILE",
            description = "Write the medians here, as a section for docs/benchmarks.md.")
    private @Nullable Path markdown;

    @Override
    public Integer call() throws IOException, InterruptedException, RunFailedException {
        Place.require(rounds >= 1 && rounds <= 100, "--rounds: " + rounds + " (expected: 1..100)");
        servers();
        for (Scenario scenario : scenarios()) {
            plan(scenario, Peer.CAMPANILE, OptionalLong.empty()).build();
        }
        return place.run(spec, this::measure);
    }

    /** Returns what is compared: Campanile first. */
    private List<Peer> servers() {
        return contenders.withCampanile(peers);
    }

    private List<Scenario> scenarios() {
        if (scenarios.isEmpty()) {
            return List.of(Scenario.closed(
                    "broadcast",
                    connections,
                    size,
                    inFlight.stream().mapToInt(Integer::intValue).toArray()));
        }
        List<String> names =
                scenarios.equals(List.of("all")) ? List.of(Scenario.names().split(",", -1)) : scenarios;
        return names.stream().distinct().map(Scenario::named).toList();
    }

    private int measure() throws IOException, InterruptedException, RunFailedException {
        System.err.printf("this takes about %d minutes, more when other programs disturb it%n", minutes());
        Map<String, Object> all = new LinkedHashMap<>();
        StringBuilder sections = new StringBuilder();
        boolean failed = false;
        for (Scenario scenario : scenarios()) {
            Outcome outcome = outcome(scenario);
            failed |= outcome.circumstances().failures().containsKey(Peer.CAMPANILE.name());
            System.out.println(outcome.table());
            all.put(scenario.name(), outcome.toMap());
            sections.append(outcome.markdown());
            if (charts != null) {
                Files.createDirectories(charts);
                sections.append(outcome.draw(charts));
            }
            sections.append(System.lineSeparator());
            // After each, so that what took an hour is not lost with what comes after it.
            if (json != null) {
                Files.writeString(json, Json.write(all));
            }
            if (markdown != null) {
                Files.writeString(markdown, sections.toString());
            }
        }
        return failed ? 1 : 0;
    }

    private long minutes() {
        long each = scenarios().stream()
                .mapToLong(scenario -> scenario.isIdle()
                        ? IDLE_SECONDS
                        : START_SECONDS
                                + Math.max(warmup, scenario.leastWarmup())
                                + scenario.stages().size()
                                        * (settle + (long) Math.max(seconds, scenario.leastSeconds())))
                .sum();
        return Math.max(1, Math.round(each * rounds * servers().size() / 60.0));
    }

    private Outcome outcome(Scenario scenario) throws IOException, InterruptedException, RunFailedException {
        Map<String, String> failures = new LinkedHashMap<>();
        Circumstances circumstances = new Circumstances(place.machine(), place.command(spec), rounds, failures);
        return scenario.isIdle()
                ? new IdleComparison(scenario, inRounds(scenario, this::idle, failures), circumstances)
                : new Comparison(scenario, inRounds(scenario, this::undisturbed, failures), circumstances);
    }

    /** Measures one server once. */
    private interface Trial<R> {
        R of(Scenario scenario, Peer peer) throws IOException, InterruptedException, RunFailedException;
    }

    /** Measures all servers in each round; one that fails is left out from then on, and the others go on. */
    private <R> Map<Peer, List<R>> inRounds(Scenario scenario, Trial<R> trial, Map<String, String> failures)
            throws IOException, InterruptedException, RunFailedException {
        Map<Peer, List<R>> results = new LinkedHashMap<>();
        for (int round = 1; round <= rounds; round++) {
            for (Peer server : servers()) {
                if (failures.containsKey(server.name())) {
                    continue;
                }
                System.err.printf("%s, round %d of %d: %s%n", scenario.name(), round, rounds, server);
                try {
                    R result = trial.of(scenario, server);
                    results.computeIfAbsent(server, key -> new ArrayList<>()).add(result);
                } catch (RunFailedException e) {
                    System.err.printf("%s is left out: %s%n", server, e.getMessage());
                    results.remove(server);
                    failures.put(server.name(), String.valueOf(e.getMessage()));
                }
            }
        }
        if (results.isEmpty()) {
            throw new RunFailedException(scenario.name() + ": no server came to the end; " + failures);
        }
        return results;
    }

    private IdleLoad.Bytes idle(Scenario scenario, Peer peer)
            throws IOException, InterruptedException, RunFailedException {
        ProgressLine progress = ProgressLine.onStandardError();
        try {
            LoadPlan.Builder plan = plan(scenario, peer, OptionalLong.empty());
            return IdleLoad.measure(
                    place,
                    peer,
                    scenario.connections(),
                    count -> plan.connections(count, scenario.rooms()).build(),
                    progress);
        } finally {
            progress.end();
        }
    }

    /** Measures again while other programs disturb, and returns what was disturbed least. */
    private LoadReport undisturbed(Scenario scenario, Peer peer)
            throws IOException, InterruptedException, RunFailedException {
        LoadReport best = measure(scenario, peer);
        for (int tries = 1; tries < MOST_TRIES && best.mostForeign() > LoadReport.NOISE; tries++) {
            System.err.printf("other programs kept %.2f processors busy; once more%n", best.mostForeign());
            LoadReport again = measure(scenario, peer);
            best = again.mostForeign() < best.mostForeign() ? again : best;
        }
        return best;
    }

    private LoadReport measure(Scenario scenario, Peer peer)
            throws IOException, InterruptedException, RunFailedException {
        ProgressLine progress = ProgressLine.onStandardError();
        try (ServerProcess server = place.start(peer)) {
            LoadPlan plan = plan(scenario, peer, OptionalLong.of(server.pid())).build();
            if (scenario.warmup() instanceof Stage.Visits) {
                try (ChurnLoad churn = new ChurnLoad(plan, progress)) {
                    return churn.run();
                }
            }
            try (LoadGenerator generator = new LoadGenerator(plan, progress)) {
                return generator.run();
            }
        } finally {
            progress.end();
        }
    }

    private LoadPlan.Builder plan(Scenario scenario, Peer peer, OptionalLong pid) {
        return LoadPlan.at(peer.mode().at(place.port()), peer.mode())
                .connections(scenario.connections(), scenario.rooms())
                .stalled(scenario.stalled())
                .publishers(Math.max(publishers, scenario.rooms()))
                .size(scenario.size())
                .stages(scenario.isIdle() ? List.of(scenario.warmup()) : scenario.stages())
                .warmup(scenario.warmup(), Duration.ofSeconds(Math.max(warmup, scenario.leastWarmup())))
                .window(Duration.ofSeconds(settle), Duration.ofSeconds(Math.max(seconds, scenario.leastSeconds())))
                .serverPid(pid)
                .loops(1, Duration.ofNanos(poll * 1_000L));
    }
}

package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.benchmarks.LoadPlan.BadPlanException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Campanile and its peers, one after the other and again, under the same load on the same processors.
 *
 * <p>The command starts itself a second time: pinned to one processor, and on request in a network namespace of its
 * own. That second process generates the load, and starts each server as a child that is pinned to another processor.
 */
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
    private static final int FIRST_EPHEMERAL_PORT = 32_768;
    private static final int MOST_TRIES = 3;

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
            description = "Seconds of warm-up; under 8 the JIT is not done (default: ${DEFAULT-VALUE}).")
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
            names = "--server-cpu",
            defaultValue = "0",
            description = "The servers' processor (default: ${DEFAULT-VALUE}).")
    private int serverCpu;

    @Option(
            names = "--generator-cpu",
            defaultValue = "1",
            description = "The generator's processor (default: ${DEFAULT-VALUE}).")
    private int generatorCpu;

    @Option(
            names = "--netns",
            description = "Measure in a network namespace of its own, with the congestion control 'reno' (root, or"
                    + " CAP_SYS_ADMIN). Some machines' default paces even loopback.")
    private boolean netns;

    @Option(
            names = "--port",
            defaultValue = "18080",
            description = "The port for Campanile; the others take the next ones (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(names = "--java", description = "The java command for the servers (default: the one that runs this).")
    private Path java = Path.of(System.getProperty("java.home", ""), "bin", "java");

    @Option(
            names = "--jvm-options",
            defaultValue = "",
            description = "Options for the servers' JVMs, separated by blanks.")
    private String jvmOptions = "";

    @Option(
            names = "--campanile",
            paramLabel = "COMMAND",
            description = "How to start Campanile, separated by blanks. {java}, {options}, {classpath} and {port} are"
                    + " filled in (default: what serve does).")
    private String campanile = Peer.CAMPANILE.command();

    @Option(
            names = "--peers",
            split = ",",
            paramLabel = "NAME",
            defaultValue = "netty",
            description = "The servers to measure against (default: ${DEFAULT-VALUE}). All but netty have to be built:"
                    + " ./campanile compare does that, and takes all of them.")
    private List<String> peers = List.of();

    @Option(
            names = "--peers-dir",
            paramLabel = "DIR",
            defaultValue = "benchmarks/peers",
            description = "Where peers were built (default: ${DEFAULT-VALUE}).")
    private Path peersDir = Path.of("");

    @Option(
            names = "--scenarios",
            split = ",",
            paramLabel = "NAME",
            description = "Measure these, one after another, instead of what --connections, --size and --in-flight say:"
                    + " broadcast (1,000 receivers, 128 bytes; 1, 4, 8 and 16 in flight), large (4 KiB; 1 and 8 in"
                    + " flight), many (10,000 receivers, 2 in flight), open-loop (1,000 receivers, 20 broadcasts a"
                    + " second: what counts is the latency).")
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

    @Option(names = "--in-place", hidden = true)
    private boolean inPlace;

    @Override
    public Integer call() throws IOException, InterruptedException, RunFailedException {
        check();
        return inPlace ? measure() : again();
    }

    private void check() {
        require(rounds >= 1 && rounds <= 100, "--rounds: " + rounds + " (expected: 1..100)");
        require(
                port >= 1 && port + peers.size() < FIRST_EPHEMERAL_PORT,
                "--port: " + port + " (expected: 1.." + (FIRST_EPHEMERAL_PORT - 1 - peers.size())
                        + "; above that a client's own port may be taken for it)");
        int processors = Integer.getInteger(
                "campanile.bench.processors", Runtime.getRuntime().availableProcessors());
        require(
                serverCpu >= 0
                        && generatorCpu >= 0
                        && serverCpu != generatorCpu
                        && Math.max(serverCpu, generatorCpu) < processors,
                "--server-cpu: " + serverCpu + ", --generator-cpu: " + generatorCpu + " (expected: two of 0.."
                        + (processors - 1) + ")");
        servers();
        for (Scenario scenario : scenarios()) {
            plan(scenario, Peer.CAMPANILE, port, OptionalLong.empty());
        }
    }

    /** Returns what is compared: Campanile first. */
    private List<Peer> servers() {
        return Stream.concat(
                        Stream.of(Peer.CAMPANILE.withCommand(campanile)),
                        peers.stream().distinct().map(Peer::named))
                .toList();
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new BadPlanException(message);
        }
    }

    /** Runs this command once more, where it is to be measured. */
    private int again() throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        if (netns && Commands.succeeds("unshare", "--net", "true")) {
            command.addAll(List.of("unshare", "--net", "sh", "-c", Commands.NAMESPACE_SETUP + "exec \"$@\"", "bench"));
        } else if (netns) {
            System.err.println("compare: a network namespace is not allowed here; measuring without one");
        }
        command.addAll(List.of("taskset", "-c", Integer.toString(generatorCpu)));
        command.addAll(List.of(
                java().toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Dcampanile.bench.processors=" + Runtime.getRuntime().availableProcessors(),
                "-cp",
                System.getProperty("java.class.path", ""),
                Bench.class.getName(),
                "compare",
                "--in-place"));
        command.addAll(arguments());
        Process process = new ProcessBuilder(command).inheritIO().start();
        ServerProcess.destroyAtExit(process);
        return process.waitFor();
    }

    private static Path java() {
        return Path.of(System.getProperty("java.home", ""), "bin", "java");
    }

    private List<String> arguments() {
        return spec == null
                ? List.of()
                : spec.commandLine().getParseResult().originalArgs().stream()
                        .dropWhile("compare"::equals)
                        .toList();
    }

    private List<Scenario> scenarios() {
        return scenarios.isEmpty()
                ? List.of(Scenario.closed(
                        "broadcast",
                        connections,
                        size,
                        inFlight.stream().mapToInt(Integer::intValue).toArray()))
                : scenarios.stream().distinct().map(Scenario::named).toList();
    }

    private int measure() throws IOException, InterruptedException, RunFailedException {
        System.err.printf("this takes about %d minutes, more when other programs disturb it%n", minutes());
        Map<String, Object> all = new LinkedHashMap<>();
        StringBuilder sections = new StringBuilder();
        for (Scenario scenario : scenarios()) {
            Comparison comparison = measure(scenario);
            System.out.println(comparison.table());
            all.put(scenario.name(), comparison.toMap());
            sections.append(comparison.markdown());
            if (charts != null) {
                Files.createDirectories(charts);
                sections.append(comparison.draw(scenario.name(), charts));
            }
            sections.append(System.lineSeparator());
        }
        if (json != null) {
            Files.writeString(json, Json.write(all));
        }
        if (markdown != null) {
            Files.writeString(markdown, sections.toString());
        }
        return 0;
    }

    private long minutes() {
        long each = scenarios().stream()
                .mapToLong(scenario -> 4 + warmup + (long) scenario.stages().size() * (settle + seconds))
                .sum();
        return Math.max(1, Math.round(each * rounds * servers().size() / 60.0));
    }

    private Comparison measure(Scenario scenario) throws IOException, InterruptedException, RunFailedException {
        Map<Peer, List<LoadReport>> reports = new LinkedHashMap<>();
        List<Peer> servers = servers();
        for (int round = 1; round <= rounds; round++) {
            for (int number = 0; number < servers.size(); number++) {
                Peer server = servers.get(number);
                System.err.printf("%s, round %d of %d: %s%n", scenario.name(), round, rounds, server);
                LoadReport report = undisturbed(scenario, server, port + number);
                reports.computeIfAbsent(server, key -> new ArrayList<>()).add(report);
            }
        }
        return new Comparison(reports, Machine.describe(java, netns), commandLine());
    }

    /** Measures again while other programs disturb, and returns what was disturbed least. */
    private LoadReport undisturbed(Scenario scenario, Peer peer, int at)
            throws IOException, InterruptedException, RunFailedException {
        LoadReport best = measure(scenario, peer, at);
        for (int tries = 1; tries < MOST_TRIES && best.mostForeign() > LoadReport.NOISE; tries++) {
            System.err.printf("other programs kept %.2f processors busy; once more%n", best.mostForeign());
            LoadReport again = measure(scenario, peer, at);
            best = again.mostForeign() < best.mostForeign() ? again : best;
        }
        return best;
    }

    private String commandLine() {
        List<String> given = arguments();
        List<String> shown = IntStream.range(0, given.size())
                // Where the peers were built is this machine's business.
                .filter(i -> !given.get(i).equals("--peers-dir")
                        && (i == 0 || !given.get(i - 1).equals("--peers-dir")))
                .mapToObj(given::get)
                .filter(argument -> !argument.equals("--in-place"))
                .map(argument -> argument.contains(" ") ? "'" + argument + "'" : argument)
                .toList();
        return ("./campanile bench compare " + String.join(" ", shown)).strip();
    }

    private LoadReport measure(Scenario scenario, Peer peer, int at)
            throws IOException, InterruptedException, RunFailedException {
        List<String> full = new ArrayList<>(List.of("taskset", "-c", Integer.toString(serverCpu)));
        for (String word : peer.command().trim().split(" +", -1)) {
            switch (word) {
                case "{options}" -> {
                    full.add("--enable-native-access=ALL-UNNAMED");
                    Arrays.stream(jvmOptions.split(" +", -1))
                            .filter(option -> !option.isEmpty())
                            .forEach(full::add);
                }
                case "{java}" -> full.add(java.toString());
                case "{classpath}" -> full.add(System.getProperty("java.class.path", ""));
                default ->
                    full.add(word.replace("{port}", Integer.toString(at)).replace("{peers}", peersDir.toString()));
            }
        }
        try (ServerProcess server = ServerProcess.start(peer.toString(), full, at)) {
            ProgressLine progress = ProgressLine.onStandardError();
            LoadPlan plan = plan(scenario, peer, at, OptionalLong.of(server.pid()));
            try (LoadGenerator generator = new LoadGenerator(plan, progress)) {
                return generator.run();
            } finally {
                progress.end();
            }
        }
    }

    private LoadPlan plan(Scenario scenario, Peer peer, int at, OptionalLong pid) {
        return new LoadPlan(
                URI.create("ws://127.0.0.1:" + at + "/ws"),
                peer.mode(),
                scenario.connections(),
                1,
                publishers,
                true,
                scenario.size(),
                scenario.stages(),
                scenario.warmup(),
                Duration.ofSeconds(warmup),
                Duration.ofSeconds(settle),
                Duration.ofSeconds(seconds),
                0,
                List.of(),
                Collections.emptyList(),
                pid,
                1,
                Duration.ofNanos(poll * 1_000L));
    }
}

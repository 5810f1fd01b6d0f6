package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.benchmarks.LoadPlan.BadPlanException;
import io.campanile.benchmarks.LoadPlan.Mode;
import io.campanile.benchmarks.LoadPlan.Stage;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Campanile and the base line, one after the other and again, under the same load on the same processors.
 *
 * <p>The command starts itself a second time: pinned to one processor, and on request in a network namespace of its
 * own. That second process generates the load, and starts each server as a child that is pinned to another processor.
 */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measure Campanile against the base line, a plain Netty chat server.",
            "",
            "Each round starts both servers in turn, each in a fresh JVM pinned to one processor, warms it up at 1"
                    + " broadcast in flight, and measures the loads of --in-flight one after another. The generator is"
                    + " pinned to another processor. The table shows the medians of all rounds.",
            ""
        })
final class Compare implements Callable<Integer> {
    private static final int FIRST_EPHEMERAL_PORT = 32_768;

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
            description = "The port for Campanile; the base line takes the next one (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(names = "--java", description = "The java command for the servers (default: the one that runs this).")
    private Path java = Path.of(System.getProperty("java.home", ""), "bin", "java");

    @Option(
            names = "--jvm-options",
            defaultValue = "",
            description = "Options for both servers' JVMs, separated by blanks.")
    private String jvmOptions = "";

    @Option(
            names = "--campanile",
            paramLabel = "COMMAND",
            description = "How to start Campanile, separated by blanks. {java}, {options}, {classpath} and {port} are"
                    + " filled in (default: ${DEFAULT-VALUE}).")
    private String campanile =
            "{java} {options} -cp {classpath} io.campanile.server.Main serve --host 127.0.0.1 --port {port}";

    @Option(
            names = "--baseline",
            paramLabel = "COMMAND",
            description = "How to start the base line (default: ${DEFAULT-VALUE}).")
    private String baseline =
            "{java} {options} -cp {classpath} io.campanile.benchmarks.Bench baseline --host 127.0.0.1 --port {port}";

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
                port >= 1 && port + 1 < FIRST_EPHEMERAL_PORT,
                "--port: " + port + " (expected: 1.." + (FIRST_EPHEMERAL_PORT - 2)
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
        plan(Program.CAMPANILE, OptionalLong.empty());
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

    private int measure() throws IOException, InterruptedException, RunFailedException {
        Map<Program, List<LoadReport>> reports = new TreeMap<>();
        for (int round = 1; round <= rounds; round++) {
            for (Program program : Program.values()) {
                System.err.printf("round %d of %d: %s%n", round, rounds, program);
                LoadReport report = measure(program);
                reports.computeIfAbsent(program, key -> new ArrayList<>()).add(report);
            }
        }
        Comparison comparison = new Comparison(reports, Machine.describe(java, netns), commandLine());
        System.out.print(comparison.table());
        if (json != null) {
            Files.writeString(json, Json.write(comparison.toMap()));
        }
        if (markdown != null) {
            Files.writeString(markdown, comparison.markdown());
        }
        return 0;
    }

    private String commandLine() {
        List<String> shown = arguments().stream()
                .filter(argument -> !argument.equals("--in-place"))
                .map(argument -> argument.contains(" ") ? "'" + argument + "'" : argument)
                .toList();
        return ("./campanile bench compare " + String.join(" ", shown)).strip();
    }

    private LoadReport measure(Program program) throws IOException, InterruptedException, RunFailedException {
        String command = program == Program.CAMPANILE ? campanile : baseline;
        List<String> full = new ArrayList<>(List.of("taskset", "-c", Integer.toString(serverCpu)));
        for (String word : command.trim().split(" +", -1)) {
            switch (word) {
                case "{options}" -> {
                    full.add("--enable-native-access=ALL-UNNAMED");
                    Arrays.stream(jvmOptions.split(" +", -1))
                            .filter(option -> !option.isEmpty())
                            .forEach(full::add);
                }
                case "{java}" -> full.add(java.toString());
                case "{classpath}" -> full.add(System.getProperty("java.class.path", ""));
                default -> full.add(word.replace("{port}", Integer.toString(port(program))));
            }
        }
        try (ServerProcess server = ServerProcess.start(program.toString(), full, port(program))) {
            ProgressLine progress = ProgressLine.onStandardError();
            LoadPlan plan = plan(program, OptionalLong.of(server.pid()));
            try (LoadGenerator generator = new LoadGenerator(plan, progress)) {
                return generator.run();
            } finally {
                progress.end();
            }
        }
    }

    private int port(Program program) {
        return port + program.ordinal();
    }

    private LoadPlan plan(Program program, OptionalLong pid) {
        List<Stage> stages = inFlight.stream().<Stage>map(Stage.InFlight::new).toList();
        return new LoadPlan(
                URI.create("ws://127.0.0.1:" + port(program) + "/ws"),
                program == Program.CAMPANILE ? Mode.CAMPANILE : Mode.PLAIN,
                connections,
                1,
                publishers,
                true,
                size,
                stages,
                new Stage.InFlight(1),
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

    /** What is compared. */
    enum Program {
        CAMPANILE("Campanile"),
        BASELINE("plain Netty");

        private final String title;

        Program(String title) {
            this.title = title;
        }

        @Override
        public String toString() {
            return title;
        }
    }
}

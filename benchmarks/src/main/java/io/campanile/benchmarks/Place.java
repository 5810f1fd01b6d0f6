package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.benchmarks.LoadPlan.BadPlanException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/**
 * Where a command measures: the server on one processor, the generator on another, in a network namespace if wanted.
 *
 * <p>A command that has this as a mixin starts itself a second time, pinned; the second process generates the load and
 * starts the servers as its children.
 */
final class Place {
    private static final int FIRST_EPHEMERAL_PORT = 32_768;

    /** Options whose values are this machine's business. */
    private static final Set<String> PLACES = Set.of("--peers-dir", "--charts", "--json", "--markdown", "--out");

    @Option(
            names = "--server-cpu",
            defaultValue = "0",
            description = "The server's processor (default: ${DEFAULT-VALUE}).")
    private int serverCpu;

    @Option(
            names = "--generator-cpu",
            defaultValue = "1",
            description = "The generator's processor (default: ${DEFAULT-VALUE}).")
    private int generatorCpu;

    @Option(
            names = "--netns",
            description = "Measure in a network namespace of its own, with the congestion control 'reno', and"
                    + " acknowledgements that no server pays for because it pings (root, or CAP_SYS_ADMIN). Some machines'"
                    + " default paces even loopback.")
    private boolean netns;

    @Option(names = "--port", defaultValue = "18080", description = "The server's port (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(names = "--java", description = "The java command for the server (default: the one that runs this).")
    private Path java = Path.of(System.getProperty("java.home", ""), "bin", "java");

    @Option(
            names = "--jvm-options",
            defaultValue = "",
            description = "Options for the server's JVM, separated by blanks.")
    private String jvmOptions = "";

    @Option(names = "--in-place", hidden = true)
    private boolean inPlace;

    /** What a command does where it is to be measured. */
    interface Work {
        int run() throws IOException, InterruptedException, RunFailedException;
    }

    Path java() {
        return java;
    }

    int port() {
        return port;
    }

    /** Returns where and with what is measured. */
    Map<String, String> machine() {
        return Machine.describe(java, netns);
    }

    /** Prints where and with what is measured, and how to do so again. */
    void describe(@Nullable CommandSpec spec) {
        Map<String, String> facts = new LinkedHashMap<>(machine());
        facts.put("command", command(spec));
        facts.forEach((name, value) -> System.out.printf("%-20s%s%n", name, value));
        System.out.println();
    }

    /** Does the work in this process if it is the second one, else starts that and returns its status. */
    int run(@Nullable CommandSpec spec, Work work) throws IOException, InterruptedException, RunFailedException {
        check();
        return inPlace ? work.run() : again(spec(spec));
    }

    /** Returns what picocli has put into the command's field. */
    private static CommandSpec spec(@Nullable CommandSpec injected) {
        if (injected == null) {
            throw new IllegalStateException("started without a command line");
        }
        return injected;
    }

    private void check() {
        require(
                port >= 1 && port < FIRST_EPHEMERAL_PORT,
                "--port: " + port + " (expected: 1.." + (FIRST_EPHEMERAL_PORT - 1)
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
    }

    /** Rejects a port that has not enough behind it for so many servers, each on its own. */
    void checkPorts(int servers) {
        int last = FIRST_EPHEMERAL_PORT - servers;
        require(
                port <= last,
                "--port: " + port + " (expected: at most " + last + ", since " + servers
                        + " servers have one each; above " + (FIRST_EPHEMERAL_PORT - 1)
                        + " a client's own port may be taken for it)");
    }

    static void require(boolean condition, String message) {
        if (!condition) {
            throw new BadPlanException(message);
        }
    }

    private int again(CommandSpec spec) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        if (netns && Commands.succeeds("unshare", "--net", "true")) {
            command.addAll(List.of("unshare", "--net", "sh", "-c", Commands.NAMESPACE_SETUP + "exec \"$@\"", "bench"));
        } else if (netns) {
            System.err.println(spec.name() + ": a network namespace is not allowed here; measuring without one");
        }
        command.addAll(List.of("taskset", "-c", Integer.toString(generatorCpu)));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home", ""), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Dcampanile.bench.processors=" + Runtime.getRuntime().availableProcessors(),
                "-cp",
                System.getProperty("java.class.path", ""),
                Bench.class.getName(),
                spec.name(),
                "--in-place"));
        command.addAll(arguments(spec));
        Process process = new ProcessBuilder(command).inheritIO().start();
        ServerProcess.destroyAtExit(process);
        return process.waitFor();
    }

    private static List<String> arguments(CommandSpec spec) {
        return spec.commandLine().getParseResult().originalArgs().stream()
                .dropWhile(spec.names()::contains)
                .toList();
    }

    /** Returns the command as a user would type it. */
    String command(@Nullable CommandSpec injected) {
        CommandSpec spec = spec(injected);
        List<String> given = arguments(spec);
        List<String> shown = IntStream.range(0, given.size())
                .filter(i -> !PLACES.contains(given.get(i)) && (i == 0 || !PLACES.contains(given.get(i - 1))))
                .mapToObj(given::get)
                .filter(argument -> !argument.equals("--in-place"))
                .map(argument -> argument.contains(" ") ? "'" + argument + "'" : argument)
                .toList();
        return ("./campanile bench " + spec.name() + " " + String.join(" ", shown)).strip();
    }

    /** Starts a peer's command on the server's processor; further JVM options go before the user's. */
    ServerProcess start(Peer peer, String... furtherOptions)
            throws IOException, InterruptedException, RunFailedException {
        return start(peer, port, furtherOptions);
    }

    /** Starts it on a port of its own. */
    ServerProcess start(Peer peer, int port, String... furtherOptions)
            throws IOException, InterruptedException, RunFailedException {
        List<String> full = new ArrayList<>(List.of("taskset", "-c", Integer.toString(serverCpu)));
        for (String word : peer.command().trim().split(" +", -1)) {
            switch (word) {
                case "{options}" -> {
                    full.add("--enable-native-access=ALL-UNNAMED");
                    full.addAll(List.of(furtherOptions));
                    Arrays.stream(jvmOptions.split(" +", -1))
                            .filter(option -> !option.isEmpty())
                            .forEach(full::add);
                }
                case "{java}" -> full.add(java.toString());
                case "{classpath}" -> full.add(System.getProperty("java.class.path", ""));
                default -> full.add(word.replace("{port}", Integer.toString(port)));
            }
        }
        return ServerProcess.start(peer.toString(), full, port);
    }
}

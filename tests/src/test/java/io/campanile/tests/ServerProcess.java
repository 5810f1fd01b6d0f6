package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.stream.Stream;

/** The real server in a JVM of its own, as {@code ./campanile serve} starts it; in development mode unless configured. */
final class ServerProcess implements AutoCloseable {

    private static final String LISTENING = "listening on ";

    private final ExternalProcess process;
    private final URI origin;

    private ServerProcess(ExternalProcess process, URI origin) {
        this.process = process;
        this.origin = origin;
    }

    /** Starts a server on a free port and returns once it listens. */
    static ServerProcess start(String... options) {
        return startOn(0, options);
    }

    /** Starts a server on a free port that compresses every message for whoever offers it, and is open like any here. */
    static ServerProcess startCompressing(Path directory, String... options) {
        Path config = directory.resolve("compressing.yml");
        try {
            Files.writeString(config, """
                    websocket: {compression: true, compression-min-size: 0}
                    client: {may-publish: true, may-send-direct: true, max-messages-per-second: 0, max-bytes-per-second: 0}
                    """);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        var all = new ArrayList<>(List.of("--config", config.toString()));
        all.addAll(List.of(options));
        return start(all.toArray(String[]::new));
    }

    /** Starts a server that has all of its heap from the start, so that what grows is something else. */
    static ServerProcess startSteady(String... options) {
        return start(0, List.of("-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch", "-XX:+ExitOnOutOfMemoryError"), options);
    }

    /** Starts a server on the port and returns once it listens. */
    static ServerProcess startOn(int port, String... options) {
        return start(port, List.of("-Xmx256m"), options);
    }

    /** Starts a server on a free port from other class files than the test's own, with options for its JVM. */
    static ServerProcess startFrom(String classPath, String... jvmOptions) {
        var all = new ArrayList<>(List.of("-Xmx256m"));
        all.addAll(List.of(jvmOptions));
        return start(0, classPath, all);
    }

    private static ServerProcess start(int port, List<String> jvmOptions, String... options) {
        return start(port, System.getProperty("java.class.path"), jvmOptions, options);
    }

    private static ServerProcess start(int port, String classPath, List<String> jvmOptions, String... options) {
        String leakDetection = "io.netty.leakDetection.level";
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmOptions);
        command.addAll(List.of(
                "--enable-native-access=ALL-UNNAMED",
                "-D" + leakDetection + "=" + System.getProperty(leakDetection, "paranoid"),
                "-cp",
                classPath,
                "io.campanile.server.Main",
                "serve",
                "--host",
                "127.0.0.1",
                "--port",
                Integer.toString(port)));
        command.addAll(List.of(options));
        // What configures this machine's own server must not reach the one under test.
        var environment = new HashMap<String, String>();
        System.getenv().keySet().stream()
                .filter(name -> name.startsWith("CAMPANILE_"))
                .forEach(name -> environment.put(name, ""));
        var process = ExternalProcess.start(Path.of("."), environment, command);
        try {
            String line = process.awaitLine("where it listens", said -> said.startsWith(LISTENING));
            return new ServerProcess(
                    process, URI.create(line.substring(LISTENING.length()).strip()));
        } catch (AssertionError e) {
            process.close();
            throw e;
        }
    }

    /** Returns {@code http://127.0.0.1:PORT}. */
    URI origin() {
        return origin;
    }

    /** Returns how many sockets the process has open; of Linux. */
    long sockets() {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
            return descriptors.filter(ServerProcess::isSocket).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isSocket(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
        } catch (IOException e) {
            // Closed meanwhile.
            return false;
        }
    }

    /** Returns the resident set of the process; of Linux. */
    long residentKib() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + process.pid() + "/status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends SIGTERM and waits for the end, which must be in order and with no buffer left unreleased. */
    void stop() {
        terminate();
        awaitEnd();
    }

    /** Sends SIGTERM. */
    void terminate() {
        process.terminate();
    }

    /** Waits for a line of the log. */
    void awaitLog(String part) {
        process.awaitLine(part, line -> line.contains(part));
    }

    /** Waits for the end, which must be in order and with no buffer left unreleased, and returns what was logged. */
    String awaitEnd() {
        try (process) {
            assertThat(process.awaitExit()).as(process.output()).isZero();
            assertThat(process.output()).doesNotContain("LEAK");
            return process.output();
        }
    }

    @Override
    public void close() {
        process.close();
    }
}

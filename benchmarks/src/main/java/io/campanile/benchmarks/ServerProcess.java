package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server in a process of its own, from the moment it accepts connections until it is closed. */
final class ServerProcess implements AutoCloseable {
    private static final long START_SECONDS = 60;
    private static final long STOP_SECONDS = 10;
    private static final int SHOWN_LINES = 15;

    private final Process process;
    private final Path output;
    private final Thread destroyer;

    private ServerProcess(Process process, Path output) {
        this.process = process;
        this.output = output;
        destroyer = destroyAtExit(process);
    }

    /** Returns a command that runs a main class of this class path. */
    static ProcessBuilder java(Path java, List<String> jvmOptions, String main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(java.toString(), "--enable-native-access=ALL-UNNAMED"));
        command.addAll(jvmOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path", ""), main));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command);
    }

    /** Sees to it that a process does not outlive this one; the thread returned undoes that when it is removed. */
    static Thread destroyAtExit(Process process) {
        Thread destroyer = new Thread(process::destroy, "destroy " + process.pid());
        Runtime.getRuntime().addShutdownHook(destroyer);
        return destroyer;
    }

    /**
     * Starts the command and waits until something accepts connections on the port.
     *
     * @throws RunFailedException when the port is taken, or the server does not come up
     */
    static ServerProcess start(String name, List<String> command, int port)
            throws IOException, InterruptedException, RunFailedException {
        if (accepts(port)) {
            throw new RunFailedException("port " + port + " is taken; choose another --port");
        }
        Path output = Files.createTempFile("bench-server-", ".log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        process.getOutputStream().close();
        ServerProcess server = new ServerProcess(process, output);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (!accepts(port)) {
            boolean ended = process.waitFor(50, TimeUnit.MILLISECONDS);
            if (ended || System.nanoTime() - deadline > 0) {
                String said = server.lastLines();
                server.close();
                throw new RunFailedException(name
                        + (ended
                                ? " ended with status " + process.exitValue() + " instead of listening"
                                : " did not listen on port " + port + " within " + START_SECONDS + " s")
                        + "; it was started by: " + abridged(command) + "; it said:\n" + said);
            }
        }
        return server;
    }

    long pid() {
        return process.pid();
    }

    /** Asks the server to stop, and insists after a while. */
    @Override
    public void close() throws IOException, InterruptedException {
        process.destroy();
        if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
        Runtime.getRuntime().removeShutdownHook(destroyer);
        Files.deleteIfExists(output);
    }

    private static boolean accepts(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1_000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private String lastLines() throws IOException {
        List<String> lines = Files.readAllLines(output, StandardCharsets.UTF_8);
        return String.join("\n", lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size()));
    }

    private static String abridged(List<String> command) {
        return String.join(
                " ",
                command.stream()
                        .map(word -> word.length() > 100 ? word.substring(0, 50) + "…" : word)
                        .toList());
    }
}

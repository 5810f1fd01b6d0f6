package io.campanile.tests;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/** A process of another program: what it says, line by line, and how it ends. */
final class ExternalProcess implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(120);

    private final String name;
    private final Process process;
    private final Writer input;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition said = lock.newCondition();

    /** What the process said; guarded by {@link #lock}. */
    private final List<String> lines = new ArrayList<>();

    /** How many of the lines {@link #awaitLine} has looked at; guarded by {@link #lock}. */
    private int seen;

    /** Whether the process has said its last; guarded by {@link #lock}. */
    private boolean silent;

    private ExternalProcess(String name, Process process) {
        this.name = name;
        this.process = process;
        this.input = process.outputWriter(StandardCharsets.UTF_8);
    }

    /** Starts a process with more environment variables; a variable that is empty is taken away. */
    static ExternalProcess start(Path directory, Map<String, String> environment, List<String> command) {
        var builder = new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
        environment.forEach((key, value) -> {
            if (value.isEmpty()) {
                builder.environment().remove(key);
            } else {
                builder.environment().put(key, value);
            }
        });
        String name = Path.of(command.get(0)).getFileName().toString();
        try {
            var started = new ExternalProcess(name, builder.start());
            var reader = new Thread(started::read, "output of " + name);
            reader.setDaemon(true);
            reader.start();
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for the next line that matches, among those not waited for yet. */
    String awaitLine(String what, Predicate<String> matches) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        lock.lock();
        try {
            while (true) {
                while (seen < lines.size()) {
                    String line = lines.get(seen++);
                    if (matches.test(line)) {
                        return line;
                    }
                }
                long left = deadline - System.nanoTime();
                if (silent || left <= 0) {
                    throw new AssertionError(
                            name + (silent ? " ended" : " went on") + " without saying " + what + "\n" + output());
                }
                said.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            lock.unlock();
        }
    }

    /** Writes a line to the standard input of the process. */
    void send(String line) {
        try {
            input.write(line + "\n");
            input.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(name + " takes no more input\n" + output(), e);
        }
    }

    long pid() {
        return process.pid();
    }

    /** Sends SIGTERM. Goes by the handle: the process's own method would close what it still has to say. */
    void terminate() {
        process.toHandle().destroy();
    }

    /** Waits until the process has ended and returns its exit code. */
    int awaitExit() {
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError(name + " did not end\n" + output());
            }
            awaitSilence();
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns everything the process has said so far. */
    String output() {
        lock.lock();
        try {
            return String.join("\n", lines);
        } finally {
            lock.unlock();
        }
    }

    /** Ends the process if it still runs. */
    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    private void awaitSilence() throws InterruptedException {
        lock.lock();
        try {
            while (!silent) {
                said.await();
            }
        } finally {
            lock.unlock();
        }
    }

    private void read() {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                add(line);
            }
        } catch (IOException e) {
            add("(the output could not be read to its end: " + e + ")");
        } finally {
            lock.lock();
            try {
                silent = true;
                said.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private void add(String line) {
        lock.lock();
        try {
            lines.add(line);
            said.signalAll();
        } finally {
            lock.unlock();
        }
    }
}

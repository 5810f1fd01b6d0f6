package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * Samples what a JVM does while it is on a processor: async-profiler, loaded into it by {@code jcmd}.
 *
 * <p>The kernel's frames are in the samples where {@code perf_event_open} may be asked for them
 * ({@code kernel.perf_event_paranoid} at most 1, or root).
 */
final class Profiler implements AutoCloseable {

    /** What the profiled JVM is started with, so that it lets an agent in and knows where inlined code comes from. */
    static final String[] JVM_OPTIONS = {
        "-XX:+EnableDynamicAgentLoading", "-XX:+UnlockDiagnosticVMOptions", "-XX:+DebugNonSafepoints"
    };

    private final Path java;
    private final long pid;
    private final Path library = Files.createTempFile("bench-profiler-", ".so");
    private final Path samples = Files.createTempFile("bench-samples-", ".txt");

    /** Profiles a process of this user, whose JDK the java command belongs to. */
    Profiler(Path java, long pid) throws IOException, RunFailedException {
        this.java = java;
        this.pid = pid;
        String platform = System.getProperty("os.name").startsWith("Mac")
                ? "macos"
                : "linux-" + (System.getProperty("os.arch").equals("aarch64") ? "arm64" : "x64");
        try (InputStream packaged = Profiler.class.getResourceAsStream("/" + platform + "/libasyncProfiler.so")) {
            if (packaged == null) {
                throw new RunFailedException("there is no async-profiler for " + platform);
            }
            Files.copy(packaged, library, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Takes a sample for each so many microseconds of processor time of any of its threads. */
    void start(int intervalMicros) throws RunFailedException {
        command("start,event=cpu,interval=" + intervalMicros + "us");
    }

    /** Ends the sampling and returns the stacks: frames from the outermost on with semicolons, a blank, a number. */
    List<String> stop() throws IOException, RunFailedException {
        command("stop,collapsed,ann,file=" + samples);
        return Files.readAllLines(samples);
    }

    private void command(String options) throws RunFailedException {
        String jcmd = java.resolveSibling("jcmd").toString();
        String said = Commands.output(
                        jcmd, Long.toString(pid), "JVMTI.agent_load", library.toString(), "\"" + options + "\"")
                .orElseThrow(() -> new RunFailedException(
                        "jcmd failed; --java must belong to a JDK, and the server to this user"));
        if (!said.contains("return code: 0")) {
            throw new RunFailedException("the profiler did not take '" + options + "': " + said);
        }
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(library);
        Files.deleteIfExists(samples);
    }
}

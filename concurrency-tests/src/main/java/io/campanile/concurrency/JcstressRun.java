package io.campanile.concurrency;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One run of jcstress, in JVMs of its own: it starts one for each test and configuration. */
public final class JcstressRun {

    private final Path directory;
    private final String tests;
    private final Duration each;

    /**
     * Describes a run.
     *
     * @param directory where the report and the log are written
     * @param tests a regular expression that is found in the names of the tests to run
     * @param each how long each test runs in each configuration
     */
    public JcstressRun(Path directory, String tests, Duration each) {
        this.directory = directory;
        this.tests = tests;
        this.each = each;
    }

    /**
     * Runs the tests.
     *
     * @return what jcstress says of each failure; empty when only acceptable outcomes were seen
     */
    public String failures(Duration atMost) throws IOException, InterruptedException {
        Path here = Files.createDirectories(directory.toAbsolutePath());
        Path log = here.resolve("jcstress.log");
        Process jcstress = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "org.openjdk.jcstress.Main",
                        "-t",
                        tests,
                        "-f",
                        "1",
                        "-iters",
                        "1",
                        "-time",
                        String.valueOf(each.toMillis()),
                        // One configuration of the compilers: pairs of them would take nine times as long.
                        "-sc",
                        "false",
                        "-af",
                        "NONE",
                        // How many states stand side by side it decides by their size at rest; half of the heap is left
                        // to grow.
                        "-hs",
                        "256",
                        "-jvmArgs",
                        "-Xmx512m -XX:+UseSerialGC",
                        "-r",
                        here.resolve("report").toString()))
                .directory(here.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            if (!jcstress.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
                return "jcstress did not end within " + atMost + "; see " + log;
            }
        } finally {
            jcstress.descendants().forEach(ProcessHandle::destroyForcibly);
            jcstress.destroyForcibly();
        }
        List<String> lines = Files.readAllLines(log);
        int from = lines.indexOf("Exception in thread \"main\" java.lang.AssertionError: TEST FAILURES: ");
        if (from >= 0) {
            return String.join("\n", lines.subList(from + 1, lines.size()));
        }
        boolean complete = lines.stream().anyMatch(line -> line.contains("matching test results"));
        return jcstress.exitValue() == 0 && complete
                ? ""
                : "jcstress ended with " + jcstress.exitValue() + " and no results; see " + log;
    }
}

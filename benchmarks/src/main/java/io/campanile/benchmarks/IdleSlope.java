package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What one connection more takes of memory, as the slope over several numbers of them in one server: what is there once,
 * such as code and classes that the first connections bring, is not in it.
 */
final class IdleSlope {
    private static final double KIB = 1_024;
    private static final int FIRST_COMPACT = 25;
    private static final Pattern VERSION = Pattern.compile("^\\S+ (\\d+)");

    private final Path java;
    private final List<String> jvmOptions;
    private final List<Integer> steps;

    IdleSlope(Path java, List<String> jvmOptions, List<Integer> steps) {
        this.java = java;
        this.jvmOptions = jvmOptions;
        this.steps = steps.stream().sorted().toList();
        Place.require(
                this.steps.stream().distinct().count() >= 2 && this.steps.get(0) >= 1,
                "--steps: " + steps + " (expected: at least two numbers, all > 0)");
    }

    /** Bytes that one connection more takes. */
    record Slope(double resident, double heap) {}

    /** Measures so many fresh servers; returns the exit status. */
    int measure(int rounds) throws IOException, InterruptedException, RunFailedException {
        List<Slope> slopes = new ArrayList<>();
        System.out.printf("%n%-14s%16s%16s%18s%n", "connections", "resident KiB", "heap KiB", "kernel KiB / 2");
        for (int round = 0; round < rounds; round++) {
            slopes.add(measure());
        }
        Spread resident = Spread.of(slopes.stream().mapToDouble(Slope::resident).toArray());
        Spread heap = Spread.of(slopes.stream().mapToDouble(Slope::heap).toArray());
        System.out.printf("%nbytes for each connection more: resident %s, heap %s%n", resident, heap);
        Goals goals = new Goals();
        int version = version();
        goals.atMost(
                "an idle connection's resident memory, on Java " + version,
                resident.median() / KIB,
                version >= FIRST_COMPACT ? 3 : 4,
                "KiB");
        return goals.conclude();
    }

    private Slope measure() throws IOException, InterruptedException, RunFailedException {
        double[] counts = new double[steps.size()];
        double[] resident = new double[steps.size()];
        double[] heap = new double[steps.size()];
        try (IdleClients clients = IdleClients.of(java, jvmOptions, List.of("http.max-connections: 1000000"))) {
            for (int i = 0; i < counts.length; i++) {
                clients.connect(steps.get(i) - (i == 0 ? 0 : steps.get(i - 1)));
                MemoryLook look = MemoryLook.after(java, clients.serverPid());
                if (clients.open() < steps.get(i)) {
                    throw new RunFailedException(steps.get(i) - clients.open() + " connections were lost");
                }
                counts[i] = steps.get(i);
                resident[i] = look.residentBytes();
                heap[i] = look.heapBytes();
                System.out.printf(
                        "%,-14d%,16d%,16d%,18d%n",
                        steps.get(i), look.residentBytes() >> 10, look.heapBytes() >> 10, look.kernelBytes() >> 11);
            }
        }
        Slope slope = new Slope(leastSquares(counts, resident), leastSquares(counts, heap));
        System.out.printf("%-14s%,14.0f B%,14.0f B%n", "slope", slope.resident, slope.heap);
        return slope;
    }

    /** Returns how much y grows with x on the line that is closest to all points, by the squares of the distances. */
    static double leastSquares(double[] x, double[] y) {
        double meanX = 0;
        double meanY = 0;
        for (int i = 0; i < x.length; i++) {
            meanX += x[i] / x.length;
            meanY += y[i] / x.length;
        }
        double together = 0;
        double alone = 0;
        for (int i = 0; i < x.length; i++) {
            together += (x[i] - meanX) * (y[i] - meanY);
            alone += (x[i] - meanX) * (x[i] - meanX);
        }
        return together / alone;
    }

    private int version() throws RunFailedException {
        String said = Commands.output(java.toString(), "--version").orElse("");
        Matcher matcher = VERSION.matcher(said);
        if (!matcher.find()) {
            throw new RunFailedException(java + " --version does not begin with a name and a version: " + said);
        }
        return Integer.parseInt(matcher.group(1));
    }
}

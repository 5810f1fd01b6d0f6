package io.campanile.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Processor time used so far, by a process and by the whole machine, as Linux counts it.
 *
 * <p>The kernel reports in ticks of 10 ms, so a window should last seconds. Where there is no {@code /proc}, processes
 * fall back to what the JDK knows about them and the machine's time is unknown.
 */
final class CpuTimes {
    private static final Path PROC = Path.of("/proc");

    /** USER_HZ, which is 100 on every architecture that Linux's user space sees. */
    private static final long MICROS_PER_TICK = 10_000;

    private CpuTimes() {}

    /** Returns user plus system time of a process, all threads, in microseconds; empty when it has gone. */
    static OptionalLong processMicros(long pid) {
        Optional<String> stat = read(PROC.resolve(pid + "/stat"));
        if (stat.isPresent()) {
            return OptionalLong.of(processMicros(stat.get()));
        }
        return ProcessHandle.of(pid)
                .flatMap(process -> process.info().totalCpuDuration())
                .map(Duration::toNanos)
                .map(nanos -> OptionalLong.of(nanos / 1_000))
                .orElse(OptionalLong.empty());
    }

    /** Returns the time all processors were busy for anybody, stolen time included, in microseconds. */
    static OptionalLong machineMicros() {
        return read(PROC.resolve("stat"))
                .map(stat -> OptionalLong.of(machineMicros(stat)))
                .orElse(OptionalLong.empty());
    }

    /** Returns the resident set of a process in bytes; empty where that is not known. */
    static OptionalLong residentBytes(long pid) {
        return read(PROC.resolve(pid + "/status"))
                .flatMap(status -> status.lines()
                        .filter(line -> line.startsWith("VmRSS:"))
                        .map(line -> Long.parseLong(line.replaceAll("\\D+", "")) * 1_024)
                        .findFirst())
                .map(OptionalLong::of)
                .orElse(OptionalLong.empty());
    }

    /** Returns how many descriptors this process may have open; empty where that is not known. */
    static OptionalLong maxDescriptors() {
        return read(PROC.resolve("self/limits"))
                .flatMap(limits -> limits.lines()
                        .filter(line -> line.startsWith("Max open files"))
                        .map(line ->
                                line.substring("Max open files".length()).trim().split("\\s+", -1)[0])
                        .filter(soft -> !soft.equals("unlimited"))
                        .map(Long::valueOf)
                        .findFirst())
                .map(OptionalLong::of)
                .orElse(OptionalLong.empty());
    }

    /** Reads {@code utime} and {@code stime}, fields 14 and 15; the name before them may hold spaces and brackets. */
    static long processMicros(String stat) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).trim().split(" ", -1);
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * MICROS_PER_TICK;
    }

    /** Adds user, nice, system, irq, softirq and steal of the first line; guest time is part of user already. */
    static long machineMicros(String stat) {
        String[] fields = stat.lines().findFirst().orElseThrow().trim().split("\\s+", -1);
        long ticks = 0;
        for (int i : new int[] {1, 2, 3, 6, 7, 8}) {
            ticks += Long.parseLong(fields[i]);
        }
        return ticks * MICROS_PER_TICK;
    }

    private static Optional<String> read(Path file) {
        try {
            return Optional.of(Files.readString(file, StandardCharsets.UTF_8));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}

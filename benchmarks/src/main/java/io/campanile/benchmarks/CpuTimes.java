package io.campanile.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Processor time used so far, by a process and by the whole machine, as Linux counts it.
 *
 * <p>The kernel reports in ticks of 10 ms, so a window should last seconds. Where there is no {@code /proc}, processes
 * fall back to what the JDK knows about them and the machine's time is unknown.
 */
final class CpuTimes {
    private static final Path PROC = Path.of("/proc");

    /** HotSpot's, whose names the kernel cuts after 15 characters. */
    private static final Pattern JIT_THREAD = Pattern.compile("\\(C[12] CompilerThre\\)");

    private static final Pattern SOFTIRQ_THREAD = Pattern.compile("\\(ksoftirqd/(\\d+)\\)");

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

    /**
     * Returns what a process used together with what the kernel did for it in threads of its own: those that carry on with
     * network traffic, {@code ksoftirqd}, on the processors that it may use and the other process may not. With both
     * pinned that is the traffic it sent; with none pinned, or off Linux, it is nothing.
     */
    static OptionalLong microsWithTraffic(long pid, long other) {
        OptionalLong own = processMicros(pid);
        BitSet processors = processors(pid);
        processors.andNot(processors(other));
        if (own.isEmpty() || processors.isEmpty()) {
            return own;
        }
        return OptionalLong.of(own.getAsLong()
                + statsIn(PROC).stream()
                        .filter(stat -> {
                            Matcher matcher = SOFTIRQ_THREAD.matcher(stat);
                            return matcher.find() && processors.get(Integer.parseInt(matcher.group(1)));
                        })
                        .mapToLong(CpuTimes::processMicros)
                        .sum());
    }

    /**
     * Returns what the JIT compilers of a JVM have used so far, of those that still run; nothing for another process, or off
     * Linux.
     */
    static long jitMicros(long pid) {
        return jitMicros(statsIn(PROC.resolve(pid + "/task")));
    }

    static long jitMicros(List<String> threads) {
        return threads.stream()
                .filter(stat -> JIT_THREAD.matcher(stat).find())
                .mapToLong(CpuTimes::processMicros)
                .sum();
    }

    /** Returns the stat of each process or thread that a directory lists. */
    private static List<String> statsIn(Path directory) {
        try (Stream<Path> listed = Files.list(directory)) {
            return listed.filter(one -> one.getFileName().toString().chars().allMatch(Character::isDigit))
                    .flatMap(one -> read(one.resolve("stat")).stream())
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static BitSet processors(long pid) {
        return read(PROC.resolve(pid + "/status"))
                .flatMap(status -> status.lines()
                        .filter(line -> line.startsWith("Cpus_allowed_list:"))
                        .findFirst())
                .map(line -> processors(line.substring(line.indexOf(':') + 1).strip()))
                .orElseGet(BitSet::new);
    }

    /** Reads a list such as {@code 0-3,8}. */
    static BitSet processors(String list) {
        BitSet processors = new BitSet();
        for (String range : list.split(",", -1)) {
            String[] ends = range.split("-", -1);
            processors.set(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]) + 1);
        }
        return processors;
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

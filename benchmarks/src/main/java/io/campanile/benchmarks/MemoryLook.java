package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a Java process, and the kernel for everybody's sockets, takes of memory after a garbage collection. Needs Linux, and
 * a JDK whose {@code jcmd} may attach to the process.
 *
 * @param residentBytes the process's resident set, counted page by page
 * @param kernelBytes the kernel's slabs and the buffers of TCP, of the whole machine
 * @param natives what the JVM has committed, by the categories of its native memory tracking
 * @param objects the live objects, by class
 */
record MemoryLook(
        long residentBytes, long kernelBytes, Map<String, Long> natives, Map<String, MemoryLook.Objects> objects) {

    /** The live objects of one class. */
    record Objects(long count, long bytes) {
        static final Objects NONE = new Objects(0, 0);

        Objects minus(Objects before) {
            return new Objects(count - before.count, bytes - before.bytes);
        }
    }

    private static final Pattern CATEGORY = Pattern.compile("- +([A-Za-z ]+) \\(reserved=\\d+, committed=(\\d+)\\)");
    private static final Pattern CLASS = Pattern.compile(" *\\d+: +(\\d+) +(\\d+)  (\\S+).*");
    private static final Pattern SLAB = Pattern.compile("Slab: +(\\d+) kB");
    private static final Pattern TCP_PAGES = Pattern.compile("TCP: .* mem (\\d+)");
    private static final long PAGE_BYTES = 4_096;

    /** Free memory goes back to the system on a thread of its own; it is awaited until nothing has changed so often. */
    private static final int QUIET_LOOKS = 5;

    private static final long QUIET_BYTES = 256 << 10;
    private static final int MOST_LOOKS = 100;

    /** Collects garbage, waits until the JVM has given back what it does not need, and looks. */
    static MemoryLook after(Path java, long pid) throws IOException, InterruptedException, RunFailedException {
        jcmd(java, pid, "GC.run");
        jcmd(java, pid, "GC.run");
        long resident = settledResident(pid);
        long kernel = kernelNow();
        return new MemoryLook(
                resident,
                kernel,
                natives(jcmd(java, pid, "VM.native_memory", "summary", "scale=b")),
                objects(jcmd(java, pid, "GC.class_histogram")));
    }

    /** Waits until the resident set of a process is at rest, and returns it. */
    static long settledResident(long pid) throws IOException, InterruptedException {
        long resident = residentNow(pid);
        for (int looks = 0, quiet = 0; quiet < QUIET_LOOKS && looks < MOST_LOOKS; looks++) {
            TimeUnit.MILLISECONDS.sleep(200);
            long now = residentNow(pid);
            quiet = Math.abs(now - resident) < QUIET_BYTES ? quiet + 1 : 0;
            resident = now;
        }
        return resident;
    }

    /** Returns the bytes of all live objects. */
    long heapBytes() {
        return objects.values().stream().mapToLong(Objects::bytes).sum();
    }

    /** Returns what there is more of each class than there was before. */
    Map<String, Objects> objectsSince(MemoryLook before) {
        Map<String, Objects> more = new HashMap<>();
        objects.forEach((name, now) -> more.put(name, now.minus(before.objects.getOrDefault(name, Objects.NONE))));
        return more;
    }

    /** Returns what there is more in each category than there was before. */
    Map<String, Long> nativesSince(MemoryLook before) {
        Map<String, Long> more = new TreeMap<>();
        natives.forEach((name, now) -> more.put(name, now - before.natives.getOrDefault(name, 0L)));
        return more;
    }

    private static String jcmd(Path java, long pid, String... command) throws RunFailedException {
        String[] words = new String[command.length + 2];
        words[0] = java.resolveSibling("jcmd").toString();
        words[1] = Long.toString(pid);
        System.arraycopy(command, 0, words, 2, command.length);
        return Commands.output(words)
                .orElseThrow(() -> new RunFailedException(
                        "jcmd " + String.join(" ", command) + " failed; --java must belong to a JDK of this user"));
    }

    private static long residentNow(long pid) throws IOException {
        return Files.readString(Path.of("/proc", Long.toString(pid), "smaps_rollup"))
                .lines()
                .filter(line -> line.startsWith("Rss:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D+", "")) * 1_024)
                .sum();
    }

    private static long kernelNow() throws IOException {
        long slab = first(SLAB, Files.readString(Path.of("/proc/meminfo"))) * 1_024;
        return slab + first(TCP_PAGES, Files.readString(Path.of("/proc/net/sockstat"))) * PAGE_BYTES;
    }

    private static long first(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    }

    /** Reads what {@code jcmd VM.native_memory summary scale=b} prints. */
    static Map<String, Long> natives(String summary) {
        Map<String, Long> committed = new TreeMap<>();
        Matcher matcher = CATEGORY.matcher(summary);
        while (matcher.find()) {
            committed.put(matcher.group(1), Long.parseLong(matcher.group(2)));
        }
        return committed;
    }

    /** Reads what {@code jcmd GC.class_histogram} prints. */
    static Map<String, Objects> objects(String histogram) {
        Map<String, Objects> objects = new LinkedHashMap<>();
        histogram
                .lines()
                .map(CLASS::matcher)
                .filter(Matcher::matches)
                .forEach(matcher -> objects.merge(
                        matcher.group(3),
                        new Objects(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2))),
                        (a, b) -> new Objects(a.count() + b.count(), a.bytes() + b.bytes())));
        return objects;
    }
}

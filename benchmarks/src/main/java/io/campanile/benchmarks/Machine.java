package io.campanile.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Where and with what a result was taken: figures without it mean nothing. */
final class Machine {
    private Machine() {}

    /** Returns names and values, in the order in which they are shown. */
    static Map<String, String> describe(Path java, boolean namespaceWanted) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("commit", commit());
        facts.put(
                "JDK",
                Commands.output(java.toString(), "-version")
                        .map(text -> text.lines().skip(1).findFirst().orElse(text))
                        .orElse("unknown"));
        facts.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        facts.put(
                "processors",
                Integer.getInteger(
                                "campanile.bench.processors",
                                Runtime.getRuntime().availableProcessors()) + " × " + processor());
        facts.put("congestion control", firstLine("/proc/sys/net/ipv4/tcp_congestion_control"));
        if (namespaceWanted) {
            facts.put("network namespace", isOwnNamespace() ? "own" : "not allowed here");
        }
        return facts;
    }

    private static String commit() {
        return Commands.output("git", "rev-parse", "--short=12", "HEAD")
                .map(commit -> Commands.output("git", "status", "--porcelain", "--untracked-files=no")
                                .orElse("")
                                .isEmpty()
                        ? commit
                        : commit + " with local changes")
                .orElse("unknown");
    }

    private static String processor() {
        try {
            return Files.readString(Path.of("/proc/cpuinfo"))
                    .lines()
                    .filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException e) {
            return "unknown";
        }
    }

    /** A namespace made for this run has the loopback device and no other. */
    private static boolean isOwnNamespace() {
        try {
            return Files.readString(Path.of("/proc/net/dev"))
                            .lines()
                            .filter(line -> line.contains(":"))
                            .count()
                    == 1;
        } catch (IOException e) {
            return false;
        }
    }

    private static String firstLine(String file) {
        try {
            return Files.readString(Path.of(file)).strip();
        } catch (IOException e) {
            return "unknown";
        }
    }
}

package io.campanile.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Runs small programs of the system and reads what they say. */
final class Commands {

    /** Shell commands that make a new network namespace usable. */
    static final String NAMESPACE_SETUP =
            "ip link set lo up && echo reno > /proc/sys/net/ipv4/tcp_congestion_control && ";

    private Commands() {}

    /** Whether the program exists and ends with status 0. */
    static boolean succeeds(String... command) {
        return output(command).isPresent();
    }

    /** Returns all that the program prints, if it ends with status 0. */
    static Optional<String> output(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() == 0 ? Optional.of(output.strip()) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}

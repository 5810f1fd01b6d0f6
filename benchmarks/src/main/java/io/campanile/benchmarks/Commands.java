package io.campanile.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Runs small programs of the system and reads what they say. */
final class Commands {

    /*
     * Over loopback a processor does the receiver's half of TCP for whom it sends to. Whether an acknowledgement is sent in
     * there, or when the receiver reads, depends on whether the kernel takes the receiver for one who answers, as it does
     * since Linux 6.7 once it has: so a server that had pinged its clients paid for their acknowledgements, and one that had
     * not did not. With a high threshold the kernel takes all of them for mere readers.
     */

    /** Shell commands that make a new network namespace usable, and alike for all. */
    static final String NAMESPACE_SETUP =
            "ip link set lo up && echo reno > /proc/sys/net/ipv4/tcp_congestion_control && "
                    + "{ ! test -e /proc/sys/net/ipv4/tcp_pingpong_thresh"
                    + " || echo 255 > /proc/sys/net/ipv4/tcp_pingpong_thresh; } && ";

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

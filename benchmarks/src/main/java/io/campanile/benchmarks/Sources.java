package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadPlan.BadPlanException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Local addresses to connect from. One address has about 28,000 ports for connections to one server port, so more
 * connections than that need more addresses; on Linux all of 127.0.0.0/8 is local.
 */
final class Sources {
    private static final Pattern NETWORK =
            Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})/(\\d{1,2})");
    private static final int MOST = 64;

    private Sources() {}

    /** Returns up to 64 addresses of an IPv4 network such as {@code 127.0.0.0/8}, none for an empty text. */
    static List<String> of(String network) {
        if (network.isEmpty()) {
            return List.of();
        }
        Matcher matcher = NETWORK.matcher(network);
        if (!matcher.matches()) {
            throw bad(network);
        }
        long base = 0;
        for (int i = 1; i <= 4; i++) {
            int octet = Integer.parseInt(matcher.group(i));
            if (octet > 255) {
                throw bad(network);
            }
            base = base << 8 | octet;
        }
        int prefix = Integer.parseInt(matcher.group(5));
        if (prefix < 8 || prefix > 30) {
            throw bad(network);
        }
        long size = 1L << (32 - prefix);
        base &= -size;
        List<String> addresses = new ArrayList<>();
        for (long host = 1; host < size - 1 && addresses.size() < MOST; host++) {
            long address = base + host;
            addresses.add(
                    (address >> 24) + "." + (address >> 16 & 255) + "." + (address >> 8 & 255) + "." + (address & 255));
        }
        return addresses;
    }

    private static BadPlanException bad(String network) {
        return new BadPlanException(
                "--address-spread: " + network + " (expected: an IPv4 network of /8 to /30 such as 127.0.0.0/8)");
    }
}

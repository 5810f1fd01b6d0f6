package io.campanile.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What windows gave in which servers were measured one right after another.
 *
 * <p>A ratio is taken within each window, since what the machine does at a time meets all its servers, and the median of
 * these is what counts.
 */
final class Windows {

    private final List<Map<String, List<Measured>>> windows = new ArrayList<>();

    /** Takes one window: for each server its loads, the same ones in the same order. */
    void add(Map<String, List<Measured>> window) {
        windows.add(new LinkedHashMap<>(window));
    }

    int count() {
        return windows.size();
    }

    /** Returns how many loads there are. */
    int loads() {
        return windows.get(0).values().iterator().next().size();
    }

    /** Returns a load's name. */
    String load(int load) {
        return windows.get(0).values().iterator().next().get(load).stage().toString();
    }

    /** Returns a server's processor time for each delivered message as a part of another's. */
    Spread ratio(int load, String server, String base) {
        return Spread.of(windows.stream()
                .mapToDouble(window -> micros(measured(window, load, server)) / micros(measured(window, load, base)))
                .toArray());
    }

    private double jitPart(int load, String server) {
        return Measured.jitPart(
                windows.stream().map(window -> measured(window, load, server)).toList());
    }

    private Spread spread(int load, String server, ToDoubleFunction<Measured> figure) {
        return Spread.of(windows.stream()
                .mapToDouble(window -> figure.applyAsDouble(measured(window, load, server)))
                .toArray());
    }

    private static Measured measured(Map<String, List<Measured>> window, int load, String server) {
        return window.getOrDefault(server, List.of()).get(load);
    }

    private static double micros(Measured measured) {
        return measured.serverMicrosPerMessage().orElse(Double.NaN);
    }

    /** Returns how many other programs kept a processor busy, at most, in all that is kept. */
    double mostForeign() {
        return windows.stream()
                .flatMap(window -> window.values().stream())
                .flatMap(List::stream)
                .mapToDouble(measured -> measured.foreignProcessors().orElse(0))
                .max()
                .orElse(0);
    }

    /** Returns medians with the least and the most of all windows, the ratio being that to the base. */
    String table(String base) {
        StringBuilder out = new StringBuilder();
        out.append(String.format(
                "%-14s%-24s%24s%8s%24s%14s%11s%11s%n",
                "", "", "server CPU µs/message", "JIT", "ratio", "delivered/s", "p50 µs", "p99 µs"));
        for (int load = 0; load < loads(); load++) {
            for (String server : windows.get(0).keySet()) {
                out.append(String.format(
                        Locale.ROOT,
                        "%-14s%-24s%24s%8s%24s%,14.0f%,11.0f%,11.0f%n",
                        load(load),
                        server,
                        spread(load, server, Windows::micros),
                        LoadReport.percent(jitPart(load, server)),
                        server.equals(base) ? "1" : ratio(load, server, base),
                        spread(load, server, Measured::deliveredPerSecond).median(),
                        spread(load, server, measured -> measured.latency().p50())
                                .median(),
                        spread(load, server, measured -> measured.latency().p99())
                                .median()));
            }
        }
        out.append(String.format(
                Locale.ROOT,
                "medians of %d windows (least..most); JIT: the part of a JVM's compilers; ratios are taken within each window, to: %s; foreign CPU at most %.2f"
                        + " processors%n",
                count(),
                base,
                mostForeign()));
        return out.toString();
    }
}

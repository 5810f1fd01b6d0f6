package io.campanile.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What rounds gave in which servers were measured one after another.
 *
 * <p>A ratio is taken within each round, since what the machine does at a time meets all the servers of that round, and
 * the median of these is what counts.
 */
final class Rounds {

    /** The value in the middle, and how far the others are from it. */
    record Spread(double median, double least, double most) {

        /** Describes at least one value; of an even number, the mean of the two in the middle is the median. */
        static Spread of(double... values) {
            double[] sorted = values.clone();
            Arrays.sort(sorted);
            int middle = sorted.length / 2;
            double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
            return new Spread(median, sorted[0], sorted[sorted.length - 1]);
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%.2f (%.2f..%.2f)", median, least, most);
        }
    }

    private final List<Map<String, List<Measured>>> rounds = new ArrayList<>();

    /** Takes one round: for each server its loads, the same ones in the same order. */
    void add(Map<String, List<Measured>> round) {
        rounds.add(new LinkedHashMap<>(round));
    }

    int count() {
        return rounds.size();
    }

    /** Returns how many loads there are. */
    int loads() {
        return rounds.get(0).values().iterator().next().size();
    }

    /** Returns a load's name. */
    String load(int load) {
        return rounds.get(0).values().iterator().next().get(load).stage().toString();
    }

    /** Returns a server's processor time for each delivered message as a part of another's. */
    Spread ratio(int load, String server, String base) {
        return Spread.of(rounds.stream()
                .mapToDouble(round -> micros(measured(round, load, server)) / micros(measured(round, load, base)))
                .toArray());
    }

    private Spread spread(int load, String server, ToDoubleFunction<Measured> figure) {
        return Spread.of(rounds.stream()
                .mapToDouble(round -> figure.applyAsDouble(measured(round, load, server)))
                .toArray());
    }

    private static Measured measured(Map<String, List<Measured>> round, int load, String server) {
        return round.getOrDefault(server, List.of()).get(load);
    }

    private static double micros(Measured measured) {
        return measured.serverMicrosPerMessage().orElse(Double.NaN);
    }

    /** Returns how many other programs kept a processor busy, at most, in all that is kept. */
    double mostForeign() {
        return rounds.stream()
                .flatMap(round -> round.values().stream())
                .flatMap(List::stream)
                .mapToDouble(measured -> measured.foreignProcessors().orElse(0))
                .max()
                .orElse(0);
    }

    /** Returns medians with the least and the most of all rounds, the ratio being that to the base. */
    String table(String base) {
        StringBuilder out = new StringBuilder();
        out.append(String.format(
                "%-14s%-24s%24s%24s%14s%11s%11s%n",
                "", "", "server CPU µs/message", "ratio", "delivered/s", "p50 µs", "p99 µs"));
        for (int load = 0; load < loads(); load++) {
            for (String server : rounds.get(0).keySet()) {
                out.append(String.format(
                        Locale.ROOT,
                        "%-14s%-24s%24s%24s%,14.0f%,11.0f%,11.0f%n",
                        load(load),
                        server,
                        spread(load, server, Rounds::micros),
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
                "medians of %d rounds (least..most); ratios are taken within each round, to: %s; foreign CPU at most %.2f"
                        + " processors%n",
                count(),
                base,
                mostForeign()));
        return out.toString();
    }
}

package io.campanile.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

/**
 * What a comparison gave: medians over rounds, and Campanile's processor time as a ratio to each peer's.
 *
 * @param scenario what the loads were
 * @param reports for each server one report a round, Campanile first, all with the same loads
 * @param circumstances how that was taken
 */
record Comparison(Scenario scenario, Map<Peer, List<LoadReport>> reports, Circumstances circumstances)
        implements Outcome {

    /**
     * One server under one load.
     *
     * @param load the load's name
     * @param serverMicros the server's processor time for each delivered message, in microseconds
     * @param leastServerMicros the same in the round where it was least
     * @param mostServerMicros the same in the round where it was most
     * @param jitPart the part of it that the compilers of a JVM used
     */
    record Row(
            String load,
            Peer peer,
            double serverMicros,
            double leastServerMicros,
            double mostServerMicros,
            double jitPart,
            double generatorMicros,
            double deliveredPerSecond,
            double p50Micros,
            double p99Micros,
            double p999Micros,
            double serverMebibytes,
            double foreignProcessors) {

        /** Whether other programs disturbed it, in spite of further tries. */
        boolean isNoisy() {
            return foreignProcessors > LoadReport.NOISE;
        }
    }

    /** Returns the rows, load by load. */
    List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        int loads = reports.values().stream()
                .flatMap(List::stream)
                .mapToInt(report -> report.stages().size())
                .min()
                .orElse(0);
        for (int load = 0; load < loads; load++) {
            int number = load;
            reports.forEach((peer, rounds) -> rows.add(row(
                    peer,
                    rounds.stream().map(report -> report.stages().get(number)).toList())));
        }
        return rows;
    }

    private static Row row(Peer peer, List<Measured> rounds) {
        ToDoubleFunction<Measured> server =
                measured -> measured.serverMicrosPerMessage().orElse(Double.NaN);
        return new Row(
                rounds.get(0).stage().toString(),
                peer,
                median(rounds, server),
                rounds.stream().mapToDouble(server).min().orElse(Double.NaN),
                rounds.stream().mapToDouble(server).max().orElse(Double.NaN),
                Measured.jitPart(rounds),
                median(rounds, Measured::generatorMicrosPerMessage),
                median(rounds, Measured::deliveredPerSecond),
                median(rounds, measured -> measured.latency().p50()),
                median(rounds, measured -> measured.latency().p99()),
                median(rounds, measured -> measured.latency().p999()),
                median(rounds, measured -> (double) measured.serverBytes().orElse(0) / (1 << 20)),
                median(rounds, measured -> measured.foreignProcessors().orElse(Double.NaN)));
    }

    /** Returns the value in the middle; of an even number of values, the mean of the two in the middle. */
    static double median(List<Measured> rounds, ToDoubleFunction<Measured> value) {
        double[] sorted = rounds.stream().mapToDouble(value).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** Returns Campanile's processor time for a message as a part of a peer's, for one load. */
    OptionalDouble ratio(String load, Peer peer) {
        OptionalDouble ours = serverMicros(load, Peer.CAMPANILE.name());
        OptionalDouble theirs = serverMicros(load, peer.name());
        return ours.isPresent() && theirs.isPresent()
                ? OptionalDouble.of(ours.getAsDouble() / theirs.getAsDouble())
                : OptionalDouble.empty();
    }

    private OptionalDouble serverMicros(String load, String name) {
        return rows().stream()
                .filter(row -> row.load().equals(load) && row.peer().name().equals(name))
                .mapToDouble(Row::serverMicros)
                .findFirst();
    }

    @Override
    public String table() {
        StringBuilder out = new StringBuilder(circumstances.table());
        out.append(String.format("%s: %s%n", scenario.name(), scenario.title()));
        out.append(String.format(
                "%-14s%-24s%10s%16s%8s%8s%11s%13s%11s%11s%11s%6s%9s%n",
                "",
                "",
                "server",
                "least..most",
                "JIT",
                "ratio",
                "generator",
                scenario.unit() + "s/s",
                "p50 µs",
                "p99 µs",
                "p99.9 µs",
                "MiB",
                "foreign"));
        for (Row row : rows()) {
            out.append(String.format(
                    Locale.ROOT,
                    "%-14s%-24s%10.2f%16s%8s%8s%11.2f%,13.0f%,11.0f%,11.0f%,11.0f%6.0f%8.2f%s%n",
                    row.load(),
                    row.peer(),
                    row.serverMicros(),
                    String.format(Locale.ROOT, "%.2f..%.2f", row.leastServerMicros(), row.mostServerMicros()),
                    LoadReport.percent(row.jitPart()),
                    ratioText(row),
                    row.generatorMicros(),
                    row.deliveredPerSecond(),
                    row.p50Micros(),
                    row.p99Micros(),
                    row.p999Micros(),
                    row.serverMebibytes(),
                    row.foreignProcessors(),
                    row.isNoisy() ? "*" : ""));
        }
        out.append(String.format(
                "server, generator: CPU µs for each %s; JIT: the part of a JVM's compilers; ratio: Campanile to this"
                        + " server; MiB: the server's resident set; foreign: processors%n",
                scenario.unit()));
        warnings().forEach(warning -> out.append("WARNING: ").append(warning).append(System.lineSeparator()));
        return out.append(circumstances.failureLines()).toString();
    }

    @Override
    public String markdown() {
        StringBuilder out =
                new StringBuilder(String.format("### %s: %s%n%n", capitalised(scenario.name()), scenario.title()));
        out.append(circumstances.markdown());
        out.append(String.format(
                "| load | server | CPU µs/%s | JIT | ratio | generator CPU µs | %ss/s | p50 µs | p99 µs | p99.9 µs | MiB | foreign CPU |%n"
                        + "|---|---|---|---|---|---|---|---|---|---|---|---|%n",
                scenario.unit(), scenario.unit()));
        for (Row row : rows()) {
            out.append(String.format(
                    Locale.ROOT,
                    "| %s | %s | %s | %s | %s | %.2f | %,.0f | %,.0f | %,.0f | %,.0f | %.0f | %.2f%s |%n",
                    row.load(),
                    row.peer(),
                    spread(row),
                    LoadReport.percent(row.jitPart()),
                    ratioText(row),
                    row.generatorMicros(),
                    row.deliveredPerSecond(),
                    row.p50Micros(),
                    row.p99Micros(),
                    row.p999Micros(),
                    row.serverMebibytes(),
                    row.foreignProcessors(),
                    row.isNoisy() ? "*" : ""));
        }
        warnings().forEach(warning -> out.append(String.format("%nWarning: %s.%n", warning)));
        return out.toString();
    }

    private String spread(Row row) {
        return circumstances.rounds() == 1
                ? String.format(Locale.ROOT, "%.2f", row.serverMicros())
                : String.format(
                        Locale.ROOT,
                        "%.2f (%.2f..%.2f)",
                        row.serverMicros(),
                        row.leastServerMicros(),
                        row.mostServerMicros());
    }

    private static String capitalised(String name) {
        return name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
    }

    @Override
    public String draw(Path directory) throws IOException {
        StringBuilder shown = new StringBuilder();
        for (String load : rows().stream().map(Row::load).distinct().toList()) {
            boolean open = load.endsWith("/s");
            List<Chart.Bar> bars = rows().stream()
                    .filter(row -> row.load().equals(load))
                    .map(row -> new Chart.Bar(
                            row.peer().toString(),
                            open ? row.p99Micros() / 1e3 : row.serverMicros(),
                            row.peer().isCampanile()))
                    .toList();
            String title = scenario.title() + ", " + load;
            Path file = directory.resolve(scenario.name() + "-" + load.replaceAll("[^0-9]+", "") + ".svg");
            new Chart(title, open ? "p99, milliseconds" : "CPU µs per " + scenario.unit(), bars).writeTo(file);
            shown.append(String.format("%n![%s](%s/%s)%n", title, directory.getFileName(), file.getFileName()));
        }
        return shown.toString();
    }

    @Override
    public Map<String, Object> toMap() {
        Map<String, Object> map = circumstances.toMap();
        Map<String, Object> ratios = new LinkedHashMap<>();
        rows().forEach(row -> ratio(row.load(), row.peer())
                .ifPresent(ratio -> ratios.put(row.load() + ", " + row.peer().name(), ratio)));
        map.put("ratios", ratios);
        Map<String, Object> rounds = new LinkedHashMap<>();
        reports.forEach((peer, list) ->
                rounds.put(peer.name(), list.stream().map(LoadReport::toMap).toList()));
        map.put("rounds", rounds);
        return map;
    }

    private List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        for (Row row : rows()) {
            if (row.generatorMicros() > row.serverMicros()) {
                warnings.add(String.format(
                        Locale.ROOT,
                        "%s, %s: THE GENERATOR NEEDED MORE CPU PER MESSAGE THAN THE SERVER; delivered/s and latency are"
                                + " the generator's",
                        row.load(),
                        row.peer()));
            }
        }
        if (rows().stream().anyMatch(Row::isNoisy)) {
            warnings.add("*: other programs disturbed it, in spite of further tries");
        }
        return warnings;
    }

    private String ratioText(Row row) {
        OptionalDouble ratio = ratio(row.load(), row.peer());
        return ratio.isPresent() ? String.format(Locale.ROOT, "%.2f", ratio.getAsDouble()) : "-";
    }
}

package io.campanile.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * What a run gave, as a table for people and as JSON for programs.
 *
 * @param plan what was done
 * @param connectSeconds from the first connect to the last connection taking part
 * @param stages one result for each stage that was measured to its end
 */
record LoadReport(LoadPlan plan, double connectSeconds, List<Measured> stages) {

    /** How many processors other programs may keep busy before figures say something about them too. */
    static final double NOISE = 0.1;

    LoadReport {
        stages = List.copyOf(stages);
    }

    double connectionsPerSecond() {
        return plan.allConnections() / Math.max(connectSeconds, 1e-9);
    }

    /** Returns how many processors other programs kept busy in the stage where they disturbed most. */
    double mostForeign() {
        return stages.stream()
                .mapToDouble(stage -> stage.foreignProcessors().orElse(0))
                .max()
                .orElse(0);
    }

    /** Returns the table, one column for each stage, with warnings below it. */
    String table() {
        StringBuilder out = new StringBuilder();
        out.append(String.format(
                Locale.ROOT,
                "%s, %,d receivers in %d %s, %d %s, %,d B; connected in %.1f s (%,.0f/s)%n",
                plan.url(),
                plan.connections(),
                plan.rooms(),
                plan.rooms() == 1 ? "room" : "rooms",
                plan.publishers(),
                plan.publishers() == 1 ? "publisher" : "publishers",
                plan.size(),
                connectSeconds,
                connectionsPerSecond()));
        row(out, "", stage -> stage.stage().toString());
        row(out, "delivered", stage -> String.format(Locale.ROOT, "%,d", stage.delivered()));
        row(out, "delivered/s", stage -> String.format(Locale.ROOT, "%,.0f", stage.deliveredPerSecond()));
        row(out, "server CPU µs/message", stage -> decimal(stage.serverMicrosPerMessage()));
        row(
                out,
                "  JIT compilers",
                stage -> stage.serverMicros().isPresent() ? percent(Measured.jitPart(List.of(stage))) : "-");
        row(out, "generator CPU µs/message", stage -> decimal(stage.generatorMicrosPerMessage()));
        row(out, "foreign CPU, processors", stage -> decimal(stage.foreignProcessors()));
        row(
                out,
                "server memory, MiB",
                stage -> stage.serverBytes().isPresent()
                        ? Long.toString(stage.serverBytes().getAsLong() >> 20)
                        : "-");
        percentiles(out, "latency", Measured::latency);
        percentiles(out, "to the last receiver", Measured::lastReceiver);
        warnings().forEach(warning -> out.append("WARNING: ").append(warning).append(System.lineSeparator()));
        return out.toString();
    }

    /** Returns what should keep a reader from trusting the figures. */
    List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        for (Measured stage : stages) {
            if (stage.isGeneratorHeavier()) {
                warnings.add(String.format(
                        Locale.ROOT,
                        "%s: THE GENERATOR NEEDED MORE CPU PER MESSAGE (%.2f µs) THAN THE SERVER (%.2f µs); it, not the"
                                + " server, sets delivered/s and latency",
                        stage.stage(),
                        stage.generatorMicrosPerMessage(),
                        stage.serverMicrosPerMessage().orElse(0)));
            }
            if (stage.foreignProcessors().orElse(0) > NOISE) {
                warnings.add(String.format(
                        Locale.ROOT,
                        "%s: other programs kept %.2f processors busy meanwhile",
                        stage.stage(),
                        stage.foreignProcessors().orElse(0)));
            }
        }
        return warnings;
    }

    Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("url", plan.url().toString());
        map.put("mode", plan.mode().name().toLowerCase(Locale.ROOT));
        map.put("connections", plan.connections());
        map.put("rooms", plan.rooms());
        map.put("publishers", plan.publishers());
        map.put("publishersAreReceivers", plan.echo());
        map.put("size", plan.size());
        map.put("pollMicros", plan.poll().toNanos() / 1_000);
        map.put("warmupSeconds", plan.warmup().toMillis() / 1e3);
        map.put("java", Runtime.version().toString());
        map.put("connectSeconds", connectSeconds);
        map.put("connectionsPerSecond", connectionsPerSecond());
        map.put("stages", stages.stream().map(Measured::toMap).toList());
        map.put("warnings", warnings());
        return map;
    }

    private void percentiles(StringBuilder out, String name, Function<Measured, Percentiles> of) {
        row(out, name + " p50, µs", stage -> micros(of.apply(stage).p50()));
        row(out, "  p99", stage -> micros(of.apply(stage).p99()));
        row(out, "  p99.9", stage -> micros(of.apply(stage).p999()));
        row(out, "  max", stage -> micros(of.apply(stage).max()));
    }

    private void row(StringBuilder out, String name, Function<Measured, String> cell) {
        out.append(String.format(Locale.ROOT, "%-32s", name));
        stages.forEach(stage -> out.append(String.format(Locale.ROOT, "%16s", cell.apply(stage))));
        out.append(System.lineSeparator());
    }

    private static String micros(double micros) {
        return String.format(Locale.ROOT, "%,.0f", micros);
    }

    static String percent(double part) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * part);
    }

    private static String decimal(java.util.OptionalDouble value) {
        return value.isPresent() ? decimal(value.getAsDouble()) : "-";
    }

    private static String decimal(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }
}

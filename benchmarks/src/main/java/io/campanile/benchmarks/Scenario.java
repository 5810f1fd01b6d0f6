package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadPlan.BadPlanException;
import io.campanile.benchmarks.LoadPlan.Stage;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What servers are compared under.
 *
 * @param name as it is asked for
 * @param connections the receivers
 * @param size payload bytes of a delivered message
 * @param stages the loads, one after another
 * @param warmup the load before them
 */
record Scenario(String name, int connections, int size, List<Stage> stages, Stage warmup) {

    private static final List<Scenario> KNOWN = List.of(
            closed("broadcast", 1_000, 128, 1, 4, 8, 16),
            closed("large", 1_000, 4_096, 1, 8),
            closed("many", 10_000, 128, 2),
            new Scenario("open-loop", 1_000, 128, List.of(new Stage.Rate(20)), new Stage.Rate(50)));

    /** One in which broadcasts are in flight all the time. */
    static Scenario closed(String name, int connections, int size, int... inFlight) {
        List<Stage> stages =
                IntStream.of(inFlight).<Stage>mapToObj(Stage.InFlight::new).toList();
        return new Scenario(name, connections, size, stages, new Stage.InFlight(1));
    }

    /** Returns the scenario of a name. */
    static Scenario named(String name) {
        return KNOWN.stream()
                .filter(scenario -> scenario.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new BadPlanException("--scenarios: " + name + " (expected: of "
                        + KNOWN.stream().map(Scenario::name).collect(Collectors.joining(",")) + ")"));
    }

    /** Returns what it is, for people. */
    String title() {
        return String.format(Locale.ROOT, "%,d receivers, %,d bytes", connections, size);
    }
}

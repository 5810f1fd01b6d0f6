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
 * @param title what it is, for people
 * @param connections the receivers, dealt to the rooms
 * @param rooms how many rooms there are, with one publisher each
 * @param size payload bytes of a delivered message
 * @param stalled further members who stop reading when the first load is measured
 * @param stages the loads, one after another; none when the memory of connections is looked at that do nothing
 * @param warmup the load before them
 * @param leastWarmup how many seconds that lasts at least
 * @param leastSeconds how many seconds a load is measured at least
 */
record Scenario(
        String name,
        String title,
        int connections,
        int rooms,
        int size,
        int stalled,
        List<Stage> stages,
        Stage warmup,
        int leastWarmup,
        int leastSeconds) {

    private static final List<Scenario> KNOWN = List.of(
            closed("broadcast", 1_000, 128, 1, 4, 8, 16),
            closed("large", 1_000, 4_096, 1, 8),
            closed("many", 10_000, 128, 2),
            closed("rooms", "10,000 receivers in 1,000 rooms, 128 bytes", 10_000, 1_000, 128, 1),
            closed("echo", "1,000 clients that talk to themselves, 128 bytes", 1_000, 1_000, 128, 1),
            // A percentile of a hundred broadcasts is that of the slowest one.
            open("open-loop", "1,000 receivers, 128 bytes", 1_000, 128, 0, 20, 10),
            // What the kernel keeps for a stalled client, about 3 MiB, is full after 10 s.
            open("stalled", "900 receivers and 100 that stop reading, 16,384 bytes", 900, 16_384, 100, 20, 20),
            new Scenario(
                    "churn",
                    "clients that come, join, leave and go, in 1,000 rooms",
                    1_000,
                    1_000,
                    128,
                    0,
                    List.of(new Stage.Visits(50)),
                    new Stage.Visits(50),
                    // A JIT compiler has the handshake to do, which no other load warms up.
                    20,
                    1),
            new Scenario(
                    "idle",
                    "10,000 connections that do nothing",
                    10_000,
                    1,
                    128,
                    0,
                    List.of(),
                    new Stage.InFlight(1),
                    0,
                    1));

    /** One room in which broadcasts are in flight all the time. */
    static Scenario closed(String name, int connections, int size, int... inFlight) {
        String title = String.format(Locale.ROOT, "%,d receivers, %,d bytes", connections, size);
        return closed(name, title, connections, 1, size, inFlight);
    }

    private static Scenario closed(String name, String title, int connections, int rooms, int size, int... inFlight) {
        List<Stage> stages =
                IntStream.of(inFlight).<Stage>mapToObj(Stage.InFlight::new).toList();
        return new Scenario(name, title, connections, rooms, size, 0, stages, new Stage.InFlight(1), 0, 1);
    }

    private static Scenario open(
            String name, String title, int connections, int size, int stalled, int perSecond, int leastSeconds) {
        Stage rate = new Stage.Rate(perSecond);
        // At its rate a JIT compiler would see a few hundred messages: what servers are that have just begun is not
        // asked.
        Stage warmup = new Stage.InFlight(1);
        return new Scenario(name, title, connections, 1, size, stalled, List.of(rate), warmup, 0, leastSeconds);
    }

    /** Returns the scenario of a name. */
    static Scenario named(String name) {
        return KNOWN.stream()
                .filter(scenario -> scenario.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new BadPlanException("--scenarios: " + name + " (expected: of " + names() + ")"));
    }

    /** Returns the names of all there are. */
    static String names() {
        return KNOWN.stream().map(Scenario::name).collect(Collectors.joining(","));
    }

    /** Whether it is the memory of connections that is looked at, which do nothing. */
    boolean isIdle() {
        return stages.isEmpty();
    }

    /** Returns what is counted. */
    String unit() {
        return warmup instanceof Stage.Visits ? "visit" : "message";
    }
}

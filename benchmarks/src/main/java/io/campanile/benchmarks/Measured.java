package io.campanile.benchmarks;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * What one window of one stage gave.
 *
 * @param stage the load
 * @param seconds how long the window was
 * @param delivered messages that arrived at receivers
 * @param broadcasts messages that arrived at the last receiver of their room
 * @param serverMicros the server's processor time, when its process is known
 * @param jitMicros what of it the JVM's compilers used, which ends once the server is warm; 0 when there are none
 * @param generatorMicros the generator's own processor time
 * @param machineMicros everybody's processor time, where that is known
 * @param latency from when a message should have been sent to when a sampled receiver had it
 * @param lastReceiver the same until every receiver of the room had it
 * @param serverBytes the server's resident set at the end of the window
 */
record Measured(
        LoadPlan.Stage stage,
        double seconds,
        long delivered,
        long broadcasts,
        OptionalLong serverMicros,
        long jitMicros,
        long generatorMicros,
        OptionalLong machineMicros,
        Percentiles latency,
        Percentiles lastReceiver,
        OptionalLong serverBytes) {

    double deliveredPerSecond() {
        return delivered / seconds;
    }

    /** The server's processor time for each delivered message, in microseconds. */
    OptionalDouble serverMicrosPerMessage() {
        return serverMicros.isPresent() && delivered > 0
                ? OptionalDouble.of((double) serverMicros.getAsLong() / delivered)
                : OptionalDouble.empty();
    }

    /** The part of the server's processor time that the JVM's compilers used, in all of these: they work now and then. */
    static double jitPart(List<Measured> all) {
        long server = all.stream()
                .mapToLong(measured -> measured.serverMicros().orElse(0))
                .sum();
        return server > 0 ? (double) all.stream().mapToLong(Measured::jitMicros).sum() / server : 0;
    }

    /** The generator's own processor time for each delivered message, in microseconds; 0 when nothing arrived. */
    double generatorMicrosPerMessage() {
        return delivered > 0 ? (double) generatorMicros / delivered : 0;
    }

    /**
     * How many processors were busy with neither the server nor the generator. What the kernel does in threads of its
     * own counts here too, but for {@linkplain CpuTimes#microsWithTraffic what it does for one of the two}.
     */
    OptionalDouble foreignProcessors() {
        if (machineMicros.isEmpty() || serverMicros.isEmpty()) {
            return OptionalDouble.empty();
        }
        long foreign = machineMicros.getAsLong() - serverMicros.getAsLong() - generatorMicros;
        return OptionalDouble.of(Math.max(0, foreign) / (seconds * 1e6));
    }

    /** Whether the generator was the heavier of the two, so that the figures say as much about it as the server. */
    boolean isGeneratorHeavier() {
        OptionalDouble server = serverMicrosPerMessage();
        return server.isPresent() && generatorMicrosPerMessage() > server.getAsDouble();
    }

    Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("load", stage.toString());
        map.put("seconds", seconds);
        map.put("delivered", delivered);
        map.put("deliveredPerSecond", deliveredPerSecond());
        map.put("broadcasts", broadcasts);
        serverMicrosPerMessage().ifPresent(micros -> map.put("serverCpuMicrosPerMessage", micros));
        serverMicros.ifPresent(micros -> map.put("jitPart", jitPart(List.of(this))));
        map.put("generatorCpuMicrosPerMessage", generatorMicrosPerMessage());
        foreignProcessors().ifPresent(processors -> map.put("foreignProcessors", processors));
        serverBytes.ifPresent(bytes -> map.put("serverResidentBytes", bytes));
        map.put("latency", latency.toMap());
        map.put("lastReceiverLatency", lastReceiver.toMap());
        return map;
    }
}

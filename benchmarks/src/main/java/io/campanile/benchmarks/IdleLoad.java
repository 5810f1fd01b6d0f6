package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.Progress;
import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.IntFunction;

/** The memory of connections that do nothing: what each of the later ones takes, when a fifth is open already. */
final class IdleLoad {

    /** By so many of the connections a server has loaded, compiled and grown what it needs for all of them. */
    private static final int WARM_PART = 5;

    private IdleLoad() {}

    /**
     * What one connection more takes.
     *
     * @param resident bytes of the server's resident set
     * @param heap bytes of live objects, when a JVM runs the server
     */
    record Bytes(double resident, OptionalDouble heap) {
        Map<String, Object> toMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("residentBytes", resident);
            heap.ifPresent(bytes -> map.put("heapBytes", bytes));
            return map;
        }
    }

    /** One look at a server. */
    private record Look(long resident, OptionalDouble heap) {
        static Look at(Place place, Peer peer, long pid) throws IOException, InterruptedException, RunFailedException {
            if (!peer.isJava()) {
                return new Look(MemoryLook.settledResident(pid), OptionalDouble.empty());
            }
            MemoryLook look = MemoryLook.after(place.java(), pid);
            return new Look(look.residentBytes(), OptionalDouble.of(look.heapBytes()));
        }
    }

    /**
     * Starts a server, opens connections to it, and looks.
     *
     * @param plan how as many as it is asked for are opened
     */
    static Bytes measure(Place place, Peer peer, int connections, IntFunction<LoadPlan> plan, Progress progress)
            throws IOException, InterruptedException, RunFailedException {
        String[] options = IdleBench.serverOptions(place.java()).toArray(String[]::new);
        List<LoadGenerator> open = new ArrayList<>();
        try (ServerProcess server = place.start(peer, options)) {
            int first = connections / WARM_PART;
            int more = connections - first;
            open.add(open(plan.apply(first), progress));
            Look before = Look.at(place, peer, server.pid());
            open.add(open(plan.apply(more), progress));
            Look after = Look.at(place, peer, server.pid());
            return new Bytes(
                    (double) (after.resident() - before.resident()) / more,
                    after.heap().isPresent()
                            ? OptionalDouble.of(
                                    (after.heap().getAsDouble() - before.heap().orElse(0)) / more)
                            : OptionalDouble.empty());
        } finally {
            open.forEach(LoadGenerator::close);
        }
    }

    private static LoadGenerator open(LoadPlan plan, Progress progress)
            throws InterruptedException, RunFailedException {
        LoadGenerator generator = new LoadGenerator(plan, progress);
        try {
            generator.open();
            return generator;
        } catch (RunFailedException | InterruptedException e) {
            generator.close();
            throw e;
        }
    }
}

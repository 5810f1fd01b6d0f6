package io.campanile.testkit;

import io.campanile.core.SmallRegistries;
import java.util.Optional;

/** Looks for a fault. Loaded once for each defective copy of the registry, by a class loader of its own. */
public final class Hunt {

    private Hunt() {}

    /** Returns the guarantee found broken, how many schedules it took, and how it broke, or null when time ran out. */
    public static String @org.jspecify.annotations.Nullable [] simulate(long nanos) {
        Simulation simulation = new Simulation(SmallRegistries::create);
        long began = System.nanoTime();
        for (long seed = 1; System.nanoTime() - began < nanos; seed++) {
            Optional<Guarantee> broken = simulation.check(seed);
            if (broken.isPresent()) {
                return new String[] {broken.get().name(), Long.toString(seed), trace(simulation, seed)};
            }
        }
        return null;
    }

    private static String trace(Simulation simulation, long seed) {
        return simulation.run(seed).map(Simulation.Failure::toString).orElse("does not replay");
    }

    /** Does the same with real threads. */
    public static String @org.jspecify.annotations.Nullable [] race(long nanos) throws InterruptedException {
        long began = System.nanoTime();
        for (int round = 1; System.nanoTime() - began < nanos; round++) {
            Optional<String> broken = Race.round();
            if (broken.isPresent()) {
                String what = broken.get();
                return new String[] {what.substring(0, what.indexOf(':')), round + " races", what};
            }
        }
        return null;
    }
}

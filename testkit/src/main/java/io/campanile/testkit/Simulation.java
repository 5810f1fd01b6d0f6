package io.campanile.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Runs a registry, its shards, its callers, its clients and its clock on one thread, in an order that a seed decides, and
 * compares what is seen with a plain model after each step.
 *
 * <p>A run is an exact function of its seed. Each seed draws its own limits (some so small that they are hit all the time),
 * number of shards, and mixture of steps: registering, joining, leaving, sending, broadcasting in all forms, closing,
 * sweeping; shards that take up their work now or later; peers that stall, read on, fall silent, or go away; transports,
 * formats and listeners that throw, listeners that call the registry; time that passes. Wherever the registry calls out, to
 * an executor, a listener or a transport, others may act in the middle.
 *
 * <p>What it cannot show: two threads at once within the registry's own code, between two places where it calls nobody.
 *
 * <p>Instances keep no state; they may be used from several threads.
 */
public final class Simulation {

    /**
     * A run that broke a guarantee.
     *
     * @param seed what it was drawn from
     * @param guarantee what was broken
     * @param what how
     * @param steps the number of steps, those in the middle of others included
     * @param trace the steps, and what was seen of the registry
     */
    public record Failure(long seed, Guarantee guarantee, String what, int steps, String trace) {

        /** Returns the whole story. */
        @Override
        public String toString() {
            return "seed " + seed + " breaks " + guarantee + ": " + what + "\nafter " + steps + " steps:\n" + trace;
        }
    }

    private final Registries registries;
    private final boolean smallIds;

    /** Tests the registry that {@link io.campanile.core.ConnectionRegistry#builder} builds. */
    public Simulation() {
        this.registries = Registries::standard;
        this.smallIds = false;
    }

    Simulation(Registries registries) {
        this.registries = registries;
        this.smallIds = true;
    }

    /** Runs the schedule of a seed. Returns how it failed, made as short as it can be, or empty. */
    public Optional<Failure> run(long seed) {
        Schedule schedule = schedule(seed);
        Violation violation = attempt(schedule, null);
        return violation == null ? Optional.empty() : Optional.of(shrink(seed, schedule, violation));
    }

    /** Runs the schedule of a seed. Returns which guarantee it broke, or empty. */
    public Optional<Guarantee> check(long seed) {
        return Optional.ofNullable(attempt(schedule(seed), null)).map(violation -> violation.guarantee);
    }

    private Schedule schedule(long seed) {
        Schedule drawn = Schedule.of(seed);
        return smallIds
                ? drawn
                : new Schedule(
                        drawn.shards(),
                        drawn.threadless(),
                        drawn.config(),
                        1 << 20,
                        (1 << 28) - 1,
                        drawn.overflow(),
                        drawn.steps());
    }

    private @Nullable Violation attempt(Schedule schedule, @Nullable StringBuilder trace) {
        try {
            new World(schedule, registries, trace).run();
            return null;
        } catch (Violation e) {
            return e;
        }
    }

    private Failure shrink(long seed, Schedule schedule, Violation first) {
        Schedule shortest = schedule;
        Guarantee guarantee = first.guarantee;
        boolean shorter = true;
        while (shorter) {
            int before = shortest.size();
            for (int length = Math.max(1, shortest.steps().size() / 2); length >= 1; length /= 2) {
                for (int from = 0; from < shortest.steps().size(); ) {
                    List<Step> fewer = new ArrayList<>(shortest.steps());
                    fewer.subList(from, Math.min(fewer.size(), from + length)).clear();
                    Schedule candidate = shortest.with(fewer);
                    if (breaks(candidate, guarantee)) {
                        shortest = candidate;
                    } else {
                        from += length;
                    }
                }
            }
            for (int i = 0; i < shortest.steps().size(); i++) {
                for (Step simpler : shortest.steps().get(i).simpler()) {
                    List<Step> changed = new ArrayList<>(shortest.steps());
                    changed.set(i, simpler);
                    Schedule candidate = shortest.with(changed);
                    if (breaks(candidate, guarantee)) {
                        shortest = candidate;
                        i--;
                        break;
                    }
                }
            }
            shorter = shortest.size() < before;
        }
        StringBuilder trace = new StringBuilder();
        trace.append("  ")
                .append(shortest.shards())
                .append(shortest.threadless() ? " shards run by callers, " : " shards with a thread each, ")
                .append(shortest.config())
                .append(", rooms overflow as ")
                .append(shortest.overflow())
                .append(
                        smallIds
                                ? ", " + shortest.slots() + " slots of " + shortest.generations() + " generations each"
                                : "")
                .append('\n');
        Violation last = attempt(shortest, trace);
        String what = last == null ? String.valueOf(first.getMessage()) : String.valueOf(last.getMessage());
        return new Failure(seed, guarantee, what, shortest.size(), trace.toString());
    }

    private boolean breaks(Schedule schedule, Guarantee guarantee) {
        Violation violation = attempt(schedule, null);
        return violation != null && violation.guarantee == guarantee;
    }
}

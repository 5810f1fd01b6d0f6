package io.campanile.concurrency;

import io.campanile.core.LoopCounter;
import io.campanile.core.RegistryOperations;
import io.campanile.core.RoomCounts;
import io.campanile.core.ShardCounter;
import io.campanile.core.TouchedSlot;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.StressOptions;

/**
 * Checks with Lincheck that concurrent calls answer as if they had come one after another.
 *
 * <p>Stress runs random scenarios on real threads. Model checking chooses where threads change places, and knows
 * sequentially consistent executions only; the weaker ones are jcstress's part.
 */
public enum Linearizability {
    /** Commands on a shard, on real threads. */
    SHARD_STRESS(ShardCounter.class, ShardCounter.Sequential.class, How.STRESS),
    /** Registering, leaving, joining and counting, on real threads. */
    REGISTRY_STRESS(RegistryOperations.class, RegistryOperations.Sequential.class, How.STRESS),
    /** The number of members over two shards, on real threads. */
    ROOM_COUNTS_STRESS(RoomCounts.class, RoomCounts.Sequential.class, How.STRESS),
    /** Commands on a shard, schedule by schedule. */
    SHARD_MODEL(ShardCounter.class, ShardCounter.Sequential.class, How.MODEL_CHECKING),
    /** Commands handed to the shard of an event loop, schedule by schedule. */
    LOOP_MODEL(LoopCounter.class, LoopCounter.Sequential.class, How.MODEL_CHECKING),
    /** A slot that passes on while it is touched and looked up, schedule by schedule. */
    SLOT_MODEL(TouchedSlot.class, TouchedSlot.Sequential.class, How.MODEL_CHECKING);

    private enum How {
        STRESS,
        MODEL_CHECKING
    }

    private static final int RUNS_OF_A_SCENARIO = 300;

    private final Class<?> subject;
    private final Class<?> sequential;
    private final How how;

    Linearizability(Class<?> subject, Class<?> sequential, How how) {
        this.subject = subject;
        this.sequential = sequential;
        this.how = how;
    }

    /**
     * Runs that many random scenarios.
     *
     * @throws AssertionError with the scenario and what was answered, when no order explains the answers
     */
    public void check(int scenarios) {
        switch (how) {
            case STRESS ->
                new StressOptions()
                        .iterations(scenarios)
                        .invocationsPerIteration(RUNS_OF_A_SCENARIO)
                        .threads(2)
                        .actorsBefore(1)
                        .actorsPerThread(3)
                        .actorsAfter(1)
                        .sequentialSpecification(sequential)
                        .check(subject);
            case MODEL_CHECKING ->
                new ModelCheckingOptions()
                        .iterations(scenarios)
                        .invocationsPerIteration(RUNS_OF_A_SCENARIO)
                        .threads(2)
                        .actorsBefore(0)
                        .actorsPerThread(2)
                        .actorsAfter(1)
                        .sequentialSpecification(sequential)
                        .check(subject);
        }
    }
}

package io.campanile.core;

import io.campanile.core.StressFixture.HandOver;
import org.jetbrains.lincheck.datastructures.Operation;

/**
 * A plain number that one thread changes through the shard of an event loop, and that the loop reads when it has nothing
 * left to do. For Lincheck.
 *
 * <p>With two producers this is not linearizable, and need not be: what one has placed waits behind the gap of another
 * that is still placing, and runs when that one has woken the shard.
 */
public class LoopCounter {

    private static final ShardedRegistry AROUND = StressFixture.registry(1, 8);

    private final HandOver loop = new HandOver();
    private final Shard shard = new Shard(0, AROUND, loop, 1, 1);
    private int number;

    /** Adds one, from outside the loop. */
    @Operation(nonParallelGroup = "producer")
    public void add() {
        shard.submit(owner -> number++);
    }

    /** Runs the loop, and reads what came of it. */
    @Operation(nonParallelGroup = "loop")
    public int read() {
        loop.run(() -> {});
        return number;
    }

    /** The same without a loop. */
    public static class Sequential {
        private int number;

        /** Adds one. */
        public void add() {
            number++;
        }

        /** Reads the number. */
        public int read() {
            return number;
        }
    }
}

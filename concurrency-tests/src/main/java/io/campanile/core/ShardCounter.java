package io.campanile.core;

import io.campanile.core.spi.ShardExecutor;
import java.util.concurrent.CompletableFuture;
import org.jetbrains.lincheck.datastructures.Operation;

/**
 * A plain number that is changed by commands on a shard: linearizable exactly when commands take effect one at a time,
 * each before its answer, and none is left behind. For Lincheck.
 */
public class ShardCounter {

    private static final ShardedRegistry AROUND = StressFixture.registry(1, 8);

    private final Shard shard = new Shard(0, AROUND, ShardExecutor.callingThreads(), 1, 1);
    private int number;

    /** Adds one, on the shard. */
    @Operation
    public int increment() {
        CompletableFuture<Integer> answer = new CompletableFuture<>();
        shard.submit(owner -> answer.complete(++number));
        return answer.join();
    }

    /** Reads the number, on the shard. */
    @Operation
    public int read() {
        CompletableFuture<Integer> answer = new CompletableFuture<>();
        shard.submit(owner -> answer.complete(number));
        return answer.join();
    }

    /** The same without a shard. */
    public static class Sequential {
        private int number;

        /** Adds one. */
        public int increment() {
            return ++number;
        }

        /** Reads the number. */
        public int read() {
            return number;
        }
    }
}

package io.campanile.core;

import io.campanile.core.spi.Clock;
import io.campanile.core.spi.ShardExecutor;
import java.util.List;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/** Builds registries that wear out their ids soon; stands in core's package to reach what is meant for tests. */
public final class SmallRegistries {

    private SmallRegistries() {}

    /** Builds a registry with so many slots on each shard, each good for so many connections. */
    public static ConnectionRegistry create(
            RegistryConfig config,
            List<ShardExecutor> executors,
            Clock clock,
            RandomGenerator random,
            RegistryListener listener,
            Function<String, OverflowPolicy> overflow,
            int slotsPerShard,
            int maxGeneration) {
        return new ShardedRegistry(
                config,
                executors,
                clock,
                random,
                List.of(listener),
                new OverflowRules(OverflowPolicy.EVICT, overflow),
                slotsPerShard,
                maxGeneration);
    }
}

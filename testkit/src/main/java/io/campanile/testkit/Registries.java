package io.campanile.testkit;

import io.campanile.core.ConnectionRegistry;
import io.campanile.core.OverflowPolicy;
import io.campanile.core.RegistryConfig;
import io.campanile.core.RegistryListener;
import io.campanile.core.spi.Clock;
import io.campanile.core.spi.ShardExecutor;
import java.util.List;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/** Builds the registry under test. */
@FunctionalInterface
interface Registries {

    /** Builds a registry; one that cannot be told how many slots and generations there are ignores these. */
    ConnectionRegistry create(
            RegistryConfig config,
            List<ShardExecutor> executors,
            Clock clock,
            RandomGenerator random,
            RegistryListener listener,
            Function<String, OverflowPolicy> overflow,
            int slotsPerShard,
            int maxGeneration);

    /** Builds what applications get. */
    static ConnectionRegistry standard(
            RegistryConfig config,
            List<ShardExecutor> executors,
            Clock clock,
            RandomGenerator random,
            RegistryListener listener,
            Function<String, OverflowPolicy> overflow,
            int slotsPerShard,
            int maxGeneration) {
        return ConnectionRegistry.builder()
                .config(config)
                .shards(executors)
                .clock(clock)
                .random(random)
                .listener(listener)
                .roomOverflow(overflow)
                .build();
    }
}

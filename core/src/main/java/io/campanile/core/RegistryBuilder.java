package io.campanile.core;

import io.campanile.core.spi.Clock;
import io.campanile.core.spi.ShardExecutor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Gathers what a registry works with. Not safe for use by several threads. */
public final class RegistryBuilder {

    private RegistryConfig config = RegistryConfig.defaults();
    private List<ShardExecutor> shards = List.of();
    private Clock clock = Clock.system();
    private RandomGenerator random = RandomGenerator.getDefault();
    private OverflowPolicy overflow = OverflowPolicy.EVICT;
    private @Nullable Function<String, OverflowPolicy> roomOverflow;
    private final List<Quota> quotas = new ArrayList<>();
    private final List<RegistryListener> listeners = new ArrayList<>();

    RegistryBuilder() {}

    /** Sets the limits; otherwise {@link RegistryConfig#defaults}. */
    public RegistryBuilder config(RegistryConfig value) {
        config = value;
        return this;
    }

    /**
     * Sets one executor for each shard, at most 256; otherwise there are as many shards as processors, run by the
     * calling threads.
     */
    public RegistryBuilder shards(List<? extends ShardExecutor> value) {
        Checks.inRange("shards", value.size(), 1, ConnectionId.MAX_SHARDS);
        shards = List.copyOf(value);
        return this;
    }

    /** Sets the time source; otherwise the machine's. */
    public RegistryBuilder clock(Clock value) {
        clock = value;
        return this;
    }

    /** Sets the source of chance, which picks shards for transports that belong to none; calls to it are serialised. */
    public RegistryBuilder random(RandomGenerator value) {
        random = value;
        return this;
    }

    /**
     * Sets what happens when a message does not fit that brings no policy of its own, and whose room has none; otherwise
     * {@link OverflowPolicy#EVICT}.
     */
    public RegistryBuilder overflow(OverflowPolicy value) {
        overflow = value;
        return this;
    }

    /**
     * Sets the policy of each room; otherwise that of {@link #overflow}.
     *
     * @param value the policy by the room's name, asked on the joining thread when the room comes into being; must be quick
     *     and must not call the registry. One that throws is counted and logged, and the room evicts
     */
    public RegistryBuilder roomOverflow(Function<String, OverflowPolicy> value) {
        roomOverflow = value;
        return this;
    }

    /** Adds a limit of connections that share a value of their claims; one for each value there is of a name. */
    public RegistryBuilder quota(Quota value) {
        for (Quota other : quotas) {
            if (other.name().equals(value.name())) {
                throw new IllegalArgumentException(
                        "quota: two go by \"" + value.name() + "\" (expected: one for each name)");
            }
        }
        quotas.add(value);
        return this;
    }

    /** Adds a listener; they are told in the order they were added. */
    public RegistryBuilder listener(RegistryListener value) {
        listeners.add(value);
        return this;
    }

    /** Builds the registry. Starts no thread. */
    public ConnectionRegistry build() {
        List<ShardExecutor> executors = shards.isEmpty()
                ? Collections.nCopies(
                        Math.min(Runtime.getRuntime().availableProcessors(), ConnectionId.MAX_SHARDS),
                        ShardExecutor.callingThreads())
                : shards;
        OverflowPolicy usual = overflow;
        OverflowRules rules = new OverflowRules(usual, roomOverflow == null ? room -> usual : roomOverflow);
        return new ShardedRegistry(
                config, executors, clock, random, List.copyOf(listeners), rules, List.copyOf(quotas));
    }
}

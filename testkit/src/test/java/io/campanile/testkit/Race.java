package io.campanile.testkit;

import io.campanile.core.Audience;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Message;
import io.campanile.core.OutboundLimits;
import io.campanile.core.Registration;
import io.campanile.core.RegistryConfig;
import io.campanile.core.spi.ShardExecutor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;

/**
 * Threads that broadcast to one room at the same moment: what the simulation, on its one thread, cannot do. Shards are run by
 * the calling threads, which meet in the middle of the registry's code as often as the machine lets them.
 */
final class Race {

    private static final int SHARDS = 4;
    private static final int THREADS = 3;
    private static final int MESSAGES = 300;

    private Race() {}

    /** Runs one round and returns what was wrong, or empty. */
    static Optional<String> round() throws InterruptedException {
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(Collections.nCopies(SHARDS, ShardExecutor.callingThreads()))
                .config(RegistryConfig.defaults().withOutbound(new OutboundLimits(1 << 20, 1 << 20)))
                .build();
        List<InMemoryTransport> members = new ArrayList<>();
        for (int shard = 0; shard < SHARDS; shard++) {
            InMemoryTransport member = new InMemoryTransport(shard, PlainFormat.shared());
            members.add(member);
            Registration answer =
                    registry.register(member).toCompletableFuture().join();
            registry.join(((Registration.Registered) answer).connection().id(), "lobby");
        }
        CyclicBarrier start = new CyclicBarrier(THREADS);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < THREADS; t++) {
            int number = t;
            Thread thread = new Thread(() -> {
                try {
                    start.await();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
                for (int i = 0; i < MESSAGES; i++) {
                    registry.broadcast(Audience.room("lobby"), Message.text(number + ":" + i));
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        List<String> first = members.get(0).texts();
        for (InMemoryTransport member : members) {
            List<String> texts = member.texts();
            if (texts.size() != THREADS * MESSAGES) {
                return Optional.of(Guarantee.PROGRESS + ": " + texts.size() + " messages of " + THREADS * MESSAGES);
            }
            if (!texts.equals(first)) {
                return Optional.of(Guarantee.ROOM_ORDER + ": two members saw different orders");
            }
        }
        return Optional.empty();
    }
}

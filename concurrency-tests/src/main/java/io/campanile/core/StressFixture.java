package io.campanile.core;

import io.campanile.core.spi.Clock;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.ShardExecutor;
import io.campanile.core.spi.Transport;
import io.campanile.core.spi.WireFormat;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;

/** What the stress tests share: small registries that calling threads run, and transports that take everything. */
final class StressFixture {

    private static final WireFormat PAYLOAD = Message::payload;

    private StressFixture() {}

    /** Returns a registry on calling threads, too small to need much memory. */
    static ShardedRegistry registry(int shards, int maxConnections) {
        return registry(shards, maxConnections, 8);
    }

    static ShardedRegistry registry(int shards, int maxConnections, int maxRooms) {
        return new ShardedRegistry(
                RegistryConfig.defaults().withMaxConnections(maxConnections).withMaxRoomsPerConnection(maxRooms),
                Collections.nCopies(shards, ShardExecutor.callingThreads()),
                Clock.system(),
                new Random(1),
                List.of(),
                OverflowRules.EVICT,
                8,
                ConnectionId.MAX_GENERATION);
    }

    static ConnectionId register(ConnectionRegistry registry, Transport transport) {
        return ((Registration.Registered) await(registry.register(transport)))
                .connection()
                .id();
    }

    /** Returns the answer, which another thread may have to give. */
    static <T> T await(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }

    /** Returns the answer, which must be there: the shard is idle. */
    static <T> T now(CompletionStage<T> stage) {
        T answer = stage.toCompletableFuture().getNow(null);
        if (answer == null) {
            throw new IllegalStateException("not complete: " + stage);
        }
        return answer;
    }

    /** Writes down what it is given, one character for a message, and how it ended. */
    static final class Recorder implements Transport {

        /** The characters written, then {@code |} for closing and {@code .} for close. Confined to the shard. */
        private final StringBuilder calls = new StringBuilder();

        private final int shard;
        private volatile String seen = "";

        private Link link = new NoLink();

        Recorder(int shard) {
            this.shard = shard;
        }

        @Override
        public int shard() {
            return shard;
        }

        @Override
        public WireFormat format() {
            return PAYLOAD;
        }

        @Override
        public void attach(Link given) {
            link = given;
        }

        Link link() {
            return link;
        }

        @Override
        public boolean write(ByteBuffer source, int offset, int length) {
            for (int i = 0; i < length; i++) {
                calls.append((char) source.get(offset + i));
            }
            seen = calls.toString();
            return true;
        }

        @Override
        public void closing(CloseReason reason) {
            calls.append('|');
            seen = calls.toString();
        }

        @Override
        public void close(CloseReason reason) {
            calls.append('.');
            seen = calls.toString();
        }

        @Override
        public void abort() {}

        /** Returns what was called so far. Any thread. */
        String calls() {
            return seen;
        }
    }

    /** An event loop: any thread hands tasks over, and the owner runs them when it comes to it. */
    static final class HandOver implements ShardExecutor {
        private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
        private final ThreadLocal<Boolean> owner = ThreadLocal.withInitial(() -> false);

        @Override
        public boolean isOwner() {
            return owner.get();
        }

        @Override
        public void execute(Runnable task) {
            tasks.add(task);
        }

        /** Runs, on the calling thread, what has been handed over. */
        void run(Runnable alsoAsOwner) {
            owner.set(true);
            try {
                Runnable task;
                while ((task = tasks.poll()) != null) {
                    task.run();
                }
                alsoAsOwner.run();
            } finally {
                owner.remove();
            }
        }
    }

    /** Stands in until attach. */
    private static final class NoLink implements Link {
        @Override
        public ConnectionId id() {
            throw new IllegalStateException("not attached");
        }

        @Override
        public Claims claims() {
            return Claims.anonymous();
        }

        @Override
        public boolean isOpen() {
            return false;
        }

        @Override
        public void touch() {}

        @Override
        public void pong() {}

        @Override
        public void firstMessage() {}

        @Override
        public void held() {}

        @Override
        public void writable() {}

        @Override
        public void control(byte[] frame) {}

        @Override
        public void closed(CloseReason reason) {}
    }
}

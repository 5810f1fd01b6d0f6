package io.campanile.benchmarks;

import io.campanile.core.Audience;
import io.campanile.core.CloseReason;
import io.campanile.core.ConnectionId;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Message;
import io.campanile.core.Posted;
import io.campanile.core.Registration;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.ShardExecutor;
import io.campanile.core.spi.Transport;
import io.campanile.core.spi.WireFormat;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the registry itself costs, without a network: every transport takes all that it is given, at once.
 *
 * <p>One shard holds one room of {@code members} connections with 128-byte messages, and connections are addressed in
 * random order. The shard is run by an event loop that the benchmark turns by hand ({@code LOOP}: what a gateway's
 * handler on its own loop pays) or by the calling thread ({@code CALLING_THREADS}: what an embedder without a loop
 * pays). Run it with {@code ./campanile bench jmh -- RegistryBenchmark}.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class RegistryBenchmark {
    private static final String ROOM = "lobby";
    private static final int BATCH = 1_024;

    /** Who runs the shard. */
    public enum Runner {
        LOOP,
        CALLING_THREADS
    }

    /** A registry with one room. */
    @State(Scope.Thread)
    public static class Populated {
        private static final int RANDOM_IDS = 1 << 16;

        @Param({"10", "1000", "100000"})
        private int members;

        @Param
        private Runner runner = Runner.LOOP;

        private final LoopByHand loop = new LoopByHand();
        private ConnectionRegistry registry = ConnectionRegistry.builder().build();
        private ConnectionId[] inRandomOrder = {};
        private Link[] links = {};
        private int next;

        @Setup
        public void populate() {
            ShardExecutor executor = runner == Runner.LOOP ? loop : ShardExecutor.callingThreads();
            registry = ConnectionRegistry.builder().shards(List.of(executor)).build();
            List<AcceptingTransport> transports = new ArrayList<>();
            for (int i = 0; i < members; i++) {
                AcceptingTransport transport = new AcceptingTransport();
                registry.join(register(transport), ROOM);
                transports.add(transport);
            }
            loop.turn();
            Random random = new Random(1);
            Collections.shuffle(transports, random);
            inRandomOrder = new ConnectionId[RANDOM_IDS];
            links = new Link[RANDOM_IDS];
            for (int i = 0; i < RANDOM_IDS; i++) {
                links[i] = transports.get(i % members).link();
                inRandomOrder[i] = links[i].id();
            }
            if (registry.memberCount(ROOM) != members) {
                throw new IllegalStateException(
                        "members: " + registry.memberCount(ROOM) + " (expected: " + members + ")");
            }
        }

        @TearDown
        public void close() {
            registry.close();
            loop.turn();
        }

        private ConnectionId register(AcceptingTransport transport) {
            Registration registration =
                    registry.register(transport).toCompletableFuture().join();
            if (registration instanceof Registration.Registered registered) {
                return registered.connection().id();
            }
            throw new IllegalStateException("the registry refused: " + registration);
        }

        private int nextIndex() {
            return next++ & (RANDOM_IDS - 1);
        }
    }

    /** Connections beside the members, all outside the room. */
    @State(Scope.Thread)
    public static class Joiners {
        private final ConnectionId[] ids = new ConnectionId[BATCH];

        @Setup
        public void register(Populated populated) {
            for (int i = 0; i < BATCH; i++) {
                ids[i] = populated.register(new AcceptingTransport());
            }
            populated.loop.turn();
        }

        @TearDown(Level.Invocation)
        public void leave(Populated populated) {
            for (ConnectionId id : ids) {
                populated.registry.leave(id, ROOM);
            }
            populated.loop.turn();
        }
    }

    /** Connections beside the members, all inside the room. */
    @State(Scope.Thread)
    public static class Leavers {
        private final ConnectionId[] ids = new ConnectionId[BATCH];

        @Setup
        public void register(Populated populated) {
            for (int i = 0; i < BATCH; i++) {
                ids[i] = populated.register(new AcceptingTransport());
            }
            populated.loop.turn();
        }

        @Setup(Level.Invocation)
        public void join(Populated populated) {
            for (ConnectionId id : ids) {
                populated.registry.join(id, ROOM);
            }
            populated.loop.turn();
        }
    }

    /** Counts members, so that JMH reports the time for each beside the time for a broadcast. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class PerMember {
        public long perMember;
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void join(Populated populated, Joiners joiners) {
        for (ConnectionId id : joiners.ids) {
            populated.registry.join(id, ROOM);
        }
        populated.loop.turn();
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void leave(Populated populated, Leavers leavers) {
        for (ConnectionId id : leavers.ids) {
            populated.registry.leave(id, ROOM);
        }
        populated.loop.turn();
    }

    /** By id, as an application would. */
    @Benchmark
    public boolean touch(Populated populated) {
        return populated.registry.touch(populated.inRandomOrder[populated.nextIndex()]);
    }

    /** By link, as a transport does for each frame it reads. */
    @Benchmark
    public void touchLink(Populated populated) {
        populated.links[populated.nextIndex()].touch();
    }

    /** One message to one member, and the end of the turn that writes it. */
    @Benchmark
    public Posted send(Populated populated) {
        Posted posted = populated.registry.send(populated.inRandomOrder[populated.nextIndex()], Payloads.newMessage());
        populated.loop.turn();
        return posted;
    }

    /** One message to the room, and the end of the turn that writes it. */
    @Benchmark
    public Posted broadcast(Populated populated, PerMember count) {
        Posted posted = populated.registry.broadcast(Audience.room(ROOM), Payloads.newMessage());
        populated.loop.turn();
        count.perMember += populated.members;
        return posted;
    }

    /** Sixteen messages to the room in one turn, which one write carries to each member. */
    @Benchmark
    @OperationsPerInvocation(16)
    public void broadcastSixteenInATurn(Populated populated, PerMember count) {
        for (int i = 0; i < 16; i++) {
            populated.registry.broadcast(Audience.room(ROOM), Payloads.newMessage());
            count.perMember += populated.members;
        }
        populated.loop.turn();
    }

    private static final class Payloads {
        private static final byte[] PAYLOAD = "x".repeat(128).getBytes(StandardCharsets.US_ASCII);

        static Message newMessage() {
            return Message.utf8(PAYLOAD);
        }
    }

    /** Runs what was given to it when it is told to, on the only thread there is. */
    private static final class LoopByHand implements ShardExecutor {
        private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();

        @Override
        public boolean isOwner() {
            return true;
        }

        @Override
        public void execute(Runnable task) {
            tasks.add(task);
        }

        void turn() {
            Runnable task;
            while ((task = tasks.poll()) != null) {
                task.run();
            }
        }
    }

    /** Takes everything at once and keeps nothing but the sum. */
    private static final class AcceptingTransport implements Transport {
        private static final WireFormat FORMAT = AcceptingTransport::encode;

        private @Nullable Link attached;
        private long bytes;

        private static byte[] encode(Message message) {
            byte[] payload = message.payload();
            byte[] frame = new byte[4 + payload.length];
            frame[0] = (byte) 0x81;
            frame[1] = 126;
            frame[2] = (byte) (payload.length >>> 8);
            frame[3] = (byte) payload.length;
            System.arraycopy(payload, 0, frame, 4, payload.length);
            return frame;
        }

        Link link() {
            Link known = attached;
            if (known == null) {
                throw new IllegalStateException("not registered");
            }
            return known;
        }

        @Override
        public WireFormat format() {
            return FORMAT;
        }

        @Override
        public void attach(Link link) {
            attached = link;
        }

        @Override
        public boolean write(ByteBuffer source, int offset, int length) {
            bytes += length;
            return true;
        }

        @Override
        public void close(CloseReason reason) {
            if (bytes >= 0) {
                link().closed(reason);
            }
        }

        @Override
        public void abort() {}
    }
}

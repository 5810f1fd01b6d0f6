package io.campanile.benchmarks;

import io.campanile.core.Audience;
import io.campanile.core.CloseReason;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Liveness;
import io.campanile.core.Message;
import io.campanile.core.Registration;
import io.campanile.core.RegistryConfig;
import io.campanile.core.spi.KeepAlive;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.ShardExecutor;
import io.campanile.core.spi.Transport;
import io.campanile.core.spi.WireFormat;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A registry without a network: one shard on a loop that is turned by hand, transports that take everything, a clock that
 * is moved by hand, and peers that are silent but for their pongs. All of it belongs to the calling thread, whose
 * processor time is what is measured.
 */
final class MemoryNode {
    private static final Duration BEAT = Duration.ofMillis(50);
    private static final int BEATS_IN_SECOND = 20;

    /** The classes in which slices are counted, by the most that they take; there is one more for all others. */
    static final long[] BOUNDS_MICROS = {10, 25, 50, 100, 250, 500, 1_000};

    /**
     * What telling the living from the dead took of the thread's processor time.
     *
     * @param seconds how many simulated seconds it was done
     * @param pings how many were sent
     * @param beatNanos the scan of all slots, deciding and queueing the pings
     * @param writeNanos giving the pings to the transports
     * @param pongNanos marking who was heard
     * @param slices how many slices of the beats took how long, in the classes of {@link #BOUNDS_MICROS}
     * @param longestNanos the longest slice
     */
    record Pace(
            int seconds,
            long pings,
            long beatNanos,
            long writeNanos,
            long pongNanos,
            List<Long> slices,
            long longestNanos) {

        /** Returns which part of a processor the beats took, in per cent. */
        double percent() {
            return beatNanos / 1e7 / seconds;
        }
    }

    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final ArrayDeque<Runnable> slices = new ArrayDeque<>();
    private final ArrayDeque<Runnable> turnEnds = new ArrayDeque<>();
    private final List<Link> pinged = new ArrayList<>();
    private final long[] counts = new long[BOUNDS_MICROS.length + 1];
    private final Liveness liveness = Liveness.defaults();
    private final ConnectionRegistry registry;
    private boolean broadcasting;
    private long now;
    private long clockNanos;
    private long longest;
    private long beats;
    private long writes;
    private long answers;

    /** Makes one for at most so many connections. */
    MemoryNode(int connections) {
        ShardExecutor loop = new ShardExecutor() {
            @Override
            public boolean isOwner() {
                return true;
            }

            @Override
            public void execute(Runnable task) {
                turnEnds.add(task);
            }

            @Override
            public void executeNextTurn(Runnable task) {
                slices.add(task);
            }
        };
        registry = ConnectionRegistry.builder()
                .config(RegistryConfig.defaults()
                        .withMaxConnections(connections)
                        .withLiveness(liveness))
                .shards(List.of(loop))
                .clock(() -> now)
                .build();
    }

    /** Connects more, dealt to so many rooms, or to none; the jitter makes their pings more even from then on. */
    void connect(int count, int rooms) {
        // Who came spread over a ping interval is pinged so.
        long steps = liveness.pingInterval().dividedBy(BEAT);
        for (long step = 0; step < steps; step++) {
            long until = count * (step + 1) / steps;
            for (long i = count * step / steps; i < until; i++) {
                Registration answer =
                        registry.register(new Silent()).toCompletableFuture().join();
                if (rooms > 0 && answer instanceof Registration.Registered registered) {
                    registry.join(registered.connection().id(), roomName(i % rooms));
                }
            }
            beat();
        }
    }

    /** Returns the name of a room, counted from 0. */
    static String roomName(long room) {
        return "room-" + room;
    }

    int connectionCount() {
        return registry.connectionCount();
    }

    int memberCount(String room) {
        return registry.memberCount(room);
    }

    /** Returns how many bytes all transports have been given. */
    long writtenBytes() {
        return registry.stats().writtenBytes();
    }

    /** Lets simulated seconds pass, with a beat every 50 ms. */
    Pace run(int seconds) {
        Arrays.fill(counts, 0);
        longest = 0;
        beats = 0;
        writes = 0;
        answers = 0;
        clockNanos = clockCost();
        long before = writtenBytes();
        for (int i = seconds * BEATS_IN_SECOND; i > 0; i--) {
            beat();
        }
        return new Pace(
                seconds,
                (writtenBytes() - before) / Silent.PING_BYTES,
                beats,
                writes,
                answers,
                Arrays.stream(counts).boxed().toList(),
                longest);
    }

    /** Broadcasts so many messages one after another, each until every transport has it, and returns the time. */
    long broadcast(Audience audience, byte[] payload, int times) {
        broadcasting = true;
        long began = threads.getCurrentThreadCpuTime();
        for (int i = 0; i < times; i++) {
            registry.broadcast(audience, Message.utf8(payload));
            Runnable slice;
            do {
                Runnable end;
                while ((end = turnEnds.poll()) != null) {
                    end.run();
                }
                slice = slices.poll();
                if (slice != null) {
                    slice.run();
                }
            } while (slice != null || !turnEnds.isEmpty());
        }
        long took = threads.getCurrentThreadCpuTime() - began;
        broadcasting = false;
        return took;
    }

    private void beat() {
        now += BEAT.toNanos();
        Runnable slice = registry::beat;
        while (slice != null) {
            long took = timed(slice);
            beats += took;
            count(took);
            Runnable end;
            while ((end = turnEnds.poll()) != null) {
                writes += timed(end);
            }
            slice = slices.poll();
        }
        long began = threads.getCurrentThreadCpuTime();
        for (Link link : pinged) {
            link.touch();
            link.pong();
        }
        pinged.clear();
        answers += threads.getCurrentThreadCpuTime() - began;
    }

    private long timed(Runnable task) {
        long began = threads.getCurrentThreadCpuTime();
        task.run();
        return Math.max(0, threads.getCurrentThreadCpuTime() - began - clockNanos);
    }

    /** Returns what looking at the clock costs, which is as much as a short slice. */
    private long clockCost() {
        int looks = 200_000;
        long began = threads.getCurrentThreadCpuTime();
        for (int i = 0; i < looks; i++) {
            threads.getCurrentThreadCpuTime();
        }
        return (threads.getCurrentThreadCpuTime() - began) / looks;
    }

    private void count(long took) {
        longest = Math.max(longest, took);
        int bucket = 0;
        while (bucket < BOUNDS_MICROS.length && took > BOUNDS_MICROS[bucket] * 1_000) {
            bucket++;
        }
        counts[bucket]++;
    }

    /** A peer that says nothing but its pongs. */
    private final class Silent implements Transport {
        static final int PING_BYTES = 2;

        private static final WireFormat FORMAT = new WireFormat() {
            private static final Optional<KeepAlive> PING =
                    Optional.of(KeepAlive.answered(new byte[] {(byte) 0x89, 0}));

            @Override
            public byte[] encode(Message message) {
                return message.payload();
            }

            @Override
            public Optional<KeepAlive> keepAlive() {
                return PING;
            }
        };

        private @Nullable Link link;

        @Override
        public WireFormat format() {
            return FORMAT;
        }

        @Override
        public void attach(Link attached) {
            link = attached;
        }

        @Override
        public boolean write(ByteBuffer source, int offset, int length) {
            Link to = link;
            if (to != null && !broadcasting) {
                pinged.add(to);
            }
            return true;
        }

        @Override
        public void close(CloseReason reason) {
            Link to = link;
            if (to != null) {
                to.closed(reason);
            }
        }

        @Override
        public void abort() {}
    }
}

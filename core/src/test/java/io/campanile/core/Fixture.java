package io.campanile.core;

import io.campanile.core.spi.KeepAlive;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.ShardExecutor;
import io.campanile.core.spi.Transport;
import io.campanile.core.spi.WireFormat;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** What the tests of the registry share: transports and executors that are stepped by hand. */
final class Fixture {

    /** Writes the payload and a line end. */
    static final WireFormat LINES = message -> {
        byte[] payload = message.payload();
        byte[] line = java.util.Arrays.copyOf(payload, payload.length + 1);
        line[payload.length] = '\n';
        return line;
    };

    /** Writes the payload and a line end, and pings. */
    static final WireFormat PINGING_LINES = new WireFormat() {
        @Override
        public byte[] encode(Message message) {
            return LINES.encode(message);
        }

        @Override
        public Optional<KeepAlive> keepAlive() {
            return Optional.of(KeepAlive.answered("ping\n".getBytes(StandardCharsets.UTF_8)));
        }
    };

    /** Writes the payload and a line end, and sends comments that nobody answers. */
    static final WireFormat COMMENTING_LINES = new WireFormat() {
        @Override
        public byte[] encode(Message message) {
            return LINES.encode(message);
        }

        @Override
        public Optional<KeepAlive> keepAlive() {
            return Optional.of(KeepAlive.unanswered(":\n".getBytes(StandardCharsets.UTF_8)));
        }
    };

    private Fixture() {}

    /** Returns the answer, which must be there. */
    static <T> T now(CompletionStage<T> stage) {
        T answer = stage.toCompletableFuture().getNow(null);
        if (answer == null) {
            throw new AssertionError("not complete: " + stage);
        }
        return answer;
    }

    static ConnectionId register(ConnectionRegistry registry, Transport transport, Claims claims) {
        return ((Registration.Registered) now(registry.register(transport, claims)))
                .connection()
                .id();
    }

    static ConnectionId register(ConnectionRegistry registry, Transport transport) {
        return register(registry, transport, Claims.anonymous());
    }

    /** A transport that keeps what it is given, and takes it at once unless it is stalled. */
    static class TestTransport implements Transport {
        private final StringBuilder received = new StringBuilder();
        private final StringBuilder held = new StringBuilder();
        private final int shard;
        private final WireFormat format;
        boolean stalled;
        int writes;
        Optional<CloseReason> closing = Optional.empty();
        Optional<CloseReason> closed = Optional.empty();
        boolean aborted;

        @SuppressWarnings("NullAway.Init") // attach comes first
        Link link;

        TestTransport() {
            this(ANY_SHARD);
        }

        TestTransport(int shard) {
            this(shard, LINES);
        }

        TestTransport(WireFormat format) {
            this(ANY_SHARD, format);
        }

        private TestTransport(int shard, WireFormat format) {
            this.shard = shard;
            this.format = format;
        }

        @Override
        public int shard() {
            return shard;
        }

        @Override
        public WireFormat format() {
            return format;
        }

        @Override
        public void attach(Link newLink) {
            link = newLink;
        }

        @Override
        public boolean write(ByteBuffer source, int offset, int length) {
            writes++;
            byte[] bytes = new byte[length];
            source.get(offset, bytes);
            (stalled ? held : received).append(new String(bytes, StandardCharsets.UTF_8));
            return !stalled;
        }

        @Override
        public boolean write(ByteBuffer source, int[] ranges, int count) {
            boolean written = Transport.super.write(source, ranges, count);
            writes -= count - 1;
            return written;
        }

        @Override
        public void closing(CloseReason reason) {
            closing = Optional.of(reason);
        }

        @Override
        public void close(CloseReason reason) {
            closed = Optional.of(reason);
        }

        @Override
        public void abort() {
            held.setLength(0);
            aborted = true;
        }

        /** Writes what is held and takes more. */
        void resume() {
            stalled = false;
            received.append(held);
            held.setLength(0);
            link.writable();
        }

        /** Writes what is held, and holds what comes next. */
        void readOn() {
            received.append(held);
            held.setLength(0);
            link.writable();
        }

        int heldBytes() {
            return held.length();
        }

        /** Returns the messages that reached the peer. */
        List<String> messages() {
            return received.length() == 0
                    ? List.of()
                    : List.of(received.toString().split("\n"));
        }
    }

    /** An executor whose tasks run when the test says so. */
    static final class SteppedExecutor implements ShardExecutor {
        private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        private boolean running;

        @Override
        public boolean isOwner() {
            return running;
        }

        @Override
        public void execute(Runnable task) {
            tasks.add(task);
        }

        /** Runs what there is, and what comes of it. */
        void runAll() {
            while (!tasks.isEmpty()) {
                runOne();
            }
        }

        void runOne() {
            running = true;
            try {
                tasks.remove().run();
            } finally {
                running = false;
            }
        }

        /** Runs something on the executor's own thread. */
        void asOwner(Runnable action) {
            running = true;
            try {
                action.run();
            } finally {
                running = false;
            }
        }

        int waiting() {
            return tasks.size();
        }
    }

    /** An executor on whose thread the test is, and whose turns come when the test says so. */
    static class TurnedExecutor implements ShardExecutor {
        private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        private final ArrayDeque<Runnable> nextTurn = new ArrayDeque<>();

        @Override
        public boolean isOwner() {
            return true;
        }

        @Override
        public void execute(Runnable task) {
            tasks.add(task);
        }

        @Override
        public void executeNextTurn(Runnable task) {
            nextTurn.add(task);
        }

        void turn() {
            tasks.addAll(nextTurn);
            nextTurn.clear();
            while (!tasks.isEmpty()) {
                tasks.remove().run();
            }
        }

        boolean isIdle() {
            return tasks.isEmpty() && nextTurn.isEmpty();
        }

        void turnUntilIdle() {
            while (!isIdle()) {
                turn();
            }
        }
    }

    /** Writes down what it hears. */
    static class Diary implements RegistryListener {
        final List<String> lines = new ArrayList<>();

        @Override
        public void opened(Connection connection) {
            lines.add("opened " + connection.id());
        }

        @Override
        public void joined(Connection connection, String room) {
            lines.add("joined " + connection.id() + " " + room);
        }

        @Override
        public void left(Connection connection, String room) {
            lines.add("left " + connection.id() + " " + room);
        }

        @Override
        public void closed(Connection connection, CloseReason reason) {
            lines.add("closed " + connection.id() + " " + reason.label());
        }
    }
}

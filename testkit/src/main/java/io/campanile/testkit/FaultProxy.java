package io.campanile.testkit;

import io.campanile.core.spi.Clock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * A TCP proxy on the loopback, in front of one server, that does to connections what networks do to them: it delays,
 * slows, stalls and swallows bytes, ends one direction, resets, or lets a client vanish without a trace.
 *
 * <p>Faults can be changed at any moment, for one {@link Relay} or for all, each direction by itself. When a method
 * returns, its fault is in force: nothing is forwarded any more that it forbids. All methods may be called from any
 * thread, and none waits for a socket. The proxy has one daemon thread of its own.
 *
 * <p>Bounded: of one direction of one connection at most {@value #MAX_HELD_BYTES} bytes are held; beyond that the proxy
 * does not read, and TCP holds the sender back. How many connections there are is up to the test.
 *
 * <p>What it cannot show: a network that loses packets. The kernel below the proxy acknowledges what fits its buffers,
 * also for a client that has vanished.
 */
public final class FaultProxy implements AutoCloseable {

    /*
     * Everything but the sockets' readiness is guarded by the lock, which is never held while anything waits: the proxy's
     * thread selects without it, then moves with it what can be moved. So a fault that has been set under the lock is in
     * force at once.
     *
     * Each relay has two pipes, one for each direction, and each pipe the end of one socket as its source and the other
     * one's as its sink. News of an end travels like bytes: behind them, and under the fault of their direction.
     */

    /** The most bytes held for one direction of one connection. */
    public static final int MAX_HELD_BYTES = 256 << 10;

    /** Which way bytes go. */
    public enum Direction {
        /** From the client to the server. */
        TO_SERVER,
        /** From the server to the client. */
        TO_CLIENT
    }

    /** What happens to the bytes of one direction. */
    public static final class Fault {

        private enum Kind {
            NONE,
            DELAY,
            SLOW,
            STALL,
            BLACK_HOLE
        }

        private static final Fault NONE = new Fault(Kind.NONE, 0);
        private static final Fault STALL = new Fault(Kind.STALL, 0);
        private static final Fault BLACK_HOLE = new Fault(Kind.BLACK_HOLE, 0);

        private final Kind kind;
        /** Nanoseconds of a delay, or bytes per second. */
        private final long amount;

        private Fault(Kind kind, long amount) {
            this.kind = kind;
            this.amount = amount;
        }

        /** Bytes are forwarded as they come. */
        public static Fault none() {
            return NONE;
        }

        /**
         * Bytes, and the end behind them, are forwarded only so long after they came.
         *
         * @param by how long; not negative
         */
        public static Fault delay(Duration by) {
            if (by.isNegative()) {
                throw new IllegalArgumentException("by: " + by + " (expected: not negative)");
            }
            return new Fault(Kind.DELAY, by.toNanos());
        }

        /**
         * No more than so many bytes are forwarded in a second.
         *
         * @param bytesPerSecond at least 1
         */
        public static Fault slow(int bytesPerSecond) {
            if (bytesPerSecond < 1) {
                throw new IllegalArgumentException("bytesPerSecond: " + bytesPerSecond + " (expected: > 0)");
            }
            return new Fault(Kind.SLOW, bytesPerSecond);
        }

        /**
         * Nothing is read, and nothing forwarded, also not that the sender has ended or was reset. Once the fault is
         * lifted, all of it follows.
         */
        public static Fault stall() {
            return STALL;
        }

        /**
         * Everything is read and thrown away, also that the sender has ended or was reset, and what was held before. It
         * does not come back when the fault is lifted.
         */
        public static Fault blackHole() {
            return BLACK_HOLE;
        }

        @Override
        public String toString() {
            return switch (kind) {
                case DELAY -> "DELAY " + Duration.ofNanos(amount);
                case SLOW -> "SLOW " + amount + " bytes/s";
                default -> kind.toString();
            };
        }
    }

    private static final int CHUNK_BYTES = 16 << 10;
    /** A slow pipe forwards what a second allows in so many parts. */
    private static final int PARTS_OF_A_SECOND = 50;

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    /** How often the clock is asked while something waits for it. */
    private static final int TICK_MILLIS = 10;

    private final InetSocketAddress target;
    private final InetSocketAddress address;
    private final Clock clock;
    private final Selector selector;
    private final ServerSocketChannel listener;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK_BYTES);
    private final List<Relay> relays = new ArrayList<>();
    private final Map<Direction, Fault> initial = new EnumMap<>(Direction.class);
    private boolean closed;

    private FaultProxy(InetSocketAddress target, Clock clock) throws IOException {
        this.target = target;
        this.clock = clock;
        for (Direction direction : Direction.values()) {
            initial.put(direction, Fault.none());
        }
        this.listener = ServerSocketChannel.open();
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1_024);
        listener.configureBlocking(false);
        this.address = (InetSocketAddress) listener.getLocalAddress();
        this.selector = Selector.open();
        listener.register(selector, SelectionKey.OP_ACCEPT);
        this.thread = new Thread(this::run, "fault-proxy");
        thread.setDaemon(true);
    }

    /**
     * Starts a proxy without faults, on a free port of the loopback.
     *
     * @param target where the server listens
     * @throws UncheckedIOException when the proxy cannot listen
     */
    public static FaultProxy start(InetSocketAddress target) {
        return start(target, Clock.system());
    }

    static FaultProxy start(InetSocketAddress target, Clock clock) {
        try {
            var proxy = new FaultProxy(target, clock);
            proxy.thread.start();
            return proxy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns where clients connect. */
    public InetSocketAddress address() {
        return address;
    }

    /** Puts a fault in place of the one before, for all connections there are and all to come. */
    public void apply(Direction direction, Fault fault) {
        locked(() -> {
            initial.put(direction, fault);
            List.copyOf(relays).forEach(relay -> relay.pipe(direction).apply(fault));
            return fault;
        });
    }

    /** Returns the connections that are relayed, oldest first. */
    public List<Relay> relays() {
        return locked(() -> List.copyOf(relays));
    }

    /**
     * Returns the relayed connection of a client, or empty.
     *
     * @param client the local address of the client's socket
     */
    public Optional<Relay> relay(InetSocketAddress client) {
        return locked(() ->
                relays.stream().filter(relay -> relay.client.equals(client)).findFirst());
    }

    /** Returns how many sockets the proxy has open, the one that listens among them. */
    public int openSockets() {
        return locked(() -> (listener.isOpen() ? 1 : 0)
                + relays.stream().mapToInt(Relay::sockets).sum());
    }

    /** Resets all connections and waits for the proxy's thread to end. Idempotent. */
    @Override
    public void close() {
        locked(() -> closed = true);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private <T> T locked(Supplier<T> code) {
        lock.lock();
        try {
            return code.get();
        } finally {
            lock.unlock();
            selector.wakeup();
        }
    }

    // The proxy's thread.

    private void run() {
        try {
            int wait = 0;
            do {
                // Without the lock, and with 0 for as long as it takes.
                selector.select(wait);
                wait = turn();
            } while (wait >= 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            closeQuietly(listener::close);
            closeQuietly(selector::close);
        }
    }

    /** Moves what can be moved; returns for how many milliseconds to wait, 0 for ever, -1 at the end. */
    private int turn() {
        lock.lock();
        try {
            if (closed) {
                List.copyOf(relays).forEach(Relay::cut);
                return -1;
            }
            for (SelectionKey key : selector.selectedKeys()) {
                if (key.isValid() && key.isAcceptable()) {
                    accept();
                } else if (key.isValid()) {
                    ((End) key.attachment()).ready(key);
                }
            }
            selector.selectedKeys().clear();
            boolean timed = false;
            for (Relay relay : List.copyOf(relays)) {
                timed |= relay.move();
            }
            return timed ? TICK_MILLIS : 0;
        } finally {
            lock.unlock();
        }
    }

    private void accept() {
        SocketChannel client = null;
        try {
            for (client = listener.accept(); client != null; client = listener.accept()) {
                relays.add(new Relay(client));
            }
        } catch (IOException e) {
            // That client has gone again, or nobody listens at the target: the others are not concerned.
            if (client != null) {
                closeQuietly(client::close);
            }
        }
    }

    private Fault initial(Direction direction) {
        return Objects.requireNonNull(initial.get(direction));
    }

    private interface Closing {
        void run() throws IOException;
    }

    private static void closeQuietly(Closing closing) {
        try {
            closing.run();
        } catch (IOException e) {
            // Closed all the same.
        }
    }

    /** One of the two sockets of a relay. */
    private final class End {
        final SocketChannel channel;
        final SelectionKey key;
        boolean connected;
        boolean readable;
        /** The socket has taken less than was offered, and has not said since that it takes more. */
        boolean full;

        End(SocketChannel channel, boolean connected) throws IOException {
            this.channel = channel;
            this.connected = connected;
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            key = channel.register(selector, connected ? 0 : SelectionKey.OP_CONNECT, this);
        }

        void ready(SelectionKey ready) {
            readable |= ready.isReadable();
            full &= !ready.isWritable();
        }

        boolean isOpen() {
            return channel.isOpen();
        }

        void reset() {
            closeQuietly(() -> channel.setOption(StandardSocketOptions.SO_LINGER, 0));
            closeQuietly(channel::close);
        }
    }

    /** What was read and is not forwarded yet: bytes, or that the sender has ended, or was reset. */
    private record Held(What what, ByteBuffer bytes, long sinceNanos) {
        enum What {
            BYTES,
            END,
            RESET
        }
    }

    private static final ByteBuffer NO_BYTES = ByteBuffer.allocate(0);

    /** One direction of a relay. */
    private final class Pipe {
        private final Relay relay;
        private final End source;
        private final End sink;
        private final ArrayDeque<Held> held = new ArrayDeque<>();
        private Fault fault;
        private int heldBytes;
        private long forwardedBytes;
        private long swallowedBytes;
        /** Nothing more comes: the source has ended, or whoever it is was reset. */
        private boolean sourceEnded;
        /** The test has ended this direction: what comes is thrown away. */
        private boolean cut;
        /** The sink has its end. */
        private boolean ended;
        /** A slow pipe forwards nothing before this. */
        private long notBefore;

        Pipe(Relay relay, End source, End sink, Fault fault) {
            this.relay = relay;
            this.source = source;
            this.sink = sink;
            this.fault = fault;
        }

        void apply(Fault value) {
            fault = value;
            notBefore = clock.nanos();
            if (value.kind == Fault.Kind.BLACK_HOLE) {
                swallowedBytes += heldBytes;
                forget();
            }
        }

        private void forget() {
            held.clear();
            heldBytes = 0;
        }

        boolean wantsToRead() {
            return !sourceEnded && fault.kind != Fault.Kind.STALL && heldBytes < MAX_HELD_BYTES && source.isOpen();
        }

        void read() {
            while (source.readable && wantsToRead()) {
                buffer.clear();
                int count;
                try {
                    count = source.channel.read(buffer);
                } catch (IOException e) {
                    relay.broken(source);
                    return;
                }
                if (count < 0) {
                    sourceEnded = true;
                    hold(Held.What.END, NO_BYTES);
                } else if (count > 0) {
                    hold(Held.What.BYTES, copy(buffer.flip()));
                } else {
                    source.readable = false;
                }
            }
        }

        void hold(Held.What what, ByteBuffer bytes) {
            if (fault.kind == Fault.Kind.BLACK_HOLE || cut || ended) {
                swallowedBytes += bytes.remaining();
                return;
            }
            held.add(new Held(what, bytes, clock.nanos()));
            heldBytes += bytes.remaining();
        }

        private ByteBuffer copy(ByteBuffer bytes) {
            return ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
        }

        /** Forwards what is due. Returns whether the rest waits for time to pass. */
        boolean write() {
            while (!held.isEmpty() && sink.connected && fault.kind != Fault.Kind.STALL) {
                Held next = held.getFirst();
                if (clock.nanos() - due(next) < 0) {
                    return true;
                }
                if (!sink.isOpen()) {
                    held.remove();
                    heldBytes -= next.bytes.remaining();
                    swallowedBytes += next.bytes.remaining();
                    ended |= next.what == Held.What.END;
                } else if (next.what == Held.What.RESET) {
                    relay.cut();
                } else if (next.what == Held.What.END) {
                    held.remove();
                    end();
                } else if (sink.full || !forward(next.bytes)) {
                    return false;
                }
            }
            return false;
        }

        private long due(Held next) {
            return switch (fault.kind) {
                case DELAY -> next.sinceNanos + fault.amount;
                case SLOW -> notBefore;
                default -> next.sinceNanos;
            };
        }

        /** Writes of the first bytes held as many as the fault allows now; returns false when the sink is full or broken. */
        private boolean forward(ByteBuffer bytes) {
            int most = fault.kind == Fault.Kind.SLOW
                    ? (int) Math.max(1, Math.min(bytes.remaining(), fault.amount / PARTS_OF_A_SECOND))
                    : bytes.remaining();
            int count;
            try {
                count = sink.channel.write(bytes.slice(bytes.position(), Math.min(most, bytes.remaining())));
            } catch (IOException e) {
                relay.broken(sink);
                return false;
            }
            bytes.position(bytes.position() + count);
            heldBytes -= count;
            forwardedBytes += count;
            if (fault.kind == Fault.Kind.SLOW) {
                notBefore = clock.nanos() + SECOND / fault.amount * count;
            }
            if (!bytes.hasRemaining()) {
                held.remove();
            }
            sink.full = count < most;
            return !sink.full;
        }

        private void end() {
            ended = true;
            closeQuietly(sink.channel::shutdownOutput);
        }
    }

    /** One relayed connection. */
    public final class Relay {
        private final InetSocketAddress client;
        private final End clientEnd;
        private final End serverEnd;
        private final Pipe toServer;
        private final Pipe toClient;

        private Relay(SocketChannel accepted) throws IOException {
            client = (InetSocketAddress) accepted.getRemoteAddress();
            clientEnd = new End(accepted, true);
            SocketChannel connecting = SocketChannel.open();
            connecting.configureBlocking(false);
            boolean connected = connecting.connect(target);
            serverEnd = new End(connecting, connected);
            toServer = new Pipe(this, clientEnd, serverEnd, initial(Direction.TO_SERVER));
            toClient = new Pipe(this, serverEnd, clientEnd, initial(Direction.TO_CLIENT));
        }

        private Pipe pipe(Direction direction) {
            return direction == Direction.TO_SERVER ? toServer : toClient;
        }

        /** Returns the local address of the client's socket. */
        public InetSocketAddress client() {
            return client;
        }

        /** Puts a fault in place of the one before, for one direction. */
        public void apply(Direction direction, Fault fault) {
            locked(() -> {
                pipe(direction).apply(fault);
                return fault;
            });
        }

        /**
         * The client is gone and nobody tells the server: whatever the client still sends, its end included, is swallowed,
         * and what the server sends is not read. The server's socket stays established until the server gives it up; the
         * proxy's own then stays until {@link #reset}.
         */
        public void vanish() {
            locked(() -> {
                toServer.apply(Fault.blackHole());
                toClient.apply(Fault.stall());
                return this;
            });
        }

        /** Ends one direction behind what is held, as if its sender had; what its sender still sends is thrown away. */
        public void halfClose(Direction direction) {
            locked(() -> {
                Pipe pipe = pipe(direction);
                pipe.held.add(new Held(Held.What.END, NO_BYTES, clock.nanos()));
                pipe.cut = true;
                return this;
            });
        }

        /** Resets both sockets at once and gives up what is held. Idempotent. */
        public void reset() {
            locked(() -> {
                cut();
                return this;
            });
        }

        /** Returns how many bytes were read and are not forwarded yet. */
        public int heldBytes(Direction direction) {
            return locked(() -> pipe(direction).heldBytes);
        }

        /** Returns how many bytes were forwarded. */
        public long forwardedBytes(Direction direction) {
            return locked(() -> pipe(direction).forwardedBytes);
        }

        /** Returns how many bytes were thrown away. */
        public long swallowedBytes(Direction direction) {
            return locked(() -> pipe(direction).swallowedBytes);
        }

        /** Returns how many of its two sockets the proxy has open. */
        public int openSockets() {
            return locked(this::sockets);
        }

        @Override
        public String toString() {
            return locked(
                    () -> "Relay[" + client + " toServer=" + toServer.fault + " toClient=" + toClient.fault + "]");
        }

        // With the lock held.

        private int sockets() {
            return (clientEnd.isOpen() ? 1 : 0) + (serverEnd.isOpen() ? 1 : 0);
        }

        /** Moves what can be moved. Returns whether something waits for time to pass. */
        private boolean move() {
            if (!serverEnd.connected && serverEnd.isOpen() && !connect()) {
                return false;
            }
            toServer.read();
            toClient.read();
            boolean toServerWaits = toServer.write();
            boolean toClientWaits = toClient.write();
            if ((toServer.ended && toClient.ended) || sockets() == 0) {
                cutOrderly();
                return false;
            }
            interest(clientEnd, toServer, toClient);
            interest(serverEnd, toClient, toServer);
            return toServerWaits || toClientWaits;
        }

        private boolean connect() {
            try {
                serverEnd.connected = serverEnd.channel.finishConnect();
                return serverEnd.connected;
            } catch (IOException e) {
                cut();
                return false;
            }
        }

        private void interest(End end, Pipe from, Pipe to) {
            if (end.key.isValid()) {
                boolean waits = to.sink.full && !to.held.isEmpty();
                end.key.interestOps(
                        (from.wantsToRead() ? SelectionKey.OP_READ : 0) | (waits ? SelectionKey.OP_WRITE : 0));
            }
        }

        /** A socket was found reset: the other side hears of it if the fault of that direction allows. */
        private void broken(End end) {
            end.reset();
            Pipe news = end == clientEnd ? toServer : toClient;
            if (!news.sourceEnded) {
                news.sourceEnded = true;
                news.hold(Held.What.RESET, NO_BYTES);
            }
        }

        private void cut() {
            clientEnd.reset();
            serverEnd.reset();
            toServer.forget();
            toClient.forget();
            relays.remove(this);
        }

        /** Both sides have their end: nothing is left to tell them. */
        private void cutOrderly() {
            closeQuietly(clientEnd.channel::close);
            closeQuietly(serverEnd.channel::close);
            relays.remove(this);
        }
    }
}

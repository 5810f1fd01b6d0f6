package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadConnection.Role;
import io.campanile.benchmarks.LoadPlan.Inspection;
import io.campanile.benchmarks.LoadPlan.Stage;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;
import org.HdrHistogram.SingleWriterRecorder;

/**
 * Opens connections to a server, keeps a load on it and measures. One run each; {@link #run} blocks the calling thread
 * while event loops do the work, and always ends: at the end of the plan, or as soon as a figure could not be trusted.
 */
final class LoadGenerator implements LoadConnection.Owner, RoomLoad.Completion, AutoCloseable {

    /** The run could not be finished; the message says what happened and what to do. */
    static final class RunFailedException extends Exception {
        private static final long serialVersionUID = 1;

        RunFailedException(String message) {
            super(message);
        }
    }

    /** Hears what the run is doing, about once a second. */
    interface Progress {
        void update(String activity, double secondsLeft, double perSecond);
    }

    /** Descriptors that the JVM and the event loops need beside the connections. */
    static final int SPARE_DESCRIPTORS = 64;

    private static final int MAX_PENDING_HANDSHAKES = 128;
    private static final int READ_BUFFER_BYTES = 16_384;
    private static final int MOST_SAMPLED = 50;
    private static final int MAX_SENDS_PER_TURN = 256;

    private static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(10);

    private final LoadPlan plan;
    private final Progress progress;
    private final Duration patience;
    private final List<Loop> loops = new ArrayList<>();
    private final List<LoadConnection> connections = new ArrayList<>();
    private final List<RoomLoad> rooms = new ArrayList<>();
    private final List<RoomLoad> publishedRooms = new ArrayList<>();
    private final List<Measured> measured = new ArrayList<>();
    private final Recorder lastReceiver = new Recorder(3);
    private final CompletableFuture<Void> failure = new CompletableFuture<>();
    private final Semaphore handshakes = new Semaphore(MAX_PENDING_HANDSHAKES);
    private final AtomicInteger ready = new AtomicInteger();
    private double connectSeconds;
    private volatile Set<Integer> stalledPorts = Set.of();

    /** Broadcasts that may be in flight in each room; 0 while nothing is to be sent. */
    private volatile int limit;

    /** A rate is kept, and no broadcast follows on another's arrival. */
    private volatile boolean paced;

    private final Pacer pacer = new Pacer();

    private volatile boolean finishing;

    LoadGenerator(LoadPlan plan, Progress progress) {
        this(plan, progress, DEFAULT_PATIENCE);
    }

    /** Gives the server {@code patience} to answer a handshake, or to deliver when a message is on its way. */
    LoadGenerator(LoadPlan plan, Progress progress, Duration patience) {
        this.plan = plan;
        this.progress = progress;
        this.patience = patience;
    }

    /** One event loop and what it counts. */
    private static final class Loop {
        final MultiThreadIoEventLoopGroup group;
        final EventLoop eventLoop;
        final Bootstrap bootstrap;
        // Written by the loop alone, so a plain read and a release write do.
        final AtomicLong delivered = new AtomicLong();
        final SingleWriterRecorder latency = new SingleWriterRecorder(3);
        final ByteBuf buffer = BareReader.buffer(READ_BUFFER_BYTES);

        Loop(Transports transport, Duration poll) {
            group = new MultiThreadIoEventLoopGroup(1, transport.polling(poll));
            eventLoop = group.next();
            bootstrap = new Bootstrap()
                    .group(group)
                    .channel(transport.clientChannel())
                    .option(ChannelOption.TCP_NODELAY, true)
                    .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                    .option(ChannelOption.RCVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(READ_BUFFER_BYTES))
                    .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) DEFAULT_PATIENCE.toMillis());
            if (transport == Transports.EPOLL) {
                // Ports are chosen at connect, when the kernel knows that another address has room for the same one.
                bootstrap.option(EpollChannelOption.IP_BIND_ADDRESS_NO_PORT, true);
            }
        }
    }

    /**
     * Does what the plan says.
     *
     * @throws RunFailedException when the server cannot be reached, refuses, loses a connection or stops delivering
     */
    LoadReport run() throws RunFailedException, InterruptedException {
        begin();
        for (Stage stage : plan.stages()) {
            measured.add(window(stage));
        }
        rest();
        return report();
    }

    /** Opens the connections and warms the server up. */
    void begin() throws RunFailedException, InterruptedException {
        open();
        prepareRooms();
        start(plan.warmupStage());
        await("warm-up, " + plan.warmupStage(), plan.warmup());
    }

    /** Begins a load, and measures it when it has settled; it goes on after that. */
    Measured window(Stage stage) throws RunFailedException, InterruptedException {
        start(stage);
        await("settling, " + stage, plan.settle());
        stall();
        return measure(stage);
    }

    /** Sends nothing more until a load begins, and returns when all that was sent has arrived. */
    void rest() throws RunFailedException, InterruptedException {
        limit = 0;
        pacer.stop();
        long deadline = System.nanoTime() + patience.toNanos();
        while (isWaiting()) {
            if (System.nanoTime() - deadline > 0) {
                throw new RunFailedException(missing() + " messages did not reach every receiver of their room within "
                        + patience.toSeconds() + " s of the end");
            }
            waitForFailure(10_000_000);
        }
    }

    /**
     * Opens the connections, and returns when each takes part; a run begins with that.
     *
     * @throws RunFailedException when the server cannot be reached, refuses or loses a connection
     */
    void open() throws RunFailedException, InterruptedException {
        checkDescriptors();
        Transports transport = Transports.best();
        for (int i = 0; i < plan.loops(); i++) {
            loops.add(new Loop(transport, plan.poll()));
        }
        connect();
    }

    /** Returns what was measured so far, complete or not. */
    LoadReport report() {
        return new LoadReport(plan, connectSeconds, measured);
    }

    private void checkDescriptors() throws RunFailedException {
        OptionalLong most = CpuTimes.maxDescriptors();
        long needed = plan.allConnections() + SPARE_DESCRIPTORS;
        if (most.isPresent() && most.getAsLong() < needed) {
            throw new RunFailedException("this process may open " + most.getAsLong() + " descriptors and needs "
                    + needed + " for " + plan.allConnections()
                    + " connections; raise the limit (ulimit -n) or ask for fewer --connections");
        }
    }

    private void connect() throws RunFailedException, InterruptedException {
        long started = System.nanoTime();
        InetSocketAddress server = new InetSocketAddress(plan.url().getHost(), port());
        if (server.isUnresolved()) {
            throw new RunFailedException("the host " + plan.url().getHost() + " is not known");
        }
        int receivers = plan.connections();
        int stride = plan.inspection() == Inspection.EVERY_MESSAGE ? 1 : Math.max(1, receivers / MOST_SAMPLED);
        int others = plan.allConnections() - plan.stalled();
        int stalling = 0;
        for (int i = 0; i < others; i++) {
            boolean receives = i < receivers;
            boolean publishes = plan.echo() ? i < plan.publishers() : !receives;
            Role role = !publishes ? Role.RECEIVER : receives ? Role.RECEIVER_AND_PUBLISHER : Role.PUBLISHER;
            int room = (receives ? i : i - receivers) % plan.rooms();
            boolean sampled = receives && i % stride == stride - 1;
            connections.add(new LoadConnection(i, room, i % plan.loops(), role, sampled, plan, this));
            // In between, so that a broadcast meets those that stall all along its way.
            for (; stalling < (i + 1L) * plan.stalled() / others; stalling++) {
                connections.add(new LoadConnection(
                        others + stalling,
                        stalling % plan.rooms(),
                        stalling % plan.loops(),
                        Role.STALLING,
                        false,
                        plan,
                        this));
            }
        }
        long nextProgress = started;
        for (int i = 0; i < connections.size(); i++) {
            if (plan.connectRate() > 0) {
                long due = started + (long) (i * 1e9 / plan.connectRate());
                while (due - System.nanoTime() > 0) {
                    LockSupport.parkNanos(due - System.nanoTime());
                }
            }
            if (!handshakes.tryAcquire(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new RunFailedException("no handshake was answered for " + patience.toSeconds() + " s; "
                        + ready.get() + " of " + connections.size() + " connections are ready");
            }
            throwIfFailed();
            open(i, server);
            if (System.nanoTime() - nextProgress >= 0) {
                nextProgress = System.nanoTime() + 1_000_000_000L;
                progress.update("connecting, " + ready.get() + " of " + connections.size(), 0, 0);
            }
        }
        if (!handshakes.tryAcquire(MAX_PENDING_HANDSHAKES, patience.toMillis(), TimeUnit.MILLISECONDS)) {
            throwIfFailed();
            throw new RunFailedException(ready.get() + " of " + connections.size() + " connections were ready within "
                    + patience.toSeconds() + " s of the last connect");
        }
        throwIfFailed();
        connectSeconds = (System.nanoTime() - started) / 1e9;
    }

    private int port() {
        return plan.url().getPort() >= 0 ? plan.url().getPort() : 80;
    }

    private void open(int index, InetSocketAddress server) {
        LoadConnection connection = connections.get(index);
        Bootstrap bootstrap = loops.get(connection.loop()).bootstrap.clone().handler(connection);
        if (!plan.sources().isEmpty()) {
            bootstrap.localAddress(plan.sources().get(index % plan.sources().size()), 0);
        }
        bootstrap.connect(server).addListener(connected -> {
            if (!connected.isSuccess()) {
                handshakes.release();
                Throwable cause = connected.cause();
                failure.completeExceptionally(new RunFailedException("cannot connect to " + plan.url() + ": "
                        + cause.getMessage()
                        + (cause instanceof ConnectException ? "; is the server running?" : "")));
            }
        });
    }

    private void prepareRooms() throws RunFailedException, InterruptedException {
        int window = 0;
        for (Stage stage : plan.stages()) {
            window = Math.max(
                    window,
                    stage instanceof Stage.InFlight inFlight
                            ? inFlight.broadcasts()
                            : stage instanceof Stage.Rate rate
                                    ? (int) Math.min(65_536, Math.max(1_024, rate.perSecond() * 10))
                                    : 0);
        }
        for (int room = 0; room < plan.rooms(); room++) {
            int[] receivers = new int[plan.loops()];
            List<LoadConnection> publishers = new ArrayList<>();
            for (LoadConnection connection : connections) {
                if (connection.room() == room) {
                    receivers[connection.loop()] += connection.role().receives() ? 1 : 0;
                    if (connection.role().publishes()) {
                        publishers.add(connection);
                    }
                }
            }
            rooms.add(new RoomLoad(window, receivers, publishers, this));
            if (!publishers.isEmpty()) {
                publishedRooms.add(rooms.get(room));
            }
        }
        // A plain server says nothing when it has added a connection to its group: give it the time to.
        await("letting the server settle", Duration.ofMillis(300));
        for (Loop loop : loops) {
            int number = loops.indexOf(loop);
            try {
                loop.eventLoop
                        .submit(() -> connections.stream()
                                .filter(connection -> connection.loop() == number)
                                .forEach(connection -> connection.countInto(
                                        rooms.get(connection.room()).part(number), loop.buffer)))
                        .get();
            } catch (ExecutionException e) {
                throw new IllegalStateException(e.getCause());
            }
        }
    }

    private void start(Stage stage) {
        if (stage instanceof Stage.InFlight inFlight) {
            limit = inFlight.broadcasts();
            rooms.forEach(this::fill);
        } else if (stage instanceof Stage.Rate rate) {
            paced = true;
            pacer.start(rate.perSecond());
        }
    }

    private void fill(RoomLoad room) {
        while (room.tryTakePlace(limit)) {
            room.nextPublisher().publish(room, System.nanoTime());
        }
    }

    @Override
    public void completed(RoomLoad room, long sentNanos) {
        lastReceiver.recordValue(Math.max(0, System.nanoTime() - sentNanos));
        if (!paced) {
            room.givePlaceBack();
            fill(room);
        }
    }

    @Override
    public void ready(LoadConnection connection) {
        ready.incrementAndGet();
        handshakes.release();
    }

    @Override
    public void failed(LoadConnection connection, String why) {
        if (!finishing && !(connection.role() == Role.STALLING && !stalledPorts.isEmpty())) {
            failure.completeExceptionally(new RunFailedException(connection + ": " + why));
            handshakes.release();
        }
    }

    @Override
    public void delivered(LoadConnection connection, long latencyNanos) {
        loops.get(connection.loop()).latency.recordValue(Math.max(0, latencyNanos));
    }

    @Override
    public void counted(LoadConnection connection, int messages) {
        AtomicLong delivered = loops.get(connection.loop()).delivered;
        delivered.setRelease(delivered.getPlain() + messages);
    }

    private void stall() {
        if (stalledPorts.isEmpty()) {
            List<LoadConnection> stalling = connections.stream()
                    .filter(connection -> connection.role() == Role.STALLING)
                    .toList();
            stalledPorts = stalling.stream().map(LoadConnection::port).collect(Collectors.toUnmodifiableSet());
            stalling.forEach(LoadConnection::stall);
        }
    }

    /** Returns the local ports of those that stall, none before they do. May be called from any thread. */
    Set<Integer> stalledPorts() {
        return stalledPorts;
    }

    /** Returns how many messages all rooms were sent; exact when the run is over. */
    long sent() {
        return rooms.stream().mapToLong(RoomLoad::sent).sum();
    }

    private Measured measure(Stage stage) throws RunFailedException, InterruptedException {
        loops.forEach(loop -> loop.latency.reset());
        lastReceiver.reset();
        CpuWindow window = new CpuWindow(plan.serverPid());
        long deliveredBefore = delivered();
        await("measuring, " + stage, plan.window());
        long deliveredInWindow = delivered() - deliveredBefore;
        Histogram latency = new Histogram(3);
        loops.forEach(loop -> latency.add(loop.latency.getIntervalHistogram()));
        return window.close(stage, deliveredInWindow, latency, lastReceiver.getIntervalHistogram());
    }

    /** Returns how many messages all receivers got. */
    long delivered() {
        return loops.stream().mapToLong(loop -> loop.delivered.getAcquire()).sum();
    }

    /** Waits until the time is over, and ends early only by failing. */
    private void await(String activity, Duration duration) throws RunFailedException, InterruptedException {
        long end = System.nanoTime() + duration.toNanos();
        long lastDelivered = delivered();
        long lastTime = System.nanoTime();
        long lastMoved = lastTime;
        while (true) {
            long left = end - System.nanoTime();
            waitForFailure(Math.min(left, 1_000_000_000L));
            long now = System.nanoTime();
            long total = delivered();
            if (now - end >= 0) {
                return;
            }
            progress.update(activity, (end - now) / 1e9, (total - lastDelivered) / ((now - lastTime) / 1e9));
            if (total > lastDelivered || !isWaiting()) {
                lastMoved = now;
            } else if (now - lastMoved > patience.toNanos()) {
                throw new RunFailedException("no message was delivered for " + patience.toSeconds() + " s, and "
                        + missing() + " were sent that not every receiver has; may clients publish on this server?");
            }
            lastDelivered = total;
            lastTime = now;
        }
    }

    private boolean isWaiting() {
        return missing() > 0;
    }

    private long missing() {
        return rooms.stream().mapToLong(room -> room.sent() - room.completed()).sum();
    }

    private void waitForFailure(long nanos) throws RunFailedException, InterruptedException {
        try {
            failure.get(Math.max(nanos, 0), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return;
        } catch (ExecutionException e) {
            throwIfFailed();
        }
    }

    private void throwIfFailed() throws RunFailedException {
        if (failure.isCompletedExceptionally()) {
            String why = failure.handle((nothing, cause) -> String.valueOf(cause.getMessage()))
                    .join();
            throw new RunFailedException(why);
        }
    }

    @Override
    public void close() {
        finishing = true;
        limit = 0;
        connections.forEach(LoadConnection::close);
        loops.forEach(loop -> loop.group.shutdownGracefully(0, 5, TimeUnit.SECONDS));
        for (Loop loop : loops) {
            if (loop.group.terminationFuture().awaitUninterruptibly(5, TimeUnit.SECONDS)) {
                loop.buffer.release();
            }
        }
    }

    /**
     * Sends at a fixed rate, on the first event loop. A message that is late because the loop was busy still carries the
     * time it was due, so its latency holds the delay.
     */
    private final class Pacer {
        private boolean running;
        private long start;
        private long number;
        private double nanosPerMessage;

        void start(double perSecond) {
            EventLoop eventLoop = loops.get(0).eventLoop;
            eventLoop.execute(() -> {
                nanosPerMessage = 1e9 / perSecond;
                start = System.nanoTime();
                number = 0;
                if (!running) {
                    running = true;
                    turn();
                }
            });
        }

        void stop() throws InterruptedException {
            loops.get(0).eventLoop.submit(() -> running = false).await();
        }

        private void turn() {
            if (!running || finishing) {
                return;
            }
            long now = System.nanoTime();
            long due = due();
            for (int sent = 0; due - now <= 0 && sent < MAX_SENDS_PER_TURN; sent++) {
                RoomLoad room = publishedRooms.get((int) (number % publishedRooms.size()));
                if (room.isBehind()) {
                    failure.completeExceptionally(new RunFailedException("the server does not keep up with the rate: "
                            + (room.sent() - room.completed()) + " messages of a room are on their way"));
                    return;
                }
                room.nextPublisher().publish(room, due);
                number++;
                due = due();
            }
            loops.get(0).eventLoop.schedule(this::turn, Math.max(0, due - System.nanoTime()), TimeUnit.NANOSECONDS);
        }

        private long due() {
            return start + (long) (number * nanosPerMessage);
        }
    }
}

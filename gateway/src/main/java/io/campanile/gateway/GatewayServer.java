package io.campanile.gateway;

import io.campanile.core.CloseReason;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.DrainPlan;
import io.campanile.core.DrainReport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * WebSockets and HTTP on one port, wired to a registry of its own. Its methods may be called from any thread.
 *
 * <pre>{@code
 * var chat = new ChatEndpoint();
 * try (var gateway = GatewayServer.builder().port(8080).webSocket("/chat", chat).start()) {
 *     gateway.registry().broadcast(Audience.all(), Message.text("hello"));
 * }
 * }</pre>
 */
public final class GatewayServer implements AutoCloseable {

    private static final int BACKLOG = 4_096;
    private static final int READ_BYTES = 2_048;
    /** What a client has sent is taken up in one turn, and sent on by one write for each recipient, up to this bound. */
    private static final int READS_PER_TURN = 16;

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration LISTENER_TIMEOUT = Duration.ofSeconds(1);

    /** What endpoints get to stop in, also when the clients have used up their time. */
    private static final Duration LEAST_FOR_ENDPOINTS = Duration.ofMillis(250);

    /** Often enough that beats do not show in the pace: a quarter of a second holds 25 of them, give or take one. */
    private static final long DRAIN_BEAT_MILLIS = 10;

    private final Gateway gateway;
    private final EventLoopGroup group;
    private final List<Loop> loops;
    private final Channel listener;
    private final IoKind io;
    private final List<Endpoint> endpoints;
    private final Plugins plugins;
    private final CountDownLatch hurried = new CountDownLatch(1);
    private final AtomicReference<@Nullable Thread> drainer = new AtomicReference<>();
    private final CompletableFuture<Stopped> stopped = new CompletableFuture<>();

    /** How the gateway came to its end: what became of the connections, and whether all sockets ended in time. */
    private record Stopped(DrainReport report, boolean complete) {}

    private GatewayServer(
            Gateway gateway,
            EventLoopGroup group,
            List<Loop> loops,
            Channel listener,
            IoKind io,
            List<Endpoint> endpoints,
            Plugins plugins) {
        this.endpoints = List.copyOf(endpoints);
        this.plugins = plugins;
        this.gateway = gateway;
        this.group = group;
        this.loops = loops;
        this.listener = listener;
        this.io = io;
    }

    /** Begins a gateway. */
    public static GatewayBuilder builder() {
        return new GatewayBuilder();
    }

    static GatewayServer start(GatewayBuilder from) {
        IoKind io = Io.resolve(from.io);
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(
                from.loops, new DefaultThreadFactory("campanile-loop"), Io.handlers(io));
        ConnectionRegistry registry = null;
        List<Endpoint> started = new ArrayList<>();
        Plugins plugins = new Plugins(from.pluginBudget);
        List<Loop> loops = new ArrayList<>();
        try {
            for (EventExecutor loop : group) {
                loops.add(new Loop(loops.size(), (EventLoop) loop));
            }
            if (io == IoKind.EPOLL_RING) {
                loops.forEach(
                        loop -> loop.eventLoop.submit(loop.sends::openRing).syncUninterruptibly());
            }
            var building = ConnectionRegistry.builder().config(from.registry).shards(loops);
            LiveClaims claims = from.claims.orElseGet(() -> new LiveClaims(ClaimsRules.defaults()));
            building.listener(claims.listener());
            from.listeners.forEach(building::listener);
            from.quotas.forEach(building::quota);
            building.overflow(from.overflow);
            from.roomOverflow.ifPresent(building::roomOverflow);
            ConnectionRegistry built = building.build();
            registry = built;
            claims.start(built);
            Map<String, Endpoint> endpoints = new LinkedHashMap<>();
            from.endpoints.forEach((path, endpoint) -> endpoints.put(path, endpoint.get()));
            Gateway gateway = new Gateway(from, endpoints, built, claims, loops);
            for (Endpoint endpoint : endpoints.values()) {
                endpoint.start(built, claims);
                started.add(endpoint);
            }
            for (StreamEndpoint endpoint : from.streams.values()) {
                endpoint.start(built, claims);
            }
            plugins.start(from.plugins, built);
            Channel listener = listen(from, gateway, group, io);
            beat(from.registry.liveness().beatInterval(), loops.get(0).eventLoop, built, claims);
            sweep(gateway.addresses, loops.get(0).eventLoop);
            Gateway.LOG.log(
                    Level.INFO,
                    "gateway started address={0} io={1} loops={2}",
                    listener.localAddress(),
                    io,
                    from.loops);
            return new GatewayServer(gateway, group, loops, listener, io, started, plugins);
        } catch (RuntimeException e) {
            stopEndpoints(started, LEAST_FOR_ENDPOINTS);
            plugins.stop(from.pluginBudget.multipliedBy(plugins.count()));
            if (registry != null) {
                registry.close();
            }
            group.shutdownGracefully(0, 0, TimeUnit.SECONDS).addListener(ended -> loops.forEach(Loop::release));
            throw e;
        }
    }

    private static Channel listen(GatewayBuilder from, Gateway gateway, EventLoopGroup group, IoKind io) {
        ChannelFuture bound = new ServerBootstrap()
                .group(group)
                .channel(Io.serverChannel(io))
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new FixedRecvByteBufAllocator(READ_BYTES).maxMessagesPerRead(READS_PER_TURN))
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        HttpConnection.begin(gateway, channel);
                    }
                })
                .bind(from.host, from.port)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            Throwable cause = bound.cause();
            throw new UncheckedIOException(
                    "port: " + from.port + " of " + from.host + " (expected: an address to listen on, not in use)",
                    cause instanceof IOException e ? e : new IOException(cause));
        }
        return bound.channel();
    }

    /** Drives the watch over connections and their claims; ends with the event loop. */
    private static void beat(Duration every, EventLoop on, ConnectionRegistry registry, LiveClaims claims) {
        Runnable beat = () -> {
            registry.beat();
            claims.beat();
        };
        on.scheduleWithFixedDelay(beat, every.toNanos(), every.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Forgets addresses that have gone; ends with the event loop. */
    private static void sweep(Addresses addresses, EventLoop on) {
        if (addresses.needsSweeps()) {
            on.scheduleWithFixedDelay(() -> addresses.sweep(System.nanoTime()), 1, 1, TimeUnit.SECONDS);
        }
    }

    /** Returns the address that is listened on, with the port that was found for 0. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /** Returns the kind of I/O in use; never {@link IoKind#AUTO}. */
    public IoKind io() {
        return io;
    }

    /** Returns the registry in which the WebSockets live; the gateway closes it. */
    public ConnectionRegistry registry() {
        return gateway.registry;
    }

    /** Returns what keeps the connections in step with their claims, and revokes these. */
    public LiveClaims claims() {
        return gateway.claims;
    }

    /** Returns what the gateway has done. At once. */
    public GatewayStats stats() {
        return gateway.counters.stats();
    }

    /** Returns how many addresses are known, as far as they are counted. */
    int addresses() {
        return gateway.addresses.size();
    }

    /** Returns how many deflaters and inflaters have native memory; exact while nothing is sent. */
    int compressors() {
        return gateway.compressors();
    }

    /** Returns what the plugins show, in the order it was registered. At once; the values are read when asked for. */
    public List<PluginFigure> pluginFigures() {
        return plugins.figures();
    }

    /** Returns whether a drain has begun, its delay included: a load balancer should send nobody here any more. At once. */
    public boolean isDraining() {
        return drainer.get() != null;
    }

    /** Drains without a delay. */
    public CompletionStage<DrainReport> drain(DrainPlan plan) {
        return drain(Duration.ZERO, plan);
    }

    /**
     * Ends the gateway in order. Returns at once:
     *
     * <ol>
     *   <li>{@link #isDraining} turns true, plugins are told, and for the length of the delay all else goes on;
     *   <li>admission stops: handshakes and new HTTP requests are answered 503 with {@code Retry-After}, but for those
     *       that {@link GatewayBuilder#whileDraining} names;
     *   <li>connections are told to go at the plan's pace, each after what waited for it, as
     *       {@link ConnectionRegistry#drain} has it;
     *   <li>the port is closed, HTTP requests under way are answered, and sockets end;
     *   <li>endpoints end what they have running ({@link Endpoint#stop});
     *   <li>plugins are stopped in reverse order of their start, each within its budget, and the threads end.
     * </ol>
     *
     * All but the delay is done within the plan's deadline, after which what is left is cut. Where there are plugins, up to
     * half of what the window leaves of it is kept for them. The report is logged, too. A second call, and {@link #stop},
     * join the drain under way.
     *
     * @param delay how long load balancers may take to notice
     * @return what became of the connections, when everything has ended
     */
    public CompletionStage<DrainReport> drain(Duration delay, DrainPlan plan) {
        Thread thread = new Thread(() -> drainNow(delay, plan), "campanile-drain");
        if (drainer.compareAndSet(null, thread)) {
            thread.start();
        }
        return stopped.thenApply(Stopped::report);
    }

    /** Ends the delay and the pacing of a drain under way: admission stops, and everybody is told, now. */
    public void hurry() {
        hurried.countDown();
        gateway.registry.hurry();
    }

    /**
     * Drains at once, with 1001, and waits for it.
     *
     * @param timeout how long it may take altogether; a client has at most {@link GatewayLimits#closeTimeout} in any case
     * @return whether all connections had ended before the deadline
     * @throws IllegalStateException when called on an event loop, which cannot wait for itself
     */
    public boolean stop(Duration timeout) {
        for (Loop loop : loops) {
            if (loop.isOwner()) {
                throw new IllegalStateException("stop was called on an event loop (expected: another thread)");
            }
        }
        Duration deadline = timeout.compareTo(Duration.ofMillis(1)) < 0 ? Duration.ofMillis(1) : timeout;
        drain(DrainPlan.atOnce(CloseReason.GOING_AWAY).withDeadline(deadline));
        try {
            return stopped.get().complete();
        } catch (InterruptedException e) {
            // Whoever interrupts is in a hurry: what is left is cut.
            Thread under = drainer.get();
            if (under != null) {
                under.interrupt();
            }
            boolean complete = stopped.join().complete();
            Thread.currentThread().interrupt();
            return complete;
        } catch (ExecutionException e) {
            throw new IllegalStateException("stopping failed", e.getCause());
        }
    }

    private void drainNow(Duration delay, DrainPlan plan) {
        try {
            stopped.complete(drainInOrder(delay, plan));
        } catch (Throwable e) {
            Gateway.LOG.log(Level.ERROR, "drain failed", e);
            stopped.completeExceptionally(e);
        }
    }

    private Stopped drainInOrder(Duration delay, DrainPlan plan) {
        Gateway.LOG.log(
                Level.INFO,
                "gateway drains connections={0} delay={1}ms window={2}ms deadline={3}ms code={4}",
                Integer.toString(gateway.registry.connectionCount()),
                Long.toString(delay.toMillis()),
                Long.toString(plan.window().toMillis()),
                Long.toString(plan.deadline().toMillis()),
                Integer.toString(plan.reason().code()));
        plugins.draining();
        awaitDelay(delay);
        long began = System.nanoTime();
        long deadline = began + plan.deadline().toNanos();
        Duration forClients = plan.deadline().minus(forPlugins(plan));
        gateway.beginStop();
        DrainReport report = drainRegistry(plan.withDeadline(forClients));
        gateway.end();
        listener.close().awaitUninterruptibly(LISTENER_TIMEOUT.toMillis());
        loops.forEach(loop -> loop.execute(loop::endHttp));
        gateway.registry.close();
        boolean complete = await(gateway.emptied(), began + forClients.toNanos()) && report.cut() == 0;
        stopEndpoints(endpoints, Duration.ofNanos(began + forClients.toNanos() - System.nanoTime()));
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(CLOSE_TIMEOUT.toMillis());
        if (group.isTerminated()) {
            gateway.release();
        }
        List<String> passedBy = plugins.stop(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
        Gateway.LOG.log(
                Level.INFO,
                "gateway stopped connections={0} left={1} told={2} flushed={3} lost={4} cut={5} drained={6}ms"
                        + " complete={7} pluginsPassedBy={8} took={9}ms",
                Integer.toString(report.connections()),
                Integer.toString(report.left()),
                Integer.toString(report.told()),
                Integer.toString(report.flushed()),
                Integer.toString(report.lost()),
                Integer.toString(report.cut()),
                Long.toString(report.took().toMillis()),
                complete,
                passedBy,
                Long.toString(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began)));
        return new Stopped(report, complete);
    }

    /** Stops one after another; each has what is left of the time, but never nothing. */
    private static void stopEndpoints(List<Endpoint> started, Duration budget) {
        long deadline = System.nanoTime() + budget.toNanos();
        for (Endpoint endpoint : started) {
            Duration left = Duration.ofNanos(deadline - System.nanoTime());
            try {
                endpoint.stop(left.compareTo(LEAST_FOR_ENDPOINTS) < 0 ? LEAST_FOR_ENDPOINTS : left);
            } catch (RuntimeException e) {
                Gateway.LOG.log(Level.WARNING, "endpoint failed to stop", e);
            }
        }
    }

    private Duration forPlugins(DrainPlan plan) {
        Duration wanted = plugins.budget().multipliedBy(plugins.count());
        Duration most = plan.deadline().minus(plan.window()).dividedBy(2);
        return wanted.compareTo(most) < 0 ? wanted : most;
    }

    private void awaitDelay(Duration delay) {
        try {
            hurried.await(delay.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Drains the registry and beats for it meanwhile; whoever interrupts has what is left cut at once. */
    private DrainReport drainRegistry(DrainPlan plan) {
        var report = gateway.registry.drain(plan).toCompletableFuture();
        if (hurried.getCount() == 0) {
            gateway.registry.hurry();
        }
        long giveUp = System.nanoTime() + plan.deadline().plus(LISTENER_TIMEOUT).toNanos();
        while (!Thread.currentThread().isInterrupted() && System.nanoTime() - giveUp < 0) {
            try {
                return report.get(DRAIN_BEAT_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                gateway.registry.beat();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException e) {
                throw new IllegalStateException("the registry could not be drained", e.getCause());
            }
        }
        int left = gateway.registry.connectionCount();
        return new DrainReport(left, 0, left, 0, 0, left, plan.deadline());
    }

    private static boolean await(CompletableFuture<Void> future, long deadline) {
        try {
            future.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException | ExecutionException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Stops with ten seconds for the clients. */
    @Override
    public void close() {
        stop(CLOSE_TIMEOUT);
    }
}

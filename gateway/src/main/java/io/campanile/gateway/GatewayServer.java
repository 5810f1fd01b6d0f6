package io.campanile.gateway;

import io.campanile.core.ConnectionRegistry;
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
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

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
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

    private final Gateway gateway;
    private final EventLoopGroup group;
    private final List<Loop> loops;
    private final Channel listener;
    private final IoKind io;
    private final AtomicBoolean stopBegun = new AtomicBoolean();
    private final CompletableFuture<Boolean> stopped = new CompletableFuture<>();

    private GatewayServer(Gateway gateway, EventLoopGroup group, List<Loop> loops, Channel listener, IoKind io) {
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
        try {
            List<Loop> loops = new ArrayList<>();
            for (EventExecutor loop : group) {
                loops.add(new Loop(loops.size(), (EventLoop) loop));
            }
            var building = ConnectionRegistry.builder().config(from.registry).shards(loops);
            from.listeners.forEach(building::listener);
            registry = building.build();
            Map<String, Gateway.Route> endpoints = new LinkedHashMap<>();
            from.endpoints.forEach((path, endpoint) -> endpoints.put(path, Gateway.Route.of(endpoint)));
            Map<String, Map<String, HttpHandler>> handlers = new LinkedHashMap<>();
            from.handlers.forEach((path, byMethod) -> handlers.put(path, Map.copyOf(byMethod)));
            Gateway gateway = new Gateway(from.limits, from.origins, registry, List.copyOf(loops), endpoints, handlers);
            for (Endpoint endpoint : from.endpoints.values()) {
                endpoint.start(registry);
            }
            Channel listener = listen(from, gateway, group, io);
            beat(from.registry.liveness().beatInterval(), loops.get(0).eventLoop, registry);
            Gateway.LOG.log(
                    Level.INFO,
                    "gateway started address={0} io={1} loops={2}",
                    listener.localAddress(),
                    io,
                    from.loops);
            return new GatewayServer(gateway, group, loops, listener, io);
        } catch (RuntimeException e) {
            if (registry != null) {
                registry.close();
            }
            group.shutdownGracefully(0, 0, TimeUnit.SECONDS);
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
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(READ_BYTES))
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

    /** Drives the registry's watch over its connections; ends with the event loop. */
    private static void beat(Duration every, EventLoop on, ConnectionRegistry registry) {
        on.scheduleWithFixedDelay(registry::beat, every.toNanos(), every.toNanos(), TimeUnit.NANOSECONDS);
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

    /** Returns what the gateway has done. At once. */
    public GatewayStats stats() {
        return gateway.counters.stats();
    }

    /**
     * Stops in order: handshakes are refused with 503 and the port is closed; every connection is closed with 1001
     * after what waits for it; what is left at the deadline is cut; the threads end. HTTP requests under way are
     * answered. Blocks; a second call waits for the first.
     *
     * @param timeout how long clients may take altogether; a client has at most {@link GatewayLimits#closeTimeout} in
     *     any case
     * @return whether all connections had ended before the deadline
     * @throws IllegalStateException when called on an event loop, which cannot wait for itself
     */
    public boolean stop(Duration timeout) {
        for (Loop loop : loops) {
            if (loop.isOwner()) {
                throw new IllegalStateException("stop was called on an event loop (expected: another thread)");
            }
        }
        if (stopBegun.compareAndSet(false, true)) {
            boolean all = false;
            try {
                all = stopNow(timeout);
            } finally {
                stopped.complete(all);
            }
        }
        return stopped.join();
    }

    private boolean stopNow(Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        gateway.beginStop();
        listener.close().awaitUninterruptibly(timeout.toMillis());
        loops.forEach(loop -> loop.execute(loop::endHttp));
        gateway.registry.close();
        boolean all = await(gateway.emptied(), deadline);
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(CLOSE_TIMEOUT.toMillis());
        if (group.isTerminated()) {
            loops.forEach(Loop::release);
        }
        Gateway.LOG.log(Level.INFO, "gateway stopped complete={0}", all);
        return all;
    }

    private static boolean await(CompletableFuture<Void> future, long deadline) {
        try {
            future.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException | ExecutionException e) {
            return false;
        } catch (InterruptedException e) {
            // Whoever interrupts is in a hurry: what is left is cut.
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

package io.campanile.gateway;

import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Message;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What all connections of one gateway share. */
final class Gateway {

    static final Logger LOG = System.getLogger("io.campanile.gateway");

    /** An endpoint with what was asked of it at the start. */
    record Route(Endpoint endpoint, boolean text, boolean binary) {

        static Route of(Endpoint endpoint) {
            var kinds = endpoint.kinds();
            return new Route(endpoint, kinds.contains(Message.Kind.TEXT), kinds.contains(Message.Kind.BINARY));
        }
    }

    final GatewayLimits limits;
    final OriginPolicy origins;
    final ConnectionRegistry registry;
    final FrameDecoder.Limits frameLimits;
    final Counters counters = new Counters();
    private final List<Loop> loops;
    private final Map<String, Route> endpoints;
    private final Map<String, Map<String, HttpHandler>> handlers;

    /** TCP connections of either sort. */
    private final AtomicInteger open = new AtomicInteger();

    private final CompletableFuture<Void> emptied = new CompletableFuture<>();
    private volatile boolean stopping;
    private volatile boolean ending;
    private final ChannelFutureListener onClose = closed -> channelClosed();

    Gateway(
            GatewayLimits limits,
            OriginPolicy origins,
            ConnectionRegistry registry,
            List<Loop> loops,
            Map<String, Route> endpoints,
            Map<String, Map<String, HttpHandler>> handlers) {
        this.limits = limits;
        this.origins = origins;
        this.registry = registry;
        this.frameLimits = FrameDecoder.Limits.ofMessage(limits.maxMessageBytes());
        this.loops = loops;
        this.endpoints = endpoints;
        this.handlers = handlers;
    }

    @Nullable
    Route endpoint(String path) {
        return endpoints.get(path);
    }

    boolean hasHttp(String path) {
        return handlers.containsKey(path);
    }

    @Nullable
    HttpHandler handler(String method, String path) {
        Map<String, HttpHandler> byMethod = handlers.getOrDefault(path, Map.of());
        HttpHandler handler = byMethod.get(method);
        return handler == null && method.equals("HEAD") ? byMethod.get("GET") : handler;
    }

    /** Returns the methods of a path, as an {@code Allow} header lists them. */
    String allowed(String path) {
        TreeSet<String> methods =
                new TreeSet<>(handlers.getOrDefault(path, Map.of()).keySet());
        if (methods.contains("GET") || endpoints.containsKey(path)) {
            methods.add("GET");
        }
        if (handlers.getOrDefault(path, Map.of()).containsKey("GET")) {
            methods.add("HEAD");
        }
        return String.join(", ", methods);
    }

    Loop loopOf(Channel channel) {
        // There are as many as processors, and this is asked once for each connection.
        for (Loop loop : loops) {
            if (loop.eventLoop == channel.eventLoop()) {
                return loop;
            }
        }
        throw new IllegalStateException("event loop of another gateway");
    }

    boolean isStopping() {
        return stopping;
    }

    /** From now on handshakes and new requests are refused, and every HTTP answer is the last of its connection. */
    void beginStop() {
        stopping = true;
    }

    /** Whether TCP connections are closed as they come. */
    boolean isEnding() {
        return ending;
    }

    /** From now on a TCP connection that is accepted is closed. */
    void end() {
        ending = true;
        if (open.get() == 0) {
            emptied.complete(null);
        }
    }

    /** Completes once the gateway is ending and no TCP connection is left. */
    CompletableFuture<Void> emptied() {
        return emptied;
    }

    void channelOpened(Channel channel) {
        open.incrementAndGet();
        channel.closeFuture().addListener(onClose);
    }

    private void channelClosed() {
        if (open.decrementAndGet() == 0 && ending) {
            emptied.complete(null);
        }
    }

    /** Counts an exception of the application, and logs the 1st, 2nd, 4th, 8th …: a flood of failures is no flood of lines. */
    void handlerFailed(Supplier<String> where, Throwable failure) {
        counters.handlerFailures.increment();
        long count = counters.handlerFailures.sum();
        if (Long.bitCount(count) <= 1) {
            LOG.log(Level.WARNING, () -> "handler failed " + where.get() + " failures=" + count, failure);
        }
    }
}

package io.campanile.gateway;

import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Message;
import io.campanile.core.OutboundLimits;
import io.campanile.core.spi.WireFormat;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What all connections of one gateway share. */
final class Gateway {

    static final Logger LOG = System.getLogger("io.campanile.gateway");

    /** An endpoint with what was asked of it at the start. */
    record Route(
            Endpoint endpoint,
            boolean text,
            boolean binary,
            FrameDecoder.Limits frames,
            Rate byteRate,
            Optional<OutboundLimits> outbound,
            Agreement agreement,
            WireFormat format) {

        static Route of(Endpoint endpoint, GatewayLimits limits, Agreement agreement, WireFormat format) {
            var kinds = endpoint.kinds();
            var plain = FrameDecoder.Limits.ofMessage(endpoint.maxMessageBytes().orElse(limits.maxMessageBytes()));
            var frames = agreement == Agreement.PLAIN ? plain : plain.withCompression();
            return new Route(
                    endpoint,
                    kinds.contains(Message.Kind.TEXT),
                    kinds.contains(Message.Kind.BINARY),
                    frames,
                    new Rate(
                            limits.maxBytesPerSecond(),
                            (long) frames.maxMessageBytes()
                                    + frames.maxFragmentOverheadBytes()
                                    + frames.maxDeflatedBytes()),
                    endpoint.outboundLimits(),
                    agreement,
                    format);
        }
    }

    final GatewayLimits limits;
    final OriginPolicy origins;
    final ConnectionRegistry registry;
    final LiveClaims claims;
    final Duration streamRetry;
    final Duration idleTimeout;

    /** How often connections that are not read from are touched, so that their silence does not count. */
    final long touchNanos;

    final Addresses addresses;
    final Rate messageRate;
    final Counters counters = new Counters();
    private final List<Loop> loops;

    /** The endpoint of each path, for each agreement that can be reached. */
    private final Map<Agreement, Map<String, Route>> endpoints = new EnumMap<>(Agreement.class);

    private final @Nullable Deflaters deflaters;
    private final Map<String, StreamEndpoint> streams;
    private final Map<String, Map<String, HttpHandler>> handlers;
    private final Set<String> crossOrigin;
    private final Set<String> whileDraining;

    /** TCP connections of either sort. */
    private final AtomicInteger open = new AtomicInteger();

    private final CompletableFuture<Void> emptied = new CompletableFuture<>();
    private volatile boolean stopping;
    private volatile boolean ending;
    private final ChannelFutureListener onClose = closed -> channelClosed();

    Gateway(
            GatewayBuilder from,
            Map<String, Endpoint> at,
            ConnectionRegistry registry,
            LiveClaims claims,
            List<Loop> loops) {
        this.limits = from.limits;
        this.origins = from.origins;
        this.streamRetry = from.streamRetry;
        this.touchNanos =
                from.registry.liveness().beatInterval().multipliedBy(2).toNanos();
        this.idleTimeout = from.registry.liveness().idleTimeout();
        this.registry = registry;
        this.claims = claims;
        this.addresses = new Addresses(limits.maxConnectionsPerAddress(), limits.maxConnectsPerSecondPerAddress());
        this.messageRate = new Rate(limits.maxMessagesPerSecond(), 1);
        this.loops = List.copyOf(loops);
        route(at, Agreement.PLAIN, WebSocketFormat.INSTANCE);
        Compression compression = from.compression.orElse(null);
        this.deflaters = compression == null ? null : new Deflaters(compression.level());
        if (compression != null && deflaters != null) {
            WireFormat wide = DeflateFormat.wide(compression, deflaters, counters);
            route(at, Agreement.WIDE, wide);
            route(at, Agreement.WIDE_NAMED, wide);
            route(at, Agreement.NARROW, DeflateFormat.narrow(compression, deflaters, counters));
        }
        this.streams = Map.copyOf(from.streams);
        this.handlers = new HashMap<>();
        from.handlers.forEach((path, byMethod) -> byMethod.forEach((method, handler) ->
                handlers.computeIfAbsent(path, p -> new HashMap<>()).put(method, handler.apply(registry))));
        this.crossOrigin = Set.copyOf(from.crossOrigin);
        this.whileDraining = Set.copyOf(from.whileDraining);
    }

    private void route(Map<String, Endpoint> at, Agreement agreement, WireFormat format) {
        Map<String, Route> routes = new HashMap<>();
        at.forEach((path, endpoint) -> routes.put(path, Route.of(endpoint, limits, agreement, format)));
        endpoints.put(agreement, routes);
    }

    @Nullable
    Route endpoint(String path) {
        return endpoint(path, Agreement.PLAIN);
    }

    /** Returns the endpoint of a path for a client with which something was agreed. */
    @Nullable
    Route endpoint(String path, Agreement agreement) {
        // Without compression there is nothing else to agree on.
        return endpoints
                .getOrDefault(agreement, endpoints.getOrDefault(Agreement.PLAIN, Map.of()))
                .get(path);
    }

    /** Returns how many deflaters and inflaters have native memory; exact while nothing is sent. */
    int compressors() {
        int inflaters =
                (int) loops.stream().filter(loop -> loop.inflation().isOpen()).count();
        return inflaters + (deflaters == null ? 0 : deflaters.open());
    }

    /** Gives back native memory; to be called when the event loops have ended. */
    void release() {
        loops.forEach(Loop::release);
        if (deflaters != null) {
            deflaters.close();
        }
    }

    @Nullable
    StreamEndpoint stream(String path) {
        return streams.get(path);
    }

    boolean hasHttp(String path) {
        return handlers.containsKey(path) || streams.containsKey(path);
    }

    /** Returns whether pages of other origins may call the path. */
    boolean isCrossOrigin(String path) {
        return crossOrigin.contains(path);
    }

    /** Returns whether new requests of the path are refused by now. */
    boolean refuses(String path) {
        return stopping && !whileDraining.contains(path);
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
        boolean answersGet = methods.contains("GET") || streams.containsKey(path);
        if (answersGet) {
            methods.add("HEAD");
        }
        if (answersGet || endpoint(path) != null) {
            methods.add("GET");
        }
        if (crossOrigin.contains(path)) {
            methods.add("OPTIONS");
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

    /** Counts a TCP connection until its channel has closed; says whether its address may have it. */
    Addresses.Answer channelOpened(Channel channel) {
        open.incrementAndGet();
        if (addresses.isOff()) {
            channel.closeFuture().addListener(onClose);
            return Addresses.Answer.ENTERED;
        }
        long key = Addresses.keyOf(channel.remoteAddress());
        Addresses.Answer answer = addresses.enter(key, System.nanoTime());
        if (answer == Addresses.Answer.ENTERED) {
            channel.closeFuture().addListener(closed -> {
                addresses.leave(key, System.nanoTime());
                channelClosed();
            });
        } else {
            channel.closeFuture().addListener(onClose);
        }
        return answer;
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

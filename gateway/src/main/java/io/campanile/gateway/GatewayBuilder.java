package io.campanile.gateway;

import io.campanile.core.ConnectionRegistry;
import io.campanile.core.OverflowPolicy;
import io.campanile.core.Quota;
import io.campanile.core.RegistryConfig;
import io.campanile.core.RegistryListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/** Gathers what a gateway is made of. Not safe for use by several threads; may start several gateways in turn. */
public final class GatewayBuilder {

    String host = "127.0.0.1";
    int port = 8080;
    IoKind io = IoKind.AUTO;
    int loops = Math.min(Runtime.getRuntime().availableProcessors(), MAX_LOOPS);
    RegistryConfig registry = RegistryConfig.defaults();
    GatewayLimits limits = GatewayLimits.defaults();
    OriginPolicy origins = OriginPolicy.sameOrigin();
    Optional<Compression> compression = Optional.empty();
    OverflowPolicy overflow = OverflowPolicy.EVICT;
    Optional<Function<String, OverflowPolicy>> roomOverflow = Optional.empty();
    Optional<LiveClaims> claims = Optional.empty();
    final List<Quota> quotas = new ArrayList<>();
    final List<RegistryListener> listeners = new ArrayList<>();
    final Map<String, Supplier<Endpoint>> endpoints = new LinkedHashMap<>();
    final Map<String, StreamEndpoint> streams = new LinkedHashMap<>();
    final Set<String> crossOrigin = new LinkedHashSet<>();
    final Set<String> whileDraining = new LinkedHashSet<>();
    final Map<String, Map<String, Function<ConnectionRegistry, HttpHandler>>> handlers = new LinkedHashMap<>();
    final List<Plugins.Named> plugins = new ArrayList<>();
    Duration pluginBudget = Duration.ofSeconds(5);
    Duration streamRetry = Duration.ofSeconds(2);

    private static final int MAX_LOOPS = 256;
    private static final Duration MAX_STREAM_RETRY = Duration.ofHours(1);

    GatewayBuilder() {}

    /** Sets the name or address to listen on; otherwise {@code 127.0.0.1}. */
    public GatewayBuilder host(String value) {
        host = value;
        return this;
    }

    /** Sets the port to listen on, 0 for one that is free; otherwise 8080. */
    public GatewayBuilder port(int value) {
        Checks.inRange("port", value, 0, 65_535);
        port = value;
        return this;
    }

    /** Sets how to speak with the operating system; otherwise {@link IoKind#AUTO}. */
    public GatewayBuilder io(IoKind value) {
        io = value;
        return this;
    }

    /** Sets the number of event loops, each with a thread and a shard, 1 to 256; otherwise as many as processors. */
    public GatewayBuilder loops(int value) {
        Checks.inRange("loops", value, 1, MAX_LOOPS);
        loops = value;
        return this;
    }

    /** Sets the registry's limits; otherwise {@link RegistryConfig#defaults}. */
    public GatewayBuilder registry(RegistryConfig value) {
        registry = value;
        return this;
    }

    /** Sets what happens to messages that do not fit, unless they or their room say so; otherwise the client is evicted. */
    public GatewayBuilder overflow(OverflowPolicy value) {
        overflow = value;
        return this;
    }

    /**
     * Sets the policy of each room by its name; otherwise that of {@link #overflow}.
     *
     * @param value as for {@link io.campanile.core.RegistryBuilder#roomOverflow}
     */
    public GatewayBuilder roomOverflow(Function<String, OverflowPolicy> value) {
        roomOverflow = Optional.of(value);
        return this;
    }

    /**
     * Sets what keeps connections in step with their claims; otherwise one of the gateway's own, with {@link
     * ClaimsRules#defaults}.
     *
     * @param value for one gateway
     */
    public GatewayBuilder claims(LiveClaims value) {
        claims = Optional.of(value);
        return this;
    }

    /**
     * Limits the connections that share a value of their claims; one for each name. One too many is refused with 429
     * before the upgrade, or the head of a stream, unless the oldest is closed for it.
     */
    public GatewayBuilder quota(Quota value) {
        quotas.add(value);
        return this;
    }

    /** Adds a listener to the registry; they are told in the order they were added. */
    public GatewayBuilder listener(RegistryListener value) {
        listeners.add(value);
        return this;
    }

    /** Sets what one client may ask of the gateway; otherwise {@link GatewayLimits#defaults}. */
    public GatewayBuilder limits(GatewayLimits value) {
        limits = value;
        return this;
    }

    /** Sets which web pages may open WebSockets and streams, and call {@link #crossOrigin} paths; otherwise {@link OriginPolicy#sameOrigin}. */
    public GatewayBuilder origins(OriginPolicy value) {
        origins = value;
        return this;
    }

    /**
     * Lets WebSockets be compressed whose clients offer it (permessage-deflate, RFC 7692); otherwise none is. It saves
     * bandwidth and costs time on the event loops. The length of a compressed message tells of what is in it: leave it off
     * where a message holds both a secret and what a stranger has chosen.
     */
    public GatewayBuilder compression(Compression value) {
        compression = Optional.of(value);
        return this;
    }

    /**
     * Adds an endpoint for WebSockets.
     *
     * @param path the exact path, such as {@code /ws}; it may have HTTP handlers too
     */
    public GatewayBuilder webSocket(String path, Endpoint endpoint) {
        return webSocket(path, () -> endpoint);
    }

    /** Adds what brings its path along, such as the gateways that {@code io.campanile.app} declares. */
    public GatewayBuilder webSocket(Mount mount) {
        return webSocket(mount.path(), mount::endpoint);
    }

    private GatewayBuilder webSocket(String path, Supplier<Endpoint> endpoint) {
        if (endpoints.putIfAbsent(checked(path), endpoint) != null) {
            throw new IllegalArgumentException("path: \"" + path + "\" (expected: one endpoint, it has one already)");
        }
        return this;
    }

    /**
     * Adds an endpoint for streams of Server-Sent Events: {@code GET} of the path begins one, {@code HEAD} tells what its
     * head is, and pages of the {@link #origins} that may open WebSockets may open streams too.
     *
     * <p>Text messages become the data of events, and the messages of {@code io.campanile.protocol} events with a name.
     * With {@code ?envelope=true} the data is the whole envelope, and events have no name. Binary messages cannot be
     * written, and count as dropped.
     *
     * @param path the exact path, such as {@code /sse}; it may have a WebSocket endpoint and other methods' handlers too
     */
    public GatewayBuilder sse(String path, StreamEndpoint endpoint) {
        refuseTwoForGet(streams.containsKey(checked(path)) || isHandled("GET", path) || isHandled("HEAD", path), path);
        streams.put(path, endpoint);
        return crossOrigin(path);
    }

    /**
     * Sets how long a client shall wait before it opens its stream again when that has broken: each is told a time
     * between this and twice as long, so that they do not come all at once. Otherwise 2 s.
     *
     * @param value zero to an hour
     */
    public GatewayBuilder sseRetry(Duration value) {
        if (value.isNegative() || value.compareTo(MAX_STREAM_RETRY) > 0) {
            throw new IllegalArgumentException("sseRetry: " + value + " (expected: zero to " + MAX_STREAM_RETRY + ")");
        }
        streamRetry = value;
        return this;
    }

    /**
     * Lets the pages that may open WebSockets call a path's HTTP handlers from other origins (CORS): they may read the
     * answers, and may send what credentials the browser has. Other pages can do neither; what may be done without
     * reading the answer is up to the handler.
     *
     * @param path the exact path
     */
    public GatewayBuilder crossOrigin(String path) {
        crossOrigin.add(checked(path));
        return this;
    }

    /**
     * Keeps a path's HTTP handlers answering during a drain, until the port closes: for those who watch the node, to whom
     * 503 would mean that it is broken.
     *
     * @param path the exact path
     */
    public GatewayBuilder whileDraining(String path) {
        whileDraining.add(checked(path));
        return this;
    }

    /**
     * Adds a handler of HTTP requests. A handler of {@code GET} answers {@code HEAD} as well, unless that has its own.
     *
     * @param method the method, in capitals
     * @param path the exact path, such as {@code /healthz}
     */
    public GatewayBuilder http(String method, String path, HttpHandler handler) {
        return httpUsing(method, path, registry -> handler);
    }

    /**
     * Adds a handler of HTTP requests that works with the registry, to publish what a backend posts, for example:
     *
     * <pre>{@code
     * builder.httpUsing("POST", "/orders", registry -> call -> {
     *     registry.broadcast(Audience.room("orders"), Message.text(new String(call.body(), UTF_8)));
     *     return CompletableFuture.completedFuture(HttpAnswer.empty(204));
     * });
     * }</pre>
     *
     * @param method the method, in capitals
     * @param path the exact path, such as {@code /orders}
     * @param handler makes the handler; called once, when the gateway starts, before the first request
     */
    public GatewayBuilder httpUsing(String method, String path, Function<ConnectionRegistry, HttpHandler> handler) {
        if (!method.matches("[A-Z]+")) {
            throw new IllegalArgumentException("method: \"" + method + "\" (expected: capitals, such as GET)");
        }
        if (method.equals("GET") || method.equals("HEAD")) {
            refuseTwoForGet(streams.containsKey(path), path);
        }
        if (handlers.computeIfAbsent(checked(path), p -> new LinkedHashMap<>()).putIfAbsent(method, handler) != null) {
            throw new IllegalArgumentException(
                    "path: \"" + path + "\" (expected: one handler of " + method + ", it has one already)");
        }
        return this;
    }

    private boolean isHandled(String method, String path) {
        return handlers.getOrDefault(path, Map.of()).containsKey(method);
    }

    private static void refuseTwoForGet(boolean two, String path) {
        if (two) {
            throw new IllegalArgumentException(
                    "path: \"" + path + "\" (expected: one stream or handler of GET, it has one already)");
        }
    }

    /** Adds a plugin without settings; they are started in the order they were added, and stopped in reverse. */
    public GatewayBuilder plugin(Plugin plugin) {
        return plugin(plugin, Map.of());
    }

    /**
     * Adds a plugin; they are started in the order they were added, and stopped in reverse.
     *
     * @param config its settings, as it finds them in its {@link PluginContext}
     */
    public GatewayBuilder plugin(Plugin plugin, Map<String, String> config) {
        Plugins.Named named = Plugins.Named.of(plugin, config);
        if (plugins.stream().anyMatch(other -> other.name().equals(named.name()))) {
            throw new IllegalArgumentException("plugin: \"" + named.name() + "\" (expected: one of that name)");
        }
        plugins.add(named);
        return this;
    }

    /** Sets how long each plugin may take to stop; otherwise 5 seconds. */
    public GatewayBuilder pluginBudget(Duration value) {
        Checks.positive("pluginBudget", value);
        pluginBudget = value;
        return this;
    }

    /**
     * Starts the gateway: on return it accepts connections. It runs on threads of its own until it is stopped.
     *
     * @throws IllegalStateException when this machine does not have the kind of I/O asked for, or a plugin failed to start
     * @throws java.io.UncheckedIOException when the address cannot be listened on
     */
    public GatewayServer start() {
        return GatewayServer.start(this);
    }

    private static String checked(String path) {
        if (!path.startsWith("/") || !path.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '?' && c != '#')) {
            throw new IllegalArgumentException(
                    "path: \"" + path + "\" (expected: starts with / and has visible ASCII without ? and #)");
        }
        return path;
    }
}

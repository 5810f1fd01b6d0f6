package io.campanile.server;

import io.campanile.core.ConnectionRegistry;
import io.campanile.core.DrainPlan;
import io.campanile.core.DrainReport;
import io.campanile.core.Liveness;
import io.campanile.core.OutboundLimits;
import io.campanile.core.Quota;
import io.campanile.core.RegistryConfig;
import io.campanile.core.RegistryStats;
import io.campanile.gateway.ClaimsRules;
import io.campanile.gateway.Compression;
import io.campanile.gateway.GatewayBuilder;
import io.campanile.gateway.GatewayLimits;
import io.campanile.gateway.GatewayServer;
import io.campanile.gateway.HttpAnswer;
import io.campanile.gateway.HttpCall;
import io.campanile.gateway.HttpHandler;
import io.campanile.gateway.LiveClaims;
import io.campanile.gateway.OriginPolicy;
import io.campanile.gateway.Plugin;
import io.campanile.gateway.RoomsEndpoint;
import io.campanile.server.StartFailure.Blame;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One node: a gateway with the built-in endpoint, the HTTP API, health, metrics and the demo page. */
final class CampanileServer implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(CampanileServer.class);

    /** Requests for figures, and for lists, that may wait for the one thread that gathers them. */
    private static final int WAITING_REQUESTS = 16;

    /*
     * Requests may come before the gateway's builder has returned the gateway. What answers them waits for these: the
     * registry is known before the first request, the gateway a moment later, to a thread that may wait.
     */
    private final CompletableFuture<ConnectionRegistry> registry = new CompletableFuture<>();
    private final CompletableFuture<GatewayServer> started = new CompletableFuture<>();

    private final Settings settings;
    private final ClientAuth auth;
    private final RoomsEndpoint rooms;
    private final LiveClaims claims;
    private final Metrics metrics;
    private final List<Plugin> plugins;
    private final ApiAccess access;
    private final IdempotentAnswers answers;
    private final ThreadPoolExecutor background = background("campanile-figures");
    private final ThreadPoolExecutor lists = background("campanile-lists");
    private final GatewayServer gateway;
    private final long startedNanos = System.nanoTime();

    private CampanileServer(Settings settings, List<Plugin> plugins) {
        this.settings = settings;
        this.auth = new ClientAuth(settings);
        this.rooms = new RoomsEndpoint(auth.authenticator(), ClientAuth.authorizer(settings));
        this.access = new ApiAccess(settings.mode(), apiKeys(settings), settings.get(Options.API_RATE));
        this.answers = new IdempotentAnswers(
                settings.get(Options.IDEMPOTENCY_WINDOW), settings.get(Options.IDEMPOTENCY_SIZE), System::nanoTime);
        this.claims = new LiveClaims(claimsRules(settings));
        this.metrics = new Metrics(
                () -> started.join().registry().stats(),
                () -> started.join().stats(),
                rooms::errors,
                auth::refusals,
                () -> started.join().pluginFigures(),
                access,
                answers,
                claims);
        this.plugins = plugins;
        auth.load();
        this.gateway = build().start();
        started.complete(gateway);
    }

    /**
     * Starts a node; on return it accepts connections.
     *
     * @throws StartFailure with a sentence for the user, if it cannot
     */
    static CampanileServer start(Settings settings) {
        ListenAddress.check(settings);
        if (!settings.get(Options.IO).isAvailable()) {
            throw new StartFailure(
                    Blame.MACHINE,
                    settings.place(Options.IO) + ": " + OptionType.enumText(settings.get(Options.IO))
                            + " is not to be had on this machine (expected: auto, or another kind)");
        }
        CampanileServer server;
        try {
            server = new CampanileServer(settings, PluginsFound.check(settings, PluginsFound.all()));
        } catch (IllegalStateException e) {
            throw PluginsFound.explain(e);
        } catch (UncheckedIOException e) {
            throw ListenAddress.explain(settings, e);
        }
        log.atInfo()
                .addKeyValue("version", Version.text())
                .addKeyValue("address", ListenAddress.inUrl(server.address()))
                .addKeyValue("io", OptionType.enumText(server.gateway.io()))
                .addKeyValue("mode", OptionType.enumText(settings.mode()))
                .log("server started");
        if (settings.mode() == Mode.CONFIGURED && !server.auth.isOn()) {
            log.warn("clients are not authenticated (expected: keys below auth.jwt, or auth.client-keys)");
        }
        return server;
    }

    InetSocketAddress address() {
        return gateway.address();
    }

    /** Ends the wait for load balancers, and the pacing, of a {@link #stop} under way. */
    void hurry() {
        gateway.hurry();
    }

    /**
     * Stops in order: readiness turns red, then admission stops, clients are told to go at the pace of the settings, what
     * waits for them is written, their sockets close, and plugins stop. Blocks until that is done or its time is over.
     */
    void stop() {
        stop(settings.get(Options.DRAIN_DELAY), drainPlan());
    }

    /** Stops at once. */
    @Override
    public void close() {
        stop(Duration.ZERO, drainPlan().withWindow(Duration.ZERO).withMaxPerSecond(0));
    }

    private void stop(Duration delay, DrainPlan plan) {
        long begun = System.nanoTime();
        DrainReport report = drain(delay, plan);
        background.shutdownNow();
        lists.shutdownNow();
        metrics.close();
        log.atInfo()
                .addKeyValue("connections", report.connections())
                .addKeyValue("left", report.left())
                .addKeyValue("told", report.told())
                .addKeyValue("flushed", report.flushed())
                .addKeyValue("lost", report.lost())
                .addKeyValue("cut", report.cut())
                .addKeyValue("drained", report.took().toMillis() + "ms")
                .addKeyValue("took", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun) + "ms")
                .addKeyValue("up", TimeUnit.NANOSECONDS.toSeconds(begun - startedNanos) + "s")
                .log("server stopped");
    }

    private DrainReport drain(Duration delay, DrainPlan plan) {
        CompletableFuture<DrainReport> drained = gateway.drain(delay, plan).toCompletableFuture();
        try {
            return drained.get();
        } catch (InterruptedException e) {
            // Whoever interrupts is in a hurry: what is left is cut.
            Thread.currentThread().interrupt();
            gateway.stop(Duration.ZERO);
            return drained.join();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the gateway could not be drained", e.getCause());
        }
    }

    private DrainPlan drainPlan() {
        Duration timeout = settings.get(Options.STOP_TIMEOUT);
        return new DrainPlan(
                settings.get(Options.DRAIN_CODE).reason(),
                settings.get(Options.DRAIN_WINDOW),
                settings.get(Options.DRAIN_RATE),
                settings.get(Options.COME_BACK_MIN),
                settings.get(Options.COME_BACK_MAX),
                timeout.isZero() ? Duration.ofMillis(1) : timeout);
    }

    // ---- what the gateway is made of

    private GatewayBuilder build() {
        FrontDoor door = new FrontDoor(settings, auth, rooms, registry::complete);
        GatewayBuilder builder = GatewayServer.builder()
                .host(settings.get(Options.HOST))
                .port(settings.get(Options.PORT))
                .io(settings.get(Options.IO))
                .registry(registryConfig())
                .overflow(settings.get(Options.OVERFLOW))
                .roomOverflow(
                        RoomOverflow.policies(settings.get(Options.ROOM_OVERFLOW), settings.get(Options.OVERFLOW)))
                .limits(limits())
                .claims(claims)
                .origins(origins())
                .listener(metrics)
                .listener(new ConnectionLog())
                .webSocket(settings.get(Options.WEBSOCKET_PATH), door)
                .http("GET", Paths.HEALTH, call -> now(HttpAnswer.text(200, "ok\n")))
                .http("GET", Paths.READY, this::readiness)
                .whileDraining(Paths.HEALTH)
                .whileDraining(Paths.READY)
                .whileDraining(Paths.METRICS)
                .pluginBudget(settings.get(Options.PLUGIN_BUDGET));
        new HttpApi(access, registry::join, answers, lists, claims.revocations()).addTo(builder);
        plugins.forEach(plugin -> builder.plugin(plugin, settings.plugin(plugin.name())));
        quotas().forEach(builder::quota);
        if (settings.get(Options.LOOPS) > 0) {
            builder.loops(settings.get(Options.LOOPS));
        }
        if (settings.get(Options.COMPRESSION)) {
            builder.compression(new Compression(
                    settings.get(Options.COMPRESSION_LEVEL), settings.get(Options.COMPRESSION_MIN_SIZE)));
        }
        if (settings.get(Options.SSE)) {
            builder.sse(settings.get(Options.SSE_PATH), door).sseRetry(settings.get(Options.SSE_RETRY));
        }
        settings.find(Options.ECHO_PATH)
                .ifPresent(path -> builder.webSocket(path, new EchoEndpoint(settings.mode(), outbound())));
        if (settings.get(Options.METRICS)) {
            builder.http("GET", Paths.METRICS, inBackground(this::scrape));
        }
        if (settings.get(Options.DEMO)) {
            builder.http("GET", Paths.STATS, inBackground(this::stats));
            StaticFiles.load()
                    .forEach((path, file) -> builder.http("GET", path, call -> now(StaticFiles.answer(call, file))));
        }
        return builder;
    }

    private static List<ApiKey> apiKeys(Settings settings) {
        var keys = new ArrayList<ApiKey>();
        settings.find(Options.API_KEY).map(ApiKey::ofEverything).ifPresent(keys::add);
        settings.find(Options.API_KEYS).ifPresent(keys::addAll);
        return keys;
    }

    private RegistryConfig registryConfig() {
        return RegistryConfig.defaults()
                .withMaxConnections(settings.get(Options.MAX_CONNECTIONS))
                .withMaxRoomsPerConnection(settings.get(Options.MAX_ROOMS))
                .withOutbound(outbound())
                .withMaxWaitingBytes(settings.get(Options.WAITING_SIZE))
                .withMaxPostedBytes(settings.get(Options.POSTED_SIZE))
                .withLiveness(new Liveness(
                        settings.get(Options.PING_INTERVAL),
                        settings.get(Options.PONG_TIMEOUT),
                        settings.get(Options.IDLE_TIMEOUT),
                        settings.get(Options.FIRST_MESSAGE_TIMEOUT),
                        settings.get(Options.MAX_LIFETIME)));
    }

    private OutboundLimits outbound() {
        return new OutboundLimits(settings.get(Options.OUTBOUND_SIZE), settings.get(Options.OUTBOUND_FRAMES));
    }

    private static ClaimsRules claimsRules(Settings settings) {
        return ClaimsRules.defaults()
                .withExpiryWarning(settings.get(Options.EXPIRY_WARNING))
                .withRevocationTime(settings.get(Options.REVOCATION_TIME))
                .withMaxRevocations(settings.get(Options.MAX_REVOCATIONS));
    }

    private List<Quota> quotas() {
        List<Quota> quotas = new ArrayList<>();
        if (settings.get(Options.MAX_PER_USER) > 0) {
            quotas.add(Quota.perUser(settings.get(Options.MAX_PER_USER)));
        }
        if (settings.get(Options.MAX_PER_TENANT) > 0) {
            quotas.add(Quota.perClaim(settings.get(Options.TENANT_CLAIM), settings.get(Options.MAX_PER_TENANT)));
        }
        return quotas.stream()
                .map(quota -> quota.withWhenFull(settings.get(Options.WHEN_FULL)))
                .toList();
    }

    private GatewayLimits limits() {
        return GatewayLimits.defaults()
                .withMaxMessageBytes(settings.get(Options.MAX_MESSAGE))
                .withMaxMessagesPerSecond(settings.get(Options.MESSAGE_RATE))
                .withMaxBytesPerSecond(settings.get(Options.BYTE_RATE))
                .withMaxHeaderBytes(settings.get(Options.MAX_HEADER))
                .withMaxHttpBodyBytes(settings.get(Options.MAX_BODY))
                .withMaxHttpConnections(settings.get(Options.MAX_HTTP_CONNECTIONS))
                .withMaxConnectionsPerAddress(settings.get(Options.MAX_PER_ADDRESS))
                .withMaxConnectsPerSecondPerAddress(settings.get(Options.MAX_CONNECTS_PER_ADDRESS))
                .withHandshakeTimeout(settings.get(Options.HANDSHAKE_TIMEOUT))
                .withKeepAliveTimeout(settings.get(Options.KEEP_ALIVE_TIMEOUT))
                .withCloseTimeout(settings.get(Options.CLOSE_TIMEOUT));
    }

    private OriginPolicy origins() {
        return settings.get(Options.ALLOW_ANY_ORIGIN)
                ? OriginPolicy.allowAnyOriginUnsafe()
                : OriginPolicy.allow(settings.get(Options.ALLOWED_ORIGINS));
    }

    // ---- answers

    private CompletableFuture<HttpAnswer> readiness(HttpCall call) {
        boolean draining = started.isDone() && started.join().isDraining();
        return now(draining ? HttpAnswer.text(503, "stopping\n") : HttpAnswer.text(200, "ready\n"));
    }

    private HttpAnswer scrape() {
        byte[] text = metrics.scrape().getBytes(StandardCharsets.UTF_8);
        return HttpAnswer.bytes(200, "text/plain; version=0.0.4; charset=utf-8", text)
                .withHeader("cache-control", "no-store");
    }

    private HttpAnswer stats() {
        RegistryStats stats = started.join().registry().stats();
        long messagesIn = started.join().stats().messagesIn();
        return HttpAnswer.json(
                        200,
                        "{\"connections\":" + stats.connections() + ",\"rooms\":" + stats.rooms() + ",\"messagesIn\":"
                                + messagesIn + ",\"messagesOut\":" + stats.queued() + "}")
                .withHeader("cache-control", "no-store");
    }

    /** Answers on a thread for figures: the JVM's own are read from files, for which an event loop cannot wait. */
    private HttpHandler inBackground(Supplier<HttpAnswer> figures) {
        return call -> {
            var answer = new CompletableFuture<HttpAnswer>();
            try {
                return answer.completeAsync(figures, background);
            } catch (RejectedExecutionException e) {
                return now(HttpAnswer.problem(503, "too many ask for figures at once")
                        .withHeader("retry-after", "1"));
            }
        };
    }

    private static CompletableFuture<HttpAnswer> now(HttpAnswer answer) {
        return CompletableFuture.completedFuture(answer);
    }

    private static ThreadPoolExecutor background(String name) {
        return new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING_REQUESTS), task -> {
            var thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
    }
}

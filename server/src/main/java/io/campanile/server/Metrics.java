package io.campanile.server;

import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.RegistryListener;
import io.campanile.core.RegistryStats;
import io.campanile.gateway.GatewayStats;
import io.campanile.gateway.LiveClaims;
import io.campanile.gateway.PluginFigure;
import io.campanile.protocol.ErrorCode;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** The node in figures, as Prometheus reads them. */
final class Metrics implements RegistryListener, AutoCloseable {

    /*
     * The counters that exist already are read, not counted again: each scrape takes one snapshot of both and the meters
     * show parts of it, so that the figures of one scrape belong together.
     *
     * Labels come from tables in the code and names of API keys, never from clients. Should one slip through, there are at most MAX_LABELS
     * of a kind.
     */
    private static final int MAX_LABELS = 64;

    private final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Set<String> labelled = new HashSet<>();
    private final JvmGcMetrics gc = new JvmGcMetrics();
    private final Supplier<RegistryStats> registryStats;
    private final Supplier<GatewayStats> gatewayStats;
    private final Supplier<Map<ErrorCode, Long>> requestErrors;
    private final Supplier<Map<String, Long>> tokensRefused;
    private final Supplier<List<PluginFigure>> pluginFigures;
    private final ApiAccess access;
    private final Timer publishToWrite;
    private final Timer roundTrip;
    private Snapshot snapshot = Snapshot.EMPTY;

    /** What the meters of one scrape show. */
    private record Snapshot(
            RegistryStats registry,
            GatewayStats gateway,
            Map<String, Long> requestErrors,
            Map<String, Long> tokensRefused,
            Map<String, Long> apiRequests,
            Map<String, Long> apiRefused) {
        static final Snapshot EMPTY = new Snapshot(
                new RegistryStats(0, 0, 0, 0, 0, 0, Map.of(), 0, 0, 0, 0, 0, 0, 0, 0, Map.of(), Map.of()),
                new GatewayStats(
                        0,
                        0,
                        0,
                        0,
                        Map.of(),
                        0,
                        Map.of(),
                        0,
                        0,
                        new GatewayStats.Compressed(0, 0, 0, 0, 0),
                        Map.of(),
                        0),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of());
    }

    Metrics(
            Supplier<RegistryStats> registryStats,
            Supplier<GatewayStats> gatewayStats,
            Supplier<Map<ErrorCode, Long>> requestErrors,
            Supplier<Map<String, Long>> tokensRefused,
            Supplier<List<PluginFigure>> pluginFigures,
            ApiAccess access,
            IdempotentAnswers answers,
            LiveClaims claims) {
        this.registryStats = registryStats;
        this.gatewayStats = gatewayStats;
        this.requestErrors = requestErrors;
        this.tokensRefused = tokensRefused;
        this.pluginFigures = pluginFigures;
        this.access = access;

        gauge("connections", "Connections now", "", s -> s.registry().connections());
        transport("websocket", s -> s.gateway().webSockets());
        transport("sse", s -> s.gateway().streams());
        gauge("rooms", "Rooms that have members now", "", s -> s.registry().rooms());
        gauge("users", "Users that have connections now", "", s -> s.registry().users());
        gauge(
                "waiting",
                "Bytes that wait for clients now",
                "bytes",
                s -> s.registry().waitingBytes());
        gauge(
                "http.connections",
                "TCP connections that are neither WebSockets nor streams now",
                "",
                s -> s.gateway().httpConnections());
        counter(
                "connections.opened",
                "Connections registered",
                "",
                s -> s.registry().opened());
        counter(
                "connections.refused",
                "Registrations refused",
                "",
                s -> s.registry().refused());
        counter("http.requests", "HTTP requests answered", "", s -> s.gateway().httpRequests());
        counter(
                "messages.received",
                "Messages from clients",
                "",
                s -> s.gateway().messagesIn());
        counter(
                "messages.posted",
                "Messages accepted for sending",
                "",
                s -> s.registry().posted());
        counter(
                "messages.overloaded",
                "Messages refused because the event loops lag",
                "",
                s -> s.registry().overloaded());
        counter(
                "messages.sent",
                "Deliveries put in outbound queues",
                "",
                s -> s.registry().queued());
        counter(
                "messages.dropped",
                "Deliveries lost while the connection stayed",
                "",
                s -> s.registry().dropped());
        counter(
                "messages.conflated",
                "Deliveries replaced by a later message with the same key",
                "",
                s -> s.registry().conflated());
        counter(
                "received",
                "Bytes read from WebSockets",
                "bytes",
                s -> s.gateway().bytesIn());
        counter(
                "sent",
                "Bytes that sockets have taken",
                "bytes",
                s -> s.registry().writtenBytes());
        gauge(
                "compressed.connections",
                "WebSockets that agreed on compression now",
                "",
                s -> s.gateway().compressed().webSockets());
        counter(
                "deflate.input",
                "Bytes of messages before they were compressed, once for all their recipients",
                "bytes",
                s -> s.gateway().compressed().deflatedFrom());
        counter(
                "deflate.output",
                "Bytes of these messages after that",
                "bytes",
                s -> s.gateway().compressed().deflatedTo());
        counter(
                "inflate.input",
                "Bytes of compressed messages from clients",
                "bytes",
                s -> s.gateway().compressed().inflatedFrom());
        counter(
                "inflate.output",
                "Bytes of these messages after they were inflated",
                "bytes",
                s -> s.gateway().compressed().inflatedTo());
        counter(
                "handler.failures",
                "Exceptions thrown by handlers of messages and requests",
                "",
                s -> s.gateway().handlerFailures());
        counter(
                "listener.failures",
                "Exceptions thrown by listeners of the registry",
                "",
                s -> s.registry().listenerFailures());

        Gauge.builder("campanile.revocations", claims, c -> c.revocations().size())
                .description("Revocations kept now")
                .register(meters);
        FunctionCounter.builder(
                        "campanile.revocations.not.kept",
                        claims,
                        c -> c.revocations().notKept())
                .description("Revocations that were not kept, since there were as many as may be")
                .register(meters);

        FunctionCounter.builder("campanile.api.idempotency.replayed", answers, IdempotentAnswers::replayed)
                .description("Requests of the HTTP API answered as the one before with the same Idempotency-Key")
                .register(meters);
        FunctionCounter.builder("campanile.api.idempotency.forgotten", answers, IdempotentAnswers::forgotten)
                .description("Answers that were not remembered for their whole window, since there were too many")
                .register(meters);
        Gauge.builder("campanile.api.idempotency", answers, IdempotentAnswers::bytes)
                .description("What the answers take that are remembered now")
                .baseUnit("bytes")
                .register(meters);

        publishToWrite = Timer.builder("campanile.publish.to.write")
                .description("From the posting of a turn's first message to the end of the turn's writes")
                .serviceLevelObjectives(buckets())
                .register(meters);

        roundTrip = Timer.builder("campanile.round.trip")
                .description("From the queueing of a ping to its answer")
                .serviceLevelObjectives(buckets())
                .register(meters);

        new JvmMemoryMetrics().bindTo(meters);
        new JvmThreadMetrics().bindTo(meters);
        new ProcessorMetrics().bindTo(meters);
        new FileDescriptorMetrics().bindTo(meters);
        new UptimeMetrics().bindTo(meters);
        gc.bindTo(meters);
    }

    @Override
    public void written(long waitedNanos) {
        publishToWrite.record(waitedNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void roundTrip(Connection connection, long nanos) {
        roundTrip.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void closed(Connection connection, CloseReason reason) {
        if (reason.isEviction()) {
            meters.counter("campanile.evictions", "reason", reason.label()).increment();
        }
    }

    /** Returns the text of one scrape. */
    synchronized String scrape() {
        Map<String, Long> errors = new HashMap<>();
        requestErrors.get().forEach((code, count) -> errors.put(code.wireName(), count));
        snapshot = new Snapshot(
                registryStats.get(),
                gatewayStats.get(),
                errors,
                tokensRefused.get(),
                access.requests(),
                access.refusals());
        labels("closes", "Connections closed", s -> s.registry().closed());
        labels(
                "http.refused",
                "TCP connections and HTTP requests refused for a limit or a rule",
                s -> s.gateway().httpRefused());
        labels("handshakes.refused", "Handshakes refused", s -> s.gateway().handshakesRefused());
        labels(
                "protocol.errors",
                "Connections closed for a broken rule of the protocol",
                s -> s.gateway().protocolErrors());
        labels("tokens.refused", "Tokens of clients refused", Snapshot::tokensRefused);
        labels("request.errors", "Requests of clients answered with an error event", Snapshot::requestErrors);
        labels(
                "quota.refused",
                "Connections and changes of claims refused under a quota",
                "quota",
                s -> s.registry().quotaRefused());
        labels(
                "quota.replaced",
                "Connections closed for newer ones under a quota",
                "quota",
                s -> s.registry().quotaReplaced());
        labels("api.requests", "Requests of the HTTP API let through", "key", Snapshot::apiRequests);
        labels("api.refused", "Requests of the HTTP API refused for what they showed", Snapshot::apiRefused);
        pluginFigures.get().forEach(this::plugin);
        return meters.scrape();
    }

    /** Registers a figure of a plugin when it is first seen; how many there may be is bounded where they are made. */
    private void plugin(PluginFigure figure) {
        String name = "campanile.plugin." + figure.plugin() + "." + figure.name();
        if (!labelled.add(name)) {
            return;
        }
        DoubleSupplier value = figure.value();
        switch (figure.kind()) {
            case COUNTER ->
                FunctionCounter.builder(name, value, DoubleSupplier::getAsDouble)
                        .description(figure.meaning())
                        .register(meters);
            case GAUGE ->
                Gauge.builder(name, value, DoubleSupplier::getAsDouble)
                        .strongReference(true)
                        .description(figure.meaning())
                        .register(meters);
        }
    }

    @Override
    public void close() {
        gc.close();
        meters.close();
    }

    private static Duration[] buckets() {
        return new Duration[] {
            Duration.ofNanos(50_000),
            Duration.ofNanos(100_000),
            Duration.ofNanos(250_000),
            Duration.ofNanos(500_000),
            Duration.ofMillis(1),
            Duration.ofNanos(2_500_000),
            Duration.ofMillis(5),
            Duration.ofMillis(10),
            Duration.ofMillis(25),
            Duration.ofMillis(50),
            Duration.ofMillis(100),
            Duration.ofMillis(250),
            Duration.ofMillis(500),
            Duration.ofSeconds(1),
            Duration.ofSeconds(5)
        };
    }

    private void gauge(String name, String meaning, String unit, ToDoubleFunction<Snapshot> value) {
        var gauge = Gauge.builder("campanile." + name, this, m -> value.applyAsDouble(m.snapshot))
                .description(meaning);
        // An empty unit is not the same as none: it would become an underscore at the end of the name.
        (unit.isEmpty() ? gauge : gauge.baseUnit(unit)).register(meters);
    }

    private void transport(String name, ToDoubleFunction<Snapshot> value) {
        Gauge.builder("campanile.transport.connections", this, m -> value.applyAsDouble(m.snapshot))
                .description("Connections now, by how they came")
                .tag("transport", name)
                .register(meters);
    }

    private void counter(String name, String meaning, String unit, ToDoubleFunction<Snapshot> value) {
        var counter = FunctionCounter.builder("campanile." + name, this, m -> value.applyAsDouble(m.snapshot))
                .description(meaning);
        (unit.isEmpty() ? counter : counter.baseUnit(unit)).register(meters);
    }

    private void labels(String name, String meaning, Function<Snapshot, Map<String, Long>> part) {
        labels(name, meaning, "reason", part);
    }

    private void labels(String name, String meaning, String tag, Function<Snapshot, Map<String, Long>> part) {
        for (String label : part.apply(snapshot).keySet()) {
            boolean isNew = !labelled.contains(name + " " + label);
            if (isNew && labelled.stream().filter(l -> l.startsWith(name + " ")).count() < MAX_LABELS) {
                labelled.add(name + " " + label);
                FunctionCounter.builder(
                                "campanile." + name,
                                this,
                                m -> part.apply(m.snapshot).getOrDefault(label, 0L))
                        .tag(tag, label)
                        .description(meaning)
                        .register(meters);
            }
        }
    }
}

package io.campanile.testkit;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Message;
import io.campanile.core.RegistryConfig;
import io.campanile.core.RegistryListener;
import io.campanile.core.spi.KeepAlive;
import io.campanile.core.spi.WireFormat;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Tests the handlers of an application against a real registry, on one thread, under schedules that a seed decides: clients
 * connect, send, stall, read on, leave, vanish and come again; shards take up their work now or later; time passes. What
 * must hold is said by the application's own checks. A schedule that breaks one is shrunk to the few steps that matter, and
 * replays exactly.
 *
 * <pre>{@code
 * Scenario<Chat> scenario = Scenario.of(Chat::new)
 *         .sending(random -> random.nextBoolean() ? "hello" : "bye")
 *         .atRest(world -> assertThat(world.handlers().names()).hasSize(world.connected().size()));
 *
 * assertThat(scenario.run(1, 1_000)).isEmpty();
 * }</pre>
 *
 * <p>A run is an exact function of its seed as long as the handlers are: they must keep no static state, start no thread
 * and ask no clock but what they are given. Scenarios are immutable; each run makes new handlers and a new registry.
 *
 * @param <H> the handlers
 */
public final class Scenario<H extends Scenario.Handlers> {

    /**
     * What the application does with connections; the methods of the gateway's {@code Endpoint}, without the gateway. They
     * are called as there: by the thread that owns the connection, one at a time for each connection. Unlike there, one that
     * throws breaks the scenario.
     */
    @FunctionalInterface
    public interface Handlers {

        /** A client has connected. */
        default void opened(Connection connection) {}

        /** A client sent a text message. */
        void text(Connection connection, byte[] utf8);

        /** The connection has left the registry. */
        default void closed(Connection connection, CloseReason reason) {}
    }

    /**
     * What a check can see.
     *
     * @param handlers the application
     * @param registry where its connections live
     * @param clients all clients of the scenario, connected or not
     */
    public record World<H>(H handlers, ConnectionRegistry registry, List<Client> clients) {

        /** Returns the clients whose connections are in the registry. */
        public List<Client> connected() {
            return clients.stream().filter(Client::isConnected).toList();
        }
    }

    /** One client. It comes again when its connection has ended, under the same name. */
    public static final class Client {
        private final String name;
        private @Nullable InMemoryTransport transport;
        private @Nullable Connection connection;
        private int shard;
        private int told;
        private boolean silent;

        private Client(String name) {
            this.name = name;
        }

        /** Returns the name, which is also the subject of the connection's claims. */
        public String name() {
            return name;
        }

        /** Returns whether the client's connection is in the registry. */
        public boolean isConnected() {
            Connection known = connection;
            return known != null && known.isOpen();
        }

        /** Returns the client's last connection; empty before the first. */
        public Optional<Connection> connection() {
            return Optional.ofNullable(connection);
        }

        /** Returns the texts that the client has received on its last connection; messages in binary are left out. */
        public List<String> received() {
            InMemoryTransport last = transport;
            return last == null
                    ? List.of()
                    : last.messages().stream()
                            .filter(message -> message.kind() == Message.Kind.TEXT)
                            .map(message -> new String(message.payload(), StandardCharsets.UTF_8))
                            .toList();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /**
     * A run that broke a check.
     *
     * @param seed what it was drawn from
     * @param what how
     * @param steps how many steps were left when it was shrunk
     * @param trace the steps, and what the clients received
     */
    public record Failure(long seed, String what, int steps, String trace) {

        /** Returns the whole story. */
        @Override
        public String toString() {
            return "seed " + seed + ": " + what + "\nafter " + steps + " steps:\n" + trace;
        }
    }

    /** Plain, with pings, which clients that are there answer. */
    private static final WireFormat FORMAT = new WireFormat() {
        private final KeepAlive ping = KeepAlive.answered(PlainFormat.frame(Message.Kind.BINARY, new byte[0]));

        @Override
        public byte[] encode(Message message) {
            return PlainFormat.frame(message.kind(), message.payload());
        }

        @Override
        public Optional<KeepAlive> keepAlive() {
            return Optional.of(ping);
        }
    };

    private enum Kind {
        CONNECT(4),
        SEND(10),
        RUN(8),
        STALL(1),
        READ_ON(1),
        LEAVE(2),
        VANISH(1),
        PASS_TIME(1);

        final int weight;

        Kind(int weight) {
            this.weight = weight;
        }
    }

    private record Step(Kind kind, int client, int number, String text) {}

    /** All that a run depends on. */
    private record Plan(int shards, List<Step> steps) {}

    private static final String[] NAMES = {"ann", "bob", "cem", "dan", "eve", "fay", "gus", "hal"};
    private static final int[] MILLIS = {50, 1_000, 20_000};
    private static final int MAX_CLIENTS = NAMES.length;

    private final Function<? super ConnectionRegistry, ? extends H> handlers;
    private final Function<? super RandomGenerator, String> messages;
    private final Consumer<? super World<H>> always;
    private final Consumer<? super World<H>> atRest;
    private final RegistryConfig config;
    private final int clients;
    private final int steps;

    private Scenario(
            Function<? super ConnectionRegistry, ? extends H> handlers,
            Function<? super RandomGenerator, String> messages,
            Consumer<? super World<H>> always,
            Consumer<? super World<H>> atRest,
            RegistryConfig config,
            int clients,
            int steps) {
        this.handlers = handlers;
        this.messages = messages;
        this.always = always;
        this.atRest = atRest;
        this.config = config;
        this.clients = clients;
        this.steps = steps;
    }

    /** Begins a scenario of four clients, who send nothing, and 40 steps, with the registry's default limits. */
    public static <H extends Handlers> Scenario<H> of(Function<? super ConnectionRegistry, ? extends H> handlers) {
        return new Scenario<>(handlers, random -> "", world -> {}, world -> {}, RegistryConfig.defaults(), 4, 40);
    }

    /** Sets what clients send: drawn for each message, from the source of chance it is given and nothing else. */
    public Scenario<H> sending(Function<? super RandomGenerator, String> value) {
        return new Scenario<>(handlers, value, always, atRest, config, clients, steps);
    }

    /** Sets a check that must pass after every step; it fails by throwing. */
    public Scenario<H> always(Consumer<? super World<H>> value) {
        return new Scenario<>(handlers, messages, value, atRest, config, clients, steps);
    }

    /**
     * Sets a check that must pass whenever nothing is under way: at the end, when all shards have run and all who are
     * connected have read everything, and once more when everybody has left.
     */
    public Scenario<H> atRest(Consumer<? super World<H>> value) {
        return new Scenario<>(handlers, messages, always, value, config, clients, steps);
    }

    /** Sets the registry's limits; small ones are met more often. */
    public Scenario<H> config(RegistryConfig value) {
        return new Scenario<>(handlers, messages, always, atRest, value, clients, steps);
    }

    /** Sets how many clients there are, 1 to 8. */
    public Scenario<H> clients(int value) {
        if (value < 1 || value > MAX_CLIENTS) {
            throw new IllegalArgumentException("clients: " + value + " (expected: 1 to " + MAX_CLIENTS + ")");
        }
        return new Scenario<>(handlers, messages, always, atRest, config, value, steps);
    }

    /** Sets how many steps a schedule has. */
    public Scenario<H> steps(int value) {
        if (value < 1) {
            throw new IllegalArgumentException("steps: " + value + " (expected: > 0)");
        }
        return new Scenario<>(handlers, messages, always, atRest, config, clients, value);
    }

    /** Runs the schedules of so many seeds, one after another. Returns how the first that failed did, shrunk, or empty. */
    public Optional<Failure> run(long firstSeed, int schedules) {
        for (long seed = firstSeed; seed < firstSeed + schedules; seed++) {
            Optional<Failure> failure = run(seed);
            if (failure.isPresent()) {
                return failure;
            }
        }
        return Optional.empty();
    }

    /** Runs the schedule of a seed. Returns how it failed, shrunk, or empty. */
    public Optional<Failure> run(long seed) {
        Plan plan = draw(new SplittableRandom(seed));
        if (attempt(plan, null) == null) {
            return Optional.empty();
        }
        Plan shortest = shrink(plan);
        StringBuilder trace = new StringBuilder();
        Throwable failure = attempt(shortest, trace);
        String what = failure == null
                ? "broke once, and not again (expected: handlers that depend on nothing but the registry)"
                : Objects.requireNonNullElseGet(failure.getMessage(), failure::toString);
        return Optional.of(new Failure(seed, what, shortest.steps().size(), trace.toString()));
    }

    private Plan shrink(Plan plan) {
        List<Step> shortest = plan.steps();
        for (int before = Integer.MAX_VALUE; shortest.size() < before; ) {
            before = shortest.size();
            for (int length = Math.max(1, shortest.size() / 2); length >= 1; length /= 2) {
                for (int from = 0; from < shortest.size(); ) {
                    List<Step> fewer = new ArrayList<>(shortest);
                    fewer.subList(from, Math.min(fewer.size(), from + length)).clear();
                    if (attempt(new Plan(plan.shards(), fewer), null) != null) {
                        shortest = fewer;
                    } else {
                        from += length;
                    }
                }
            }
        }
        return new Plan(plan.shards(), shortest);
    }

    /** Each schedule has its own mixture of steps, some kinds not at all. */
    private Plan draw(SplittableRandom random) {
        int shards = 1 + random.nextInt(3);
        Kind[] kinds = Kind.values();
        int[] weights = new int[kinds.length];
        for (int i = 0; i < kinds.length; i++) {
            int times = random.nextInt(4);
            weights[i] = kinds[i].weight * (i <= 2 ? Math.max(1, times) : times);
        }
        int total = IntStream.of(weights).sum();
        List<Step> drawn = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            int at = random.nextInt(total);
            int kind = 0;
            while (at >= weights[kind]) {
                at -= weights[kind++];
            }
            String text = kinds[kind] == Kind.SEND ? messages.apply(random.split()) : "";
            drawn.add(new Step(kinds[kind], random.nextInt(clients), random.nextInt(1 << 16), text));
        }
        return new Plan(shards, drawn);
    }

    private @Nullable Throwable attempt(Plan plan, @Nullable StringBuilder trace) {
        Run run = new Run(plan.shards(), trace);
        try {
            run.all(plan.steps());
            return null;
        } catch (RuntimeException | AssertionError e) {
            return e;
        }
    }

    /** One run of a plan. */
    private final class Run implements RegistryListener {
        private final ManualClock clock = new ManualClock();
        private final List<ManualExecutor> shards = new ArrayList<>();
        private final World<H> world;
        private final @Nullable StringBuilder trace;
        private @Nullable Throwable thrown;

        Run(int shardCount, @Nullable StringBuilder trace) {
            this.trace = trace;
            for (int i = 0; i < shardCount; i++) {
                shards.add(new ManualExecutor());
            }
            ConnectionRegistry registry = ConnectionRegistry.builder()
                    .config(config)
                    .shards(shards)
                    .clock(clock)
                    .random(new SplittableRandom(1))
                    .listener(this)
                    .build();
            List<Client> all = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                all.add(new Client(NAMES[i]));
            }
            world = new World<>(handlers.apply(registry), registry, List.copyOf(all));
        }

        void all(List<Step> planned) {
            for (Step step : planned) {
                perform(step);
                tellWhatWasReceived();
                fail();
                always.accept(world);
            }
            rest("everything runs, and everybody reads");
            for (Client client : world.clients()) {
                end(client);
            }
            rest("everybody leaves");
        }

        private void rest(String how) {
            line("  " + how);
            for (Client client : world.clients()) {
                if (client.transport != null && !client.silent) {
                    client.transport.resume();
                }
            }
            runAll();
            tellWhatWasReceived();
            fail();
            always.accept(world);
            atRest.accept(world);
        }

        private void fail() {
            Throwable failure = thrown;
            if (failure != null) {
                throw new AssertionError("the handlers threw " + failure, failure);
            }
        }

        private void perform(Step step) {
            Client client = world.clients().get(step.client());
            InMemoryTransport transport = client.transport;
            boolean gone = transport == null || transport.isEnded();
            switch (step.kind()) {
                case CONNECT -> {
                    if (gone && !client.isConnected()) {
                        connect(client, step.number());
                    }
                }
                case SEND -> send(client, step.text());
                case RUN -> {
                    int shard = step.number() % shards.size();
                    if (shards.get(shard).runNext()) {
                        line("  shard " + shard + " runs a task");
                    }
                }
                case STALL -> {
                    if (transport != null && !gone) {
                        line("  " + client + " stops reading");
                        transport.stall(step.number() % 64);
                    }
                }
                case READ_ON -> {
                    if (transport != null && !gone && !client.silent) {
                        line("  " + client + " reads on");
                        transport.resume();
                    }
                }
                case LEAVE -> {
                    if (!gone) {
                        line("  " + client + " leaves");
                        end(client);
                    }
                }
                case VANISH -> {
                    if (transport != null && !gone) {
                        line("  " + client + " vanishes without a trace");
                        client.silent = true;
                        transport.fallSilent();
                        transport.stall(64);
                    }
                }
                case PASS_TIME -> passTime(MILLIS[step.number() % MILLIS.length]);
            }
        }

        private void connect(Client client, int number) {
            line("  " + client + " connects");
            client.shard = number % shards.size();
            client.silent = false;
            client.told = 0;
            client.connection = null;
            InMemoryTransport begun = new InMemoryTransport(client.shard, FORMAT);
            client.transport = begun;
            shards.get(client.shard).run(() -> world.registry().register(begun, Claims.of(client.name)));
        }

        private void send(Client client, String text) {
            Connection connection = client.connection;
            InMemoryTransport transport = client.transport;
            if (connection == null
                    || transport == null
                    || client.silent
                    || transport.closingReason().isPresent()) {
                return;
            }
            shards.get(client.shard).run(() -> {
                if (transport.hear() && connection.isOpen()) {
                    line("  " + client + " sends " + text);
                    guarded(() -> world.handlers().text(connection, text.getBytes(StandardCharsets.UTF_8)));
                }
            });
        }

        private void end(Client client) {
            InMemoryTransport transport = client.transport;
            if (transport != null) {
                shards.get(client.shard).run(transport::lose);
            }
        }

        /** In beats, as a server's time passes; whoever has not vanished answers its pings. */
        private void passTime(int millis) {
            line("  " + millis + " ms pass");
            long beat = Math.max(1, config.liveness().beatInterval().toMillis());
            for (long passed = 0; passed < millis; passed += beat) {
                clock.advance(Duration.ofMillis(Math.min(beat, millis - passed)));
                for (Client client : world.clients()) {
                    if (client.transport != null && client.isConnected()) {
                        client.transport.hear();
                    }
                }
                world.registry().beat();
                runAll();
            }
        }

        private void runAll() {
            for (boolean ran = true; ran; ) {
                ran = false;
                for (ManualExecutor shard : shards) {
                    ran |= shard.runAll() > 0;
                }
            }
        }

        private void guarded(Runnable call) {
            try {
                call.run();
            } catch (RuntimeException | AssertionError e) {
                if (thrown == null) {
                    thrown = e;
                }
            }
        }

        private void line(String text) {
            StringBuilder to = trace;
            if (to != null) {
                to.append(text).append('\n');
            }
        }

        private void tellWhatWasReceived() {
            if (trace == null) {
                return;
            }
            for (Client client : world.clients()) {
                List<String> received = client.received();
                for (; client.told < received.size(); client.told++) {
                    line("      " + client + " receives " + received.get(client.told));
                }
            }
        }

        // From the registry.

        @Override
        public void opened(Connection connection) {
            Client client = world.clients().stream()
                    .filter(each -> Objects.equals(
                            each.name, connection.claims().subject().orElse(null)))
                    .findFirst()
                    .orElseThrow();
            client.connection = connection;
            guarded(() -> world.handlers().opened(connection));
        }

        @Override
        public void closed(Connection connection, CloseReason reason) {
            line("      " + connection.claims().subject().orElse("?") + " is closed: " + reason.label());
            guarded(() -> world.handlers().closed(connection, reason));
        }
    }
}

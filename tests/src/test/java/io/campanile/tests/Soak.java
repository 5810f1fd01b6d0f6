package io.campanile.tests;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionId;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Liveness;
import io.campanile.core.OutboundLimits;
import io.campanile.core.RegistryConfig;
import io.campanile.core.RegistryStats;
import io.campanile.gateway.Admission;
import io.campanile.gateway.Authorizer;
import io.campanile.gateway.Endpoint;
import io.campanile.gateway.GatewayLimits;
import io.campanile.gateway.GatewayServer;
import io.campanile.gateway.Handshake;
import io.campanile.gateway.RoomsEndpoint;
import io.campanile.testkit.FaultProxy;
import io.campanile.testkit.FaultProxy.Direction;
import io.campanile.testkit.FaultProxy.Fault;
import io.campanile.testkit.FaultProxy.Relay;
import io.campanile.tests.SwarmClient.End;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Real clients that come, talk, misbehave and go, and an auditor that compares the node with what they did. Runs on the
 * calling thread, gateway and clients on threads of their own.
 */
final class Soak implements AutoCloseable {

    /*
     * The model is what the clients know: who is connected under which id, and in which rooms, by the acks. Only the
     * calling thread touches it: what the clients hear comes to it as events.
     *
     * While requests are under way the model is not exact. So an audit first holds the churn, reads what stalled clients
     * were sent, and waits for every answer; from then on nothing is left to happen, and the node must come to agree
     * with the model in everything, and within a time that only a loaded machine needs.
     *
     * Every fifth client comes by way of a proxy, so that it can vanish: its end never reaches the node, whose socket stays
     * established. It stays in the model until the node tells of its end, which must come by the rules of liveness, or
     * because too much waited; and the node's socket must be closed although nobody has closed the other end.
     */

    /** How long, how many, how fast. */
    record Plan(Duration length, int clients, int actionsPerSecond, long seed) {

        /** Of the length, so much goes before the first measure of the heap. */
        Duration warmUp() {
            return length.dividedBy(10);
        }
    }

    /** The node is not as the clients left it. */
    static final class Violation extends RuntimeException {
        private static final long serialVersionUID = 1;

        Violation(String message) {
            super(message);
        }
    }

    private static final int ROOMS = 40;
    private static final int USERS = 25;
    private static final int BURST_MESSAGES = 112;
    private static final int BURST_BYTES = 32 << 10;
    private static final int ACTIONS_TO_A_BURST = 1_000;
    private static final long MAX_WAITING_BYTES = 4L << 20;
    private static final Liveness LIVENESS = Liveness.defaults()
            .withPongTimeout(Duration.ofSeconds(1))
            .withPingInterval(Duration.ofSeconds(1))
            .withIdleTimeout(Duration.ofSeconds(3));
    private static final Set<String> ENDS_OF_VANISHED = Set.of("no_pong", "idle", "slow_client");
    private static final int MAX_STALL_MILLIS = 6_000;
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final long AUDIT_NANOS = TimeUnit.SECONDS.toNanos(6);
    private static final double MAX_HEAP_GROWTH = 0.05;

    private static final Pattern WELCOME =
            Pattern.compile("\\{\"event\":\"welcome\",\"data\":\\{\"connection\":\"([^\"]+)\",\"protocol\":1}}");
    private static final Pattern MESSAGE =
            Pattern.compile("\\{\"event\":\"m\",\"room\":\"([^\"]+)\",\"data\":\\[(\\d+),(\\d+),\"x*\"]}");
    private static final Pattern DIRECT = Pattern.compile("\\{\"event\":\"d\",\"from\":\"[^\"]+\",\"data\":null}");
    private static final Pattern ANSWER = Pattern.compile("\\{\"event\":\"(ack|pong)\",\"id\":(\\d+),\"data\":(.*)}");
    private static final Pattern RECEIPT =
            Pattern.compile("\\{\"matched\":(\\d+),\"queued\":(\\d+),\"dropped\":(\\d+),\"evicted\":(\\d+)}");
    private static final Pattern ERROR =
            Pattern.compile("\\{\"event\":\"error\",(?:\"id\":(\\d+),)?\"data\":\\{\"code\":\"([a-z_]+)\".*");

    private final Plan plan;
    private final PrintStream out;
    private final Random random;
    private final GatewayServer gateway;
    private final ConnectionRegistry registry;
    private final FaultProxy proxy;
    private final Swarm swarm;
    private final long begun = System.nanoTime();

    private final BlockingQueue<Runnable> events = new LinkedBlockingQueue<>();
    private final @Nullable Visit[] visits;

    /** Those who have vanished and whom the node still has. */
    private final Map<ConnectionId, Visit> vanished = new HashMap<>();

    /** The proxy's side of those whom the node has given up; not closed before an audit has found the node's side closed. */
    private final List<Relay> abandoned = new ArrayList<>();

    /** How visits ended, as the clients saw it. */
    private final Map<String, Long> ends = new TreeMap<>();

    /** The sockets of this process when nobody is connected, but for those that the JVM opens on first use. */
    private int socketsAtRest;

    private int socketsOfTheJvm = 2;
    private int visitCount;
    private int vanishings;
    private long actions;
    private long heard;
    private long overloaded;
    private long endedByServer;
    private int audits;

    Soak(Plan plan, PrintStream out) {
        this.plan = plan;
        this.out = out;
        this.random = new Random(plan.seed());
        this.visits = new Visit[plan.clients()];
        this.gateway = GatewayServer.builder()
                .port(0)
                .loops(Math.max(3, Runtime.getRuntime().availableProcessors()))
                .registry(RegistryConfig.defaults()
                        .withOutbound(new OutboundLimits(128 << 10, 512))
                        .withMaxWaitingBytes(MAX_WAITING_BYTES)
                        .withLiveness(LIVENESS))
                .limits(GatewayLimits.defaults().withCloseTimeout(Duration.ofSeconds(1)))
                .webSocket(
                        "/ws", new NamedUsers((connection, reason) -> events.add(() -> left(connection.id(), reason))))
                .start();
        this.registry = gateway.registry();
        this.proxy = FaultProxy.start(gateway.address());
        this.swarm = new Swarm(gateway.address(), 2);
        this.socketsAtRest = openSockets();
    }

    /**
     * Runs to the end.
     *
     * @throws Violation as soon as the node disagrees with its clients
     */
    void run() {
        say(
                "seed=%d length=%s clients=%d actionsPerSecond=%d",
                plan.seed(), plan.length(), plan.clients(), plan.actionsPerSecond());
        churn(plan.warmUp());
        everyoneLeaves();
        socketsAtRest = socketsOfTheNode();
        socketsOfTheJvm = 0;
        long heapBefore = heapInUse();
        churn(plan.length().minus(plan.warmUp()));
        everyoneLeaves();
        long heapAfter = heapInUse();
        double growth = (double) heapAfter / heapBefore - 1;
        say("heap before=%d after=%d change=%+.2f%%", heapBefore, heapAfter, 100 * growth);
        if (growth > MAX_HEAP_GROWTH) {
            throw new Violation("the heap grew from " + heapBefore + " to " + heapAfter + " bytes while everyone left");
        }
        say(
                "passed visits=%d vanished=%d actions=%d heard=%d audits=%d ends=%s closes=%s",
                visitCount,
                vanishings,
                actions,
                heard,
                audits,
                ends,
                new TreeMap<>(registry.stats().closed()));
    }

    @Override
    public void close() {
        swarm.close();
        proxy.close();
        gateway.close();
    }

    // Churn.

    private void churn(Duration length) {
        long periodNanos = TimeUnit.SECONDS.toNanos(1) / plan.actionsPerSecond();
        long now = System.nanoTime();
        long end = now + length.toNanos();
        long nextAction = now;
        long nextAudit = now + AUDIT_NANOS;
        while (now < end) {
            takeEvent(Math.min(nextAction, nextAudit) - now);
            now = System.nanoTime();
            if (now >= nextAction) {
                act(now);
                // What a slow moment kept from happening is not made up for at once.
                nextAction = Math.max(nextAction + periodNanos, now - 10 * periodNanos);
            }
            if (now >= nextAudit) {
                progress();
                audit();
                now = System.nanoTime();
                nextAction = now;
                nextAudit = now + AUDIT_NANOS;
            }
        }
    }

    private void takeEvent(long nanos) {
        try {
            Runnable event = events.poll(Math.max(0, nanos), TimeUnit.NANOSECONDS);
            if (event != null) {
                event.run();
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void act(long now) {
        actions++;
        int slot = random.nextInt(visits.length);
        Visit visit = visits[slot];
        if (visit == null) {
            Visit begins = new Visit(slot, visitCount++);
            visits[slot] = begins;
            String path = "/ws?user=" + begins.user;
            begins.client = begins.proxied ? swarm.connect(proxy.address(), path, begins) : swarm.connect(path, begins);
            if (random.nextInt(20) == 0) {
                begins.end(SwarmClient::reset);
            }
        } else if (visit.stalled && now - visit.resumeAt >= 0) {
            visit.resume();
        } else if (visit.isFree()) {
            visit.act(random);
        }
    }

    /** The node has told of an end. */
    private void left(ConnectionId id, CloseReason reason) {
        Visit visit = vanished.remove(id);
        if (visit != null) {
            visit.left(reason);
        }
    }

    // Audit.

    private void audit() {
        settle();
        await("the node to agree with its clients", () -> disagreement() == null, () -> String.valueOf(disagreement()));
        abandoned.forEach(Relay::reset);
        abandoned.clear();
        audits++;
    }

    /** Lets everything happen that is under way. */
    private void settle() {
        for (Visit visit : visits) {
            if (visit != null && visit.stalled) {
                visit.resume();
            }
        }
        await("clients to get their answers", () -> waiting() == 0, () -> waiting() + " wait");
        // A pong comes behind everything that was sent before.
        for (Visit visit : visits) {
            if (visit != null) {
                visit.request("ping", "null", "");
            }
        }
        await("clients to get their pongs", () -> waiting() == 0, () -> waiting() + " wait");
    }

    private long waiting() {
        long count = 0;
        for (Visit visit : visits) {
            if (visit != null && !visit.isFree()) {
                count++;
            }
        }
        return count;
    }

    private void everyoneLeaves() {
        settle();
        for (Visit visit : visits) {
            if (visit != null) {
                visit.end(leaving -> leaving.close(1000));
            }
        }
        await("clients to leave", () -> present().isEmpty(), () -> present().size() + " are there");
        audit();
        say(
                "all have left: connections=%d rooms=%d users=%d waitingBytes=%d sockets=%d of %d",
                registry.connectionCount(),
                registry.roomCount(),
                registry.stats().users(),
                registry.stats().waitingBytes(),
                socketsOfTheNode(),
                socketsAtRest);
    }

    /** Returns the sockets of this process less the proxy's own, but for the one that listens, which is always there. */
    private int socketsOfTheNode() {
        return openSockets() - (proxy.openSockets() - 1);
    }

    private void await(String what, BooleanSupplier condition, Supplier<String> instead) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new Violation("waited " + PATIENCE + " for " + what + ": " + instead.get());
            }
            long nextLook = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(20);
            for (long now = System.nanoTime(); now < nextLook; now = System.nanoTime()) {
                takeEvent(nextLook - now);
            }
        }
    }

    private List<Visit> present() {
        List<Visit> present = new ArrayList<>();
        for (Visit visit : visits) {
            if (visit != null) {
                present.add(visit);
            }
        }
        return present;
    }

    /** Returns where the node and the model differ, or null. */
    private @Nullable String disagreement() {
        Map<String, Set<ConnectionId>> rooms = new TreeMap<>();
        Map<String, Integer> users = new TreeMap<>();
        List<Visit> present = present();
        for (Visit visit : present) {
            visit.rooms.forEach(
                    room -> rooms.computeIfAbsent(room, r -> new HashSet<>()).add(visit.id()));
            users.merge(visit.user, 1, Integer::sum);
        }
        RegistryStats stats = registry.stats();
        var differences = new Differences();
        differences.add("connections", registry.connectionCount(), present.size());
        differences.add("rooms", registry.rooms(), rooms.keySet());
        differences.add("count of rooms", registry.roomCount(), rooms.size());
        for (int i = 0; i < ROOMS; i++) {
            Set<ConnectionId> members = rooms.getOrDefault("room-" + i, Set.of());
            differences.add("count of members of room-" + i, registry.memberCount("room-" + i), members.size());
            List<ConnectionId> found = answer(registry.members("room-" + i));
            differences.add("members of room-" + i, new HashSet<>(found), members);
            differences.add("length of members of room-" + i, found.size(), members.size());
        }
        for (int i = 0; i < USERS; i++) {
            differences.add(
                    "connections of user-" + i,
                    registry.userConnectionCount("user-" + i),
                    users.getOrDefault("user-" + i, 0));
        }
        differences.add("users", stats.users(), users.size());
        for (Visit visit : present) {
            differences.add("presence of " + visit, registry.find(visit.id()).isPresent(), true);
            differences.add("rooms of " + visit, new TreeSet<>(answer(registry.rooms(visit.id()))), visit.rooms);
        }
        long closed =
                stats.closed().values().stream().mapToLong(Long::longValue).sum();
        differences.add("opened less closed", stats.opened() - closed, (long) present.size());
        differences.add("bytes waiting", stats.waitingBytes(), 0L);
        differences.add("failures of listeners", stats.listenerFailures(), 0L);
        differences.add("failures of handlers", gateway.stats().handlerFailures(), 0L);
        differences.add("protocol errors", gateway.stats().protocolErrors(), Map.of());
        differences.add("HTTP connections", gateway.stats().httpConnections(), 0);
        // Fewer than before are none too many: one that was just closing may have been among those before.
        int sockets = socketsOfTheNode() - 2 * present.size();
        boolean accounted = sockets <= socketsAtRest + socketsOfTheJvm;
        differences.add("sockets open at rest", accounted ? socketsAtRest : sockets, socketsAtRest);
        long shed = closes(stats, "slow_client")
                + closes(stats, "idle")
                + closes(stats, "no_pong")
                + closes(stats, "unanswered");
        differences.add("ends that the node chose, by the clients", Math.max(shed, endedByServer), shed);
        return differences.first;
    }

    private static long closes(RegistryStats stats, String label) {
        return stats.closed().getOrDefault(label, 0L);
    }

    private static <T> T answer(CompletionStage<T> stage) {
        return stage.toCompletableFuture()
                .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .join();
    }

    /** The first of several comparisons that fails. */
    private static final class Differences {
        @Nullable
        String first;

        void add(String what, Object node, Object model) {
            if (first == null && !node.equals(model)) {
                first = what + ": " + node + " (expected: " + model + ")";
            }
        }
    }

    // Figures.

    private void progress() {
        RegistryStats stats = registry.stats();
        if (stats.waitingBytes() > MAX_WAITING_BYTES) {
            throw new Violation("waiting bytes: " + stats.waitingBytes() + " (expected: at most " + MAX_WAITING_BYTES);
        }
        say(
                "connections=%d rooms=%d visits=%d actions=%d heard=%d audits=%d overloaded=%d waitingBytes=%d sockets=%d"
                        + " closes=%s",
                stats.connections(),
                stats.rooms(),
                visitCount,
                actions,
                heard,
                audits,
                overloaded,
                stats.waitingBytes(),
                openSockets(),
                new TreeMap<>(stats.closed()));
    }

    private void say(String format, Object... values) {
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun);
        out.println("soak " + String.format(Locale.ROOT, "%d:%02d ", seconds / 60, seconds % 60)
                + String.format(Locale.ROOT, format, values));
        out.flush();
    }

    /** Returns the sockets of this process; 0 where the system does not tell. */
    private static int openSockets() {
        int count = 0;
        Path descriptors = Path.of("/proc/self/fd");
        if (!Files.isDirectory(descriptors)) {
            return 0;
        }
        try (DirectoryStream<Path> all = Files.newDirectoryStream(descriptors)) {
            for (Path descriptor : all) {
                try {
                    if (Files.readSymbolicLink(descriptor).toString().startsWith("socket:")) {
                        count++;
                    }
                } catch (NoSuchFileException e) {
                    // Closed meanwhile.
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return count;
    }

    /** Returns what is in use after as many collections as it takes to find no less. */
    private static long heapInUse() {
        return IntStream.range(0, 6)
                .mapToLong(round -> {
                    System.gc();
                    return ManagementFactory.getMemoryMXBean()
                            .getHeapMemoryUsage()
                            .getUsed();
                })
                .min()
                .orElseThrow();
    }

    /** The endpoint of rooms for users who say who they are. */
    private static final class NamedUsers implements Endpoint {
        private final RoomsEndpoint rooms = new RoomsEndpoint(Authorizer.anyoneMaySendUnsafe());
        private final BiConsumer<Connection, CloseReason> left;

        NamedUsers(BiConsumer<Connection, CloseReason> left) {
            this.left = left;
        }

        @Override
        public void start(ConnectionRegistry registry) {
            rooms.start(registry);
        }

        @Override
        public CompletionStage<Admission> admit(Handshake handshake) {
            return CompletableFuture.completedFuture(
                    new Admission.Admitted(Claims.of(handshake.parameter("user").orElseThrow())));
        }

        @Override
        public void opened(Connection connection) {
            rooms.opened(connection);
        }

        @Override
        public void text(Connection connection, byte[] utf8) {
            rooms.text(connection, utf8);
        }

        @Override
        public void closed(Connection connection, CloseReason reason) {
            rooms.closed(connection, reason);
            left.accept(connection, reason);
        }
    }

    /** One connection as its client knows it. */
    private final class Visit implements SwarmClient.Receiver {
        final int slot;
        final int number;
        final String user;
        final boolean proxied;
        final Set<String> rooms = new TreeSet<>();

        /** By sender and room, the last message heard. */
        private final Map<String, Integer> last = new HashMap<>();

        @Nullable
        SwarmClient client;

        private @Nullable ConnectionId id;

        /** The event of the request that is not answered yet; empty when there is none. */
        private String asked = "";

        private String askedRoom = "";
        private long askedId;
        private int published;
        private boolean ending;
        boolean stalled;
        long resumeAt;

        Visit(int slot, int number) {
            this.slot = slot;
            this.number = number;
            this.user = "user-" + slot % USERS;
            this.proxied = slot % 5 == 0;
        }

        @Override
        public String toString() {
            return "visit " + number + " (" + id + ")";
        }

        ConnectionId id() {
            ConnectionId known = id;
            if (known == null) {
                throw new Violation("visit " + number + " has no id");
            }
            return known;
        }

        boolean isFree() {
            return id != null && asked.isEmpty() && !ending && !stalled;
        }

        void end(Consumer<SwarmClient> how) {
            ending = true;
            how.accept(client());
        }

        /**
         * Goes without a trace: the node hears nothing any more.
         *
         * @param read whether what the node sends is still taken from the network
         */
        private void vanish(boolean read) {
            Relay relay = proxy.relay(client().localAddress()).orElse(null);
            if (relay == null) {
                return; // the node has just ended it
            }
            if (read) {
                relay.apply(Direction.TO_SERVER, Fault.blackHole());
                relay.apply(Direction.TO_CLIENT, Fault.blackHole());
            } else {
                relay.vanish();
            }
            abandoned.add(relay);
            // Whom the node still has now, it will tell of later.
            if (registry.find(id()).isPresent()) {
                vanished.put(id(), this);
                vanishings++;
            }
            end(SwarmClient::reset);
        }

        void left(CloseReason reason) {
            visits[slot] = null;
            ends.merge("vanished " + reason.label(), 1L, Long::sum);
            if (!ENDS_OF_VANISHED.contains(reason.label())) {
                throw new Violation(this + " has vanished, and the node ended it with " + reason.label()
                        + " (expected: one of " + new TreeSet<>(ENDS_OF_VANISHED) + ")");
            }
        }

        void resume() {
            stalled = false;
            client().resume();
        }

        void act(Random random) {
            String room = "room-" + random.nextInt(ROOMS);
            if (random.nextInt(ACTIONS_TO_A_BURST) == 0) {
                burst(stalledRoom(room));
                return;
            }
            int choice = random.nextInt(100);
            if (proxied && random.nextInt(20) == 0) {
                vanish(random.nextBoolean());
            } else if (choice < 24) {
                request("room.join", "{\"room\":\"" + room + "\"}", room);
            } else if (choice < 40) {
                String mine = rooms.stream()
                        .skip(random.nextInt(rooms.size() + 1))
                        .findFirst()
                        .orElse(room);
                request("room.leave", "{\"room\":\"" + mine + "\"}", mine);
            } else if (choice < 68) {
                request("room.publish", message(room, random.nextInt(300)), "");
            } else if (choice < 74) {
                Visit other = visits[random.nextInt(visits.length)];
                ConnectionId to = other == null || other.id == null ? id() : other.id;
                request("direct.send", "{\"to\":\"" + to + "\",\"event\":\"d\"}", "");
            } else if (choice < 80) {
                client().pause();
                stalled = true;
                resumeAt = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(random.nextInt(MAX_STALL_MILLIS));
            } else if (choice < 84) {
                end(leaving -> leaving.close(1000));
            } else if (choice < 88) {
                end(SwarmClient::reset);
            } else if (choice < 92) {
                end(SwarmClient::halfClose);
            } else if (choice < 94) {
                request("room.join", "{\"room\":\"" + room + "\"}", room);
                end(SwarmClient::reset);
            } else if (choice < 96) {
                request("room.leave", "{\"room\":\"" + room + "\"}", room);
                end(SwarmClient::halfClose);
            } else if (choice < 98) {
                publish(room, 100);
                end(SwarmClient::reset);
            } else {
                // Closes, and reads nothing: the server must get rid of it by itself.
                client().pause();
                end(leaving -> leaving.close(1000));
                stalled = true;
                resumeAt = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(random.nextInt(MAX_STALL_MILLIS));
            }
        }

        /** Sends more than the kernel holds for one who does not read. */
        private void burst(String room) {
            for (int i = 1; i < BURST_MESSAGES; i++) {
                publish(room, BURST_BYTES);
            }
            request("room.publish", message(room, BURST_BYTES), "");
        }

        private String stalledRoom(String otherwise) {
            return present().stream()
                    .filter(visit -> visit.stalled && !visit.ending)
                    .flatMap(visit -> visit.rooms.stream())
                    .findFirst()
                    .orElse(otherwise);
        }

        void request(String event, String data, String room) {
            asked = event;
            askedRoom = room;
            askedId++;
            client().send("{\"event\":\"" + event + "\",\"id\":" + askedId + ",\"data\":" + data + "}");
        }

        private void publish(String room, int size) {
            client().send("{\"event\":\"room.publish\",\"data\":" + message(room, size) + "}");
        }

        private String message(String room, int size) {
            return "{\"room\":\"" + room + "\",\"event\":\"m\",\"data\":[" + number + "," + published++ + ",\""
                    + "x".repeat(size) + "\"]}";
        }

        private SwarmClient client() {
            SwarmClient connected = client;
            if (connected == null) {
                throw new IllegalStateException("visit " + number + " has not begun");
            }
            return connected;
        }

        // On the client's loop.

        @Override
        public void text(SwarmClient from, String text) {
            Matcher message = MESSAGE.matcher(text);
            if (message.matches()) {
                // Without the text, which may be long: events wait.
                String room = message.group(1);
                String sender = message.group(2);
                int sequence = Integer.parseInt(message.group(3));
                events.add(() -> hear(room, sender, sequence));
            } else {
                events.add(() -> understand(text));
            }
        }

        @Override
        public void closed(SwarmClient from, End end) {
            events.add(() -> ended(end));
        }

        // On the thread of the soak.

        private void understand(String text) {
            Matcher answer = ANSWER.matcher(text);
            Matcher error = ERROR.matcher(text);
            Matcher welcome = WELCOME.matcher(text);
            if (answer.matches()) {
                answered(Long.parseLong(answer.group(2)), answer.group(3));
            } else if (error.matches()) {
                refused(error.group(1), error.group(2), text);
            } else if (welcome.matches() && id == null) {
                id = ConnectionId.parse(welcome.group(1)).orElseThrow();
            } else if (!DIRECT.matcher(text).matches()) {
                throw new Violation(this + " got " + abridged(text));
            }
        }

        private void hear(String room, String sender, int sequence) {
            heard++;
            if (!rooms.contains(room) && !askedRoom.equals(room)) {
                throw new Violation(this + " heard a message of " + room + " and is in " + rooms);
            }
            Integer before = last.put(sender + " in " + room, sequence);
            if (before != null && before >= sequence) {
                throw new Violation(this + " heard message " + sequence + " of visit " + sender + " in " + room
                        + " after message " + before);
            }
        }

        private void answered(long answeredId, String data) {
            if (asked.isEmpty() || answeredId != askedId) {
                throw new Violation(
                        this + " got an answer to " + answeredId + " while it waits for " + asked + " " + askedId);
            }
            switch (asked) {
                case "room.join" -> rooms.add(askedRoom);
                case "room.leave" -> rooms.remove(askedRoom);
                case "room.publish", "direct.send" -> check(data);
                default -> {}
            }
            done();
        }

        private void done() {
            asked = "";
            askedRoom = "";
        }

        private void check(String data) {
            Matcher receipt = RECEIPT.matcher(data);
            if (!receipt.matches()
                    || Integer.parseInt(receipt.group(1))
                            != Integer.parseInt(receipt.group(2))
                                    + Integer.parseInt(receipt.group(3))
                                    + Integer.parseInt(receipt.group(4))) {
                throw new Violation(this + " got a receipt that does not add up: " + data);
            }
        }

        private void refused(@Nullable String refusedId, String code, String text) {
            boolean normal = code.equals("overloaded") || code.equals("not_found") && asked.equals("direct.send");
            if (!normal) {
                throw new Violation(this + " got " + abridged(text));
            }
            if (code.equals("overloaded")) {
                overloaded++;
            }
            if (refusedId != null && Long.parseLong(refusedId) == askedId) {
                done();
            }
        }

        private void ended(End end) {
            if (vanished.containsValue(this)) {
                return; // only the client knows
            }
            if (visits[slot] != this) {
                return; // the node has given up the one who vanished before its client was told to go
            }
            visits[slot] = null;
            boolean shed = (end.code() >= 3000 && end.code() <= 3002) || end.code() == 1013;
            ends.merge((ending ? "own " : "other ") + end.code(), 1L, Long::sum);
            if (!ending) {
                endedByServer++;
                // A reset stands for the close frame that the client had no more time to read.
                if (!shed && end.code() != 1006) {
                    throw new Violation(this + " ended with " + end);
                }
            }
        }

        private String abridged(String text) {
            return text.length() > 300 ? text.substring(0, 300) + "…" : text;
        }
    }
}

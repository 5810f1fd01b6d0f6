package io.campanile.app;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.ConnectionId;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.LeaveOutcome;
import io.campanile.core.Message.Kind;
import io.campanile.core.spi.Clock;
import io.campanile.gateway.Authenticator;
import io.campanile.gateway.Endpoint;
import io.campanile.gateway.LiveClaims;
import io.campanile.gateway.Reading;
import io.campanile.protocol.Answers;
import io.campanile.protocol.AuthRefresh;
import io.campanile.protocol.EnvelopeCodec;
import io.campanile.protocol.EnvelopeMessage;
import io.campanile.protocol.ErrorCode;
import io.campanile.protocol.Inbound;
import io.campanile.protocol.JsonSlice;
import io.campanile.protocol.Payload;
import io.campanile.protocol.Payloads;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * A gateway at work: what it describes, for the connections of one registry. Its event loops read envelopes and put them in
 * the lane of their connection; handlers run elsewhere.
 *
 * <p>Applications do not meet it: {@link Gateway} makes one for each port it is put on. Tests make one with a clock and an
 * executor of their own, and call {@link #beat} themselves.
 */
public final class GatewayEndpoint implements Endpoint, Clients {

    static final Logger LOG = System.getLogger("io.campanile.app");

    private static final Duration BEAT = Duration.ofMillis(50);

    /** What a message weighs in a lane beside its bytes. */
    private static final int OVERHEAD_BYTES = 1_024;

    /** What was counted, from every thread. */
    static final class Counters {
        final LongAdder calls = new LongAdder();
        final LongAdder busyNanos = new LongAdder();
        final LongAdder failures = new LongAdder();
        final LongAdder refusals = new LongAdder();
        final LongAdder timeouts = new LongAdder();
        final LongAdder abandoned = new LongAdder();
        final LongAdder discarded = new LongAdder();
        final LongAdder pauses = new LongAdder();
    }

    final Clock clock;
    final HandlerLimits limits;
    final List<Middleware> middleware;
    final Validation validation;
    final Rooms rooms;
    final Dispatcher dispatcher;

    /** For those who wait for answers; see {@link Ask}. */
    final Dispatcher answers;

    final Counters counters = new Counters();

    private final Gateway gateway;
    private final boolean keepsTime;
    private final Json json;
    private final Map<ConnectionId, ClientConnection> clients = new ConcurrentHashMap<>();

    /** Clients that were connected and whose last handler is not done. */
    private final Set<ClientConnection> unfinished = ConcurrentHashMap.newKeySet();

    private final Set<Timed> watched = ConcurrentHashMap.newKeySet();

    /** By handler and exception, of which there are as many as the application has. */
    private final Map<String, Long> failuresByKind = new ConcurrentHashMap<>();

    private final AtomicLong lastAskId = new AtomicLong();
    private volatile @Nullable ConnectionRegistry started;
    private volatile @Nullable LiveClaims claims;
    private @Nullable ScheduledExecutorService timer;

    /** An endpoint that keeps time itself. */
    GatewayEndpoint(Gateway gateway) {
        this(gateway, Clock.system(), Threads.handlers(gateway.path()), true);
    }

    /** An endpoint under somebody else's clock and on somebody else's threads. */
    GatewayEndpoint(Gateway gateway, Clock clock, Executor executor) {
        this(gateway, clock, executor, false);
    }

    private GatewayEndpoint(Gateway gateway, Clock clock, Executor executor, boolean keepsTime) {
        this.gateway = gateway;
        this.clock = clock;
        this.keepsTime = keepsTime;
        this.limits = gateway.limits();
        this.middleware = gateway.middleware();
        this.validation = gateway.validation();
        this.json = new Json();
        this.rooms = new Rooms(gateway.path());
        this.dispatcher = new Dispatcher(executor, limits.maxRunning());
        this.answers = new Dispatcher(executor, limits.maxRunning());
    }

    Json json() {
        return json;
    }

    ConnectionRegistry registry() {
        ConnectionRegistry registry = started;
        if (registry == null) {
            throw new IllegalStateException("the gateway was not started");
        }
        return registry;
    }

    // Life.

    @Override
    public void start(ConnectionRegistry registry) {
        if (started != null) {
            throw new IllegalStateException("the endpoint was started before (expected: an endpoint for each start)");
        }
        started = registry;
        if (keepsTime) {
            ScheduledExecutorService beats =
                    Executors.newSingleThreadScheduledExecutor(Threads.named("campanile-app-beat " + gateway.path()));
            timer = beats;
            beats.scheduleWithFixedDelay(this::beat, BEAT.toMillis(), BEAT.toMillis(), TimeUnit.MILLISECONDS);
        }
        try {
            gateway.started(this);
        } catch (RuntimeException e) {
            endBeats();
            throw e;
        }
    }

    private void endBeats() {
        ScheduledExecutorService beats = timer;
        if (beats != null) {
            beats.shutdownNow();
        }
    }

    @Override
    public void start(ConnectionRegistry registry, LiveClaims live) {
        claims = live;
        start(registry);
    }

    /** Does what time demands: ends handlers and questions whose time is up. Called about every 50 ms, by one thread. */
    public void beat() {
        long now = clock.nanos();
        for (Timed timed : watched) {
            if (now - timed.deadlineNanos() >= 0) {
                try {
                    timed.expire();
                } catch (RuntimeException e) {
                    LOG.log(Level.ERROR, "a deadline could not be kept", e);
                }
            }
        }
        dispatcher.revive();
        answers.revive();
    }

    /**
     * Waits for the handlers, those of disconnecting included. Those that still run at half of the time are interrupted, and
     * those that do not return within a quarter of it are left to themselves, so that what comes after them in their lanes
     * runs in the last quarter.
     */
    @Override
    public void stop(Duration budget) {
        long quarter = budget.toNanos() / 4;
        boolean done = awaitHandlers(2 * quarter);
        if (!done) {
            turns().forEach(Turn::expire);
            done = awaitHandlers(quarter);
        }
        if (!done) {
            turns().forEach(Turn::expire);
            done = awaitHandlers(quarter);
        }
        if (!done) {
            LOG.log(
                    Level.WARNING,
                    "gateway stopped with handlers running path={0} connections={1}",
                    gateway.path(),
                    Integer.toString(unfinished.size()));
        }
        endBeats();
        gateway.stopped(this);
    }

    /** Returns what is under way: each ends, by the first {@link Turn#expire} or the second. */
    private List<Turn> turns() {
        return unfinished.stream()
                .flatMap(client -> Optional.ofNullable(client.lane().current()).stream())
                .toList();
    }

    /** Looks every few milliseconds, for this happens once. */
    private boolean awaitHandlers(long nanos) {
        long deadline = System.nanoTime() + nanos;
        CountDownLatch never = new CountDownLatch(1);
        try {
            while (!unfinished.isEmpty()) {
                if (System.nanoTime() - deadline >= 0 || never.await(2, TimeUnit.MILLISECONDS)) {
                    return false;
                }
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return unfinished.isEmpty();
        }
    }

    void finished(ClientConnection client) {
        unfinished.remove(client);
    }

    // From the gateway.

    @Override
    public Set<Kind> kinds() {
        return gateway.binary().isPresent() ? Set.of(Kind.TEXT, Kind.BINARY) : Set.of(Kind.TEXT);
    }

    @Override
    public OptionalInt maxMessageBytes() {
        return gateway.maxMessageBytes();
    }

    @Override
    public Authenticator authenticator() {
        return gateway.authenticator();
    }

    @Override
    public void opened(io.campanile.core.Connection connection) {
        opened(connection, new Reading() {
            @Override
            public void pause() {}

            @Override
            public void resume() {}
        });
    }

    @Override
    public void opened(io.campanile.core.Connection connection, Reading reading) {
        ClientConnection client = new ClientConnection(this, connection, reading);
        clients.put(connection.id(), client);
        unfinished.add(client);
        ConnectionRegistry registry = registry();
        registry.join(connection.id(), rooms.everyone());
        connection.claims().subject().ifPresent(user -> registry.join(connection.id(), rooms.user(user)));
        registry.send(connection.id(), EnvelopeMessage.welcome(connection.id().toString()));
        gateway.connect()
                .ifPresent(step -> add(client, new Turn(client, Middleware.Call.Kind.CONNECT, step, "", null, 0)));
    }

    @Override
    public void text(io.campanile.core.Connection connection, byte[] utf8) {
        ClientConnection client = clients.get(connection.id());
        if (client == null) {
            return;
        }
        Inbound inbound = EnvelopeCodec.decode(utf8);
        if (inbound instanceof Inbound.ProtocolError error) {
            refuse(client, error.id(), error.code(), error.message());
        } else if (inbound instanceof Inbound.Request request) {
            take(client, request, utf8.length);
        }
    }

    private void take(ClientConnection client, Inbound.Request request, int bytes) {
        switch (request.event()) {
            case "ping" -> client.reply(request.id(), EnvelopeMessage.pong(request.id(), request.data()));
            case Gateway.REFRESH -> refresh(client, request.id(), Payloads.authRefresh(request.data()));
            case "ack", "error" -> {
                if (request.id().isEmpty()
                        || !client.answered(
                                request.id().getAsLong(), request.event().equals("error"), request.data())) {
                    refuse(client, OptionalLong.empty(), ErrorCode.NOT_FOUND, "id: nothing of this id is awaited");
                }
            }
            default -> {
                Step step = gateway.event(request.event());
                if (step == null) {
                    refuse(
                            client,
                            request.id(),
                            ErrorCode.UNKNOWN_EVENT,
                            "event: \"" + request.event() + "\" is not known here");
                    return;
                }
                Request message = new Request(client, request.event(), request.id(), request.data());
                add(
                        client,
                        new Turn(client, Middleware.Call.Kind.EVENT, step, message, message, bytes + OVERHEAD_BYTES));
            }
        }
    }

    /** Answered on the event loop, beside the lane: a client may show its newer token while its handlers are busy. */
    private void refresh(ClientConnection client, OptionalLong id, Payload<AuthRefresh> payload) {
        if (payload instanceof Payload.Refused<AuthRefresh> refused) {
            refuse(client, id, refused.code(), refused.message());
            return;
        }
        LiveClaims live = claims;
        if (live == null) {
            refuse(client, id, ErrorCode.UNAVAILABLE, "the claims of a connection do not change here");
            return;
        }
        String token = ((Payload.Valid<AuthRefresh>) payload).value().token();
        live.refresh(client.connection(), gateway.authenticator(), token).whenComplete((refreshed, failure) -> {
            if (failure != null) {
                LOG.log(Level.ERROR, () -> "token could not be judged id=" + client.id(), failure);
                refuse(client, id, ErrorCode.INTERNAL, "the server failed");
            } else if (refreshed instanceof LiveClaims.Refreshed.Refused refused) {
                refuse(client, id, refused.code(), refused.detail());
            } else if (refreshed instanceof LiveClaims.Refreshed.Renewed renewed && id.isPresent()) {
                client.reply(
                        id,
                        EnvelopeMessage.ack(
                                id.getAsLong(),
                                Answers.refreshed(renewed.claims().expiresAt())));
            }
        });
    }

    private void refuse(ClientConnection client, OptionalLong id, ErrorCode code, String sentence) {
        counters.refusals.increment();
        client.refuse(id, code.wireName(), sentence);
    }

    @Override
    public void binary(io.campanile.core.Connection connection, byte[] bytes) {
        ClientConnection client = clients.get(connection.id());
        if (client != null) {
            gateway.binary()
                    .ifPresent(step -> add(
                            client,
                            new Turn(
                                    client,
                                    Middleware.Call.Kind.BINARY,
                                    step,
                                    bytes,
                                    null,
                                    bytes.length + OVERHEAD_BYTES)));
        }
    }

    private void add(ClientConnection client, Turn turn) {
        client.lane().add(turn, counters.pauses::increment);
    }

    @Override
    public io.campanile.core.Message gapNotice(Optional<String> room, long missed) {
        return EnvelopeMessage.gap(room.flatMap(rooms::known).map(Room::name), missed);
    }

    /** Judges each membership again, where the gateway has an authorizer; a room that is lost is left and announced. */
    @Override
    public void claimsChanged(io.campanile.core.Connection connection, Claims before) {
        ClientConnection client = clients.get(connection.id());
        if (client == null) {
            return;
        }
        ConnectionRegistry registry = registry();
        Optional<String> subject = connection.claims().subject();
        if (!subject.equals(before.subject())) {
            before.subject().ifPresent(user -> registry.leave(connection.id(), rooms.user(user)));
            subject.ifPresent(user -> registry.join(connection.id(), rooms.user(user)));
        }
        if (gateway.authorizer().isPresent()) {
            registry.rooms(connection.id())
                    .thenAccept(names -> names.forEach(name -> rooms.known(name)
                            .filter(room -> !mayJoin(client, room))
                            .ifPresent(room -> takeAway(client, room))));
        }
    }

    private boolean mayJoin(ClientConnection client, Room room) {
        try {
            checkMayJoin(client, room);
            return true;
        } catch (RuntimeException e) {
            return false; // also when nobody can tell
        }
    }

    private void takeAway(ClientConnection client, Room room) {
        client.leave(room).thenAccept(outcome -> {
            if (outcome == LeaveOutcome.LEFT) {
                client.reply(OptionalLong.empty(), EnvelopeMessage.roomLost(room.name(), ErrorCode.FORBIDDEN));
            }
        });
    }

    @Override
    public void closed(io.campanile.core.Connection connection, CloseReason reason) {
        ClientConnection client = clients.remove(connection.id());
        if (client == null) {
            return;
        }
        if (!isTheClients(reason)) {
            client.cutOff();
        }
        client.left();
        Step step = gateway.disconnect().orElse((connected, why, message) -> JsonSlice.NULL);
        add(client, new Turn(client, Middleware.Call.Kind.DISCONNECT, step, reason, null, 0));
    }

    /** What a client sent before it left is handled; one that the node has put out has no say any more. */
    private static boolean isTheClients(CloseReason reason) {
        return reason.label().equals("peer_closed") || reason.code() == CloseReason.TRANSPORT_LOST.code();
    }

    /** Throws what the client is told if it may not be in the room. */
    void checkMayJoin(ClientConnection client, Room room) {
        if (gateway.authorizer().isPresent() && !gateway.authorizer().get().mayJoin(client, room.name())) {
            throw new Refusal(ErrorCode.FORBIDDEN, "this connection may not join \"" + room.name() + "\"");
        }
    }

    // For turns and asks.

    void watch(Timed timed) {
        watched.add(timed);
    }

    boolean unwatch(Timed timed) {
        return watched.remove(timed);
    }

    /** Returns an id that no client counts to: they go up from where they like, and these go down. */
    long nextAskId() {
        return lastAskId.decrementAndGet();
    }

    Optional<ClientConnection> client(ConnectionId id) {
        return Optional.ofNullable(clients.get(id));
    }

    /**
     * Logs under a reference of its own, which the client may be told. Each failure has its line; its stack has the 1st, 2nd,
     * 4th, 8th … of one kind at one handler, for a client may cause as many as it sends messages.
     */
    String log(String what, Turn turn, @Nullable Throwable failure) {
        String reference = Long.toString(ThreadLocalRandom.current().nextLong(1L << 40), 36);
        String line = what + " ref=" + reference + " gateway=" + gateway.path() + " handler=" + turn + " connection="
                + turn.connection().id();
        if (failure == null) {
            LOG.log(Level.WARNING, line);
            return reference;
        }
        String kind = turn + " " + failure.getClass().getName();
        long count = failuresByKind.merge(kind, 1L, Long::sum);
        if (Long.bitCount(count) == 1) {
            LOG.log(Level.ERROR, line, failure);
        } else {
            LOG.log(Level.ERROR, line + " cause=" + failure.getClass().getName() + " failures=" + count);
        }
        return reference;
    }

    // For the application.

    @Override
    public Recipients all() {
        return new RoomRecipients(this, List.of(rooms.everyone()), Optional.empty());
    }

    @Override
    public Recipients to(String... names) {
        return to(Arrays.stream(names).map(Room::of).toArray(Room[]::new));
    }

    @Override
    public Recipients to(Room... of) {
        if (of.length == 0) {
            throw new IllegalArgumentException("rooms: none (expected: at least one)");
        }
        return new RoomRecipients(
                this,
                Arrays.stream(of).map(rooms::registered).toList(),
                of.length == 1 ? Optional.of(of[0].name()) : Optional.empty());
    }

    @Override
    public Recipients toUser(String user) {
        return new RoomRecipients(this, List.of(rooms.user(user)), Optional.empty());
    }

    @Override
    public Optional<Connection> find(ConnectionId id) {
        return client(id).map(client -> client);
    }

    @Override
    public int count() {
        return clients.size();
    }

    @Override
    public int count(Room room) {
        return registry().memberCount(rooms.registered(room));
    }

    @Override
    public HandlerStats stats() {
        return new HandlerStats(
                counters.calls.sum(),
                counters.busyNanos.sum(),
                counters.failures.sum(),
                counters.refusals.sum(),
                counters.timeouts.sum(),
                counters.abandoned.sum(),
                counters.discarded.sum(),
                counters.pauses.sum(),
                dispatcher.running(),
                dispatcher.lent(),
                dispatcher.waiting(),
                clients.values().stream().mapToInt(ClientConnection::askCount).sum());
    }
}

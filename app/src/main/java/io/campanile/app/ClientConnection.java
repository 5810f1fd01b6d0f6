package io.campanile.app;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.CloseReason.ComeBack;
import io.campanile.core.ConnectionId;
import io.campanile.core.JoinOutcome;
import io.campanile.core.LeaveOutcome;
import io.campanile.core.Posted;
import io.campanile.gateway.Reading;
import io.campanile.protocol.EnvelopeMessage;
import io.campanile.protocol.ErrorCode;
import io.campanile.protocol.JsonSlice;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A client of a gateway, with its lane and with what it was asked. */
final class ClientConnection implements Connection {

    private static final CloseReason UNANSWERED =
            new CloseReason(1013, "unanswered", "the node has too much to do to answer", ComeBack.YES);

    private final GatewayEndpoint endpoint;
    private final io.campanile.core.Connection connection;
    private final Lane lane;
    private final ConcurrentMap<String, Object> attributes = new ConcurrentHashMap<>(4);

    // Asks are counted apart from the map, so that their bound is exact. An ask is in the map before it looks whether
    // the
    // client has left, and whoever says that it left looks through the map afterwards: none is overlooked.
    private final Map<Long, Ask<?>> asks = new ConcurrentHashMap<>(4);
    private final AtomicInteger askCount = new AtomicInteger();

    private volatile boolean hasLeft;

    /** Nothing more that the client sent is handled. */
    private volatile boolean cutOff;

    ClientConnection(GatewayEndpoint endpoint, io.campanile.core.Connection connection, Reading reading) {
        this.endpoint = endpoint;
        this.connection = connection;
        this.lane = new Lane(endpoint.dispatcher, reading, endpoint.limits.maxQueuedBytes());
    }

    GatewayEndpoint endpoint() {
        return endpoint;
    }

    io.campanile.core.Connection connection() {
        return connection;
    }

    Lane lane() {
        return lane;
    }

    boolean isCutOff() {
        return cutOff;
    }

    void cutOff() {
        cutOff = true;
    }

    // What the application sees.

    @Override
    public ConnectionId id() {
        return connection.id();
    }

    @Override
    public Claims claims() {
        return connection.claims();
    }

    @Override
    public boolean isOpen() {
        return connection.isOpen();
    }

    @Override
    public ConcurrentMap<String, Object> attributes() {
        return attributes;
    }

    @Override
    public CompletionStage<JoinOutcome> join(Room room) {
        endpoint.checkMayJoin(this, room);
        return endpoint.registry().join(id(), endpoint.rooms.registered(room));
    }

    @Override
    public CompletionStage<LeaveOutcome> leave(Room room) {
        return endpoint.registry().leave(id(), endpoint.rooms.registered(room));
    }

    @Override
    public CompletionStage<List<Room>> rooms() {
        return endpoint.registry()
                .rooms(id())
                .thenApply(names -> names.stream()
                        .flatMap(name -> endpoint.rooms.known(name).stream())
                        .toList());
    }

    @Override
    public Posted send(String event, Object data) {
        return endpoint.registry()
                .send(id(), EnvelopeMessage.event(event, endpoint.json().write(data)));
    }

    @Override
    public Posted sendBinary(byte[] bytes) {
        return endpoint.registry().send(id(), io.campanile.core.Message.binary(bytes));
    }

    @Override
    public Recipients to(String... rooms) {
        return endpoint.to(rooms);
    }

    @Override
    public Recipients to(Room... rooms) {
        return endpoint.to(rooms);
    }

    @Override
    public Clients clients() {
        return endpoint;
    }

    @Override
    public void close(CloseReason reason) {
        endpoint.registry().close(id(), reason);
    }

    // Answers.

    void reply(OptionalLong id, EnvelopeMessage answer) {
        Posted posted = endpoint.registry().send(id(), answer);
        if (posted == Posted.TOO_LARGE) {
            refuse(id, ErrorCode.LIMIT_EXCEEDED.wireName(), "the answer is larger than what may wait for one client");
        } else if (posted == Posted.OVERLOADED) {
            close(UNANSWERED);
        }
    }

    void refuse(OptionalLong id, String code, String sentence) {
        Posted posted = endpoint.registry().send(id(), EnvelopeMessage.error(id, code, sentence));
        if (posted == Posted.OVERLOADED || posted == Posted.TOO_LARGE) {
            close(UNANSWERED);
        }
    }

    // Asks.

    @Override
    public <T> CompletionStage<Reply<T>> ask(String event, Object data, Class<T> answer, Duration timeout) {
        long id = endpoint.nextAskId();
        return ask(id, EnvelopeMessage.request(id, event, endpoint.json().write(data)), answer, timeout);
    }

    <T> CompletableFuture<Reply<T>> ask(long id, EnvelopeMessage question, Class<T> answer, Duration timeout) {
        if (askCount.incrementAndGet() > endpoint.limits.maxAsks()) {
            askCount.decrementAndGet();
            return CompletableFuture.completedFuture(new Reply.NotSent<>(Posted.OVERLOADED));
        }
        Ask<T> ask = new Ask<>(this, id, answer, endpoint.clock.nanos() + timeout.toNanos());
        asks.put(id, ask);
        endpoint.watch(ask);
        if (hasLeft) {
            ask.end(new Reply.Left<>());
            return ask.future();
        }
        Posted posted = endpoint.registry().send(id(), question);
        if (posted == Posted.GONE) {
            ask.end(new Reply.Left<>());
        } else if (posted != Posted.ACCEPTED) {
            ask.end(new Reply.NotSent<>(posted));
        }
        return ask.future();
    }

    /** The client has answered something; returns false when nothing of that id was asked, or no more. */
    boolean answered(long id, boolean isError, JsonSlice data) {
        Ask<?> ask = asks.get(id);
        if (ask == null) {
            return false;
        }
        ask.answered(isError, data);
        return true;
    }

    /** Returns whether it was there, which only one caller is told. */
    boolean forget(long id) {
        if (asks.remove(id) == null) {
            return false;
        }
        askCount.decrementAndGet();
        return true;
    }

    int askCount() {
        return asks.size();
    }

    void left() {
        hasLeft = true;
        asks.values().forEach(Ask::left);
    }

    @Override
    public String toString() {
        return "Connection[" + id() + "]";
    }
}

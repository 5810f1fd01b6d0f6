package io.campanile.gateway;

import io.campanile.core.Audience;
import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.CloseReason.ComeBack;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionId;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Delivery;
import io.campanile.core.JoinOutcome;
import io.campanile.core.LeaveOutcome;
import io.campanile.core.Message;
import io.campanile.core.Posted;
import io.campanile.protocol.Answers;
import io.campanile.protocol.DirectSend;
import io.campanile.protocol.DirectSend.Addressee;
import io.campanile.protocol.EnvelopeCodec;
import io.campanile.protocol.EnvelopeMessage;
import io.campanile.protocol.ErrorCode;
import io.campanile.protocol.Inbound;
import io.campanile.protocol.JsonSlice;
import io.campanile.protocol.Payload;
import io.campanile.protocol.Payloads;
import io.campanile.protocol.RoomName;
import io.campanile.protocol.RoomPublish;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The server's built-in protocol: clients join and leave rooms, publish to them and send to each other in the JSON
 * envelope, as far as an {@link Authorizer} lets them.
 *
 * <p>A request with an id gets exactly one answer, an ack when what it asks for is done on this node, or an error; one
 * without an id is answered only when it fails. Requests of one connection take effect in the order they came. An answer
 * that the node is too busy to queue ends its connection with 1013, so that no client waits for it in vain.
 *
 * <p>A client shows a newer token by {@code auth.refresh}, and has the claims of that from then on. Whenever the claims of a
 * connection change, each of its rooms is judged again: one that it may not join any more is left, which it hears by {@code
 * room.lost}.
 *
 * <p>As the endpoint of streams it lets clients listen to the rooms that the request names: {@code ?room=a&room=b}. A
 * stream without a room gets what is sent to everyone, to its user, and to the connection that its {@code welcome} names.
 *
 * <p>An {@link Authenticator} establishes who clients are; without one, everyone is admitted anonymously. An endpoint around
 * this one may decide otherwise and leave the rest to it.
 */
public final class RoomsEndpoint implements Endpoint, StreamEndpoint {

    /** The parameter of a stream's request that names a room. */
    private static final String ROOM = "room";

    /** The most members that a client may have listed. */
    private static final int MAX_LISTED = 1_000;

    private static final Logger LOG = System.getLogger(RoomsEndpoint.class.getName());

    private static final CloseReason UNANSWERED =
            new CloseReason(1013, "unanswered", "the node has too much to do to answer", ComeBack.YES);
    private static final CloseReason TOO_MANY_ROOMS =
            new CloseReason(1008, "too_many_rooms", "these are more rooms than one connection may be in", ComeBack.NO);
    private static final String OVERLOADED = "the node has more to deliver than it may hold; nothing was sent";
    private static final String TOO_LARGE = "the message is larger than what may wait for one client";
    private static final String STOPPING = "the node is stopping";
    private static final String FAILED = "the server failed";

    private final Authenticator authenticator;
    private final Authorizer authorizer;
    private final Map<ErrorCode, LongAdder> errors = new EnumMap<>(ErrorCode.class);

    private volatile @Nullable ConnectionRegistry started;
    private volatile @Nullable LiveClaims claims;

    /** Begins an endpoint of anonymous clients, who may do what the authorizer says. */
    public RoomsEndpoint(Authorizer authorizer) {
        this(Authenticator.anonymous(), authorizer);
    }

    /** Begins an endpoint of the clients that the authenticator admits, who may do what the authorizer says. */
    public RoomsEndpoint(Authenticator authenticator, Authorizer authorizer) {
        this.authenticator = authenticator;
        this.authorizer = authorizer;
        for (ErrorCode code : ErrorCode.values()) {
            errors.put(code, new LongAdder());
        }
    }

    /** Returns how many requests were answered with each error so far, also those that never were. */
    public Map<ErrorCode, Long> errors() {
        Map<ErrorCode, Long> counts = new EnumMap<>(ErrorCode.class);
        errors.forEach((code, count) -> counts.put(code, count.sum()));
        return counts;
    }

    @Override
    public void start(ConnectionRegistry registry) {
        ConnectionRegistry before = started;
        if (before != null && before != registry) {
            throw new IllegalStateException("the endpoint serves another gateway (expected: an endpoint for each)");
        }
        started = registry;
    }

    @Override
    public void start(ConnectionRegistry registry, LiveClaims live) {
        start(registry);
        claims = live;
    }

    @Override
    public Authenticator authenticator() {
        return authenticator;
    }

    @Override
    public CompletionStage<Admission> admit(Handshake handshake) {
        return authenticator.authenticate(handshake);
    }

    @Override
    public void opened(Connection connection) {
        reply(connection, EnvelopeMessage.welcome(connection.id().toString()));
    }

    @Override
    public Optional<Admission.Refused> refusal(Connection connection, Handshake handshake) {
        Set<String> rooms = rooms(handshake);
        if (rooms.size() > Payloads.MAX_ROOMS) {
            return Optional.of(new Admission.Refused(
                    400, "room: " + rooms.size() + " rooms (expected: at most " + Payloads.MAX_ROOMS + ")"));
        }
        for (String room : rooms) {
            Optional<String> problem = RoomName.problem(ROOM, room);
            if (problem.isPresent()) {
                return Optional.of(new Admission.Refused(400, problem.get()));
            }
            if (!authorizer.mayJoin(connection, room)) {
                return Optional.of(new Admission.Refused(403, "this connection may not join \"" + room + "\""));
            }
        }
        return Optional.empty();
    }

    @Override
    public void opened(Connection connection, Handshake handshake) {
        opened(connection);
        for (String room : rooms(handshake)) {
            registry().join(connection.id(), room).thenAccept(outcome -> {
                if (outcome == JoinOutcome.REFUSED) {
                    registry().close(connection.id(), TOO_MANY_ROOMS);
                }
            });
        }
    }

    private static Set<String> rooms(Handshake handshake) {
        return new LinkedHashSet<>(handshake.parameters(ROOM));
    }

    /** Judges each membership again; a room that is lost is left, and the client is told. */
    @Override
    public void claimsChanged(Connection connection, Claims before) {
        registry().rooms(connection.id()).thenAccept(rooms -> rooms.forEach(room -> keepOrLeave(connection, room)));
    }

    private void keepOrLeave(Connection connection, String room) {
        boolean keeps = false;
        try {
            keeps = authorizer.mayJoin(connection, room);
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, () -> "authorizer failed id=" + connection.id(), e);
        }
        if (!keeps) {
            registry().leave(connection.id(), room).thenAccept(outcome -> {
                if (outcome == LeaveOutcome.LEFT) {
                    reply(connection, EnvelopeMessage.roomLost(room, ErrorCode.FORBIDDEN));
                }
            });
        }
    }

    @Override
    public void closed(Connection connection, CloseReason reason) {}

    @Override
    public void text(Connection connection, byte[] utf8) {
        Inbound inbound = EnvelopeCodec.decode(utf8);
        if (inbound instanceof Inbound.ProtocolError error) {
            refuse(connection, error.id(), error.code(), error.message());
        } else if (inbound instanceof Inbound.Request request) {
            try {
                carryOut(connection, request);
            } catch (RuntimeException e) {
                refuse(connection, request.id(), ErrorCode.INTERNAL, FAILED);
                throw e;
            }
        }
    }

    private void carryOut(Connection from, Inbound.Request request) {
        OptionalLong id = request.id();
        JsonSlice data = request.data();
        switch (request.event()) {
            case "room.join" -> with(from, id, Payloads.roomRequest(data), asked -> join(from, id, asked.room()));
            case "room.leave" -> with(from, id, Payloads.roomRequest(data), asked -> leave(from, id, asked.room()));
            case "room.members" -> with(from, id, Payloads.roomRequest(data), asked -> members(from, id, asked.room()));
            case "room.publish" -> with(from, id, Payloads.roomPublish(data), asked -> publish(from, id, asked));
            case "direct.send" -> with(from, id, Payloads.directSend(data), asked -> sendDirect(from, id, asked));
            case "auth.refresh" ->
                with(from, id, Payloads.authRefresh(data), asked -> refresh(from, id, asked.token()));
            case "ping" -> pong(from, id, data);
            default ->
                refuse(from, id, ErrorCode.UNKNOWN_EVENT, "event: \"" + request.event() + "\" is not known here");
        }
    }

    private <T> void with(Connection from, OptionalLong id, Payload<T> payload, Consumer<T> action) {
        if (payload instanceof Payload.Valid<T> valid) {
            action.accept(valid.value());
        } else if (payload instanceof Payload.Refused<T> refused) {
            refuse(from, id, refused.code(), refused.message());
        }
    }

    private void join(Connection from, OptionalLong id, String room) {
        if (!authorizer.mayJoin(from, room)) {
            refuse(from, id, ErrorCode.FORBIDDEN, "this connection may not join \"" + room + "\"");
            return;
        }
        whenDone(from, id, registry().join(from.id(), room), outcome -> {
            if (outcome == JoinOutcome.REFUSED) {
                refuse(
                        from,
                        id,
                        ErrorCode.LIMIT_EXCEEDED,
                        "room: \"" + room + "\" is one more than this connection may be in");
            } else {
                ack(from, id, Answers.joined(room, registry().memberCount(room)));
            }
        });
    }

    private void leave(Connection from, OptionalLong id, String room) {
        whenDone(from, id, registry().leave(from.id(), room), outcome -> ack(from, id, Answers.left(room)));
    }

    /** Tells who is in a room, of which a client may ask again and again: so not of one that takes long to look through. */
    private void members(Connection from, OptionalLong id, String room) {
        if (!authorizer.maySeeMembers(from, room)) {
            refuse(from, id, ErrorCode.FORBIDDEN, "this connection may not see who is in \"" + room + "\"");
            return;
        }
        int count = registry().memberCount(room);
        if (count > MAX_LISTED) {
            String most = " members (expected: at most " + MAX_LISTED + ", to be listed)";
            refuse(from, id, ErrorCode.LIMIT_EXCEEDED, "room: \"" + room + "\" has " + count + most);
            return;
        }
        whenDone(from, id, registry().connections(Audience.room(room)), members -> {
            if (id.isPresent()) {
                JsonSlice answer = Answers.members(
                        room,
                        members.stream()
                                .map(member -> Answers.connection(
                                        member.id().toString(),
                                        member.claims().subject(),
                                        OptionalLong.empty(),
                                        Optional.empty()))
                                .toList());
                replyAtLength(from, id, EnvelopeMessage.ack(id.getAsLong(), answer));
            }
        });
    }

    private void refresh(Connection from, OptionalLong id, String token) {
        LiveClaims live = claims;
        if (live == null) {
            refuse(from, id, ErrorCode.UNAVAILABLE, "the claims of a connection do not change here");
            return;
        }
        whenDone(from, id, live.refresh(from, authenticator, token), refreshed -> {
            if (refreshed instanceof LiveClaims.Refreshed.Renewed renewed) {
                ack(from, id, Answers.refreshed(renewed.claims().expiresAt()));
            } else if (refreshed instanceof LiveClaims.Refreshed.Refused refused) {
                refuse(from, id, refused.code(), refused.detail());
            }
        });
    }

    private void publish(Connection from, OptionalLong id, RoomPublish asked) {
        if (!authorizer.mayPublish(from, asked.room())) {
            refuse(from, id, ErrorCode.FORBIDDEN, "this connection may not publish to \"" + asked.room() + "\"");
            return;
        }
        Audience room = Audience.room(asked.room());
        Audience audience = asked.echo() ? room : room.except(from.id());
        Message message = EnvelopeMessage.inRoom(asked.room(), asked.event(), asked.data());
        Delivery delivery = Delivery.usual().withKey(asked.key());
        if (id.isEmpty()) {
            refuseUnlessPosted(from, id, registry().broadcast(audience, message, delivery));
            return;
        }
        whenDone(from, id, registry().broadcastWithReceipt(audience, message, delivery), receipt -> {
            if (receipt.posted() == Posted.ACCEPTED) {
                ack(from, id, Answers.receipt(receipt));
            } else {
                refuseUnlessPosted(from, id, receipt.posted());
            }
        });
    }

    private void sendDirect(Connection from, OptionalLong id, DirectSend asked) {
        if (!authorizer.maySendDirect(from)) {
            refuse(from, id, ErrorCode.FORBIDDEN, "this connection may not send to others directly");
            return;
        }
        Message message = EnvelopeMessage.direct(from.id().toString(), asked.event(), asked.data());
        if (asked.addressee() instanceof Addressee.OneConnection one) {
            sendToConnection(from, id, one.id(), message);
        } else if (asked.addressee() instanceof Addressee.OneUser one) {
            sendToUser(from, id, one.name(), message);
        }
    }

    private void sendToConnection(Connection from, OptionalLong id, String address, Message message) {
        Optional<ConnectionId> to = ConnectionId.parse(address);
        if (to.isEmpty()) {
            refuse(from, id, ErrorCode.NOT_FOUND, "to: no such connection");
        } else if (id.isEmpty()) {
            refuseUnlessPosted(from, id, registry().send(to.get(), message));
        } else {
            whenDone(from, id, registry().sendWithReceipt(to.get(), message), outcome -> {
                switch (outcome) {
                    case QUEUED -> ack(from, id, Answers.receipt(1, 1, 0, 0, 0));
                    case DISPLACED -> ack(from, id, Answers.receipt(1, 1, 0, 0, 1));
                    case DROPPED -> ack(from, id, Answers.receipt(1, 0, 1, 0, 0));
                    case EVICTED -> ack(from, id, Answers.receipt(1, 0, 0, 1, 0));
                    case GONE -> refuseUnlessPosted(from, id, Posted.GONE);
                    case OVERLOADED -> refuseUnlessPosted(from, id, Posted.OVERLOADED);
                }
            });
        }
    }

    private void sendToUser(Connection from, OptionalLong id, String user, Message message) {
        if (registry().userConnectionCount(user) == 0) {
            refuse(from, id, ErrorCode.NOT_FOUND, "user: no connection");
        } else if (id.isEmpty()) {
            refuseUnlessPosted(from, id, registry().broadcast(Audience.user(user), message));
        } else {
            whenDone(from, id, registry().broadcastWithReceipt(Audience.user(user), message), receipt -> {
                if (receipt.posted() != Posted.ACCEPTED) {
                    refuseUnlessPosted(from, id, receipt.posted());
                } else if (receipt.matched() == 0) {
                    refuse(from, id, ErrorCode.NOT_FOUND, "user: no connection");
                } else {
                    ack(from, id, Answers.receipt(receipt));
                }
            });
        }
    }

    private void pong(Connection from, OptionalLong id, JsonSlice data) {
        replyAtLength(from, id, EnvelopeMessage.pong(id, data));
    }

    /** Answers with what may be too long to be queued, for which there is a shorter answer. */
    private void replyAtLength(Connection to, OptionalLong id, Message answer) {
        Posted posted = registry().send(to.id(), answer);
        if (posted == Posted.OVERLOADED || posted == Posted.TOO_LARGE) {
            refuseUnlessPosted(to, id, posted);
        }
    }

    /** Goes on with the registry's answer; a failure is answered too, and logged, since nobody else hears of it. */
    private <T> void whenDone(Connection from, OptionalLong id, CompletionStage<T> stage, Consumer<T> then) {
        stage.thenAccept(then).whenComplete((done, failure) -> {
            if (failure != null) {
                LOG.log(Level.ERROR, () -> "request failed id=" + from.id(), failure);
                refuse(from, id, ErrorCode.INTERNAL, FAILED);
            }
        });
    }

    private void refuseUnlessPosted(Connection from, OptionalLong id, Posted posted) {
        switch (posted) {
            case ACCEPTED -> {}
            case GONE -> refuse(from, id, ErrorCode.NOT_FOUND, "to: no such connection");
            case OVERLOADED -> refuse(from, id, ErrorCode.OVERLOADED, OVERLOADED);
            case TOO_LARGE -> refuse(from, id, ErrorCode.LIMIT_EXCEEDED, TOO_LARGE);
            case CLOSED -> refuse(from, id, ErrorCode.UNAVAILABLE, STOPPING);
        }
    }

    private void ack(Connection to, OptionalLong id, JsonSlice data) {
        if (id.isPresent()) {
            reply(to, EnvelopeMessage.ack(id.getAsLong(), data));
        }
    }

    private void refuse(Connection to, OptionalLong id, ErrorCode code, String message) {
        LongAdder count = errors.get(code);
        if (count != null) {
            count.increment();
        }
        reply(to, EnvelopeMessage.error(id, code, message));
    }

    private void reply(Connection to, Message answer) {
        Posted posted = registry().send(to.id(), answer);
        if (posted == Posted.OVERLOADED || posted == Posted.TOO_LARGE) {
            registry().close(to.id(), UNANSWERED);
        }
    }

    private ConnectionRegistry registry() {
        ConnectionRegistry registry = started;
        if (registry == null) {
            throw new IllegalStateException("the endpoint was not started");
        }
        return registry;
    }
}

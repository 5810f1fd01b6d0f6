package io.campanile.core;

import io.campanile.core.spi.Transport;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * The live connections of one node, and the rooms they have joined.
 *
 * <p>All methods may be called from any thread and none of them waits: a call is placed in order on the shard that owns
 * the connection and takes effect there. What one thread asks for happens in the order it asked, and all members of a
 * room receive its messages in one same order.
 *
 * <p>Answers that depend on a shard come as a stage. It is complete on return when the calling thread runs the shard
 * and is not already inside a step of it; else it completes on the thread that runs the shard, and so do the actions
 * that depend on it: use the {@code …Async} methods for anything that takes long. Callers that do not care for an
 * answer may ignore the stage.
 *
 * <p>Ids come from {@link #register}. A call with an id that has already left the registry is normal, since clients
 * disconnect at any moment, and is answered rather than thrown. Room names are any non-empty text.
 */
public interface ConnectionRegistry extends AutoCloseable {

    /** Begins a registry. */
    static RegistryBuilder builder() {
        return new RegistryBuilder();
    }

    /** Adds an anonymous connection whose handshake is complete. */
    default CompletionStage<Registration> register(Transport transport) {
        return register(transport, Claims.anonymous());
    }

    /**
     * Adds a connection whose handshake is complete, or about to be. A place under the connection limit is taken before
     * this returns, so the limit is exact, and refusal is known at once.
     *
     * <p>Under a {@link Quota} that closes the oldest, a registration may have to wait until that one has left, which takes a
     * step of another shard. Only then is it in its place among what the calling thread asked for.
     *
     * @param transport where outbound frames go; the registry closes it when the connection leaves
     * @param claims what the authenticator established about the peer
     * @return the new connection, or why there is none
     */
    CompletionStage<Registration> register(Transport transport, Claims claims);

    /**
     * Replaces what is established about the peer of a connection. In one step of its shard the connection gets the
     * claims and passes from the user they named to the user they name: a broadcast to either reaches it at most once, and
     * exactly once if it belongs to that user for the whole of the broadcast. Rooms stay as they are; who grants rooms
     * by claims hears of the change from {@link RegistryListener#claimsChanged}.
     *
     * <p>The {@link Quota}s hold for changes as they do for registrations; a change that has to wait until another
     * connection has left comes into effect then, and further changes of the same connection after it.
     *
     * @return whether the claims are changed; {@link Connection#claims} then returns the new ones
     */
    CompletionStage<ClaimsOutcome> changeClaims(ConnectionId id, Claims claims);

    /**
     * Marks the connection as heard from just now. Costs a clock reading and, once in about 17 ms, an atomic store.
     *
     * @return whether the connection is there
     */
    boolean touch(ConnectionId id);

    /** Returns the connection, or empty when it has left. Answered at once. */
    Optional<Connection> find(ConnectionId id);

    /** Returns how long ago the connection registered, to about 17 ms, or empty when it has left. Answered at once. */
    Optional<Duration> age(ConnectionId id);

    /** Returns the number of connections, among them those whose registration is under way. Exact, at once. */
    int connectionCount();

    /** Returns the number of rooms that have members, or joins under way. At once. */
    int roomCount();

    /** Returns the names of the rooms that have members, or joins under way, in no order. At once; costs a copy. */
    Set<String> rooms();

    /** Returns the number of members of a room; 0 when there is no such room. At once. */
    int memberCount(String room);

    /**
     * Returns the number of connections whose claims name the user as their subject, among them those whose
     * registration is under way. At once.
     */
    int userConnectionCount(String user);

    /** Returns the members of a room, shard by shard. */
    CompletionStage<List<ConnectionId>> members(String room);

    /**
     * Returns who is in the audience, each once, in no order: whom a broadcast placed now would address. Costs as much
     * as such a broadcast, and a list.
     */
    CompletionStage<List<Connection>> connections(Audience audience);

    /** Returns the rooms of a connection in the order it joined them; none when it has left. */
    CompletionStage<List<String>> rooms(ConnectionId id);

    /** Makes the connection a member of the room, which comes into being with its first member. */
    CompletionStage<JoinOutcome> join(ConnectionId id, String room);

    /** Ends a membership. A room vanishes with its last member. */
    CompletionStage<LeaveOutcome> leave(ConnectionId id, String room);

    /** Sends a message to one connection, after whatever the calling thread sent to it before. */
    default Posted send(ConnectionId to, Message message) {
        return send(to, message, Delivery.usual());
    }

    /** Sends a message to one connection, and says what to do with it if the client is slow. */
    Posted send(ConnectionId to, Message message, Delivery delivery);

    /** Sends a message to one connection and tells what became of it. */
    default CompletionStage<SendOutcome> sendWithReceipt(ConnectionId to, Message message) {
        return sendWithReceipt(to, message, Delivery.usual());
    }

    /** Sends a message to one connection, says what to do with it if the client is slow, and tells what became of it. */
    CompletionStage<SendOutcome> sendWithReceipt(ConnectionId to, Message message, Delivery delivery);

    /** Sends a text message to one connection. */
    default Posted send(ConnectionId to, String text) {
        return send(to, Message.text(text));
    }

    /**
     * Sends a message to an audience. Returns at once; the shards do work proportional to the number of recipients, and
     * the message is encoded once per wire format.
     *
     * <p>A connection that is in the audience for the whole of the broadcast gets exactly one copy; one that joins or
     * leaves meanwhile gets at most one. Any two broadcasts that address a common room, a common user or everyone reach
     * all their common recipients in one same order. A recipient whose queue is full does not delay the others: what happens to it is the
     * {@link OverflowPolicy} of the room, of several the first addressed in which it is.
     */
    default Posted broadcast(Audience audience, Message message) {
        return broadcast(audience, message, Delivery.usual());
    }

    /** Sends a message to an audience, and says what to do with it for those who are slow. */
    Posted broadcast(Audience audience, Message message, Delivery delivery);

    /** Sends a message to an audience and tells what became of it, once every shard has queued it. */
    default CompletionStage<Receipt> broadcastWithReceipt(Audience audience, Message message) {
        return broadcastWithReceipt(audience, message, Delivery.usual());
    }

    /** Sends a message to an audience, says what to do with it for those who are slow, and tells what became of it. */
    CompletionStage<Receipt> broadcastWithReceipt(Audience audience, Message message, Delivery delivery);

    /** Sends a text message to the members of a room. */
    default Posted broadcast(String room, String text) {
        return broadcast(Audience.room(room), Message.text(text));
    }

    /**
     * Does what time demands: pings those who have been silent, ends those whom {@link Liveness} gives up, and keeps the pace
     * and the deadline of a drain. The registry has no thread, so somebody has to call this about every 50 ms ({@link Liveness#beatInterval}), from any thread. Each
     * call does a part of the work, in slices, so that no shard is held up; who calls less often gets the same work
     * done later. A call that finds the last one not taken up yet does nothing.
     *
     * <p>A pause of more than a quarter of the shortest time in which silence ends a connection means that the process
     * stood still, and what peers have sent meanwhile may not be read yet: everybody's silence then counts from the end
     * of the pause.
     */
    void beat();

    /**
     * Ends a connection: it leaves every room and the registry, what waits for it is still written, then its transport
     * closes with the reason.
     */
    CompletionStage<CloseOutcome> close(ConnectionId id, CloseReason reason);

    /** Ends a connection with {@link CloseReason#NORMAL}. Idempotent. */
    default CompletionStage<CloseOutcome> unregister(ConnectionId id) {
        return close(id, CloseReason.NORMAL);
    }

    /**
     * Ends every connection that is there when its shard comes to it, and tells how many there were: the short form of
     * {@link #drain}, at once, without a deadline, and others may register.
     */
    CompletionStage<Integer> closeAll(CloseReason reason);

    /**
     * Ends with {@link CloseReason#IDLE} every connection that was last heard from longer ago than the given time. One
     * that was heard within that time is never swept. Scans in slices, so that no shard is held up.
     *
     * @param maxIdle how long a connection may be silent; resolved to about 17 ms, always in the connection's favour
     * @return the connections that were ended
     */
    CompletionStage<List<ConnectionId>> sweepIdle(Duration maxIdle);

    /**
     * Takes no more connections, from when this returns, and tells those there are to go, as the plan says: each leaves
     * its rooms and the registry, what waits for it is still written, then its transport closes with the plan's reason and
     * a time of its own to come back. Those whose turn has not come stay members and hear everything meanwhile. What has
     * not ended at the deadline is aborted.
     *
     * <p>{@link #beat} is what moves a drain on. In any quarter of a second no more than 1.2 times what the plan allows
     * are told, also when beats come late; the drain then takes longer than its window. A plan that lets everybody be
     * told at once needs beats for its deadline only.
     *
     * <p>The first plan holds: a second call gets the report of the first. Posts are taken until {@link #close}.
     *
     * @return what became of the connections, once each transport has ended or was aborted
     */
    CompletionStage<DrainReport> drain(DrainPlan plan);

    /** Ends the pacing of a drain under way: everybody is told now. What waits is still written. */
    void hurry();

    /** Returns what the registry holds and has done. At once. */
    RegistryStats stats();

    /**
     * Takes no more connections and ends all there are with {@link CloseReason#GOING_AWAY}. Idempotent; returns at once
     * and does not wait for transports.
     */
    @Override
    void close();
}

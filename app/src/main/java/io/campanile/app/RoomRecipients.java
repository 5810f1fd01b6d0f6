package io.campanile.app;

import io.campanile.core.Audience;
import io.campanile.core.ConnectionId;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Delivery;
import io.campanile.core.Message;
import io.campanile.core.Posted;
import io.campanile.core.Receipt;
import io.campanile.protocol.EnvelopeMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The members of rooms.
 *
 * @param rooms their names in the registry
 * @param shown the room that the recipients see, if it is one
 */
record RoomRecipients(
        GatewayEndpoint endpoint,
        List<String> rooms,
        Optional<String> shown,
        Set<ConnectionId> excepted,
        List<String> exceptedRooms,
        Delivery delivery)
        implements Recipients {

    RoomRecipients(GatewayEndpoint endpoint, List<String> rooms, Optional<String> shown) {
        this(endpoint, rooms, shown, Set.of(), List.of(), Delivery.usual());
    }

    @Override
    public Recipients except(io.campanile.core.Connection... connections) {
        return except(
                Arrays.stream(connections).map(io.campanile.core.Connection::id).toArray(ConnectionId[]::new));
    }

    @Override
    public Recipients except(ConnectionId... connections) {
        Set<ConnectionId> more = new LinkedHashSet<>(excepted);
        more.addAll(List.of(connections));
        return new RoomRecipients(endpoint, rooms, shown, more, exceptedRooms, delivery);
    }

    @Override
    public Recipients exceptIn(Room... others) {
        List<String> more = new ArrayList<>(exceptedRooms);
        for (Room other : others) {
            more.add(endpoint.rooms.registered(other));
        }
        return new RoomRecipients(endpoint, rooms, shown, excepted, more, delivery);
    }

    @Override
    public Recipients with(Delivery value) {
        return new RoomRecipients(endpoint, rooms, shown, excepted, exceptedRooms, value);
    }

    @Override
    public Posted send(String event, Object data) {
        return registry().broadcast(audience(), message(event, data), delivery);
    }

    @Override
    public CompletionStage<Receipt> sendWithReceipt(String event, Object data) {
        return registry().broadcastWithReceipt(audience(), message(event, data), delivery);
    }

    @Override
    public Posted sendBinary(byte[] bytes) {
        return registry().broadcast(audience(), Message.binary(bytes), delivery);
    }

    @Override
    public <T> CompletionStage<Replies<T>> ask(String event, Object data, Class<T> answer, Duration timeout) {
        long id = endpoint.nextAskId();
        EnvelopeMessage question =
                EnvelopeMessage.request(id, event, endpoint.json().write(data));
        CompletableFuture<Replies<T>> gathered = new CompletableFuture<>();
        members()
                .thenCompose(members -> {
                    Map<ConnectionId, CompletableFuture<Reply<T>>> asked = new LinkedHashMap<>();
                    for (ConnectionId member : members) {
                        // Members of a shared room who came by another gateway could not answer to this one.
                        endpoint.client(member)
                                .ifPresent(client -> asked.put(member, client.ask(id, question, answer, timeout)));
                    }
                    return CompletableFuture.allOf(asked.values().toArray(CompletableFuture[]::new))
                            .thenApply(done -> {
                                Map<ConnectionId, Reply<T>> replies = new LinkedHashMap<>();
                                asked.forEach((member, reply) -> replies.put(member, reply.join()));
                                return new Replies<>(replies);
                            });
                })
                // Not on the shard that told the members: who waits for this may block.
                .whenComplete((replies, failure) -> endpoint.answers.execute(() -> {
                    if (failure == null) {
                        gathered.complete(replies);
                    } else {
                        gathered.completeExceptionally(failure);
                    }
                }));
        return gathered;
    }

    private CompletionStage<Set<ConnectionId>> members() {
        return union(rooms).thenCombine(union(exceptedRooms), (in, out) -> {
            in.removeAll(out);
            in.removeAll(excepted);
            return in;
        });
    }

    private CompletionStage<Set<ConnectionId>> union(List<String> names) {
        CompletionStage<Set<ConnectionId>> all = CompletableFuture.completedFuture(new LinkedHashSet<>());
        for (String name : names) {
            all = all.thenCombine(registry().members(name), (before, more) -> {
                before.addAll(more);
                return before;
            });
        }
        return all;
    }

    private Audience audience() {
        return Audience.rooms(rooms).except(excepted).exceptRooms(exceptedRooms.toArray(String[]::new));
    }

    private EnvelopeMessage message(String event, Object data) {
        var written = endpoint.json().write(data);
        return shown.map(room -> EnvelopeMessage.inRoom(room, event, written))
                .orElseGet(() -> EnvelopeMessage.event(event, written));
    }

    private ConnectionRegistry registry() {
        return endpoint.registry();
    }
}

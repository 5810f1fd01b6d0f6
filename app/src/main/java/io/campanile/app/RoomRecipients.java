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
        return offShard(clients().thenCompose(members -> {
            Map<ConnectionId, CompletableFuture<Reply<T>>> asked = new LinkedHashMap<>();
            members.forEach(client -> asked.put(client.id(), client.ask(id, question, answer, timeout)));
            return CompletableFuture.allOf(asked.values().toArray(CompletableFuture[]::new))
                    .thenApply(done -> {
                        Map<ConnectionId, Reply<T>> replies = new LinkedHashMap<>();
                        asked.forEach((member, reply) -> replies.put(member, reply.join()));
                        return new Replies<>(replies);
                    });
        }));
    }

    @Override
    public CompletionStage<List<Connection>> connections() {
        return offShard(clients().thenApply(List::copyOf));
    }

    /** Completes on a thread that may be blocked, and not on the shard that told the members. */
    private <T> CompletionStage<T> offShard(CompletionStage<T> stage) {
        CompletableFuture<T> later = new CompletableFuture<>();
        stage.whenComplete((value, failure) -> endpoint.answers.execute(() -> {
            if (failure == null) {
                later.complete(value);
            } else {
                later.completeExceptionally(failure);
            }
        }));
        return later;
    }

    /** Those of the members who came by this gateway: no others could be asked, or answer. */
    private CompletionStage<List<ClientConnection>> clients() {
        return registry()
                .connections(audience())
                .thenApply(all -> all.stream()
                        .flatMap(one -> endpoint.client(one.id()).stream())
                        .toList());
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

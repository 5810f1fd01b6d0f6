package io.campanile.server;

import io.campanile.core.Audience;
import io.campanile.core.ConnectionId;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Delivery;
import io.campanile.core.Message;
import io.campanile.core.Receipt;
import io.campanile.gateway.HttpAnswer;
import io.campanile.gateway.HttpCall;
import io.campanile.gateway.HttpHandler;
import io.campanile.protocol.Answers;
import io.campanile.protocol.EnvelopeMessage;
import io.campanile.protocol.HttpPublish;
import io.campanile.protocol.HttpPublish.Target;
import io.campanile.protocol.Payload;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Answers {@code POST /api/publish}: broadcasts, and tells what became of it. */
final class PublishHandler implements HttpHandler {

    private static final String RETRY_AFTER = "retry-after";

    private final ApiAccess access;
    private final Supplier<ConnectionRegistry> registry;

    PublishHandler(ApiAccess access, Supplier<ConnectionRegistry> registry) {
        this.access = access;
        this.registry = registry;
    }

    @Override
    public CompletionStage<HttpAnswer> handle(HttpCall call) {
        Optional<HttpAnswer> refusal = access.refuse(call);
        if (refusal.isPresent()) {
            return CompletableFuture.completedFuture(refusal.get());
        }
        Payload<HttpPublish> payload = PublishBody.read(call);
        if (payload instanceof Payload.Valid<HttpPublish> valid) {
            return publish(valid.value());
        }
        var refused = (Payload.Refused<HttpPublish>) payload;
        return CompletableFuture.completedFuture(
                HttpAnswer.problem(refused.code().httpStatus(), refused.message()));
    }

    private CompletionStage<HttpAnswer> publish(HttpPublish publish) {
        return registry.get()
                .broadcastWithReceipt(
                        audience(publish), message(publish), Delivery.usual().withKey(publish.key()))
                .thenApply(PublishHandler::answer);
    }

    private static Audience audience(HttpPublish publish) {
        Target target = publish.target();
        Audience audience;
        if (target instanceof Target.OneRoom room) {
            audience = Audience.room(room.name());
        } else if (target instanceof Target.SomeRooms rooms) {
            audience = Audience.rooms(rooms.names());
        } else if (target instanceof Target.OneUser user) {
            audience = Audience.user(user.name());
        } else {
            audience = Audience.all();
        }
        // An id that cannot be read is that of no connection, and so it is left out as one that has gone would be.
        List<ConnectionId> except = new ArrayList<>();
        publish.except().forEach(id -> ConnectionId.parse(id).ifPresent(except::add));
        return audience.except(except).exceptRooms(publish.exceptRooms().toArray(String[]::new));
    }

    private static Message message(HttpPublish publish) {
        // Only what one room receives names a room: of several, a recipient may not be in the one that were named.
        EnvelopeMessage message = publish.target() instanceof Target.OneRoom room
                ? EnvelopeMessage.inRoom(room.name(), publish.event(), publish.data())
                : EnvelopeMessage.event(publish.event(), publish.data());
        return publish.eventId().map(message::withEventId).orElse(message);
    }

    private static HttpAnswer answer(Receipt receipt) {
        return switch (receipt.posted()) {
            case ACCEPTED, GONE ->
                HttpAnswer.json(200, Answers.receipt(receipt).toByteArray()).withHeader("cache-control", "no-store");
            case OVERLOADED ->
                HttpAnswer.problem(
                                503, "the node has more to deliver than it may hold; nothing was sent, try again later")
                        .withHeader(RETRY_AFTER, "1");
            case TOO_LARGE ->
                HttpAnswer.problem(413, "the message is larger than what may wait for one client (outbound.max-size)");
            case CLOSED ->
                HttpAnswer.problem(503, "the node is stopping; nothing was sent, try another one")
                        .withHeader(RETRY_AFTER, "1");
        };
    }
}

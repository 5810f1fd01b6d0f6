package io.campanile.server;

import io.campanile.core.Audience;
import io.campanile.core.ConnectionId;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Delivery;
import io.campanile.core.Message;
import io.campanile.core.Receipt;
import io.campanile.gateway.HttpAnswer;
import io.campanile.gateway.HttpCall;
import io.campanile.protocol.Answers;
import io.campanile.protocol.EnvelopeMessage;
import io.campanile.protocol.HttpPublish;
import io.campanile.protocol.HttpPublish.Target;
import io.campanile.protocol.JsonSlice;
import io.campanile.protocol.Payload;
import io.campanile.protocol.Payloads;
import io.campanile.server.HttpApi.Route;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;

/** What sends messages over HTTP: each is broadcast, and the answer tells what became of it. */
final class Publishing {

    private static final String RETRY_AFTER = "retry-after";
    private static final String IDEMPOTENCY_KEY = "idempotency-key";

    private final Supplier<ConnectionRegistry> registry;
    private final IdempotentAnswers answers;

    Publishing(Supplier<ConnectionRegistry> registry, IdempotentAnswers answers) {
        this.registry = registry;
        this.answers = answers;
    }

    List<Route> routes() {
        return List.of(
                new Route(
                        "POST",
                        Paths.PUBLISH,
                        ApiScope.PUBLISH,
                        PublishBody.PARAMETERS,
                        PublishBody.REPEATED,
                        once((call, caller) -> with(PublishBody.read(call), this::publish))),
                Route.post(Paths.PUBLISH_BATCH, ApiScope.PUBLISH, once(this::batch)),
                Route.post(
                        Paths.BROADCAST,
                        ApiScope.PUBLISH,
                        once((call, caller) -> with(Payloads.httpBroadcast(call.body()), this::publish))));
    }

    /** Lets a request with a key of its own be done once, however often it comes. */
    private HttpApi.Handler once(HttpApi.Handler handler) {
        return (call, caller) -> {
            List<String> keys = call.headers().getOrDefault(IDEMPOTENCY_KEY, List.of());
            if (keys.isEmpty()) {
                return handler.answer(call, caller);
            }
            if (keys.size() > 1 || !IdempotentAnswers.isKey(keys.get(0))) {
                return HttpApi.now(HttpAnswer.problem(
                        400, IDEMPOTENCY_KEY + ": expected one of 1 to 255 characters of visible ASCII"));
            }
            return answers.answer(caller.name(), keys.get(0), fingerprint(call), () -> handler.answer(call, caller));
        };
    }

    private CompletionStage<HttpAnswer> batch(HttpCall call, ApiCaller caller) {
        return with(Payloads.httpPublishBatch(call.body()), messages -> {
            // The first was paid for when the request came.
            Optional<HttpAnswer> refusal =
                    messages.size() == 1 ? Optional.empty() : HttpApi.tooMany(caller, messages.size() - 1);
            return refusal.map(HttpApi::now).orElseGet(() -> publishAll(messages));
        });
    }

    private CompletionStage<HttpAnswer> publishAll(List<Payload<HttpPublish>> messages) {
        // All are placed before the first is waited for, so they are in the order of the batch everywhere.
        List<CompletableFuture<JsonSlice>> results = messages.stream()
                .map(message -> with(message, this::publish)
                        .thenApply(Publishing::result)
                        .toCompletableFuture())
                .toList();
        return CompletableFuture.allOf(results.toArray(CompletableFuture[]::new))
                .thenApply(done -> HttpAnswer.json(
                        200,
                        Answers.results(results.stream()
                                        .map(CompletableFuture::join)
                                        .toList())
                                .toByteArray()));
    }

    private static JsonSlice result(HttpAnswer answer) {
        JsonSlice json = JsonSlice.of(answer.body());
        return answer.status() == 200 ? json : Answers.failed(json);
    }

    private static <T> CompletionStage<HttpAnswer> with(
            Payload<T> payload, Function<T, CompletionStage<HttpAnswer>> action) {
        if (payload instanceof Payload.Valid<T> valid) {
            return action.apply(valid.value());
        }
        return HttpApi.now(HttpApi.refusal((Payload.Refused<T>) payload));
    }

    private CompletionStage<HttpAnswer> publish(HttpPublish publish) {
        return registry.get()
                .broadcastWithReceipt(
                        audience(publish), message(publish), Delivery.usual().withKey(publish.key()))
                .thenApply(Publishing::answer);
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
            case ACCEPTED, GONE -> HttpAnswer.json(200, Answers.receipt(receipt).toByteArray());
            case OVERLOADED ->
                HttpAnswer.problem(
                                503,
                                "overloaded",
                                "the node has more to deliver than it may hold; nothing was sent, try again later")
                        .withHeader(RETRY_AFTER, "1");
            case TOO_LARGE ->
                HttpAnswer.problem(413, "the message is larger than what may wait for one client (outbound.max-size)");
            case CLOSED ->
                HttpAnswer.problem(503, "the node is stopping; nothing was sent, try another one")
                        .withHeader(RETRY_AFTER, "1");
        };
    }

    /** Returns what two requests have in common only if they ask for the same. */
    private static byte[] fingerprint(HttpCall call) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String part : List.of(
                    call.path(), call.query(), call.header("content-type").orElse(""))) {
                digest.update(part.getBytes(StandardCharsets.UTF_8));
                digest.update((byte) '\n'); // which no part has
            }
            return digest.digest(call.body());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}

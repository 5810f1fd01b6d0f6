package io.campanile.server;

import io.campanile.core.Audience;
import io.campanile.core.CloseOutcome;
import io.campanile.core.CloseReason;
import io.campanile.core.CloseReason.ComeBack;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionId;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.JoinOutcome;
import io.campanile.core.LeaveOutcome;
import io.campanile.gateway.HttpAnswer;
import io.campanile.gateway.HttpCall;
import io.campanile.gateway.Revocations;
import io.campanile.protocol.Answers;
import io.campanile.protocol.DirectSend.Addressee;
import io.campanile.protocol.HttpDisconnect;
import io.campanile.protocol.HttpMembership;
import io.campanile.protocol.HttpRevoke;
import io.campanile.protocol.JsonSlice;
import io.campanile.protocol.Payload;
import io.campanile.protocol.Payloads;
import io.campanile.server.HttpApi.Route;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What takes connections into rooms and out of them, ends them, and revokes what they were admitted with. A connection or user that is not here is none that
 * matched, and no error. What is done is logged with the name of the key.
 */
final class Management {

    private static final Logger log = LoggerFactory.getLogger(Management.class);

    private static final String LABEL = "disconnected";

    private final Supplier<ConnectionRegistry> registry;
    private final Revocations revocations;

    Management(Supplier<ConnectionRegistry> registry, Revocations revocations) {
        this.registry = registry;
        this.revocations = revocations;
    }

    List<Route> routes() {
        return List.of(
                Route.post(
                        Paths.JOIN,
                        ApiScope.MANAGE,
                        (call, caller) -> done(call, caller, Payloads.httpMembership(call.body()), this::join)),
                Route.post(
                        Paths.LEAVE,
                        ApiScope.MANAGE,
                        (call, caller) -> done(call, caller, Payloads.httpMembership(call.body()), this::leave)),
                Route.post(
                        Paths.DISCONNECT,
                        ApiScope.MANAGE,
                        (call, caller) -> done(call, caller, Payloads.httpDisconnect(call.body()), this::disconnect)),
                Route.post(Paths.REVOKE, ApiScope.REVOKE, this::revoke));
    }

    private static <T> CompletionStage<HttpAnswer> done(
            HttpCall call, ApiCaller caller, Payload<T> payload, Function<T, CompletionStage<JsonSlice>> action) {
        if (payload instanceof Payload.Refused<T> refused) {
            return HttpApi.now(HttpApi.refusal(refused));
        }
        return action.apply(((Payload.Valid<T>) payload).value()).thenApply(counts -> done(call, caller, counts));
    }

    private static HttpAnswer done(HttpCall call, ApiCaller caller, JsonSlice counts) {
        log.atInfo()
                .addKeyValue("path", call.path())
                .addKeyValue("key", caller.name())
                .addKeyValue("counts", counts.text())
                .log("connections managed");
        return HttpAnswer.json(200, counts.toByteArray());
    }

    /** A revocation that is not kept has closed connections and keeps nobody out, so it has not done what was asked for. */
    private CompletionStage<HttpAnswer> revoke(HttpCall call, ApiCaller caller) {
        Payload<HttpRevoke> payload = Payloads.httpRevoke(call.body());
        if (payload instanceof Payload.Refused<HttpRevoke> refused) {
            return HttpApi.now(HttpApi.refusal(refused));
        }
        HttpRevoke asked = ((Payload.Valid<HttpRevoke>) payload).value();
        CompletionStage<Revocations.Revoked> revoked = asked instanceof HttpRevoke.OfUser user
                ? user.issuedBefore()
                        .map(moment -> revocations.revokeUser(user.name(), moment))
                        .orElseGet(() -> revocations.revokeUser(user.name()))
                : revocations.revokeToken(((HttpRevoke.OfToken) asked).id());
        return revoked.thenApply(outcome -> {
            HttpAnswer answer = done(call, caller, Answers.revoked(outcome.closed()));
            return outcome.isKept()
                    ? answer
                    : HttpAnswer.problem(
                                    503,
                                    "overloaded",
                                    "as many revocations are kept as may be (auth.max-revocations): " + outcome.closed()
                                            + " connections were closed, and may come again")
                            .withHeader("retry-after", "60");
        });
    }

    private CompletionStage<JsonSlice> join(HttpMembership asked) {
        return each(asked.who(), id -> registry.get().join(id, asked.room())).thenApply(outcomes -> {
            int gone = Collections.frequency(outcomes, JoinOutcome.GONE);
            return Answers.joined(
                    outcomes.size() - gone,
                    Collections.frequency(outcomes, JoinOutcome.JOINED),
                    Collections.frequency(outcomes, JoinOutcome.ALREADY_IN),
                    Collections.frequency(outcomes, JoinOutcome.REFUSED));
        });
    }

    private CompletionStage<JsonSlice> leave(HttpMembership asked) {
        return each(asked.who(), id -> registry.get().leave(id, asked.room()))
                .thenApply(outcomes -> Answers.left(
                        outcomes.size() - Collections.frequency(outcomes, LeaveOutcome.GONE),
                        Collections.frequency(outcomes, LeaveOutcome.LEFT)));
    }

    private CompletionStage<JsonSlice> disconnect(HttpDisconnect asked) {
        var reason = new CloseReason(asked.code(), LABEL, asked.reason(), ComeBack.NO);
        return each(asked.who(), id -> registry.get().close(id, reason))
                .thenApply(outcomes ->
                        Answers.closed(outcomes.size(), Collections.frequency(outcomes, CloseOutcome.CLOSED)));
    }

    /** Does the same to each connection of a user, or to the one connection, and gathers what became of it. */
    private <T> CompletionStage<List<T>> each(Addressee who, Function<ConnectionId, CompletionStage<T>> action) {
        return find(who).thenCompose(ids -> {
            List<CompletableFuture<T>> outcomes = ids.stream()
                    .map(id -> action.apply(id).toCompletableFuture())
                    .toList();
            return CompletableFuture.allOf(outcomes.toArray(CompletableFuture[]::new))
                    .thenApply(all ->
                            outcomes.stream().map(CompletableFuture::join).toList());
        });
    }

    private CompletionStage<List<ConnectionId>> find(Addressee who) {
        if (who instanceof Addressee.OneUser user) {
            return registry.get()
                    .connections(Audience.user(user.name()))
                    .thenApply(all -> all.stream().map(Connection::id).toList());
        }
        Optional<ConnectionId> id = ConnectionId.parse(((Addressee.OneConnection) who).id())
                .filter(known -> registry.get().find(known).isPresent());
        return CompletableFuture.completedFuture(id.map(List::of).orElse(List.of()));
    }
}

package io.campanile.server;

import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionRegistry;
import io.campanile.gateway.Admission;
import io.campanile.gateway.Authorizer;
import io.campanile.gateway.Handshake;
import io.campanile.gateway.RoomsEndpoint;
import io.campanile.gateway.StreamEndpoint;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Lets whoever holds a key that may read listen to rooms, whatever clients may join. The stream is a connection, and a
 * member of the rooms: who listens can be seen.
 */
final class TailEndpoint implements StreamEndpoint {

    private static final String ROOM = "room";

    static final Set<String> PARAMETERS = new LinkedHashSet<>(List.of(ROOM, "envelope", "lastEventId"));

    private final ApiAccess access;
    private final RoomsEndpoint rooms = new RoomsEndpoint(Authorizer.defaults());

    TailEndpoint(ApiAccess access) {
        this.access = access;
    }

    @Override
    public void start(ConnectionRegistry registry) {
        rooms.start(registry);
    }

    @Override
    public CompletionStage<Admission> admit(Handshake handshake) {
        return CompletableFuture.completedFuture(judge(handshake));
    }

    private Admission judge(Handshake handshake) {
        ApiAccess.Decision decision = access.decide(handshake.headers(), ApiScope.READ);
        if (decision instanceof ApiAccess.Refused refused) {
            return refused.refusal();
        }
        ApiCaller caller = ((ApiAccess.Granted) decision).caller();
        if (caller.take(1, System.nanoTime()) > 0) {
            return new Admission.Refused(429, HttpApi.TOO_MANY);
        }
        Optional<String> wrong = HttpApi.wrongQuery(handshake.query(), PARAMETERS, Set.of(ROOM));
        if (wrong.isPresent()) {
            return new Admission.Refused(400, wrong.get());
        }
        if (handshake.parameter(ROOM).isEmpty()) {
            return new Admission.Refused(400, "room: missing (expected: a room to listen to, or several)");
        }
        caller.called();
        return Admission.anonymous();
    }

    @Override
    public Optional<Admission.Refused> refusal(Connection connection, Handshake handshake) {
        return rooms.refusal(connection, handshake);
    }

    @Override
    public void opened(Connection connection, Handshake handshake) {
        rooms.opened(connection, handshake);
    }

    @Override
    public void closed(Connection connection, CloseReason reason) {
        rooms.closed(connection, reason);
    }
}

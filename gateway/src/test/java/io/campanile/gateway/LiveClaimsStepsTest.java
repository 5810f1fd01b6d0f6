package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Registration;
import io.campanile.core.spi.Clock;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.ShardExecutor;
import io.campanile.core.spi.Transport;
import io.campanile.core.spi.WireFormat;
import io.campanile.gateway.LiveClaims.Refreshed;
import io.campanile.gateway.Revocations.Revoked;
import io.campanile.protocol.ErrorCode;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** What happens when claims are revoked or refreshed while something else is under way, step by step. */
final class LiveClaimsStepsTest {

    private Instant wall = Instant.EPOCH;
    private final Loop loop = new Loop();
    private final LiveClaims claims = new LiveClaims(ClaimsRules.defaults(), () -> wall, Clock.system());
    private final ConnectionRegistry registry = ConnectionRegistry.builder()
            .shards(List.of(loop))
            .listener(claims.listener())
            .build();
    private final Wire wire = new Wire();

    LiveClaimsStepsTest() {
        claims.start(registry);
    }

    private static <T> T now(CompletionStage<T> stage) {
        return stage.toCompletableFuture().getNow(null);
    }

    @Test
    void aHandshakeUnderWayDoesNotEscapeARevocation() {
        Claims ann = Claims.of("ann");
        assertThat(claims.problem(ann)).isEmpty();
        CompletionStage<Revoked> revoked = claims.revocations().revokeUser("ann");

        registry.register(wire, ann);
        loop.runAll();

        assertThat(now(revoked)).isEqualTo(new Revoked(0, true));
        assertThat(wire.closed).contains(CloseReason.REVOKED);
    }

    @Test
    void aRegistrationUnderWayDoesNotEscapeARevocation() {
        registry.register(wire, Claims.of("ann"));
        claims.revocations().revokeUser("ann");

        loop.runAll();

        assertThat(wire.closed).contains(CloseReason.REVOKED);
    }

    @Test
    void aRefreshUnderWayDoesNotEscapeARevocation() {
        CompletionStage<Registration> registered = registry.register(wire, Claims.of("ann"));
        loop.runAll();
        Link link = (Link) ((Registration.Registered) now(registered)).connection();
        CompletableFuture<Admission> judged = new CompletableFuture<>();
        claims.refresh(link, refreshing(judged), "token");
        judged.complete(new Admission.Admitted(Claims.of("ann").withTokenId("t2")));
        claims.revocations().revokeToken("t2");

        loop.runAll();

        assertThat(wire.closed).contains(CloseReason.REVOKED);
    }

    @Test
    void oneRefreshIsJudgedAtATime() {
        CompletionStage<Registration> registered = registry.register(wire, Claims.of("ann"));
        loop.runAll();
        Link link = (Link) ((Registration.Registered) now(registered)).connection();
        CompletableFuture<Admission> judged = new CompletableFuture<>();

        CompletionStage<Refreshed> first = claims.refresh(link, refreshing(judged), "1");
        CompletionStage<Refreshed> second = claims.refresh(link, refreshing(judged), "2");
        judged.complete(new Admission.Admitted(Claims.of("ann").withTokenId("t1")));
        loop.runAll();
        CompletionStage<Refreshed> third = claims.refresh(link, refreshing(judged), "3");
        loop.runAll();

        assertThat(now(first)).isInstanceOf(Refreshed.Renewed.class);
        assertThat(now(second))
                .isEqualTo(new Refreshed.Refused(
                        ErrorCode.LIMIT_EXCEEDED, "the token before this one is still being judged"));
        assertThat(now(third)).isInstanceOf(Refreshed.Renewed.class);
    }

    @Test
    void aRefreshThatFailsMayBeTriedAgain() {
        CompletionStage<Registration> registered = registry.register(wire, Claims.of("ann"));
        loop.runAll();
        Link link = (Link) ((Registration.Registered) now(registered)).connection();
        Authenticator broken = new Authenticator() {
            @Override
            public CompletionStage<Admission> authenticate(Handshake handshake) {
                throw new IllegalStateException("broken");
            }

            @Override
            public CompletionStage<Admission> refresh(String token) {
                throw new IllegalStateException("broken");
            }
        };

        assertThat(claims.refresh(link, broken, "1").toCompletableFuture()).isCompletedExceptionally();
        CompletionStage<Refreshed> again = claims.refresh(
                link, refreshing(CompletableFuture.completedFuture(new Admission.Admitted(Claims.of("ann")))), "2");
        loop.runAll();

        assertThat(now(again)).isEqualTo(new Refreshed.Renewed(Claims.of("ann")));
    }

    @Test
    void whoIsWarnedIsWatchedForTheEndAlready() {
        registry.register(wire, Claims.of("ann").withExpiresAt(wall.plusSeconds(60)))
                .thenAccept(answer -> claims.watch(((Registration.Registered) answer).connection()));
        loop.runAll();
        List<Integer> watched = new ArrayList<>();
        wire.encoding = () -> watched.add(claims.watched());
        wall = wall.plusSeconds(40);

        loop.execute(claims::beat);
        loop.runAll();

        assertThat(watched).containsExactly(1);
        assertThat(claims.watched()).isEqualTo(1);
    }

    private static Authenticator refreshing(CompletionStage<Admission> answer) {
        return new Authenticator() {
            @Override
            public CompletionStage<Admission> authenticate(Handshake handshake) {
                return answer;
            }

            @Override
            public CompletionStage<Admission> refresh(String token) {
                return answer;
            }
        };
    }

    /** Runs its tasks when told to. */
    private static final class Loop implements ShardExecutor {
        private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        private boolean running;

        @Override
        public boolean isOwner() {
            return running;
        }

        @Override
        public void execute(Runnable task) {
            tasks.add(task);
        }

        void runAll() {
            running = true;
            while (!tasks.isEmpty()) {
                tasks.remove().run();
            }
            running = false;
        }
    }

    /** Takes everything, and keeps why it was closed. */
    private static final class Wire implements Transport {
        Optional<CloseReason> closed = Optional.empty();
        Runnable encoding = () -> {};

        @Override
        public WireFormat format() {
            return message -> {
                encoding.run();
                return message.payload();
            };
        }

        @Override
        public void attach(Link link) {}

        @Override
        public boolean write(ByteBuffer source, int offset, int length) {
            return true;
        }

        @Override
        public void close(CloseReason reason) {
            closed = Optional.of(reason);
        }

        @Override
        public void abort() {}
    }
}

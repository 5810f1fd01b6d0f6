package io.campanile.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.campanile.core.Quota.WhenFull;
import io.campanile.core.StressFixture.Recorder;
import io.campanile.core.spi.Clock;
import io.campanile.core.spi.ShardExecutor;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** Claims that change, and quotas on those who share them. */
public final class ClaimsStress {

    private static final Message A = Message.text("a");

    private ClaimsStress() {}

    private static ShardedRegistry registry(Quota quota) {
        return new ShardedRegistry(
                RegistryConfig.defaults().withMaxConnections(8),
                Collections.nCopies(2, ShardExecutor.callingThreads()),
                Clock.system(),
                new Random(1),
                List.of(),
                OverflowRules.EVICT,
                List.of(quota),
                8,
                ConnectionId.MAX_GENERATION);
    }

    private static ConnectionId register(ConnectionRegistry registry, Recorder transport, String user) {
        return ((Registration.Registered) StressFixture.await(registry.register(transport, Claims.of(user))))
                .connection()
                .id();
    }

    private static boolean isIn(CompletionStage<Registration> answer) {
        return StressFixture.now(answer) instanceof Registration.Registered registered
                && registered.connection().isOpen();
    }

    private static String users(ShardedRegistry registry) {
        return registry.userConnectionCount("ann") + " of ann, " + registry.userConnectionCount("bob") + " of bob, "
                + registry.quotas.size() + " places";
    }

    /** Two connections of one user register at once where there is place for one. */
    @JCStressTest
    @Outcome(id = "1 in, 1 of ann, 0 of bob, 1 places", expect = ACCEPTABLE, desc = "One is in, and the counts say so.")
    @Outcome(expect = FORBIDDEN, desc = "The quota was passed, or a place was lost.")
    @State
    public static class TakesNobodyBeyondTheQuota {
        private final ShardedRegistry registry = registry(Quota.perUser(1));
        private CompletionStage<Registration> first = new CompletableFuture<>();
        private CompletionStage<Registration> second = first;

        @Actor
        public void one() {
            first = registry.register(new Recorder(0), Claims.of("ann"));
        }

        @Actor
        public void other() {
            second = registry.register(new Recorder(1), Claims.of("ann"));
        }

        @Arbiter
        public void look(L_Result result) {
            result.r1 = ((isIn(first) ? 1 : 0) + (isIn(second) ? 1 : 0)) + " in, " + users(registry);
        }
    }

    /** One registers, and another gets the claims of the same user, where the oldest is closed. */
    @JCStressTest
    @Outcome(
            id = "1 in, 1 of ann, 0 of bob, 1 places",
            expect = ACCEPTABLE,
            desc = "One has taken the place of the other.")
    @Outcome(expect = FORBIDDEN, desc = "The quota was passed, or a place was lost.")
    @State
    public static class HandsAPlaceOverWhileClaimsChange {
        private final ShardedRegistry registry = registry(Quota.perUser(1).withWhenFull(WhenFull.CLOSE_OLDEST));
        private final ConnectionId bob = register(registry, new Recorder(0), "bob");
        private CompletionStage<Registration> ann = new CompletableFuture<>();

        @Actor
        public void changes() {
            registry.changeClaims(bob, Claims.of("ann"));
        }

        @Actor
        public void registers() {
            ann = registry.register(new Recorder(1), Claims.of("ann"));
        }

        @Arbiter
        public void look(L_Result result) {
            int in = (isIn(ann) ? 1 : 0) + (registry.find(bob).isPresent() ? 1 : 0);
            result.r1 = in + " in, " + users(registry);
        }
    }

    /** Claims change while the connection is unregistered. */
    @JCStressTest
    @Outcome(id = "0 of ann, 0 of bob, 0 places", expect = ACCEPTABLE, desc = "Nothing is left.")
    @Outcome(expect = FORBIDDEN, desc = "A trace of the connection is left.")
    @State
    public static class LeavesNoTraceOfAChangeThatMeetsAnUnregister {
        private final ShardedRegistry registry = registry(Quota.perUser(1));
        private final ConnectionId id = register(registry, new Recorder(0), "ann");

        @Actor
        public void changes() {
            registry.changeClaims(id, Claims.of("bob"));
        }

        @Actor
        public void unregisters() {
            registry.unregister(id);
        }

        @Arbiter
        public void look(L_Result result) {
            result.r1 = users(registry);
        }
    }

    /** A connection passes from one user to the other while both are sent to, first the one it passes to. */
    @JCStressTest
    @Outcome(
            id = {"none", "a"},
            expect = ACCEPTABLE,
            desc = "It changed before both, between them or behind them.")
    @Outcome(expect = FORBIDDEN, desc = "It belonged to both users at once.")
    @State
    public static class ReachesAtMostOnceWhoChanges {
        private final String ann = "ann" + RegistryStress.NAMES.incrementAndGet();
        private final String bob = "bob" + ann;
        private final Recorder recorder = new Recorder(0);
        private final ConnectionId id = register(RegistryStress.SHARED, recorder, ann);

        @Actor
        public void changes() {
            RegistryStress.SHARED.changeClaims(id, Claims.of(bob));
        }

        @Actor
        public void sends() {
            RegistryStress.SHARED.broadcast(Audience.user(bob), A);
            RegistryStress.SHARED.broadcast(Audience.user(ann), A);
        }

        @Arbiter
        public void look(L_Result result) {
            String written = RegistryStress.written(id, recorder);
            result.r1 = written.isEmpty() ? "none" : written;
        }
    }

    /** Who belongs to the user all the time gets one copy, whatever else of its claims changes. */
    @JCStressTest
    @Outcome(id = "a", expect = ACCEPTABLE, desc = "One copy.")
    @Outcome(expect = FORBIDDEN, desc = "None, or two.")
    @State
    public static class ReachesWhoStaysWithTheUser {
        private final String ann = "ann" + RegistryStress.NAMES.incrementAndGet();
        private final Recorder recorder = new Recorder(0);
        private final ConnectionId id = register(RegistryStress.SHARED, recorder, ann);

        @Actor
        public void changes() {
            RegistryStress.SHARED.changeClaims(id, Claims.of(ann).withTokenId("2"));
        }

        @Actor
        public void sends() {
            RegistryStress.SHARED.broadcast(Audience.user(ann), A);
        }

        @Arbiter
        public void look(L_Result result) {
            result.r1 = RegistryStress.written(id, recorder);
        }
    }
}

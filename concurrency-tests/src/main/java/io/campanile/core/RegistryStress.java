package io.campanile.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.campanile.core.StressFixture.Recorder;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** {@link ShardedRegistry}: limits are exact, nothing stays of who has left, and a room has one order. */
public final class RegistryStress {

    private static final String ROOM = "lobby";

    private RegistryStress() {}

    private static boolean isRegistered(CompletionStage<Registration> answer) {
        return StressFixture.now(answer) instanceof Registration.Registered;
    }

    /** Two connections register at once where there is place for one. */
    @JCStressTest
    @Outcome(id = "one", expect = ACCEPTABLE, desc = "One is in, and the count says so.")
    @Outcome(id = "both", expect = FORBIDDEN, desc = "The limit was passed.")
    @Outcome(expect = FORBIDDEN, desc = "A place was lost, or the count is wrong.")
    @State
    public static class TakesNobodyBeyondTheLimit {
        private final ShardedRegistry registry = StressFixture.registry(2, 1);
        private CompletionStage<Registration> first = new CompletableFuture<>();
        private CompletionStage<Registration> second = first;

        @Actor
        public void one() {
            first = registry.register(new Recorder(0));
        }

        @Actor
        public void other() {
            second = registry.register(new Recorder(1));
        }

        @Arbiter
        public void look(L_Result result) {
            int in = (isRegistered(first) ? 1 : 0) + (isRegistered(second) ? 1 : 0);
            result.r1 = in == 2
                    ? "both"
                    : in == 1 && registry.connectionCount() == 1 ? "one" : in + " of " + registry.connectionCount();
        }
    }

    /** A place becomes free while somebody asks for one. */
    @JCStressTest
    @Outcome(
            id = {"registered, 1", "refused, 0"},
            expect = ACCEPTABLE,
            desc = "It came before or after the place was free.")
    @Outcome(expect = FORBIDDEN, desc = "A place was lost or given twice.")
    @State
    public static class CountsAPlaceOnceWhileItChangesHands {
        private final ShardedRegistry registry = StressFixture.registry(2, 1);
        private final ConnectionId there = StressFixture.register(registry, new Recorder(0));
        private CompletionStage<Registration> next = new CompletableFuture<>();

        @Actor
        public void leaves() {
            registry.unregister(there);
        }

        @Actor
        public void comes() {
            next = registry.register(new Recorder(1));
        }

        @Arbiter
        public void look(L_Result result) {
            result.r1 = (isRegistered(next) ? "registered, " : "refused, ") + registry.connectionCount();
        }
    }

    /** Says what is left of a connection and its room. */
    private static String trace(ShardedRegistry registry) {
        int members = StressFixture.now(registry.members(ROOM)).size();
        if (registry.roomCount() == 0
                && registry.rooms().isEmpty()
                && registry.memberCount(ROOM) == 0
                && registry.userConnectionCount("alice") == 0
                && registry.connectionCount() == 0
                && members == 0) {
            return "nothing";
        }
        return registry.rooms() + " members " + members + " counted " + registry.memberCount(ROOM) + " connections "
                + registry.connectionCount();
    }

    /** A join is placed while the connection is unregistered. */
    @JCStressTest
    @Outcome(id = "nothing", expect = ACCEPTABLE, desc = "Neither room, member, user nor connection is left.")
    @Outcome(expect = FORBIDDEN, desc = "A trace of the connection is left.")
    @State
    public static class LeavesNoTraceOfAJoinThatMeetsAnUnregister {
        private final ShardedRegistry registry = StressFixture.registry(1, 8);
        private final ConnectionId id = ((Registration.Registered)
                        StressFixture.now(registry.register(new Recorder(0), Claims.of("alice"))))
                .connection()
                .id();

        @Actor
        public void joins() {
            registry.join(id, ROOM);
        }

        @Actor
        public void unregisters() {
            registry.unregister(id);
        }

        @Arbiter
        public void look(L_Result result) {
            result.r1 = trace(registry);
        }
    }

    /** The transport ends, from another thread, while the connection joins, and the connection is closed as well. */
    @JCStressTest
    @Outcome(id = "nothing", expect = ACCEPTABLE, desc = "Neither room, member nor connection is left.")
    @Outcome(expect = FORBIDDEN, desc = "A trace of the connection is left.")
    @State
    public static class LeavesNoTraceWhenTheTransportEndsMeanwhile {
        private final ShardedRegistry registry = StressFixture.registry(1, 8);
        private final Recorder transport = new Recorder(0);
        private final ConnectionId id = StressFixture.register(registry, transport);

        @Actor
        public void joins() {
            registry.join(id, ROOM);
        }

        @Actor
        public void ends() {
            transport.link().closed(CloseReason.TRANSPORT_LOST);
            registry.close(id, CloseReason.GOING_AWAY);
        }

        @Arbiter
        public void look(L_Result result) {
            result.r1 = trace(registry);
        }
    }

    /** The last member leaves on one shard while another joins on the other. */
    @JCStressTest
    @Outcome(id = "joined", expect = ACCEPTABLE, desc = "The room is there, with the one who joined.")
    @Outcome(expect = FORBIDDEN, desc = "The room is lost, or counts who has left.")
    @State
    public static class KeepsARoomThatIsJoinedWhileItsLastMemberLeaves {
        private final ShardedRegistry registry = StressFixture.registry(2, 8);
        private final ConnectionId leaver = StressFixture.register(registry, new Recorder(0));
        private final ConnectionId joiner = StressFixture.register(registry, new Recorder(1));

        public KeepsARoomThatIsJoinedWhileItsLastMemberLeaves() {
            registry.join(leaver, ROOM);
        }

        @Actor
        public void leaves() {
            registry.leave(leaver, ROOM);
        }

        @Actor
        public void joins() {
            registry.join(joiner, ROOM);
        }

        @Arbiter
        public void look(L_Result result) {
            boolean joined = StressFixture.now(registry.members(ROOM)).equals(List.of(joiner))
                    && registry.memberCount(ROOM) == 1
                    && registry.roomCount() == 1;
            result.r1 = joined ? "joined" : trace(registry);
        }
    }

    /*
     * One registry for all states where messages are written, since each takes a direct buffer for its first one. While
     * one state ends, another may keep the shards busy, so answers are awaited. A state that ends unregisters its
     * connections, and what is seen when that has been answered is all there will be.
     */

    static final ShardedRegistry SHARED = new ShardedRegistry(
            RegistryConfig.defaults(),
            java.util.Collections.nCopies(2, io.campanile.core.spi.ShardExecutor.callingThreads()),
            io.campanile.core.spi.Clock.system(),
            new java.util.Random(1),
            List.of(),
            OverflowRules.EVICT,
            List.of());

    static final AtomicLong NAMES = new AtomicLong();

    private static final Message A = Message.text("a");
    private static final Message B = Message.text("b");

    /** One joins before another leaves, on two shards, while a third thread counts. */
    @JCStressTest
    @Outcome(
            id = {"1", "2"},
            expect = ACCEPTABLE,
            desc = "There was always a member.")
    @Outcome(expect = FORBIDDEN, desc = "A number that was true at no moment.")
    @State
    public static class CountsMembersAsTheyWereAtOneMoment {
        private final String room = "count" + NAMES.incrementAndGet();
        private final ConnectionId joiner = StressFixture.register(SHARED, new Recorder(0));
        private final ConnectionId leaver = StressFixture.register(SHARED, new Recorder(1));

        public CountsMembersAsTheyWereAtOneMoment() {
            StressFixture.await(SHARED.join(leaver, room));
        }

        @Actor
        public void joinsThenLeaves() {
            SHARED.join(joiner, room);
            SHARED.leave(leaver, room);
        }

        @Actor
        public void counts(L_Result result) {
            result.r1 = SHARED.memberCount(room);
        }

        @Arbiter
        public void end() {
            StressFixture.await(SHARED.unregister(joiner));
            StressFixture.await(SHARED.unregister(leaver));
        }
    }

    /** Ends the connection and returns what was written to it. */
    static String written(ConnectionId id, Recorder transport) {
        StressFixture.await(SHARED.unregister(id));
        return transport.calls().replace("|.", "");
    }

    /** Two connections on two shards, both in two rooms that only they are in. */
    private static final class Pair {
        final String room = "room" + NAMES.incrementAndGet();
        final String hall = "hall" + room;
        final Recorder here = new Recorder(0);
        final Recorder there = new Recorder(1);
        final ConnectionId hereId = StressFixture.register(SHARED, here);
        final ConnectionId thereId = StressFixture.register(SHARED, there);

        Pair() {
            for (ConnectionId id : List.of(hereId, thereId)) {
                StressFixture.await(SHARED.join(id, room));
                StressFixture.await(SHARED.join(id, hall));
            }
        }

        String verdict() {
            String one = written(hereId, here);
            String other = written(thereId, there);
            return one.equals(other) ? one : one + " and " + other;
        }
    }

    /** Two broadcasts to one room, whose members are on two shards. */
    @JCStressTest
    @Outcome(
            id = {"ab", "ba"},
            expect = ACCEPTABLE,
            desc = "Both members have both messages in the same order.")
    @Outcome(
            id = {"ab and ba", "ba and ab"},
            expect = FORBIDDEN,
            desc = "The members saw different orders.")
    @Outcome(expect = FORBIDDEN, desc = "A message was lost or came twice.")
    @State
    public static class ShowsARoomOneOrder {
        private final Pair pair = new Pair();

        @Actor
        public void one() {
            SHARED.broadcast(Audience.room(pair.room), A);
        }

        @Actor
        public void other() {
            SHARED.broadcast(Audience.room(pair.room), B);
        }

        @Arbiter
        public void look(L_Result result) {
            result.r1 = pair.verdict();
        }
    }

    /** Two broadcasts address a common room that there is not, and reach the same two through other rooms. */
    @JCStressTest
    @Outcome(
            id = {"ab", "ba"},
            expect = ACCEPTABLE,
            desc = "Both members have both messages in the same order.")
    @Outcome(
            id = {"ab and ba", "ba and ab"},
            expect = FORBIDDEN,
            desc = "The members saw different orders.")
    @Outcome(expect = FORBIDDEN, desc = "A message was lost or came twice.")
    @State
    public static class ShowsOneOrderToWhomACommonRoomIsAddressed {
        private final Pair pair = new Pair();
        private final String empty = "empty" + pair.room;

        @Actor
        public void one() {
            SHARED.broadcast(Audience.rooms(empty, pair.room), A);
        }

        @Actor
        public void other() {
            SHARED.broadcast(Audience.rooms(empty, pair.hall), B);
        }

        @Arbiter
        public void look(L_Result result) {
            result.r1 = pair.verdict();
        }
    }

    /**
     * A connection joins and a message follows, while another thread runs the shard, so that the join may still be waiting
     * there, and while the only other member leaves, so that the room may die.
     */
    @JCStressTest
    @Outcome(id = "a", expect = ACCEPTABLE, desc = "Who joined before the broadcast has the message.")
    @Outcome(expect = FORBIDDEN, desc = "The broadcast missed a join that its thread had placed before it.")
    @State
    public static class ReachesWhoJoinedJustBefore {
        private final String room = "join" + NAMES.incrementAndGet();
        private final Recorder here = new Recorder(0);
        private final ConnectionId hereId = StressFixture.register(SHARED, here);
        private final ConnectionId thereId = StressFixture.register(SHARED, new Recorder(1));

        public ReachesWhoJoinedJustBefore() {
            StressFixture.await(SHARED.join(thereId, room));
        }

        @Actor
        public void joinsAndPublishes() {
            SHARED.join(hereId, room);
            SHARED.broadcast(Audience.room(room), A);
        }

        @Actor
        public void runsTheShardAndLeaves() {
            SHARED.rooms(hereId);
            SHARED.rooms(hereId);
            SHARED.leave(thereId, room);
        }

        @Arbiter
        public void look(L_Result result) {
            result.r1 = written(hereId, here);
            StressFixture.await(SHARED.unregister(thereId));
        }
    }

    /** A message is sent while the connection is closed. */
    @JCStressTest
    @Outcome(
            id = {"QUEUED a|.", "QUEUED |a."},
            expect = ACCEPTABLE,
            desc = "Queued, and written before the transport closes.")
    @Outcome(id = "GONE |.", expect = ACCEPTABLE, desc = "The connection had left, and nothing was written.")
    @Outcome(expect = FORBIDDEN, desc = "Written after the close, or queued and lost, or told wrongly.")
    @State
    public static class WritesBeforeTheCloseOrNotAtAll {
        private final Recorder transport = new Recorder(0);
        private final ConnectionId id = StressFixture.register(SHARED, transport);
        private CompletionStage<SendOutcome> outcome = new CompletableFuture<>();

        @Actor
        public void sends() {
            outcome = SHARED.sendWithReceipt(id, A);
        }

        @Actor
        public void closes() {
            SHARED.close(id, CloseReason.NORMAL);
        }

        @Arbiter
        public void look(L_Result result) {
            StressFixture.await(SHARED.unregister(id));
            result.r1 = StressFixture.await(outcome) + " " + transport.calls();
        }
    }
}

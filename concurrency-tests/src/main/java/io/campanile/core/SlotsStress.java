package io.campanile.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.campanile.core.StressFixture.Recorder;
import io.campanile.core.spi.ShardExecutor;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** {@link Slots}: a sign of life reaches the connection it names or nobody, and the newest one stands. */
public final class SlotsStress {

    private static final Shard SHARD = new Shard(0, StressFixture.registry(1, 8), ShardExecutor.callingThreads(), 1, 1);

    private SlotsStress() {}

    private static LiveConnection connection(int slot, int generation) {
        Recorder transport = new Recorder(0);
        return new LiveConnection(
                ConnectionId.pack(0, 0, slot, generation),
                SHARD,
                transport,
                transport.format(),
                Claims.anonymous(),
                Ceiling.of(OutboundLimits.defaults()));
    }

    /** One slot, taken by its first generation, which was seen at tick 1. */
    private static final class OneSlot {
        final Slots slots = new Slots(1, 8);
        final int slot = slots.take();
        final LiveConnection first = connection(slot, slots.nextGeneration(slot));

        OneSlot() {
            slots.put(slot, first, 1, 0);
        }

        /** Whether there is a connection, and it was last seen before a tick. */
        boolean isIdle(long tick) {
            return slots.firstSeenBefore(tick, slot, slot + 1) == slot;
        }

        /** Gives the slot to its second generation, seen at tick 2. */
        void handOver() {
            slots.free(slot);
            slots.put(slots.take(), connection(slot, slots.nextGeneration(slot)), 2, 0);
        }
    }

    /** A touch is on its way while the slot passes to the next generation. */
    @JCStressTest
    @Outcome(id = "seen at 2", expect = ACCEPTABLE, desc = "The next generation was seen when it came, and not since.")
    @Outcome(id = "marked", expect = FORBIDDEN, desc = "A late touch marked the next generation.")
    @Outcome(expect = FORBIDDEN, desc = "The slot lost its connection.")
    @State
    public static class NeverMarksTheNextGeneration {
        private final OneSlot one = new OneSlot();

        @Actor
        public void touches() {
            one.slots.touch(one.first.value, 9);
        }

        @Actor
        public void handsOver() {
            one.handOver();
        }

        @Arbiter
        public void look(L_Result result) {
            boolean isSecond = one.slots.connection(one.slot).generation() == 2;
            result.r1 = !one.isIdle(3) ? "marked" : isSecond && !one.isIdle(2) ? "seen at 2" : "lost";
        }
    }

    /** Two threads touch at different ticks. */
    @JCStressTest
    @Outcome(id = "newest", expect = ACCEPTABLE, desc = "The later sign of life stands.")
    @Outcome(expect = FORBIDDEN, desc = "An older sign of life replaced a newer one.")
    @State
    public static class KeepsTheNewestSignOfLife {
        private final OneSlot one = new OneSlot();

        @Actor
        public void touchesEarlier() {
            one.slots.touch(one.first.value, 5);
        }

        @Actor
        public void touchesLater() {
            one.slots.touch(one.first.value, 7);
        }

        @Arbiter
        public void look(L_Result result) {
            boolean seenAt7 = !one.isIdle(7) && one.isIdle(8);
            result.r1 = seenAt7 ? "newest" : "older";
        }
    }

    /** A slot is freed while somebody touches it and then looks it up. */
    @JCStressTest
    @Outcome(
            id = {"true, true", "true, false", "false, false"},
            expect = ACCEPTABLE,
            desc = "It leaves once.")
    @Outcome(id = "false, true", expect = FORBIDDEN, desc = "Touch said that it had left, then find found it.")
    @State
    public static class IsGoneForFindWhenItIsGoneForTouch {
        private final OneSlot one = new OneSlot();

        @Actor
        public void frees() {
            one.slots.free(one.slot);
        }

        @Actor
        public void touchesAndFinds(ZZ_Result result) {
            result.r1 = one.slots.touch(one.first.value, 9);
            result.r2 = one.slots.find(one.first.value) != null;
        }
    }

    /** A slot is filled while somebody looks it up and then touches it. */
    @JCStressTest
    @Outcome(
            id = {"true, true", "false, true", "false, false"},
            expect = ACCEPTABLE,
            desc = "It comes once.")
    @Outcome(id = "true, false", expect = FORBIDDEN, desc = "Find found it, then touch said that it is not there.")
    @State
    public static class IsThereForTouchWhenItIsThereForFind {
        private final Slots slots = new Slots(1, 8);
        private final int slot = slots.take();
        private final LiveConnection first = connection(slot, slots.nextGeneration(slot));

        @Actor
        public void fills() {
            slots.put(slot, first, 1, 0);
        }

        @Actor
        public void findsAndTouches(ZZ_Result result) {
            result.r1 = slots.find(first.value) != null;
            result.r2 = slots.touch(first.value, 9);
        }
    }
}

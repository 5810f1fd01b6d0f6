package io.campanile.core;

import io.campanile.core.StressFixture.Recorder;
import io.campanile.core.spi.ShardExecutor;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;

/** One slot that its owner empties and fills, while others touch and look up its generations. For Lincheck. */
@Param(name = "generation", gen = IntGen.class, conf = "1:2")
@Param(name = "tick", gen = IntGen.class, conf = "3:5")
public class TouchedSlot {

    private static final Shard SHARD = new Shard(0, StressFixture.registry(1, 8), ShardExecutor.callingThreads(), 1, 1);

    private final Slots slots = new Slots(1, 8);
    private final int slot = slots.take();

    /** Fills the slot with its first generation. */
    public TouchedSlot() {
        fill();
    }

    private void fill() {
        int generation = slots.nextGeneration(slot);
        Recorder transport = new Recorder(0);
        slots.put(
                slot,
                new LiveConnection(
                        ConnectionId.pack(0, 0, slot, generation),
                        SHARD,
                        transport,
                        transport.format(),
                        Claims.anonymous(),
                        Ceiling.of(OutboundLimits.defaults())),
                1,
                0);
    }

    /** Marks a generation as seen; any thread. */
    @Operation(params = {"generation", "tick"})
    public boolean touch(int generation, int tick) {
        return slots.touch(ConnectionId.pack(0, 0, slot, generation), tick);
    }

    /** Looks a generation up; any thread. */
    @Operation(params = "generation")
    public boolean find(int generation) {
        return slots.find(ConnectionId.pack(0, 0, slot, generation)) != null;
    }

    /** Empties the slot; the owner. */
    @Operation(nonParallelGroup = "owner", runOnce = true)
    public void free() {
        slots.free(slot);
    }

    /** Fills the slot again; the owner. */
    @Operation(nonParallelGroup = "owner", runOnce = true)
    public boolean refill() {
        if (slots.find(ConnectionId.pack(0, 0, slot, 1)) != null || slots.take() < 0) {
            return false;
        }
        fill();
        return true;
    }

    /** Asks whether it was last seen before a tick; the owner. */
    @Operation(nonParallelGroup = "owner", params = "tick")
    public boolean isIdle(int tick) {
        return slots.firstSeenBefore(tick, slot, slot + 1) == slot;
    }

    /** The same with plain fields. */
    public static class Sequential {
        private int generation = 1;
        private boolean there = true;
        private int seen = 1;

        /** Marks a generation as seen. */
        public boolean touch(int asked, int tick) {
            if (!find(asked)) {
                return false;
            }
            seen = Math.max(seen, tick);
            return true;
        }

        /** Looks a generation up. */
        public boolean find(int asked) {
            return there && generation == asked;
        }

        /** Empties the slot. */
        public void free() {
            there = false;
        }

        /** Fills the slot again. */
        public boolean refill() {
            if (there || generation == 2) {
                return false;
            }
            there = true;
            generation = 2;
            seen = 1;
            return true;
        }

        /** Asks whether it was last seen before a tick. */
        public boolean isIdle(int tick) {
            return there && seen < tick;
        }
    }
}

package io.campanile.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.spi.ShardExecutor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class SlotsTest {
    private static final int SLOTS = 5_000;

    private final Shard shard =
            new Shard(0, (ShardedRegistry) ConnectionRegistry.builder().build(), ShardExecutor.callingThreads(), 1, 1);

    @Test
    void findsTheFirstSeenBeforeATickWhereverItIs() {
        Slots slots = new Slots(SLOTS, 10);
        for (int i = 0; i < SLOTS; i++) {
            put(slots, 100);
        }
        assertThat(slots.firstSeenBefore(100, 0, SLOTS)).isEqualTo(SLOTS);
        assertThat(slots.firstSeenBefore(101, 4_095, SLOTS)).isEqualTo(4_095);

        int[] quiet = {7, 1_023, 1_024, 3_000, SLOTS - 1};
        for (int slot : quiet) {
            slots.free(slot);
            assertThat(put(slots, 50)).isEqualTo(slot);
        }
        slots.free(2_000);

        int from = 0;
        for (int slot : quiet) {
            assertThat(slots.firstSeenBefore(100, from, slot)).isEqualTo(slot);
            assertThat(slots.firstSeenBefore(100, from, SLOTS)).isEqualTo(slot);
            from = slot + 1;
        }
        assertThat(slots.firstSeenBefore(100, from, SLOTS)).isEqualTo(SLOTS);
        assertThat(slots.firstSeenBefore(Long.MAX_VALUE, 2_000, SLOTS)).isEqualTo(2_001);
    }

    private int put(Slots slots, long tick) {
        int slot = slots.take();
        TestTransport transport = new TestTransport();
        long id = ConnectionId.pack(0, 0, slot, slots.nextGeneration(slot));
        Ceiling ceiling = Ceiling.of(OutboundLimits.defaults());
        LiveConnection connection =
                new LiveConnection(id, shard, transport, transport.format(), Claims.anonymous(), ceiling);
        slots.put(slot, connection, tick, 0);
        return slot;
    }
}

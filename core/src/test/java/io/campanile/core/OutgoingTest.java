package io.campanile.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.spi.ShardExecutor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class OutgoingTest {

    private static LiveConnection connection() {
        TestTransport transport = new TestTransport();
        Ceiling ceiling = Ceiling.of(OutboundLimits.defaults());
        ShardedRegistry registry =
                (ShardedRegistry) ConnectionRegistry.builder().build();
        Shard shard = new Shard(0, registry, ShardExecutor.callingThreads(), 1, 1);
        return new LiveConnection(1, shard, transport, transport.format(), Claims.anonymous(), ceiling);
    }

    @Test
    void givesEachItsOwnRowUntilThatIsTakenBack() {
        Outgoing outgoing = new Outgoing(0);
        List<Integer> rows = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            rows.add(outgoing.take(connection()));
        }
        assertThat(rows).doesNotHaveDuplicates();
        rows.forEach(row -> outgoing.gather(row, row, 1));
        assertThat(rows).allSatisfy(row -> assertThat(outgoing.start(row)).isEqualTo(row));

        outgoing.free(rows.get(41));
        assertThat(outgoing.hasGathered(rows.get(41))).isFalse();
        int again = outgoing.take(connection());

        assertThat(again).isEqualTo(rows.get(41));
        assertThat(outgoing.isIdle(again)).isTrue();
        assertThat(outgoing.isReady(again)).isTrue();
    }

    @Test
    void countsWhatWasPutOffAgainWhenItIsNotWritten() {
        Outgoing outgoing = new Outgoing(0);
        int row = outgoing.take(connection());
        outgoing.gather(row, 100, 7);
        outgoing.gather(row, 107, 3);

        outgoing.written(row);
        assertThat(outgoing.bytes(row)).isZero();
        assertThat(outgoing.frames(row)).isZero();
        assertThat(outgoing.hasGathered(row)).isFalse();

        outgoing.unwritten(row);
        assertThat(outgoing.bytes(row)).isEqualTo(10);
        assertThat(outgoing.frames(row)).isEqualTo(2);
    }

    @Test
    void keepsRangesOnceThereIsAGap() {
        Outgoing outgoing = new Outgoing(0);
        LiveConnection connection = connection();
        int row = outgoing.take(connection);
        outgoing.gather(row, 100, 7);
        outgoing.gather(row, 107, 3);
        assertThat(outgoing.takeRanges(row)).isNull();

        outgoing.gather(row, 200, 5);
        outgoing.gather(row, 205, 5);
        outgoing.gather(row, 300, 1);

        Ranges ranges = outgoing.takeRanges(row);
        assertThat(ranges).isNotNull();
        assertThat(ranges.asArray()).startsWith(100, 10, 200, 10, 300, 1);
        assertThat(ranges.count()).isEqualTo(3);
        assertThat(outgoing.bytes(row)).isEqualTo(21);
        assertThat(outgoing.frames(row)).isEqualTo(5);
        assertThat(outgoing.takeRanges(row)).isNull();
        assertThat(connection.ranges).isNull();
    }

    @Test
    void wipesTheStampsOfAnAgeBeforeItBeginsTheNext() {
        Outgoing outgoing = new Outgoing(-2);
        int served = outgoing.take(connection());
        int other = outgoing.take(connection());
        assertThat(outgoing.stamp(served, 1)).isTrue(); // 2^32 broadcasts ago
        assertThat(outgoing.stamp(served, 1)).isFalse();
        assertThat(outgoing.newStamp()).isEqualTo(-1);
        assertThat(outgoing.stamp(other, -1)).isTrue();

        assertThat(outgoing.newStamp()).isEqualTo(1);

        assertThat(outgoing.stamp(served, 1)).isTrue();
        assertThat(outgoing.stamp(other, 1)).isTrue();
        assertThat(outgoing.stamp(other, 1)).isFalse();
    }

    @Test
    void tellsTheMostFramesFromTheMarks() {
        Outgoing outgoing = new Outgoing(0);
        int row = outgoing.take(connection());
        outgoing.setWaiting(row, Integer.MAX_VALUE, Outgoing.MOST_FRAMES);
        outgoing.setBusy(row, true);
        outgoing.leave(row);

        assertThat(outgoing.frames(row)).isEqualTo(Outgoing.MOST_FRAMES);
        assertThat(outgoing.bytes(row)).isEqualTo(Integer.MAX_VALUE);
        assertThat(outgoing.isBusy(row)).isTrue();
        assertThat(outgoing.isIdle(row)).isFalse();
        assertThat(Ceiling.of(new OutboundLimits(Integer.MAX_VALUE, Integer.MAX_VALUE))
                        .frames())
                .isEqualTo(Outgoing.MOST_FRAMES);
    }
}

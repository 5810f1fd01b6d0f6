package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Audience;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How a node is measured that grows. */
@Timeout(120)
final class MillionBenchTest {

    @Test
    void growsTenfoldUpToTheNumberAskedFor() {
        assertThat(MillionBench.steps(1_000_000)).containsExactly(1_000, 10_000, 100_000, 1_000_000);
        assertThat(MillionBench.steps(15_000)).containsExactly(1_500, 15_000);
        assertThat(MillionBench.steps(200)).containsExactly(200);
    }

    @Test
    void dealsConnectionsInMemoryToRooms() {
        MemoryNode node = new MemoryNode(10);

        node.connect(4, 3);
        node.connect(3, 3);

        assertThat(node.connectionCount()).isEqualTo(7);
        assertThat(node.memberCount(MemoryNode.roomName(0))).isEqualTo(3);
        assertThat(node.memberCount(MemoryNode.roomName(2))).isEqualTo(2);
    }

    @Test
    void givesABroadcastToEveryMemberBeforeItIsOver() {
        MemoryNode node = new MemoryNode(10);
        node.connect(10, 5);

        long before = node.writtenBytes();
        node.broadcast(Audience.all(), new byte[100], 2);
        long toAll = node.writtenBytes();
        node.broadcast(Audience.room(MemoryNode.roomName(4)), new byte[100], 3);

        assertThat(toAll - before).isEqualTo(10 * 2 * 100);
        assertThat(node.writtenBytes() - toAll).isEqualTo(2 * 3 * 100);
    }

    @Test
    void measuresInMemory() {
        assertThat(said("--connections=3000", "--rooms=10", "--over=memory"))
                .containsPattern("connections +3,000 in 10 rooms, in memory")
                .containsPattern("(?m)^3,000 +\\d+ +[0-9,]+ +[0-9.]+ +300 +[0-9.]+")
                .containsPattern("met +heap: 0[0-9.]+ GiB")
                .contains("a broadcast to all, for each member: ", "beats: sweep and pings: ");
    }

    @Test
    void measuresTheRealServer() {
        assertThat(said("--connections=40", "--rooms=4", "--over=sockets"))
                .containsPattern("connections +40 in 4 rooms, sockets")
                .containsPattern("(?m)^40 +[0-9,]+ +\\d+ +-?[0-9,]+ +\\d+ +[0-9,]+ +[0-9.]+ +[0-9,]+$")
                .containsPattern("met +heap: 0[0-9.]+ GiB");
    }

    private static String said(String... arguments) {
        PrintStream out = System.out;
        var said = new ByteArrayOutputStream();
        System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            Bench.execute(new MillionBench(), arguments);
        } finally {
            System.setOut(out);
        }
        return said.toString(StandardCharsets.UTF_8);
    }
}

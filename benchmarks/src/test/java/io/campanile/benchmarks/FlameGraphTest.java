package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.campanile.benchmarks.FlameGraph.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How samples of stacks become a flame graph. */
final class FlameGraphTest {
    private final FlameGraph graph = new FlameGraph(List.of(
            "start_thread;io/netty/util/Loop.run_[j];io/campanile/Room.write_[i] 2",
            "start_thread;io/netty/util/Loop.run_[j];write;tcp_sendmsg_[k] 5",
            "start_thread;io/netty/util/Loop.run_[j] 1"));

    @Test
    void countsASampleWhereItsStackEnds() {
        assertThat(graph.samples()).isEqualTo(8);
        assertThat(graph.hottest(2)).containsExactly(entry("tcp_sendmsg", 0.625), entry("campanile.Room.write", 0.25));
        assertThat(graph.shares())
                .containsExactly(
                        entry(Kind.JAVA, 0.125),
                        entry(Kind.INLINED, 0.25),
                        entry(Kind.COLD, 0.0),
                        entry(Kind.KERNEL, 0.625),
                        entry(Kind.NATIVE, 0.0));
    }

    @Test
    void drawsACallerAsWideAsItsCalleesAndItself() {
        assertThat(graph.svg("a < b", "c"))
                .contains(">a &lt; b</text>")
                .contains("<title>util.Loop.run: 100.00 %, Java</title><rect x=\"10.0\"", "width=\"1580.0\"")
                .contains("<title>tcp_sendmsg: 62.50 %, kernel</title>", "width=\"987.5\"");
    }

    @Test
    void leavesAPackageItsLastPart() {
        assertThat(FlameGraph.plainName("io/netty/channel/epoll/Native.write0_[j]"))
                .isEqualTo("epoll.Native.write0");
        assertThat(FlameGraph.plainName("do_syscall_64_[k]")).isEqualTo("do_syscall_64");
        assertThat(FlameGraph.plainName("Main.main_[0]")).isEqualTo("Main.main");
    }
}

package io.campanile.core;

import static io.campanile.core.Fixture.now;
import static io.campanile.core.Fixture.register;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.spi.ShardExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** G11: a drain takes nobody in, tells all at its pace and in time, and its report adds up. */
final class DrainTest {

    private static final Duration BEAT = Duration.ofMillis(50);

    private static final DrainPlan PLAN = DrainPlan.atOnce(CloseReason.RESTART)
            .withWindow(Duration.ofSeconds(1))
            .withDeadline(Duration.ofSeconds(3));

    private final AtomicLong nanos = new AtomicLong();
    private final ConnectionRegistry registry = registry(1);
    private final List<TestTransport> peers = new ArrayList<>();

    private ConnectionRegistry registry(int shards) {
        return ConnectionRegistry.builder()
                .shards(Collections.nCopies(shards, ShardExecutor.callingThreads()))
                .clock(nanos::get)
                .build();
    }

    private void connect(ConnectionRegistry to, int count) {
        for (int i = 0; i < count; i++) {
            TestTransport peer = new TestTransport();
            peers.add(peer);
            register(to, peer);
        }
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
        registry.beat();
    }

    private long told() {
        return peers.stream().filter(peer -> peer.closed.isPresent()).count();
    }

    private void endAllTold() {
        peers.stream()
                .filter(peer -> peer.closed.isPresent())
                .forEach(peer -> peer.link.closed(CloseReason.TRANSPORT_LOST));
    }

    @Test
    void registersNobodyFromThenOn() {
        connect(registry, 1);
        registry.drain(PLAN);

        assertThat(now(registry.register(new TestTransport())))
                .isEqualTo(new Registration.Refused(CloseReason.GOING_AWAY));
        assertThat(registry.connectionCount()).isOne();
    }

    @Test
    void tellsEvenlyOverTheWindow() {
        connect(registry, 100);
        registry.drain(PLAN);
        assertThat(told()).isZero();

        for (int beat = 1; beat <= 20; beat++) {
            pass(BEAT);
            assertThat(told()).isEqualTo(beat * 5L);
        }
    }

    @Test
    void countsAsLostWhomTheNodesMemoryEndedAfterTheyWereTold() {
        ConnectionRegistry small = ConnectionRegistry.builder()
                .config(RegistryConfig.defaults().withMaxWaitingBytes(100))
                .shards(List.of(ShardExecutor.callingThreads()))
                .clock(nanos::get)
                .build();
        TestTransport staying = new TestTransport();
        TestTransport told = new TestTransport();
        ConnectionId stayingId = register(small, staying);
        ConnectionId toldId = register(small, told);
        staying.stalled = true;
        told.stalled = true;
        small.send(toldId, "x".repeat(70));
        CompletionStage<DrainReport> report = small.drain(PLAN);
        nanos.addAndGet(Duration.ofMillis(500).toNanos());
        small.beat();
        assertThat(told.closing).isPresent();

        small.send(stayingId, "x".repeat(40));
        assertThat(told.aborted).isTrue();
        told.link.closed(CloseReason.TRANSPORT_LOST);
        staying.link.closed(CloseReason.TRANSPORT_LOST);

        assertThat(now(report).lost()).isOne();
        assertThat(now(report).flushed()).isZero();
    }

    @Test
    void tellsNoMoreInASecondThanTheRate() {
        connect(registry, 100);
        registry.drain(PLAN.withWindow(Duration.ZERO).withMaxPerSecond(50));

        for (int beat = 1; beat <= 20; beat++) {
            pass(BEAT);
        }
        assertThat(told()).isEqualTo(50);
    }

    @Test
    void tellsFasterThanTheRateWhenTheDeadlineDemandsIt() {
        connect(registry, 90);
        registry.drain(PLAN.withMaxPerSecond(1).withDeadline(Duration.ofSeconds(4)));

        for (int beat = 1; beat <= 60; beat++) {
            pass(BEAT);
        }
        assertThat(told()).isEqualTo(90);
    }

    @Test
    void doesNotMakeUpForBeatsThatCameLate() {
        connect(registry, 100);
        registry.drain(PLAN);
        pass(Duration.ofMillis(600));
        assertThat(told()).isEqualTo(5);

        registry.beat();
        assertThat(told()).isEqualTo(5);
        pass(BEAT);
        assertThat(told()).isEqualTo(10);
    }

    @Test
    void tellsEverybodyOnceHurried() {
        connect(registry, 100);
        registry.drain(PLAN);
        registry.hurry();

        assertThat(told()).isEqualTo(100);
    }

    @Test
    void givesEachItsOwnTimeToComeBack() {
        connect(registry, 200);
        registry.drain(PLAN.withComeBack(Duration.ofSeconds(2), Duration.ofSeconds(4)));
        registry.hurry();

        List<Long> millis = peers.stream()
                .map(peer -> peer.closed.orElseThrow().comeBackAfter().toMillis())
                .toList();
        assertThat(millis).allMatch(time -> time >= 2_000 && time <= 4_000);
        // A quarter of them in each quarter of the time, give or take.
        for (long from = 2_000; from < 4_000; from += 500) {
            long begin = from;
            assertThat(millis.stream().filter(time -> time >= begin && time < begin + 500))
                    .hasSizeBetween(30, 70);
        }
        assertThat(peers.get(0).closed.orElseThrow().code()).isEqualTo(1012);
    }

    @Test
    void writesWhatWaitsBeforeTheClose() {
        TestTransport slow = new TestTransport();
        slow.stalled = true;
        ConnectionId id = register(registry, slow);
        registry.send(id, "one");
        registry.send(id, "two");
        CompletionStage<DrainReport> report = registry.drain(DrainPlan.atOnce(CloseReason.GOING_AWAY));
        assertThat(slow.closing).contains(CloseReason.GOING_AWAY);
        assertThat(slow.closed).isEmpty();

        slow.resume();
        assertThat(slow.messages()).containsExactly("one", "two");
        assertThat(slow.closed).contains(CloseReason.GOING_AWAY);
        slow.link.closed(CloseReason.TRANSPORT_LOST);

        assertThat(now(report)).isEqualTo(new DrainReport(1, 0, 1, 1, 0, 0, Duration.ZERO));
    }

    @Test
    void thoseWhoseTurnHasNotComeHearOn() {
        connect(registry, 2);
        registry.drain(PLAN);
        registry.broadcast(Audience.all(), Message.text("still here"));

        assertThat(peers).allSatisfy(peer -> assertThat(peer.messages()).containsExactly("still here"));
    }

    @Test
    void cutsWhatIsLeftAtTheDeadline() {
        connect(registry, 3);
        peers.get(0).stalled = true;
        registry.broadcast(Audience.all(), Message.text("held by one"));
        CompletionStage<DrainReport> report = registry.drain(DrainPlan.atOnce(CloseReason.GOING_AWAY));
        peers.get(1).link.closed(CloseReason.TRANSPORT_LOST);
        pass(Duration.ofSeconds(9));
        assertThat(report.toCompletableFuture()).isNotDone();

        pass(Duration.ofSeconds(1));
        assertThat(peers.get(0).aborted).isTrue();
        assertThat(peers.get(2).aborted).isTrue();
        assertThat(now(report)).isEqualTo(new DrainReport(3, 0, 3, 1, 0, 2, Duration.ofSeconds(10)));
        assertThat(registry.stats().waitingBytes()).isZero();
    }

    @Test
    void aReportAddsUpWhoeverLeavesMeanwhile() {
        connect(registry, 10);
        List<TestTransport> atStart = List.copyOf(peers);
        atStart.get(7).stalled = true;
        registry.broadcast(Audience.all(), Message.text("hello"));
        CompletionStage<DrainReport> report = registry.drain(PLAN);
        atStart.get(0).link.closed(CloseReason.TRANSPORT_LOST);
        registry.close(atStart.get(1).link.id(), CloseReason.NORMAL);
        pass(Duration.ofMillis(100));
        atStart.get(7).link.closed(CloseReason.TRANSPORT_LOST);
        for (int beat = 0; beat < 20; beat++) {
            pass(Duration.ofMillis(100));
        }
        endAllTold();

        assertThat(now(report)).isEqualTo(new DrainReport(10, 2, 8, 7, 1, 0, Duration.ofMillis(2_100)));
    }

    @Test
    void aSecondDrainGetsTheReportOfTheFirst() {
        connect(registry, 1);
        CompletionStage<DrainReport> first = registry.drain(DrainPlan.atOnce(CloseReason.GOING_AWAY));
        CompletionStage<DrainReport> second = registry.drain(PLAN);
        endAllTold();

        assertThat(now(second)).isEqualTo(now(first));
    }

    @Test
    void shardsTogetherFollowThePlan() {
        ConnectionRegistry wide = registry(7);
        connect(wide, 700);
        wide.drain(PLAN);
        long before = 0;
        for (int beat = 1; beat <= 25; beat++) {
            nanos.addAndGet(BEAT.toNanos());
            wide.beat();
            assertThat(told() - before).isLessThanOrEqualTo(35 + 7);
            before = told();
        }

        assertThat(told()).isEqualTo(700);
    }

    @Test
    void anEmptyRegistryIsDrainedAtOnce() {
        assertThat(now(registry.drain(PLAN))).isEqualTo(new DrainReport(0, 0, 0, 0, 0, 0, Duration.ZERO));
    }

    @Test
    void rejectsAPlanThatCannotBeCarriedOut() {
        assertThatThrownBy(() -> PLAN.withWindow(Duration.ofSeconds(3)))
                .hasMessage("window: PT3S, deadline: PT3S (expected: window < deadline); raise deadline");
        assertThatThrownBy(() -> PLAN.withComeBack(Duration.ofSeconds(2), Duration.ofSeconds(1)))
                .hasMessage("comeBackMin: PT2S, comeBackMax: PT1S (expected: comeBackMin <= comeBackMax)");
        assertThatThrownBy(() -> DrainPlan.defaults().withReason(CloseReason.NORMAL))
                .hasMessageStartingWith("reason: normal, comeBackMax: PT10S");
    }
}

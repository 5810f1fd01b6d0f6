package io.campanile.core;

import static io.campanile.core.Fixture.COMMENTING_LINES;
import static io.campanile.core.Fixture.PINGING_LINES;
import static io.campanile.core.Fixture.register;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.Fixture.TurnedExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What a beat does to those who are silent, or have been there for long. */
final class LivenessTest {

    private static final Duration BEAT = Duration.ofMillis(50);

    private final AtomicLong nanos = new AtomicLong(7_000_000_000L);
    private final List<Long> roundTrips = new ArrayList<>();

    private ConnectionRegistry registry(Liveness liveness) {
        return registry(RegistryConfig.defaults().withLiveness(liveness));
    }

    private ConnectionRegistry registry(RegistryConfig config) {
        return ConnectionRegistry.builder()
                .config(config)
                .clock(nanos::get)
                .listener(new RegistryListener() {
                    @Override
                    public void roundTrip(Connection connection, long took) {
                        roundTrips.add(took);
                    }
                })
                .build();
    }

    /** Lets time pass, with beats as there should be. */
    private void pass(ConnectionRegistry registry, Duration time) {
        for (long left = time.dividedBy(BEAT); left > 0; left--) {
            nanos.addAndGet(BEAT.toNanos());
            registry.beat();
        }
    }

    @Test
    void pingsWhoHasBeenSilentForTheInterval() {
        ConnectionRegistry registry = registry(Liveness.defaults());
        TestTransport silent = new TestTransport(PINGING_LINES);
        register(registry, silent);

        pass(registry, Duration.ofSeconds(19));
        assertThat(silent.messages()).isEmpty();

        pass(registry, Duration.ofSeconds(7));
        assertThat(silent.messages()).containsExactly("ping");
    }

    @Test
    void pingsNobodyWhoWasHeardWithinTheInterval() {
        ConnectionRegistry registry = registry(Liveness.defaults());
        TestTransport lively = new TestTransport(PINGING_LINES);
        register(registry, lively);

        for (int i = 0; i < 10; i++) {
            pass(registry, Duration.ofSeconds(19));
            lively.link.touch();
        }

        assertThat(lively.messages()).isEmpty();
    }

    @Test
    void pingsNobodyForWhomSomethingWaits() {
        ConnectionRegistry registry = registry(RegistryConfig.defaults().withOutbound(new OutboundLimits(10, 2)));
        TestTransport full = new TestTransport(PINGING_LINES);
        ConnectionId id = register(registry, full);
        full.stalled = true;
        registry.send(id, "four");
        registry.send(id, "four");

        pass(registry, Duration.ofSeconds(30));
        full.resume();

        assertThat(full.messages()).containsExactly("four", "four");
        assertThat(registry.find(id)).isPresent();
    }

    @Test
    void pingsWhoHasSomethingGatheredWheneverABeatComes() {
        TurnedExecutor loop = new TurnedExecutor();
        ConnectionRegistry registry = registry(loop);
        TestTransport listener = new TestTransport(PINGING_LINES);
        TestTransport stream = new TestTransport(COMMENTING_LINES);
        registry.join(register(registry, listener), "room");
        registry.join(register(registry, stream), "room");
        loop.turnUntilIdle();

        for (int i = 0; i < 5; i++) {
            publishAndPass(registry, loop, Duration.ofSeconds(26));
            listener.link.touch();
            listener.link.pong();
        }

        assertThat(listener.closed).isEmpty();
        assertThat(stream.closed).isEmpty();
        assertThat(listener.messages().stream().filter("ping"::equals)).hasSize(5);
        assertThat(stream.messages().stream().filter(":"::equals)).hasSizeBetween(5, 6);
        assertThat(listener.messages()).containsOnly("one", "ping");

        publishAndPass(registry, loop, Duration.ofSeconds(37));
        assertThat(listener.closed).contains(CloseReason.NO_PONG);

        stream.stalled = true;
        publishAndPass(registry, loop, Duration.ofSeconds(61));
        assertThat(stream.closing).contains(CloseReason.IDLE);
    }

    @Test
    void pingsWhoHasAllGatheredThatIsAllowed() {
        TurnedExecutor loop = new TurnedExecutor();
        ConnectionRegistry registry =
                registry(loop, RegistryConfig.defaults().withOutbound(new OutboundLimits(1_000, 1)));
        TestTransport listener = new TestTransport(PINGING_LINES);
        registry.join(register(registry, listener), "room");
        loop.turnUntilIdle();

        publishAndPass(registry, loop, Duration.ofSeconds(26));

        assertThat(listener.closed).isEmpty();
        assertThat(listener.messages()).contains("ping");
    }

    /** Lets time pass, with a message to the room just before each beat and not written yet then. */
    private void publishAndPass(ConnectionRegistry registry, TurnedExecutor loop, Duration time) {
        for (long left = time.dividedBy(BEAT); left > 0; left--) {
            nanos.addAndGet(BEAT.toNanos());
            registry.broadcast("room", "one");
            registry.beat();
            loop.turnUntilIdle();
        }
    }

    private ConnectionRegistry registry(TurnedExecutor loop) {
        return registry(loop, RegistryConfig.defaults());
    }

    private ConnectionRegistry registry(TurnedExecutor loop, RegistryConfig config) {
        return ConnectionRegistry.builder()
                .config(config.withLiveness(Liveness.defaults()))
                .shards(List.of(loop))
                .clock(nanos::get)
                .build();
    }

    @Test
    void keepsWhoIsBehindAllTheTimeButReads() {
        ConnectionRegistry registry = registry(Liveness.defaults());
        TestTransport slow = new TestTransport(PINGING_LINES);
        ConnectionId id = register(registry, slow);
        slow.stalled = true;
        Delivery delivery = Delivery.usual().withOverflow(OverflowPolicy.DROP_OLDEST);

        for (int second = 1; second <= 200; second++) {
            registry.send(id, Message.text("news"), delivery);
            registry.send(id, Message.text("news"), delivery);
            pass(registry, Duration.ofSeconds(1));
            if (second % 50 == 0) {
                slow.readOn();
            }
        }
        assertThat(slow.closing).isEmpty();

        pass(registry, Duration.ofSeconds(59));
        assertThat(slow.closing).isEmpty();
        pass(registry, Duration.ofSeconds(3));
        assertThat(slow.closing).contains(CloseReason.IDLE);
    }

    @Test
    void endsWhoDoesNotAnswerAPing() {
        ConnectionRegistry registry = registry(Liveness.defaults());
        TestTransport silent = new TestTransport(PINGING_LINES);
        register(registry, silent);

        pass(registry, Duration.ofSeconds(29));
        assertThat(silent.closed).isEmpty();

        pass(registry, Duration.ofSeconds(8));
        assertThat(silent.closed).contains(CloseReason.NO_PONG);
    }

    @Test
    void keepsWhoAnswersPings() {
        ConnectionRegistry registry = registry(Liveness.defaults());
        TestTransport listener = new TestTransport(PINGING_LINES);
        register(registry, listener);

        for (int i = 0; i < 10; i++) {
            pass(registry, Duration.ofSeconds(26));
            nanos.addAndGet(3_000_000);
            listener.link.touch();
            listener.link.pong();
        }

        assertThat(listener.closed).isEmpty();
        assertThat(listener.messages()).hasSize(10);
        assertThat(roundTrips).hasSize(10).allSatisfy(took -> assertThat(took).isBetween(3_000_000L, 7_000_000_000L));
    }

    @Test
    void keepsThePeerThatCannotAnswerWhileItsSocketTakesKeepAlives() {
        ConnectionRegistry registry = registry(Liveness.defaults());
        TestTransport taking = new TestTransport(COMMENTING_LINES);
        TestTransport stuck = new TestTransport(COMMENTING_LINES);
        register(registry, taking);
        register(registry, stuck);
        stuck.stalled = true;

        pass(registry, Duration.ofSeconds(59));
        assertThat(stuck.closed).isEmpty();
        pass(registry, Duration.ofMinutes(10));

        assertThat(taking.closed).isEmpty();
        assertThat(taking.messages()).hasSizeGreaterThan(20);
        assertThat(stuck.closing).contains(CloseReason.IDLE);
    }

    @Test
    void endsWhoIsSilentForTheIdleTime() {
        ConnectionRegistry registry = registry(Liveness.off().withIdleTimeout(Duration.ofSeconds(60)));
        TestTransport silent = new TestTransport(PINGING_LINES);
        register(registry, silent);

        pass(registry, Duration.ofSeconds(60));
        assertThat(silent.closed).isEmpty();

        pass(registry, Duration.ofMillis(1_100));
        assertThat(silent.closed).contains(CloseReason.IDLE);
    }

    @Test
    void endsWhoSendsNoFirstMessage() {
        ConnectionRegistry registry = registry(Liveness.off().withFirstMessageTimeout(Duration.ofSeconds(5)));
        TestTransport mute = new TestTransport(PINGING_LINES);
        TestTransport talker = new TestTransport(PINGING_LINES);
        register(registry, mute);
        register(registry, talker);

        pass(registry, Duration.ofSeconds(4));
        talker.link.firstMessage();
        mute.link.touch();
        pass(registry, Duration.ofSeconds(3));

        assertThat(mute.closed).contains(CloseReason.NO_MESSAGE);
        assertThat(talker.closed).isEmpty();
    }

    @Test
    void endsWhoHasBeenThereForTheLifetimeNotAllAtOnce() {
        ConnectionRegistry registry = registry(Liveness.off().withMaxLifetime(Duration.ofMinutes(10)));
        List<TestTransport> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            all.add(new TestTransport(PINGING_LINES));
            register(registry, all.get(i));
        }

        pass(registry, Duration.ofMinutes(9));
        assertThat(all).allSatisfy(peer -> assertThat(peer.closed).isEmpty());
        pass(registry, Duration.ofSeconds(30));
        assertThat(registry.connectionCount()).isBetween(25, 75);
        pass(registry, Duration.ofSeconds(32));

        assertThat(all).allSatisfy(peer -> assertThat(peer.closed).contains(CloseReason.LIFETIME));
    }

    @Test
    void judgesNobodyByThePauseInWhichTheProcessStoodStill() {
        ConnectionRegistry registry = registry(Liveness.defaults());
        TestTransport peer = new TestTransport(PINGING_LINES);
        register(registry, peer);
        pass(registry, Duration.ofSeconds(30));
        assertThat(peer.messages()).containsExactly("ping");

        nanos.addAndGet(Duration.ofHours(1).toNanos());
        registry.beat();
        assertThat(peer.closed).isEmpty();
        assertThat(peer.messages()).containsExactly("ping", "ping");

        pass(registry, Duration.ofSeconds(9));
        assertThat(peer.closed).isEmpty();
        pass(registry, Duration.ofSeconds(3));
        assertThat(peer.closed).contains(CloseReason.NO_PONG);
    }

    @Test
    void keepsWhoIsHeardOftenHoweverOftenTheProcessStandsStill() {
        Liveness liveness = Liveness.off().withIdleTimeout(Duration.ofSeconds(60));
        ConnectionRegistry registry = registry(liveness);
        TestTransport lively = new TestTransport(PINGING_LINES);
        register(registry, lively);

        for (int i = 1; i <= 200; i++) {
            pass(registry, Duration.ofMillis(200L * i));
            nanos.addAndGet(Duration.ofSeconds(i).toNanos());
            registry.beat();
            lively.link.touch();
        }

        assertThat(lively.closed).isEmpty();
    }

    @Test
    void takesPauseAfterPauseForSilenceWhenEachIsShort() {
        ConnectionRegistry registry = registry(Liveness.off().withIdleTimeout(Duration.ofSeconds(60)));
        TestTransport silent = new TestTransport(PINGING_LINES);
        register(registry, silent);

        for (int i = 0; i < 5; i++) {
            nanos.addAndGet(Duration.ofSeconds(14).toNanos());
            registry.beat();
        }

        assertThat(silent.closed).contains(CloseReason.IDLE);
    }

    @Test
    void pingsNoMoreThanSixtyFourInASlice() {
        Fixture.SteppedExecutor shard = new Fixture.SteppedExecutor();
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(List.of(shard))
                .clock(nanos::get)
                .build();
        List<TestTransport> all = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            all.add(new TestTransport(PINGING_LINES));
            registry.register(all.get(i));
        }
        shard.runAll();
        nanos.addAndGet(Duration.ofSeconds(30).toNanos());

        registry.beat();
        shard.runOne();
        shard.runOne();
        long first = all.stream().filter(peer -> peer.writes > 0).count();
        shard.runAll();

        assertThat(first).isEqualTo(64);
        assertThat(all).allSatisfy(peer -> assertThat(peer.messages()).containsExactly("ping"));
    }

    @Test
    void endsAllInARoundHoweverManyTheyAre() {
        ConnectionRegistry registry = registry(Liveness.off().withIdleTimeout(Duration.ofSeconds(60)));
        for (int i = 0; i < 20_000; i++) {
            register(registry, new TestTransport(0));
        }

        pass(registry, Duration.ofMillis(60_050));
        assertThat(registry.connectionCount()).isBetween(1, 20_000);
        pass(registry, Duration.ofSeconds(1));

        assertThat(registry.connectionCount()).isZero();
    }

    @Test
    void spreadsThePingsOfThoseWhoCameTogether() {
        ConnectionRegistry registry = registry(Liveness.off().withPingInterval(Duration.ofSeconds(25)));
        List<TestTransport> all = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            all.add(new TestTransport(PINGING_LINES));
            register(registry, all.get(i));
        }
        pass(registry, Duration.ofSeconds(20));

        for (int second = 1; second <= 5; second++) {
            pass(registry, Duration.ofSeconds(1));
            long pinged = all.stream().filter(peer -> peer.writes > 0).count();
            assertThat(pinged).isBetween(200L * second - 100, 200L * second + 60);
        }
    }

    @Test
    void rejectsTimesThatContradictEachOther() {
        assertThatThrownBy(() -> Liveness.defaults().withIdleTimeout(Duration.ofSeconds(30)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("pingInterval: PT25S, pongTimeout: PT10S, idleTimeout: PT30S"
                        + " (expected: pingInterval + pongTimeout < idleTimeout); raise idleTimeout");
        assertThatThrownBy(() -> Liveness.defaults().withPongTimeout(Duration.ofMillis(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("pongTimeout: PT-0.001S (expected: 0, which is off, or PT0.1S to PT8760H)");
    }
}

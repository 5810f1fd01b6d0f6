package io.campanile.core;

import static io.campanile.core.Fixture.now;
import static io.campanile.core.Fixture.register;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Fixture.Diary;
import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.spi.ShardExecutor;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** G10 and G12: the silent are swept and nobody else, and each opened has one closed. */
final class LifeCycleTest {

    private final AtomicLong nanos = new AtomicLong();
    private final Diary diary = new Diary();
    private final ConnectionRegistry registry = ConnectionRegistry.builder()
            .shards(List.of(ShardExecutor.callingThreads()))
            .clock(nanos::get)
            .listener(new Fixture.Diary() {
                @Override
                public void opened(Connection connection) {
                    throw new IllegalStateException("opened");
                }

                @Override
                public void left(Connection connection, String room) {
                    throw new AssertionError("left");
                }

                @Override
                public void closed(Connection connection, CloseReason reason) {
                    throw new IllegalStateException("closed");
                }
            })
            .listener(diary)
            .build();

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    @Test
    void tellsHowLongAConnectionHasBeenThere() {
        pass(Duration.ofHours(1));
        ConnectionId first = register(registry, new TestTransport());
        pass(Duration.ofSeconds(10));
        ConnectionId second = register(registry, new TestTransport());
        pass(Duration.ofSeconds(5));

        assertThat(registry.age(first).orElseThrow()).isCloseTo(Duration.ofSeconds(15), Duration.ofMillis(20));
        assertThat(registry.age(second).orElseThrow()).isCloseTo(Duration.ofSeconds(5), Duration.ofMillis(20));

        registry.close(first, CloseReason.NORMAL);
        ConnectionId inItsPlace = register(registry, new TestTransport());

        assertThat(registry.age(first)).isEmpty();
        assertThat(registry.age(inItsPlace)).contains(Duration.ZERO);
        assertThat(registry.age(new ConnectionId(-1))).isEmpty();
    }

    @Test
    void tellsEachStepOnceWhateverAnotherListenerThrows() {
        TestTransport peer = new TestTransport();
        ConnectionId id = register(registry, peer);
        registry.join(id, "lobby");
        registry.join(id, "hall");
        registry.leave(id, "lobby");
        registry.close(id, CloseReason.NORMAL);
        registry.close(id, CloseReason.GOING_AWAY);
        peer.link.closed(CloseReason.TRANSPORT_LOST);

        assertThat(diary.lines)
                .containsExactly(
                        "opened " + id,
                        "joined " + id + " lobby",
                        "joined " + id + " hall",
                        "left " + id + " lobby",
                        "left " + id + " hall",
                        "closed " + id + " normal");
        assertThat(registry.stats().listenerFailures()).isEqualTo(4);
        assertThat(peer.closed).contains(CloseReason.NORMAL);
    }

    @Test
    void takesItsStepsWhateverTheLogThrows() {
        Logger log = Logger.getLogger("io.campanile.registry");
        Handler broken = new Handler() {
            @Override
            public void publish(LogRecord line) {
                throw new IllegalStateException("disk full");
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        log.addHandler(broken);
        try {
            ConnectionId id = register(registry, new TestTransport());

            assertThat(now(registry.join(id, "lobby"))).isEqualTo(JoinOutcome.JOINED);
            assertThat(now(registry.unregister(id))).isEqualTo(CloseOutcome.CLOSED);
        } finally {
            log.removeHandler(broken);
        }
        assertThat(registry.stats().listenerFailures()).isEqualTo(3);
    }

    @Test
    void hasForgottenAConnectionWhenItTellsOfItsEnd() {
        int[] counted = new int[3];
        ConnectionRegistry[] own = new ConnectionRegistry[1];
        own[0] = ConnectionRegistry.builder()
                .listener(new RegistryListener() {
                    @Override
                    public void closed(Connection connection, CloseReason reason) {
                        counted[0] = own[0].connectionCount();
                        counted[1] = own[0].roomCount();
                        counted[2] = own[0].find(connection.id()).isPresent() ? 1 : 0;
                    }
                })
                .build();
        ConnectionId id = register(own[0], new TestTransport());
        own[0].join(id, "lobby");

        own[0].unregister(id);

        assertThat(counted).containsExactly(0, 0, 0);
    }

    @Test
    void sweepsWhoHasBeenSilentForLongerThanAllowed() {
        TestTransport silent = new TestTransport();
        ConnectionId silentId = register(registry, silent);
        pass(Duration.ofSeconds(30));
        ConnectionId lively = register(registry, new TestTransport());
        pass(Duration.ofSeconds(31));

        List<ConnectionId> swept = now(registry.sweepIdle(Duration.ofSeconds(60)));

        assertThat(swept).containsExactly(silentId);
        assertThat(silent.closed).contains(CloseReason.IDLE);
        assertThat(registry.find(lively)).isPresent();
    }

    @Test
    void neverSweepsWhoWasHeardWithinTheTime() {
        TestTransport byId = new TestTransport();
        TestTransport byLink = new TestTransport();
        ConnectionId id = register(registry, byId);
        register(registry, byLink);
        for (int i = 0; i < 100; i++) {
            pass(Duration.ofSeconds(59));
            registry.touch(id);
            byLink.link.touch();
            pass(Duration.ofSeconds(1));

            assertThat(now(registry.sweepIdle(Duration.ofSeconds(1)))).isEmpty();
        }
    }

    @Test
    void sweepsAtMostATickLate() {
        ConnectionId id = register(registry, new TestTransport());
        pass(Duration.ofSeconds(60));
        assertThat(now(registry.sweepIdle(Duration.ofSeconds(60)))).isEmpty();

        pass(Duration.ofMillis(34));

        assertThat(now(registry.sweepIdle(Duration.ofSeconds(60)))).containsExactly(id);
    }

    @Test
    void sweepsManyInSlices() {
        Fixture.SteppedExecutor shard = new Fixture.SteppedExecutor();
        ConnectionRegistry large = ConnectionRegistry.builder()
                .shards(List.of(shard))
                .clock(nanos::get)
                .build();
        for (int i = 0; i < 10_000; i++) {
            large.register(new TestTransport());
        }
        shard.runAll();
        pass(Duration.ofMinutes(2));

        var swept = large.sweepIdle(Duration.ofMinutes(1));
        shard.runOne();
        assertThat(large.connectionCount()).isBetween(1, 9_999);
        shard.runAll();

        assertThat(now(swept)).hasSize(10_000);
        assertThat(large.connectionCount()).isZero();
    }

    @Test
    void closesAllAndTellsHowMany() {
        TestTransport one = new TestTransport();
        TestTransport two = new TestTransport();
        register(registry, one);
        register(registry, two);

        assertThat(now(registry.closeAll(CloseReason.GOING_AWAY))).isEqualTo(2);

        assertThat(one.closed).contains(CloseReason.GOING_AWAY);
        assertThat(two.closed).contains(CloseReason.GOING_AWAY);
        assertThat(now(registry.register(new TestTransport()))).isInstanceOf(Registration.Registered.class);
    }
}

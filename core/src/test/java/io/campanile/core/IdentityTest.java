package io.campanile.core;

import static io.campanile.core.Fixture.now;
import static io.campanile.core.Fixture.register;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.spi.Clock;
import io.campanile.core.spi.ShardExecutor;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** G1: an id is never used twice, and one that has left is answered and reaches nobody. */
final class IdentityTest {

    private final ConnectionRegistry registry = ConnectionRegistry.builder()
            .shards(List.of(ShardExecutor.callingThreads()))
            .build();

    @Test
    void givesAnotherIdWhenASlotIsUsedAgain() {
        Set<ConnectionId> seen = new HashSet<>();

        for (int i = 0; i < 1_000; i++) {
            ConnectionId id = register(registry, new TestTransport());
            registry.unregister(id);
            seen.add(id);
        }

        assertThat(seen).hasSize(1_000);
    }

    @Test
    void answersEveryCallWithAnIdThatHasLeft() {
        ConnectionId gone = register(registry, new TestTransport());
        registry.unregister(gone);

        assertThat(now(registry.unregister(gone))).isEqualTo(CloseOutcome.GONE);
        assertThat(now(registry.join(gone, "lobby"))).isEqualTo(JoinOutcome.GONE);
        assertThat(now(registry.leave(gone, "lobby"))).isEqualTo(LeaveOutcome.GONE);
        assertThat(now(registry.rooms(gone))).isEmpty();
        assertThat(registry.send(gone, "late")).isEqualTo(Posted.GONE);
        assertThat(now(registry.sendWithReceipt(gone, Message.text("late")))).isEqualTo(SendOutcome.GONE);
        assertThat(registry.touch(gone)).isFalse();
        assertThat(registry.find(gone)).isEmpty();
        assertThat(registry.roomCount()).isZero();
    }

    @Test
    void keepsALateCallFromTheNextOwnerOfTheSlot() {
        ConnectionId gone = register(registry, new TestTransport());
        registry.unregister(gone);
        TestTransport next = new TestTransport();
        register(registry, next);

        registry.send(gone, "not for you");
        registry.join(gone, "lobby");
        registry.close(gone, CloseReason.NORMAL);
        registry.broadcast("lobby", "not for you");

        assertThat(next.messages()).isEmpty();
        assertThat(next.link.isOpen()).isTrue();
    }

    @Test
    void answersIdsThatNoRegistryEverGave() {
        for (long value : new long[] {0, -1, Long.MIN_VALUE, 1L << 47, (1L << 28) - 1, 5L << 28}) {
            ConnectionId strange = new ConnectionId(value);

            assertThat(registry.find(strange)).isEmpty();
            assertThat(registry.touch(strange)).isFalse();
            assertThat(now(registry.join(strange, "lobby"))).isEqualTo(JoinOutcome.GONE);
            assertThat(now(registry.unregister(strange))).isEqualTo(CloseOutcome.GONE);
        }
    }

    @Test
    void doesNotKnowAGenerationThatASlotNeverHad() {
        AtomicLong nanos = new AtomicLong();
        ConnectionRegistry timed = ConnectionRegistry.builder()
                .shards(List.of(ShardExecutor.callingThreads()))
                .clock(nanos::get)
                .build();
        ConnectionId taken = register(timed, new TestTransport());
        nanos.addAndGet(1L << 30);

        for (int slot = 0; slot < 2; slot++) {
            ConnectionId never = new ConnectionId(ConnectionId.pack(0, 0, slot, 0));

            assertThat(timed.touch(never)).isFalse();
            assertThat(timed.find(never)).isEmpty();
        }
        timed.unregister(taken);
        assertThat(timed.touch(new ConnectionId(ConnectionId.pack(0, 0, 0, 0)))).isFalse();
    }

    @Test
    void doesNotKnowTheIdsOfARegistryWithAnotherScope() {
        ConnectionRegistry other = ConnectionRegistry.builder()
                .config(RegistryConfig.defaults().withScope(1))
                .shards(List.of(ShardExecutor.callingThreads()))
                .build();
        ConnectionId here = register(registry, new TestTransport());
        ConnectionId there = register(other, new TestTransport());

        assertThat(here).isNotEqualTo(there);
        assertThat(registry.find(there)).isEmpty();
        assertThat(other.find(here)).isEmpty();
    }

    @Test
    void retiresASlotWhoseGenerationsAreUsedUp() {
        ConnectionRegistry small = new ShardedRegistry(
                RegistryConfig.defaults(),
                List.of(ShardExecutor.callingThreads()),
                Clock.system(),
                new Random(1),
                List.of(),
                OverflowRules.EVICT,
                2,
                3);
        Set<ConnectionId> seen = new HashSet<>();
        for (int i = 0; i < 6; i++) {
            ConnectionId id = register(small, new TestTransport());
            seen.add(id);
            small.unregister(id);
        }

        Registration seventh = now(small.register(new TestTransport()));

        assertThat(seen).hasSize(6);
        assertThat(seventh).isEqualTo(new Registration.Refused(CloseReason.NODE_FULL));
        assertThat(small.connectionCount()).isZero();
    }

    @Test
    void readsOnlyTheTextFormThatItWrites() {
        ConnectionId id = new ConnectionId(ConnectionId.pack(200, 7, 1_000_000, ConnectionId.MAX_GENERATION));

        assertThat(ConnectionId.parse(id.toString())).contains(id);
        assertThat(ConnectionId.parse("")).isEmpty();
        assertThat(ConnectionId.parse("+1")).isEmpty();
        assertThat(ConnectionId.parse("01")).isEmpty();
        assertThat(ConnectionId.parse("A")).isEmpty();
        assertThat(ConnectionId.parse("zzzzzzzzzzzzzzzz")).isEmpty();
        assertThat(ConnectionId.parse("lobby!")).isEmpty();
    }
}

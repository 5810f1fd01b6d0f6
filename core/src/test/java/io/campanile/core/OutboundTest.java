package io.campanile.core;

import static io.campanile.core.Fixture.now;
import static io.campanile.core.Fixture.register;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.spi.ShardExecutor;
import io.campanile.core.spi.WireFormat;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** G7, G8, G9 and G14: nobody waits for a slow client, what waits for it is bounded, and its eviction is told. */
final class OutboundTest {

    private static ConnectionRegistry registry(RegistryConfig config) {
        return ConnectionRegistry.builder()
                .shards(List.of(ShardExecutor.callingThreads()))
                .config(config)
                .build();
    }

    private static ConnectionRegistry registry(int maxBytes, int maxFrames) {
        return registry(RegistryConfig.defaults().withOutbound(new OutboundLimits(maxBytes, maxFrames)));
    }

    /** Four letters and a line end: five bytes on the wire. */
    private static final Message FOUR = Message.text("four");

    @Test
    void evictsWhenTheFrameWouldPassTheBytesThatMayWait() {
        ConnectionRegistry registry = registry(10, 100);
        TestTransport slow = new TestTransport();
        ConnectionId id = register(registry, slow);
        slow.stalled = true;

        assertThat(now(registry.sendWithReceipt(id, FOUR))).isEqualTo(SendOutcome.QUEUED);
        assertThat(now(registry.sendWithReceipt(id, FOUR))).isEqualTo(SendOutcome.QUEUED);
        assertThat(registry.stats().waitingBytes()).isEqualTo(10);
        assertThat(now(registry.sendWithReceipt(id, FOUR))).isEqualTo(SendOutcome.EVICTED);

        assertThat(slow.closed).contains(CloseReason.slowClient("10 bytes"));
        assertThat(slow.closed.orElseThrow().detail()).isEqualTo("outbound queue passed its limit of 10 bytes");
        assertThat(registry.connectionCount()).isZero();
        assertThat(registry.stats().evicted()).isEqualTo(1);
    }

    @Test
    void evictsWhenTheFrameWouldPassTheFramesThatMayWait() {
        ConnectionRegistry registry = registry(1_000, 2);
        TestTransport slow = new TestTransport();
        ConnectionId id = register(registry, slow);
        slow.stalled = true;

        registry.send(id, FOUR);
        registry.send(id, FOUR);
        assertThat(slow.closed).isEmpty();
        registry.send(id, FOUR);

        assertThat(slow.closed).contains(CloseReason.slowClient("2 frames"));
    }

    /** A transport for which more may wait than for others, or less. */
    private static TestTransport withLimits(int maxBytes, int maxFrames) {
        return new TestTransport() {
            @Override
            public Optional<OutboundLimits> outboundLimits() {
                return Optional.of(new OutboundLimits(maxBytes, maxFrames));
            }
        };
    }

    @Test
    void letsATransportHaveLimitsOfItsOwnAndOthersNoneOfThem() {
        ConnectionRegistry registry = registry(10, 100);
        TestTransport large = withLimits(15, 100);
        TestTransport few = withLimits(10, 1);
        TestTransport usual = new TestTransport();
        for (TestTransport each : List.of(large, few, usual)) {
            registry.join(register(registry, each), "lobby");
            each.stalled = true;
        }

        registry.broadcast(Audience.room("lobby"), FOUR);
        registry.broadcast(Audience.room("lobby"), FOUR);
        assertThat(few.closed).contains(CloseReason.slowClient("1 frames"));
        registry.broadcast(Audience.room("lobby"), FOUR);
        assertThat(usual.closed).contains(CloseReason.slowClient("10 bytes"));
        assertThat(large.closed).isEmpty();
        registry.broadcast(Audience.room("lobby"), FOUR);

        assertThat(large.closed).contains(CloseReason.slowClient("15 bytes"));
    }

    @Test
    void takesALargeMessageForWhomItFitsAndNotForOthers() {
        ConnectionRegistry registry = registry(10, 100);
        ConnectionId large = register(registry, withLimits(21, 100));
        ConnectionId usual = register(registry, new TestTransport());
        Message twenty = Message.text("x".repeat(20));

        assertThat(registry.send(large, twenty)).isEqualTo(Posted.ACCEPTED);
        assertThat(registry.send(large, Message.text("x".repeat(22)))).isEqualTo(Posted.TOO_LARGE);
        assertThat(registry.send(usual, twenty)).isEqualTo(Posted.TOO_LARGE);
        assertThat(registry.broadcast(Audience.all(), twenty)).isEqualTo(Posted.TOO_LARGE);
    }

    @Test
    void givesNothingMoreToAnEvictedConnection() {
        ConnectionRegistry registry = registry(10, 100);
        TestTransport slow = new TestTransport();
        ConnectionId id = register(registry, slow);
        registry.join(id, "lobby");
        slow.stalled = true;
        for (int i = 0; i < 3; i++) {
            registry.broadcast(Audience.room("lobby"), FOUR);
        }

        slow.resume();
        registry.broadcast(Audience.room("lobby"), FOUR);

        assertThat(slow.messages()).containsExactly("four");
        assertThat(slow.writes).isEqualTo(1);
    }

    @Test
    void doesNotDelayOthersForASlowOne() {
        ConnectionRegistry registry = registry(10, 100);
        TestTransport slow = new TestTransport();
        TestTransport quick = new TestTransport();
        registry.join(register(registry, slow), "lobby");
        registry.join(register(registry, quick), "lobby");
        slow.stalled = true;

        Receipt first = now(registry.broadcastWithReceipt(Audience.room("lobby"), FOUR));
        Receipt second = now(registry.broadcastWithReceipt(Audience.room("lobby"), FOUR));
        Receipt third = now(registry.broadcastWithReceipt(Audience.room("lobby"), FOUR));

        assertThat(first).isEqualTo(new Receipt(Posted.ACCEPTED, 2, 2, 0, 0, 0));
        assertThat(second).isEqualTo(new Receipt(Posted.ACCEPTED, 2, 2, 0, 0, 0));
        assertThat(third).isEqualTo(new Receipt(Posted.ACCEPTED, 2, 1, 0, 1, 0));
        assertThat(quick.messages()).hasSize(3);
    }

    @Test
    void doesNotCountWhatTheNetworkTakesAtOnce() {
        ConnectionRegistry registry = registry(10, 2);
        TestTransport quick = new TestTransport();
        ConnectionId id = register(registry, quick);
        RegistryListenerBurst.burst(registry, id, 100);

        assertThat(quick.messages()).hasSize(100);
        assertThat(registry.find(id)).isPresent();
    }

    /** Sends many messages within one turn: a listener's calls are taken up before the turn ends. */
    private static final class RegistryListenerBurst {
        static void burst(ConnectionRegistry registry, ConnectionId id, int count) {
            registry.join(id, "burst").thenRun(() -> {
                for (int i = 0; i < count; i++) {
                    registry.send(id, FOUR);
                }
            });
        }
    }

    @Test
    void writesWhatWaitedInOrderWhenTheSlowOneReadsAgain() {
        ConnectionRegistry registry = registry(1 << 20, 1_000);
        TestTransport slow = new TestTransport();
        ConnectionId id = register(registry, slow);
        slow.stalled = true;
        for (int i = 0; i < 500; i++) {
            registry.send(id, "m" + i);
        }

        slow.resume();

        assertThat(slow.messages())
                .isEqualTo(java.util.stream.IntStream.range(0, 500)
                        .mapToObj(i -> "m" + i)
                        .toList());
        assertThat(registry.stats().waitingBytes()).isZero();
    }

    @Test
    void writesABacklogInChunksOfWholeFramesAlsoWhenOneIsLarger() {
        ConnectionRegistry registry = registry(4 << 20, 1_000);
        TestTransport slow = new TestTransport();
        ConnectionId id = register(registry, slow);
        slow.stalled = true;
        registry.send(id, "first");
        String large = "x".repeat(100_000);
        for (int i = 0; i < 5; i++) {
            registry.send(id, large);
            registry.send(id, "small");
        }

        slow.resume();

        assertThat(slow.messages()).hasSize(11);
        assertThat(slow.messages().get(9)).hasSize(100_000);
        assertThat(registry.stats().waitingBytes()).isZero();
    }

    @Test
    void takesFramesLargerThanTheTurnLog() {
        ConnectionRegistry registry = registry(8 << 20, 1_000);
        TestTransport peer = new TestTransport();
        ConnectionId id = register(registry, peer);
        String large = "x".repeat(6 << 20);

        registry.send(id, "before");
        registry.send(id, large);
        registry.send(id, "after");

        assertThat(peer.messages()).containsExactly("before", large, "after");
    }

    @Test
    void refusesAMessageThatCouldNeverBeQueued() {
        ConnectionRegistry registry = registry(100, 10);
        TestTransport peer = new TestTransport();
        ConnectionId id = register(registry, peer);

        assertThat(registry.send(id, "x".repeat(101))).isEqualTo(Posted.TOO_LARGE);
        assertThat(registry.broadcast(Audience.all(), Message.text("x".repeat(101))))
                .isEqualTo(Posted.TOO_LARGE);
        assertThat(now(registry.sendWithReceipt(id, Message.text("x".repeat(100)))))
                .as("its frame is one byte longer")
                .isEqualTo(SendOutcome.DROPPED);
        assertThat(registry.find(id)).isPresent();
        assertThat(registry.stats().dropped()).isEqualTo(1);
    }

    @Test
    void shedsTheLargestDebtorFirstWhenTheNodeIsShort() {
        ConnectionRegistry registry = registry(RegistryConfig.defaults().withMaxWaitingBytes(100));
        TestTransport large = new TestTransport();
        TestTransport small = new TestTransport();
        TestTransport healthy = new TestTransport();
        ConnectionId largeId = register(registry, large);
        ConnectionId smallId = register(registry, small);
        ConnectionId healthyId = register(registry, healthy);
        large.stalled = true;
        small.stalled = true;
        registry.send(largeId, "x".repeat(59));
        registry.send(smallId, "x".repeat(34));
        assertThat(registry.stats().waitingBytes()).isEqualTo(95);

        registry.send(healthyId, FOUR);
        registry.send(smallId, "x".repeat(9));

        assertThat(healthy.messages()).containsExactly("four");
        assertThat(large.aborted).isTrue();
        assertThat(large.closing.orElseThrow().detail())
                .isEqualTo("outbound queue passed its limit of 100 bytes for all clients together");
        assertThat(registry.find(largeId)).isEmpty();
        assertThat(registry.find(smallId)).isPresent();
        assertThat(registry.stats().waitingBytes()).isEqualTo(45);
    }

    @Test
    void servesEveryMemberOnceWhenABroadcastShedsOneThatIsStillToBeServed() {
        ConnectionRegistry registry = registry(RegistryConfig.defaults().withMaxWaitingBytes(100));
        TestTransport debtor = new TestTransport();
        TestTransport healthy = new TestTransport();
        TestTransport slow = new TestTransport();
        ConnectionId debtorId = register(registry, debtor);
        ConnectionId slowId;
        registry.join(debtorId, "lobby");
        registry.join(register(registry, healthy), "lobby");
        registry.join(slowId = register(registry, slow), "lobby");
        debtor.stalled = true;
        slow.stalled = true;
        registry.send(debtorId, "x".repeat(59));
        registry.send(slowId, "x".repeat(34));

        Receipt inRoom = now(registry.broadcastWithReceipt(Audience.room("lobby"), Message.text("x".repeat(9))));

        assertThat(inRoom).isEqualTo(new Receipt(Posted.ACCEPTED, 2, 2, 0, 0, 0));
        assertThat(debtor.aborted).isTrue();
        assertThat(healthy.messages()).hasSize(1);
        slow.resume();
        assertThat(slow.messages()).hasSize(2);
    }

    @Test
    void servesEveryoneOnceWhenABroadcastShedsOneThatIsStillToBeServed() {
        ConnectionRegistry registry = registry(RegistryConfig.defaults().withMaxWaitingBytes(100));
        TestTransport debtor = new TestTransport();
        TestTransport healthy = new TestTransport();
        TestTransport slow = new TestTransport();
        ConnectionId debtorId = register(registry, debtor);
        register(registry, healthy);
        ConnectionId slowId = register(registry, slow);
        debtor.stalled = true;
        slow.stalled = true;
        registry.send(debtorId, "x".repeat(59));
        registry.send(slowId, "x".repeat(34));

        registry.broadcast(Audience.all(), Message.text("x".repeat(9)));

        assertThat(debtor.aborted).isTrue();
        assertThat(healthy.messages()).hasSize(1);
        slow.resume();
        assertThat(slow.messages()).hasSize(2);
    }

    @Test
    void missesNobodyWhenABroadcastShedsSeveral() {
        ConnectionRegistry registry = registry(RegistryConfig.defaults().withMaxWaitingBytes(100));
        List<TestTransport> members = new java.util.ArrayList<>();
        List<ConnectionId> ids = new java.util.ArrayList<>();
        for (int i = 0; i < 4; i++) {
            members.add(new TestTransport());
            ids.add(register(registry, members.get(i)));
            registry.join(ids.get(i), "lobby");
        }
        for (int debtor = 1; debtor <= 3; debtor++) {
            members.get(debtor).stalled = true;
            registry.send(ids.get(debtor), "x".repeat(debtor == 3 ? 19 : 34));
        }

        Receipt receipt = now(registry.broadcastWithReceipt(Audience.room("lobby"), Message.text("x".repeat(45))));

        assertThat(receipt).isEqualTo(new Receipt(Posted.ACCEPTED, 2, 2, 0, 0, 0));
        assertThat(members.get(0).messages()).hasSize(1);
        members.get(3).resume();
        assertThat(members.get(3).messages()).hasSize(2);
    }

    @Test
    void evictsNobodyForWhomNothingWaitsWhenTheNodeIsShort() {
        Fixture.SteppedExecutor first = new Fixture.SteppedExecutor();
        Fixture.SteppedExecutor second = new Fixture.SteppedExecutor();
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(List.of(first, second))
                .config(RegistryConfig.defaults().withMaxWaitingBytes(1_000))
                .build();
        TestTransport debtor = new TestTransport(0);
        TestTransport healthy = new TestTransport(1);
        var debtorRegistered = registry.register(debtor);
        registry.register(healthy);
        first.runAll();
        second.runAll();
        debtor.stalled = true;
        registry.send(
                ((Registration.Registered) now(debtorRegistered)).connection().id(), "x".repeat(699));
        first.runAll();

        registry.broadcast(Audience.all(), Message.text("x".repeat(599)));
        second.runAll();

        assertThat(healthy.messages()).hasSize(1);
        assertThat(registry.connectionCount()).isEqualTo(2);
    }

    @Test
    void doesNotCountAgainstTheNodesLimitWhatTheNetworkTakesAtOnce() {
        ConnectionRegistry registry = registry(RegistryConfig.defaults().withMaxWaitingBytes(100));
        List<TestTransport> members = new java.util.ArrayList<>();
        for (int i = 0; i < 30; i++) {
            members.add(new TestTransport());
            registry.join(register(registry, members.get(i)), "lobby");
        }

        Receipt receipt = now(registry.broadcastWithReceipt(Audience.room("lobby"), Message.text("x".repeat(99))));

        assertThat(receipt).isEqualTo(new Receipt(Posted.ACCEPTED, 30, 30, 0, 0, 0));
        assertThat(members).allSatisfy(member -> assertThat(member.messages()).hasSize(1));
    }

    @Test
    void shedsWhoseTransportHoldsMoreThanTheNodeMayKeep() {
        ConnectionRegistry registry = registry(RegistryConfig.defaults().withMaxWaitingBytes(100));
        TestTransport large = new TestTransport();
        ConnectionId id = register(registry, large);
        large.stalled = true;

        registry.send(id, "x".repeat(149));

        assertThat(large.aborted).isTrue();
        assertThat(large.heldBytes()).isZero();
        assertThat(registry.find(id)).isEmpty();
        assertThat(registry.stats().waitingBytes()).isZero();
    }

    @Test
    void leavesTheBudgetToOtherShardsWhenWhatWaitedIsWritten() {
        Fixture.SteppedExecutor first = new Fixture.SteppedExecutor();
        Fixture.SteppedExecutor second = new Fixture.SteppedExecutor();
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(List.of(first, second))
                .config(RegistryConfig.defaults().withMaxWaitingBytes(1_000))
                .build();
        TestTransport here = new TestTransport(0);
        TestTransport there = new TestTransport(1);
        var hereRegistered = registry.register(here);
        var thereRegistered = registry.register(there);
        first.runAll();
        second.runAll();
        ConnectionId hereId =
                ((Registration.Registered) now(hereRegistered)).connection().id();
        ConnectionId thereId =
                ((Registration.Registered) now(thereRegistered)).connection().id();
        here.stalled = true;
        there.stalled = true;

        registry.send(hereId, "x".repeat(699));
        first.runAll();
        here.resume();
        first.runAll();
        registry.send(thereId, "x".repeat(699));
        second.runAll();

        assertThat(registry.find(thereId)).isPresent();
        assertThat(registry.stats().waitingBytes()).isEqualTo(700);
    }

    @Test
    void releasesWhatWaitedWhenTheTransportEnds() {
        ConnectionRegistry registry = registry(1 << 20, 1_000);
        TestTransport slow = new TestTransport();
        ConnectionId id = register(registry, slow);
        slow.stalled = true;
        registry.send(id, FOUR);
        registry.send(id, FOUR);

        slow.link.closed(CloseReason.TRANSPORT_LOST);
        slow.link.closed(CloseReason.NORMAL);
        slow.link.writable();

        assertThat(registry.stats().waitingBytes()).isZero();
        assertThat(registry.connectionCount()).isZero();
        assertThat(registry.stats().closed()).containsExactly(java.util.Map.entry("transport_lost", 1L));
    }

    @Test
    void countsControlFramesUnderTheSameLimits() {
        ConnectionRegistry registry = registry(10, 100);
        TestTransport slow = new TestTransport();
        register(registry, slow);
        slow.stalled = true;

        for (int i = 0; i < 3; i++) {
            slow.link.control(new byte[] {'p', 'o', 'n', 'g'});
        }

        assertThat(slow.closed).contains(CloseReason.slowClient("10 bytes"));
    }

    @Test
    void answersOverloadedWhenCallersAreTooFarAhead() {
        Fixture.SteppedExecutor shard = new Fixture.SteppedExecutor();
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(List.of(shard))
                .config(RegistryConfig.defaults().withMaxPostedBytes(300))
                .build();
        TestTransport peer = new TestTransport();
        var registered = registry.register(peer);
        shard.runAll();
        ConnectionId id =
                ((Registration.Registered) now(registered)).connection().id();

        assertThat(registry.send(id, FOUR)).isEqualTo(Posted.ACCEPTED);
        assertThat(registry.broadcast(Audience.all(), FOUR)).isEqualTo(Posted.ACCEPTED);
        assertThat(registry.send(id, FOUR)).isEqualTo(Posted.OVERLOADED);
        assertThat(now(registry.broadcastWithReceipt(Audience.all(), FOUR)).posted())
                .isEqualTo(Posted.OVERLOADED);
        shard.runAll();
        assertThat(registry.send(id, FOUR)).isEqualTo(Posted.ACCEPTED);
        shard.runAll();

        assertThat(peer.messages()).hasSize(3);
        assertThat(registry.stats().overloaded()).isEqualTo(2);
    }

    @Test
    void encodesAMessageOnceForEachFormat() {
        AtomicInteger encodings = new AtomicInteger();
        WireFormat counting = message -> {
            encodings.incrementAndGet();
            return Fixture.LINES.encode(message);
        };
        ConnectionRegistry registry = registry(RegistryConfig.defaults());
        for (int i = 0; i < 10; i++) {
            boolean other = i % 2 == 0;
            register(registry, new TestTransport() {
                @Override
                public WireFormat format() {
                    return other ? counting : Fixture.LINES;
                }
            });
        }

        registry.broadcast(Audience.all(), FOUR);

        assertThat(encodings).hasValue(1);
    }

    @Test
    void losesAMessageOnlyForThoseWhoseFormatCannotWriteIt() {
        ConnectionRegistry registry = registry(RegistryConfig.defaults());
        TestTransport peer = new TestTransport();
        register(registry, peer);
        register(registry, new TestTransport() {
            @Override
            public WireFormat format() {
                return message -> {
                    throw new UnsupportedOperationException("binary only");
                };
            }
        });

        Receipt receipt = now(registry.broadcastWithReceipt(Audience.all(), FOUR));

        assertThat(receipt).isEqualTo(new Receipt(Posted.ACCEPTED, 2, 1, 1, 0, 0));
        assertThat(peer.messages()).containsExactly("four");
    }

    @Test
    void takesAnExceptionOfATransportForItsEnd() {
        ConnectionRegistry registry = registry(RegistryConfig.defaults());
        TestTransport peer = new TestTransport();
        register(registry, peer);
        register(registry, new TestTransport() {
            @Override
            public boolean write(ByteBuffer source, int offset, int length) {
                throw new IllegalStateException("broken pipe");
            }
        });

        registry.broadcast(Audience.all(), FOUR);
        registry.broadcast(Audience.all(), FOUR);

        assertThat(peer.messages()).hasSize(2);
        assertThat(registry.connectionCount()).isEqualTo(1);
        assertThat(registry.stats().waitingBytes()).isZero();
        assertThat(registry.stats().closed()).containsExactly(java.util.Map.entry("transport_lost", 1L));
    }
}

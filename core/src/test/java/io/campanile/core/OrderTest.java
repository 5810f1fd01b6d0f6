package io.campanile.core;

import static io.campanile.core.Fixture.now;
import static io.campanile.core.Fixture.register;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Fixture.SteppedExecutor;
import io.campanile.core.Fixture.TestTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** G3 and G4: what one thread asks for happens in its order, and a room has one order for all. */
final class OrderTest {

    private final SteppedExecutor first = new SteppedExecutor();
    private final SteppedExecutor second = new SteppedExecutor();
    private final ConnectionRegistry stepped =
            ConnectionRegistry.builder().shards(List.of(first, second)).build();

    private void runAll() {
        while (first.waiting() + second.waiting() > 0) {
            first.runAll();
            second.runAll();
        }
    }

    private ConnectionId registered(TestTransport transport) {
        var answer = stepped.register(transport);
        runAll();
        return ((Registration.Registered) now(answer)).connection().id();
    }

    @Test
    void reachesAMemberWhoseJoinWasAskedForJustBefore() {
        TestTransport member = new TestTransport(1);
        ConnectionId id = registered(member);

        stepped.join(id, "lobby");
        stepped.broadcast("lobby", "hello");
        runAll();

        assertThat(member.messages()).containsExactly("hello");
    }

    @Test
    void reachesAUserWhoseRegistrationWasAskedForJustBefore() {
        TestTransport peer = new TestTransport(1);

        stepped.register(peer, Claims.of("alice"));
        stepped.broadcast(Audience.user("alice"), Message.text("hello"));
        runAll();

        assertThat(peer.messages()).containsExactly("hello");
    }

    @Test
    void stillReachesAMemberThatLeavesRightAfter() {
        TestTransport member = new TestTransport(0);
        ConnectionId id = registered(member);
        stepped.join(id, "lobby");

        stepped.broadcast("lobby", "hello");
        stepped.leave(id, "lobby");
        stepped.broadcast("lobby", "too late");
        runAll();

        assertThat(member.messages()).containsExactly("hello");
    }

    @Test
    void deliversWhatWasSentBeforeAClose() {
        TestTransport peer = new TestTransport(0);
        ConnectionId id = registered(peer);

        stepped.send(id, "last words");
        stepped.close(id, CloseReason.NORMAL);
        stepped.send(id, "too late");
        runAll();

        assertThat(peer.messages()).containsExactly("last words");
        assertThat(peer.closed).contains(CloseReason.NORMAL);
    }

    @Test
    void deliversWhatWasSentBeforeACloseAlsoToASlowReader() {
        TestTransport peer = new TestTransport(0);
        ConnectionId id = registered(peer);
        peer.stalled = true;

        stepped.send(id, "one");
        runAll();
        stepped.send(id, "two");
        stepped.close(id, CloseReason.NORMAL);
        runAll();
        assertThat(peer.closing).contains(CloseReason.NORMAL);
        assertThat(peer.closed).isEmpty();
        peer.resume();
        runAll();

        assertThat(peer.messages()).containsExactly("one", "two");
        assertThat(peer.closed).contains(CloseReason.NORMAL);
    }

    @Test
    void keepsTheOrderOfRoomsAndDirectMessagesWithinATurn() {
        TestTransport a = new TestTransport(0);
        TestTransport b = new TestTransport(0);
        ConnectionId idA = registered(a);
        ConnectionId idB = registered(b);
        stepped.join(idA, "x");
        stepped.join(idA, "y");
        stepped.join(idB, "y");
        runAll();

        first.asOwner(() -> {
            stepped.broadcast("x", "x1");
            stepped.broadcast("y", "y1");
            stepped.send(idB, "direct");
            stepped.broadcast("y", "y2");
            stepped.send(idA, "for a");
            stepped.broadcast("x", "x2");
        });
        runAll();

        assertThat(a.messages()).containsExactly("x1", "y1", "y2", "for a", "x2");
        assertThat(b.messages()).containsExactly("y1", "direct", "y2");
        assertThat(a.writes).isEqualTo(1);
        assertThat(b.writes).isEqualTo(1);
    }

    @Test
    void completesAnswersAtOnceOnTheShardsOwnThread() {
        ConnectionId id = registered(new TestTransport(0));

        first.asOwner(() -> assertThat(now(stepped.join(id, "lobby"))).isEqualTo(JoinOutcome.JOINED));
    }

    @Test
    void runsACallFromWithinAStepAfterThatStep() {
        List<String> heard = new ArrayList<>();
        ConnectionRegistry[] registry = new ConnectionRegistry[1];
        registry[0] = ConnectionRegistry.builder()
                .shards(List.of(first))
                .listener(new RegistryListener() {
                    @Override
                    public void opened(Connection connection) {
                        registry[0].join(connection.id(), "lobby");
                        heard.add("opened");
                    }

                    @Override
                    public void joined(Connection connection, String room) {
                        heard.add("joined");
                    }
                })
                .build();

        registry[0].register(new TestTransport());
        first.runAll();

        assertThat(heard).containsExactly("opened", "joined");
    }

    @Test
    void givesTheMembersOfARoomOneOrderWhoeverPublishes() throws Exception {
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(java.util.Collections.nCopies(4, io.campanile.core.spi.ShardExecutor.callingThreads()))
                .config(RegistryConfig.defaults().withOutbound(new OutboundLimits(16 << 20, 1 << 20)))
                .build();
        List<TestTransport> members = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            TestTransport member = new TestTransport(i % 4);
            members.add(member);
            ConnectionId id = register(registry, member);
            registry.join(id, "lobby");
            registry.join(id, "hall");
        }
        CountDownLatch start = new CountDownLatch(1);
        List<Thread> publishers = new ArrayList<>();
        for (int p = 0; p < 4; p++) {
            String name = "p" + p + "-";
            Audience audience = switch (p) {
                case 0 -> Audience.all();
                case 1 -> Audience.rooms("hall", "lobby");
                default -> Audience.room("lobby");
            };
            Thread thread = new Thread(() -> {
                try {
                    start.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                for (int i = 0; i < 2_000; i++) {
                    registry.broadcast(audience, Message.text(name + i));
                }
            });
            publishers.add(thread);
            thread.start();
        }

        start.countDown();
        for (Thread thread : publishers) {
            thread.join();
        }

        List<String> order = members.get(0).messages();
        assertThat(order).hasSize(8_000).doesNotHaveDuplicates();
        for (TestTransport member : members) {
            assertThat(member.messages()).isEqualTo(order);
        }
        for (int p = 0; p < 4; p++) {
            String name = "p" + p + "-";
            assertThat(order.stream().filter(m -> m.startsWith(name)).toList())
                    .isEqualTo(java.util.stream.IntStream.range(0, 2_000)
                            .mapToObj(i -> name + i)
                            .toList());
        }
    }
}

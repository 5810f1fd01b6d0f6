package io.campanile.core;

import static io.campanile.core.Fixture.now;
import static io.campanile.core.Fixture.register;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.spi.ShardExecutor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** G5 and G6: each member gets one copy, and what leaves is forgotten everywhere. */
final class MembershipTest {

    private final ConnectionRegistry registry = ConnectionRegistry.builder()
            .shards(Collections.nCopies(3, ShardExecutor.callingThreads()))
            .build();
    private final TestTransport ann = new TestTransport(0);
    private final TestTransport bob = new TestTransport(1);
    private final TestTransport cid = new TestTransport(1);
    private final ConnectionId annId = register(registry, ann, Claims.of("ann"));
    private final ConnectionId bobId = register(registry, bob, Claims.of("bob"));
    private final ConnectionId cidId = register(registry, cid, Claims.of("bob"));

    private Receipt broadcast(Audience audience) {
        return now(registry.broadcastWithReceipt(audience, Message.text("hi")));
    }

    @Test
    void answersJoinAndLeave() {
        assertThat(now(registry.join(annId, "lobby"))).isEqualTo(JoinOutcome.JOINED);
        assertThat(now(registry.join(annId, "lobby"))).isEqualTo(JoinOutcome.ALREADY_IN);
        assertThat(now(registry.leave(annId, "lobby"))).isEqualTo(LeaveOutcome.LEFT);
        assertThat(now(registry.leave(annId, "lobby"))).isEqualTo(LeaveOutcome.NOT_IN);
        assertThat(registry.roomCount()).isZero();
    }

    @Test
    void tellsTheMembersOfARoomAndTheRoomsOfAMember() {
        registry.join(annId, "lobby");
        registry.join(bobId, "lobby");
        registry.join(annId, "hall");

        assertThat(now(registry.members("lobby"))).containsExactlyInAnyOrder(annId, bobId);
        assertThat(now(registry.members("nowhere"))).isEmpty();
        assertThat(now(registry.rooms(annId))).containsExactly("lobby", "hall");
        assertThat(registry.memberCount("lobby")).isEqualTo(2);
        assertThat(registry.rooms()).containsExactlyInAnyOrder("lobby", "hall");
        assertThat(registry.userConnectionCount("bob")).isEqualTo(2);
    }

    @Test
    void reachesOnlyTheRoom() {
        registry.join(annId, "lobby");
        registry.join(bobId, "hall");

        assertThat(broadcast(Audience.room("lobby"))).isEqualTo(new Receipt(Posted.ACCEPTED, 1, 1, 0, 0, 0));
        assertThat(ann.messages()).containsExactly("hi");
        assertThat(bob.messages()).isEmpty();
    }

    @Test
    void answersABroadcastToNobody() {
        assertThat(broadcast(Audience.room("nowhere"))).isEqualTo(new Receipt(Posted.ACCEPTED, 0, 0, 0, 0, 0));
    }

    @Test
    void sendsOneCopyWhenSeveralRoomsAreAddressed() {
        registry.join(annId, "a");
        registry.join(annId, "b");
        registry.join(bobId, "b");

        Receipt receipt = broadcast(Audience.rooms("a", "b", "a", "nowhere"));

        assertThat(receipt.queued()).isEqualTo(2);
        assertThat(ann.messages()).containsExactly("hi");
        assertThat(bob.messages()).containsExactly("hi");
    }

    @Test
    void leavesOutConnectionsAndRooms() {
        registry.join(annId, "lobby");
        registry.join(bobId, "lobby");
        registry.join(cidId, "lobby");
        registry.join(bobId, "muted");

        Receipt receipt = broadcast(Audience.room("lobby").except(annId).exceptRooms("muted", "nowhere"));

        assertThat(receipt.matched()).isEqualTo(1);
        assertThat(cid.messages()).containsExactly("hi");
    }

    @Test
    void reachesAllConnectionsOfAUser() {
        assertThat(broadcast(Audience.user("bob")).queued()).isEqualTo(2);
        assertThat(ann.messages()).isEmpty();
    }

    @Test
    void reachesEveryoneExceptTheLeftOut() {
        assertThat(broadcast(Audience.all().except(bobId)).queued()).isEqualTo(2);
        assertThat(bob.messages()).isEmpty();
    }

    @Test
    void refusesOneRoomMoreThanAllowed() {
        ConnectionRegistry small = ConnectionRegistry.builder()
                .config(RegistryConfig.defaults().withMaxRoomsPerConnection(2))
                .build();
        ConnectionId id = register(small, new TestTransport());
        small.join(id, "a");
        small.join(id, "b");

        assertThat(now(small.join(id, "c"))).isEqualTo(JoinOutcome.REFUSED);
        assertThat(small.roomCount()).isEqualTo(2);
        small.leave(id, "a");
        assertThat(now(small.join(id, "c"))).isEqualTo(JoinOutcome.JOINED);
    }

    @Test
    void leavesNoTraceOfAConnectionThatHasLeft() {
        registry.join(bobId, "lobby");
        registry.join(bobId, "hall");
        registry.join(annId, "hall");

        registry.unregister(bobId);

        assertThat(registry.rooms()).containsExactly("hall");
        assertThat(registry.memberCount("lobby")).isZero();
        assertThat(now(registry.members("hall"))).containsExactly(annId);
        assertThat(registry.userConnectionCount("bob")).isEqualTo(1);
        assertThat(registry.connectionCount()).isEqualTo(2);
        registry.unregister(cidId);
        assertThat(registry.stats().users()).isEqualTo(1);
    }

    @Test
    void leavesNoTraceWhenJoinAndUnregisterMeet() throws Exception {
        for (int round = 0; round < 500; round++) {
            ConnectionId id = register(registry, new TestTransport(2));
            CountDownLatch start = new CountDownLatch(1);
            Thread joiner = new Thread(() -> {
                awaitQuietly(start);
                registry.join(id, "lobby");
            });
            Thread leaver = new Thread(() -> {
                awaitQuietly(start);
                registry.unregister(id);
            });
            joiner.start();
            leaver.start();
            start.countDown();
            joiner.join();
            leaver.join();

            assertThat(registry.roomCount()).isZero();
            assertThat(registry.connectionCount()).isEqualTo(3);
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Drives random operations against a map of sets and compares everything after each step. */
    @Test
    void agreesWithAPlainModelAfterEveryStep() {
        long seed = 20261123;
        Random random = new Random(seed);
        TreeMap<Long, TreeSet<String>> model = new TreeMap<>();
        List.of(annId, bobId, cidId).forEach(id -> model.put(id.value(), new TreeSet<>()));
        List<Long> everGiven = new ArrayList<>(model.keySet());

        for (int step = 0; step < 20_000; step++) {
            ConnectionId id = new ConnectionId(everGiven.get(random.nextInt(everGiven.size())));
            String room = "r" + random.nextInt(5);
            TreeSet<String> rooms = model.get(id.value());
            switch (random.nextInt(6)) {
                case 0 -> {
                    if (model.size() < 20) {
                        ConnectionId made = register(registry, new TestTransport());
                        assertThat(everGiven).doesNotContain(made.value());
                        everGiven.add(made.value());
                        model.put(made.value(), new TreeSet<>());
                    }
                }
                case 1 -> {
                    assertThat(now(registry.unregister(id)))
                            .isEqualTo(rooms == null ? CloseOutcome.GONE : CloseOutcome.CLOSED);
                    model.remove(id.value());
                }
                case 2, 3 ->
                    assertThat(now(registry.join(id, room)))
                            .isEqualTo(
                                    rooms == null
                                            ? JoinOutcome.GONE
                                            : rooms.add(room) ? JoinOutcome.JOINED : JoinOutcome.ALREADY_IN);
                case 4 ->
                    assertThat(now(registry.leave(id, room)))
                            .isEqualTo(
                                    rooms == null
                                            ? LeaveOutcome.GONE
                                            : rooms.remove(room) ? LeaveOutcome.LEFT : LeaveOutcome.NOT_IN);
                default ->
                    assertThat(broadcast(Audience.room(room)).matched())
                            .as("seed %s step %s", seed, step)
                            .isEqualTo((int) model.values().stream()
                                    .filter(r -> r.contains(room))
                                    .count());
            }
            TreeSet<String> alive = new TreeSet<>();
            model.values().forEach(alive::addAll);
            assertThat(registry.rooms()).as("seed %s step %s", seed, step).isEqualTo(alive);
            assertThat(registry.connectionCount()).isEqualTo(model.size());
        }
    }
}

package io.campanile.core;

import static io.campanile.core.Fixture.now;
import static io.campanile.core.Fixture.register;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.Fixture.TurnedExecutor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** G1, G2 and G7 where a turn writes to a part of those who wait only. */
final class LapsTest {
    private static final int PER_TURN = 4;

    private final Loop loop = new Loop();
    private final ConnectionRegistry registry =
            ConnectionRegistry.builder().shards(List.of(loop)).build();
    private final List<TestTransport> clients = new ArrayList<>();

    /** An executor that writes to four connections in a turn, or as many as it is told. */
    private static final class Loop extends TurnedExecutor {
        private int perTurn = PER_TURN;
        private int turnEnds;

        @Override
        public int writesPerTurn() {
            turnEnds++;
            return perTurn;
        }
    }

    private void join(int count) {
        for (int i = 0; i < count; i++) {
            TestTransport client = new TestTransport();
            clients.add(client);
            registry.join(register(registry, client), "room");
        }
    }

    private long served(String message) {
        return clients.stream()
                .filter(client -> client.messages().contains(message))
                .count();
    }

    @Test
    void writesToSoManyInATurnAndToTheOthersInTheNext() {
        join(10);

        registry.broadcast("room", "one");
        loop.turn();
        assertThat(served("one")).isEqualTo(4);
        loop.turn();
        assertThat(served("one")).isEqualTo(8);
        loop.turn();

        assertThat(served("one")).isEqualTo(10);
        assertThat(loop.isIdle()).isTrue();
        assertThat(registry.stats().waitingBytes()).isZero();
        assertThat(registry.stats().writtenBytes()).isEqualTo(10 * "one\n".length());
    }

    @Test
    void letsAMessageTravelWithTheOneBeforeItToWhomWasNotServedYet() {
        join(10);

        registry.broadcast("room", "one");
        loop.turn();
        registry.broadcast("room", "two");
        loop.turnUntilIdle();

        assertThat(clients).allSatisfy(client -> assertThat(client.messages()).containsExactly("one", "two"));
        assertThat(clients.stream().mapToInt(client -> client.writes).sum()).isEqualTo(6 + 2 * 4);
    }

    @Test
    void servesEverybodyWithinALapHoweverManyMessagesCome() {
        join(10);

        registry.broadcast("room", "0");
        List<String> sent = new ArrayList<>(List.of("0"));
        for (int turn = 1; turn <= 40; turn++) {
            loop.turn();
            registry.broadcast("room", Integer.toString(turn));
            sent.add(Integer.toString(turn));
        }
        int writes = clients.stream().mapToInt(client -> client.writes).sum();
        int least = clients.stream().mapToInt(client -> client.writes).min().orElseThrow();

        assertThat(writes).isEqualTo(40 * PER_TURN);
        assertThat(least).isGreaterThanOrEqualTo(40 / 3); // ten in a line, four in a turn: three turns
        loop.turnUntilIdle();
        assertThat(clients).allSatisfy(client -> assertThat(client.messages()).isEqualTo(sent));
    }

    @Test
    void keepsWhatIsGatheredUntilTheLastOfTheLineHasIt() {
        join(10);
        List<String> sent = new ArrayList<>();

        // The log, of 256 KiB, is full several times while the line is never empty.
        for (int i = 0; i < 60; i++) {
            String message = i + "x".repeat(20_000);
            sent.add(message);
            registry.broadcast("room", message);
            loop.turn();
        }
        loop.turnUntilIdle();

        assertThat(clients).allSatisfy(client -> assertThat(client.messages()).isEqualTo(sent));
        assertThat(registry.stats().waitingBytes()).isZero();
    }

    @Test
    void givesWhoIsClosedInMidLapWhatIsGatheredForHim() {
        join(10);

        registry.broadcast("room", "one");
        loop.turn();
        List<Connection> all = new ArrayList<>(now(registry.connections(Audience.room("room"))));
        Collections.shuffle(all, new java.util.Random(7));
        all.subList(0, 6).forEach(connection -> registry.close(connection.id(), CloseReason.NORMAL));

        assertThat(loop.turnEnds).isEqualTo(1);
        loop.turnUntilIdle();
        assertThat(served("one")).isEqualTo(10);
    }

    @Test
    void servesWhoIsSentSomethingBehindAllThatWaitAndInOrder() {
        join(10);
        TestTransport other = new TestTransport();
        ConnectionId id = register(registry, other);

        registry.broadcast("room", "one");
        loop.turn();
        IntStream.range(0, 3).forEach(i -> registry.send(id, "direct " + i));
        loop.turn();
        assertThat(other.messages()).isEmpty();
        loop.turn();

        assertThat(other.messages()).containsExactly("direct 0", "direct 1", "direct 2");
        assertThat(other.writes).isEqualTo(1);
        assertThat(served("one")).isEqualTo(10);
    }

    @Test
    void writesToSomebodyInEachTurnWhateverTheExecutorSays() {
        join(3);
        loop.perTurn = 0;

        registry.broadcast("room", "one");
        loop.turn();
        assertThat(served("one")).isEqualTo(1);
        loop.turnUntilIdle();

        assertThat(served("one")).isEqualTo(3);
    }

    @Test
    void givesANewcomerNothingOfWhatWaitedForTheOneWhosePlaceInTheLineItHas() {
        join(10);
        List<Connection> members = now(registry.connections(Audience.room("room")));

        registry.broadcast("room", "one");
        loop.turn();
        for (Connection member : members) {
            registry.close(member.id(), CloseReason.NORMAL);
        }
        clients.forEach(client -> client.link.closed(CloseReason.NORMAL));
        List<TestTransport> left = List.copyOf(clients);
        clients.clear();
        join(10);
        registry.broadcast("room", "two");
        loop.turnUntilIdle();

        assertThat(left).allSatisfy(client -> assertThat(client.messages()).containsExactly("one"));
        assertThat(clients).allSatisfy(client -> {
            assertThat(client.messages()).containsExactly("two");
            assertThat(client.writes).isEqualTo(1);
        });
        assertThat(registry.stats().waitingBytes()).isZero();
    }
}

package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When a message counts as delivered to everybody. */
final class RoomLoadTest {
    private final List<Long> completed = new ArrayList<>();

    @Test
    void completesAMessageWithTheLastReceiverOfAllLoops() {
        RoomLoad room = room(2, 0, 1);
        room.nextNumber(100);

        room.part(0).counted(0, 1);
        room.part(2).counted(0, 1);

        assertThat(completed).isEmpty();
        assertThat(room.completed()).isZero();

        room.part(0).counted(0, 1);

        assertThat(completed).containsExactly(100L);
        assertThat(room.completed()).isEqualTo(1);
    }

    @Test
    void completesSeveralThatCameInOneRead() {
        RoomLoad room = room(2);
        room.nextNumber(100);
        room.nextNumber(200);

        room.part(0).counted(0, 2);
        room.part(0).counted(0, 1);
        room.part(0).counted(1, 1);

        assertThat(completed).containsExactly(100L, 200L);
    }

    @Test
    void goesRoundItsRingsAnyNumberOfTimes() {
        RoomLoad room = room(1, 1);

        for (int i = 0; i < 1_000; i++) {
            room.nextNumber(i);
            room.part(i % 2).counted(i, 1);
            room.part(1 - i % 2).counted(i, 1);
        }

        assertThat(completed).hasSize(1_000);
        assertThat(completed.get(999)).isEqualTo(999);
    }

    @Test
    void hasAsManyPlacesAsItsLimit() {
        RoomLoad room = room(1);

        assertThat(room.tryTakePlace(2)).isTrue();
        assertThat(room.tryTakePlace(2)).isTrue();
        assertThat(room.tryTakePlace(2)).isFalse();

        room.givePlaceBack();

        assertThat(room.tryTakePlace(1)).isFalse();
        assertThat(room.tryTakePlace(2)).isTrue();
    }

    @Test
    void isBehindWhenMoreThanItsWindowIsOnTheWay() {
        RoomLoad room = room(1);

        while (!room.isBehind()) {
            room.nextNumber(0);
        }

        assertThat(room.sent()).isBetween(16L, 64L);
    }

    private RoomLoad room(int... receiversByLoop) {
        return new RoomLoad(16, receiversByLoop, List.of(), (room, sentNanos) -> completed.add(sentNanos));
    }
}

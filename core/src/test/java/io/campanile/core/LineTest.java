package io.campanile.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class LineTest {

    private record Entry(int row, long since) {}

    @Test
    void givesInOrderWhatItWasGivenWithItsTime() {
        Random random = new Random(1);
        Line line = new Line();
        ArrayDeque<Entry> expected = new ArrayDeque<>();
        long now = 0;

        for (int step = 0; step < 20_000; step++) {
            // Now it grows, now it shrinks, and is empty at times.
            if (random.nextInt(100) < (step / 500 % 2 == 0 ? 65 : 35)) {
                now += random.nextInt(3) / 2;
                Entry entry = new Entry(random.nextInt(1_000), now);
                expected.add(entry);
                line.add(entry.row, entry.since);
            } else if (!expected.isEmpty()) {
                Entry entry = expected.remove();
                assertThat(line.since()).isEqualTo(entry.since);
                assertThat(line.take()).isEqualTo(entry.row);
            }
            assertThat(line.isEmpty()).isEqualTo(expected.isEmpty());
        }
    }
}

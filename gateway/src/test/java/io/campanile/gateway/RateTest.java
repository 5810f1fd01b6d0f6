package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How much a rate lets come, to the unit. */
final class RateTest {

    private static final long SECOND = 1_000_000_000L;

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MAX_VALUE - SECOND, Long.MIN_VALUE})
    void letsComeFiveSecondsWorthAtOnceAndNotOneMore(long now) {
        Rate rate = new Rate(10, 1);
        long fullAt = now;
        for (int i = 0; i < 50; i++) {
            fullAt = rate.take(fullAt, now, 1);
            assertThat(rate.isExceeded(fullAt, now)).as("number %d", i).isFalse();
        }

        assertThat(rate.isExceeded(rate.take(fullAt, now, 1), now)).isTrue();
    }

    @Test
    void letsComeTheLargestMessageWhateverTheRate() {
        Rate rate = new Rate(1, 1_000);

        assertThat(rate.isExceeded(rate.take(0, 0, 1_000), 0)).isFalse();
        assertThat(rate.isExceeded(rate.take(0, 0, 1_001), 0)).isTrue();
    }

    @Test
    void neverEndsWhoKeepsToIt() {
        Rate rate = new Rate(10, 1);
        long fullAt = 0;
        for (long now : LongStream.range(0, 10_000).map(i -> i * SECOND / 10).toArray()) {
            fullAt = rate.take(fullAt, now, 1);

            assertThat(rate.isExceeded(fullAt, now)).isFalse();
        }
    }

    @Test
    void neverEndsWhoKeptToItWhileTheWayWasBlockedForFourSeconds() {
        Rate rate = new Rate(10, 1);
        long now = 4 * SECOND;
        long fullAt = 0;
        for (int ignored : IntStream.range(0, 40).toArray()) {
            fullAt = rate.take(fullAt, now, 1);
        }
        for (int ignored : IntStream.range(0, 10).toArray()) {
            now += SECOND / 10;
            fullAt = rate.take(fullAt, now, 1);
        }

        assertThat(rate.isExceeded(fullAt, now)).isFalse();
    }

    @Test
    void endsWhoPassesItByATenthWithinAMinute() {
        Rate rate = new Rate(10, 1);
        long fullAt = 0;
        long now = 0;
        while (now < 60 * SECOND && !rate.isExceeded(fullAt, now)) {
            now += SECOND / 11;
            fullAt = rate.take(fullAt, now, 1);
        }

        assertThat(now).isBetween(45 * SECOND, 59 * SECOND);
    }

    @Test
    void isNotPassedByTheLargestValues() {
        Rate rate = new Rate(1 << 30, 1L << 31);

        assertThat(rate.isExceeded(rate.take(0, 0, Integer.MAX_VALUE), 0)).isFalse();
    }

    @Test
    void ofNothingIsOff() {
        assertThat(new Rate(0, 1).isOff()).isTrue();
        assertThat(new Rate(1, 1).isOff()).isFalse();
    }
}

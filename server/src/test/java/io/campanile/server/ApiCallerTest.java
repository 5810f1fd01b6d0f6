package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** How much one key may ask for. */
final class ApiCallerTest {

    private static final long SECOND = 1_000_000_000;

    private long now = Long.MAX_VALUE - SECOND; // the clock may begin anywhere, and pass its end
    private final ApiCaller caller = new ApiCaller("shop", 2, now);

    @Test
    void letsFiveSecondsWorthThroughAtOnceAndNotOneMore() {
        for (int i = 0; i < 10; i++) {
            assertThat(caller.take(1, now)).isZero();
        }

        assertThat(caller.take(1, now)).isEqualTo(SECOND / 2);
        assertThat(caller.limited()).isEqualTo(1);
    }

    @Test
    void holdsTheRateOverTime() {
        int taken = 0;
        for (int tick = 0; tick < 100_000; tick++) {
            now += SECOND / 1_000;
            taken += caller.take(1, now) == 0 ? 1 : 0;
        }

        assertThat(taken).isBetween(200, 210);
    }

    @Test
    void aBatchGoesThroughWholeAndThoseBehindItWait() {
        assertThat(caller.take(1_000, now)).isZero();

        assertThat(caller.take(1, now)).isEqualTo(495 * SECOND + SECOND / 2);
        now += 495 * SECOND + SECOND / 2;
        assertThat(caller.take(1, now)).isZero();
    }

    @Test
    void aSilentKeyGathersNoMoreThanFiveSecondsWorth() {
        now += 3_600 * SECOND;

        for (int i = 0; i < 10; i++) {
            assertThat(caller.take(1, now)).isZero();
        }
        assertThat(caller.take(1, now)).isPositive();
    }

    @Test
    void isUnlimitedWhenOff() {
        var free = new ApiCaller("free", 0, now);

        for (int i = 0; i < 1_000; i++) {
            assertThat(free.take(1_000, now)).isZero();
        }
    }
}

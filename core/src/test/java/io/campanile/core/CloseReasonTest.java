package io.campanile.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.CloseReason.ComeBack;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What a close reason says to the peer. */
class CloseReasonTest {

    @Test
    void saysItsDetailAlone() {
        assertThat(CloseReason.RESTART.sentence()).isEqualTo("the server restarts");
    }

    @Test
    void endsWithTheTimeToComeBackInMilliseconds() {
        CloseReason reason = CloseReason.GOING_AWAY.withComeBackAfter(Duration.ofMillis(12_345));

        assertThat(reason.sentence()).isEqualTo("the server is going away, retry=12345");
        assertThat(reason.withDetail("").sentence()).isEqualTo("retry=12345");
    }

    @Test
    void cutsALongDetailAtACharacterSoThatTheTimeFits() {
        CloseReason reason = CloseReason.RESTART.withDetail("ä".repeat(61)).withComeBackAfter(Duration.ofDays(1));

        assertThat(reason.sentence()).isEqualTo("ä".repeat(53) + ", retry=86400000");
        assertThat(reason.sentence().getBytes(StandardCharsets.UTF_8)).hasSizeLessThanOrEqualTo(123);
    }

    @Test
    void tellsAnEvictionFromAPeerThatClosesWithTheSameCode() {
        assertThat(CloseReason.slowClient("1024 frames").isEviction()).isTrue();
        assertThat(new CloseReason(CloseReason.SLOW_CLIENT_CODE, "peer_closed", "", ComeBack.NO).isEviction())
                .isFalse();
        assertThat(CloseReason.NO_PONG.isEviction()).isFalse();
    }

    @Test
    void rejectsATimeThatCouldNotBeMeant() {
        assertThatThrownBy(() -> CloseReason.RESTART.withComeBackAfter(Duration.ofMillis(-1)))
                .hasMessage("comeBackAfter: PT-0.001S (expected: zero to PT24H)");
        assertThatThrownBy(() -> CloseReason.NORMAL.withComeBackAfter(Duration.ofSeconds(1)))
                .hasMessage("comeBackAfter: PT1S, comeBack: NO (expected: zero, or comeBack YES)");
        assertThat(CloseReason.RESTART.comeBack()).isEqualTo(ComeBack.YES);
    }
}

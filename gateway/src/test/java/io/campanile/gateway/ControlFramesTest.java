package io.campanile.gateway;

import static io.campanile.gateway.ClientFrames.bytes;
import static io.campanile.gateway.ClientFrames.join;
import static io.campanile.gateway.ClientFrames.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How control frames look on the wire. */
final class ControlFramesTest {

    @Test
    void writesAPongWithThePayloadOfItsPing() {
        assertThat(ControlFrames.pong(bytes(1, 2))).isEqualTo(bytes(0x8a, 2, 1, 2));
    }

    @Test
    void writesAPing() {
        assertThat(ControlFrames.ping(bytes())).isEqualTo(bytes(0x89, 0));
    }

    @Test
    void writesPayloadsOfUpTo125Bytes() {
        assertThat(ControlFrames.pong(new byte[125])).isEqualTo(join(bytes(0x8a, 125), new byte[125]));
        assertThatThrownBy(() -> ControlFrames.pong(new byte[126]))
                .hasMessage("payload: 126 bytes (expected: at most 125)");
    }

    @Test
    void writesACloseWithCodeAndReason() {
        assertThat(ControlFrames.close(1001, "bye")).isEqualTo(bytes(0x88, 5, 0x03, 0xe9, 'b', 'y', 'e'));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 66_536})
    void writesACloseWithoutPayloadForACodeThatMayNotBeSent(int code) {
        assertThat(ControlFrames.close(code, "unsaid")).isEqualTo(bytes(0x88, 0));
    }

    @Test
    void writesTheLongestReasonWhole() {
        String reason = "x".repeat(121) + "é";

        assertThat(ControlFrames.close(1000, reason)).isEqualTo(join(bytes(0x88, 125, 0x03, 0xe8), utf8(reason)));
    }

    @Test
    void cutsALongerReasonAtACharacter() {
        assertThat(ControlFrames.close(1000, "x".repeat(122) + "é"))
                .isEqualTo(join(bytes(0x88, 124, 0x03, 0xe8), utf8("x".repeat(122))));
        assertThat(ControlFrames.close(1000, "x".repeat(120) + "🔔"))
                .isEqualTo(join(bytes(0x88, 122, 0x03, 0xe8), utf8("x".repeat(120))));
        assertThat(ControlFrames.close(1000, "x".repeat(200)))
                .isEqualTo(join(bytes(0x88, 125, 0x03, 0xe8), utf8("x".repeat(123))));
    }
}

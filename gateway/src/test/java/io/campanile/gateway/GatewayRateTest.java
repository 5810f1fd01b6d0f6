package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.CloseReason;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a client that sends faster than it may. */
final class GatewayRateTest {

    private final TestGateway.Echo echo = new TestGateway.Echo();

    private GatewayServer start(GatewayLimits limits) {
        return TestGateway.on(IoKind.AUTO)
                .limits(limits)
                .webSocket("/echo", echo)
                .start();
    }

    private static GatewayLimits off() {
        return GatewayLimits.defaults().withMaxMessagesPerSecond(0).withMaxBytesPerSecond(0);
    }

    /** Puts frames into one write, so that they are read at one time. */
    private static byte[] times(int count, byte[] frame) {
        var all = new ByteArrayOutputStream();
        for (int i = 0; i < count; i++) {
            all.writeBytes(frame);
        }
        return all.toByteArray();
    }

    private static byte[] text() {
        return RawClient.frame(RawClient.TEXT, "m".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void asManyMessagesAsMayComeAtOnceAreTaken() {
        try (GatewayServer gateway = start(off().withMaxMessagesPerSecond(2));
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.send(times(10, text()));

            for (int i = 0; i < 10; i++) {
                assertThat(client.readText()).isEqualTo("m");
            }
            client.send(RawClient.closeFrame(1000));
            assertThat(client.readClose()).isEqualTo(1000);
        }
    }

    @Test
    void oneMessageMoreClosesTheConnectionAndIsNotDelivered() {
        try (GatewayServer gateway = start(off().withMaxMessagesPerSecond(2));
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.send(times(11, text()));

            for (int i = 0; i < 10; i++) {
                assertThat(client.readText()).isEqualTo("m");
            }
            RawClient.Frame close = client.frame();
            assertThat(close.closeCode()).isEqualTo(3005);
            assertThat(new String(close.payload(), 2, close.payload().length - 2, StandardCharsets.UTF_8))
                    .isEqualTo("more than 2 messages a second came");
            assertThat(client.readToEnd()).isZero();
            CloseReason reason = TestGateway.await(echo.closed);
            assertThat(reason.label()).isEqualTo("rate_limited");
            assertThat(reason.comeBack()).isEqualTo(CloseReason.ComeBack.YES);
            assertThat(echo.texts).hasSize(10);
            assertThat(gateway.registry().stats().closed()).containsEntry("rate_limited", 1L);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {RawClient.PING, RawClient.PONG})
    void controlFramesCountAsMessages(int opcode) {
        try (GatewayServer gateway = start(off().withMaxMessagesPerSecond(2));
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.send(times(11, RawClient.frame(opcode, new byte[0])));

            assertThat(client.readClose()).isEqualTo(3005);
        }
    }

    @Test
    void bytesCountBeforeTheirMessageIsComplete() {
        try (GatewayServer gateway = start(off().withMaxBytesPerSecond(1));
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            // The largest message in all its frames, 192 KiB, may come at once: three of these, and a bit of a fourth.
            byte[] frame = RawClient.frame(RawClient.BINARY, new byte[60_000]);
            for (int i = 0; i < 3; i++) {
                client.send(frame);
                assertThat(client.frame().payload()).hasSize(60_000);
            }

            client.send(Arrays.copyOf(frame, 17_000));

            assertThat(client.readClose()).isEqualTo(3005);
            assertThat(client.readToEnd()).isZero();
            assertThat(TestGateway.await(echo.closed).detail()).isEqualTo("more than 1 bytes a second came");
        }
    }

    @Test
    void whoIsClosedForItMayComeAgain() {
        try (GatewayServer gateway = start(off().withMaxMessagesPerSecond(2))) {
            for (int i = 0; i < 3; i++) {
                try (RawClient client = RawClient.webSocket(gateway, "/echo")) {
                    client.send(times(11, text()));

                    assertThat(client.readClose()).isEqualTo(3005);
                }
            }
        }
    }

    @Test
    void nothingIsCountedWhereTheRatesAreOff() {
        try (GatewayServer gateway = start(off());
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.send(times(20_000, RawClient.frame(RawClient.PONG, new byte[0])));
            client.text("still here");

            assertThat(client.readText()).isEqualTo("still here");
        }
    }

    @Test
    void aRateBelowNothingIsRejected() {
        assertThatThrownBy(() -> off().withMaxMessagesPerSecond(-1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxMessagesPerSecond: -1 (expected: 0 to 1073741824)");
        assertThatThrownBy(() -> off().withMaxBytesPerSecond(-1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxBytesPerSecond: -1 (expected: 0 to 1073741824)");
    }
}

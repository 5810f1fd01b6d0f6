package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.CloseReason;
import io.campanile.core.OutboundLimits;
import io.campanile.core.RegistryConfig;
import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Floods of frames, with no limit on rates: what they make the gateway keep is bounded, and a healthy client is served. */
@Timeout(60)
final class GatewayFloodTest {

    private static final int MAX_WAITING = 1 << 20;
    private static final int FRAGMENTS = 1_024;

    private final TestGateway.Echo echo = new TestGateway.Echo();
    private GatewayServer gateway;
    private RawClient healthy;

    @BeforeEach
    void start() {
        gateway = TestGateway.on(IoKind.AUTO)
                .registry(RegistryConfig.defaults().withOutbound(new OutboundLimits(MAX_WAITING, 1_000_000)))
                .limits(GatewayLimits.defaults()
                        .withMaxMessagesPerSecond(0)
                        .withMaxBytesPerSecond(0)
                        .withCloseTimeout(Duration.ofMillis(100)))
                .webSocket("/echo", echo)
                .start();
        healthy = RawClient.webSocket(gateway, "/echo");
    }

    @AfterEach
    void theHealthyClientIsServedAndNothingIsLeft() {
        healthy.text("are you there?");
        assertThat(healthy.readText()).isEqualTo("are you there?");
        while (gateway.registry().stats().waitingBytes() > 0) {
            Thread.onSpinWait();
        }
        healthy.close();
        assertThat(gateway.stop(Duration.ofSeconds(10))).isTrue();
    }

    /** A message of so many fragments, each with so many bytes. */
    private static byte[] fragments(int count, int bytes) {
        var message = new ByteArrayOutputStream();
        byte[] payload = "x".repeat(bytes).getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < count; i++) {
            int first = (i == 0 ? RawClient.TEXT : RawClient.CONTINUATION) | (i == count - 1 ? 0x80 : 0);
            message.writeBytes(RawClient.frame(first, payload, true));
        }
        return message.toByteArray();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void asManyFragmentsAsMayBeAreAMessage(int bytes) {
        try (RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.send(fragments(FRAGMENTS, bytes));

            assertThat(client.readText()).hasSize(FRAGMENTS * bytes);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void oneFragmentMoreClosesTheConnection(int bytes) {
        try (RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.send(fragments(FRAGMENTS + 1, bytes));

            assertThat(client.readClose()).isEqualTo(1009);
            assertThat(gateway.stats().protocolErrors()).containsEntry("too_many_fragments", 1L);
        }
    }

    @Test
    void pingsBetweenFragmentsDoNotBeginTheCountAnew() {
        try (RawClient client = RawClient.webSocket(gateway, "/echo")) {
            byte[] half = fragments(FRAGMENTS, 0);
            half[half.length - 6] = RawClient.CONTINUATION;
            client.send(half);
            client.send(RawClient.frame(RawClient.PING, new byte[0]));
            client.send(RawClient.frame(RawClient.CONTINUATION, new byte[0]));

            assertThat(client.readClose()).isEqualTo(1009);
        }
    }

    @Test
    void aLengthWithoutAMessageIsRefusedAtItsHeader() {
        try (RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.send(new byte[] {(byte) 0x82, (byte) 0xff, 0x7f, -1, -1, -1, -1, -1, -1, -1});

            assertThat(client.readClose()).isEqualTo(1009);
        }
    }

    @Test
    void whoPingsWithoutReadingTheAnswersIsEvicted() {
        assertThat(endOf(RawClient.frame(RawClient.PING, new byte[125]))).isEqualTo(CloseReason.SLOW_CLIENT_CODE);
    }

    @Test
    void whoIsEchoedWithoutReadingIsEvicted() {
        assertThat(endOf(RawClient.frame(RawClient.BINARY, new byte[1_000]))).isEqualTo(CloseReason.SLOW_CLIENT_CODE);
    }

    /** Sends a frame over and over, reads nothing, and returns how the connection was ended. */
    private int endOf(byte[] frame) {
        try (RawClient client = RawClient.connect(gateway, 4_096).open("/echo")) {
            var many = new ByteArrayOutputStream();
            while (many.size() < 32 << 10) {
                many.writeBytes(frame);
            }
            while (echo.closed.isEmpty()) {
                client.send(many.toByteArray());
                assertThat(gateway.registry().stats().waitingBytes()).isLessThanOrEqualTo(MAX_WAITING);
            }
        } catch (UncheckedIOException e) {
            // It was cut while it sent.
        }
        return TestGateway.await(echo.closed).code();
    }

    @Test
    void whoSendsPongsUnaskedCostsNothingThatStays() {
        try (RawClient client = RawClient.webSocket(gateway, "/echo")) {
            byte[] pong = RawClient.frame(RawClient.PONG, new byte[125]);
            var many = new ByteArrayOutputStream();
            for (int i = 0; i < 20_000; i++) {
                many.writeBytes(pong);
            }
            client.send(many.toByteArray());
            client.text("after all");

            assertThat(client.readText()).isEqualTo("after all");
        }
    }
}

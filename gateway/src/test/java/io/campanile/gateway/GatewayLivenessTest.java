package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.CloseReason;
import io.campanile.core.Liveness;
import io.campanile.core.RegistryConfig;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** How the gateway tells the living from the dead. */
final class GatewayLivenessTest {

    private final TestGateway.Echo echo = new TestGateway.Echo();

    private GatewayServer start(Liveness liveness) {
        return TestGateway.on(IoKind.AUTO)
                .registry(RegistryConfig.defaults().withLiveness(liveness))
                .webSocket("/echo", echo)
                .start();
    }

    @Test
    void aClientThatIsNotHeardIsPingedAndThenClosed() {
        Liveness liveness =
                Liveness.off().withPingInterval(Duration.ofMillis(100)).withPongTimeout(Duration.ofMillis(100));
        try (GatewayServer gateway = start(liveness);
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            assertThat(client.frame().opcode()).isEqualTo(RawClient.PING);
            assertThat(client.readClose()).isEqualTo(CloseReason.NO_PONG.code());
            assertThat(TestGateway.await(echo.closed)).isEqualTo(CloseReason.NO_PONG);
        }
    }

    @Test
    void aClientThatOnlyAnswersPingsStays() {
        Liveness liveness =
                Liveness.defaults().withPingInterval(Duration.ofMillis(100)).withIdleTimeout(Duration.ofSeconds(20));
        try (GatewayServer gateway = start(liveness);
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            for (int i = 0; i < 4; i++) {
                assertThat(client.frame().opcode()).isEqualTo(RawClient.PING);
                client.send(RawClient.frame(RawClient.PONG, new byte[0]));
            }

            client.text("still here");

            assertThat(client.readText()).isEqualTo("still here");
        }
    }
}

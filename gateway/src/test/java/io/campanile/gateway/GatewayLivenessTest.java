package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.CloseReason;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** How the gateway tells the living from the dead. */
final class GatewayLivenessTest {

    private final TestGateway.Echo echo = new TestGateway.Echo();

    private GatewayServer start(Duration idleTimeout) {
        return TestGateway.on(IoKind.AUTO)
                .limits(GatewayLimits.defaults().withIdleTimeout(idleTimeout))
                .webSocket("/echo", echo)
                .start();
    }

    @Test
    void aClientThatIsNotHeardIsPingedAndThenClosed() {
        try (GatewayServer gateway = start(Duration.ofMillis(300));
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            assertThat(client.frame().opcode()).isEqualTo(RawClient.PING);
            assertThat(client.readClose()).isEqualTo(CloseReason.IDLE.code());
            assertThat(TestGateway.await(echo.closed)).isEqualTo(CloseReason.IDLE);
        }
    }

    @Test
    void aClientThatOnlyAnswersPingsStays() {
        try (GatewayServer gateway = start(Duration.ofSeconds(3));
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

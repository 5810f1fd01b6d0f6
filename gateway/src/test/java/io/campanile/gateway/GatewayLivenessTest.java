package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.Liveness;
import io.campanile.core.Message;
import io.campanile.core.OutboundLimits;
import io.campanile.core.RegistryConfig;
import io.campanile.core.RegistryListener;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;

/** How the gateway tells the living from the dead. */
final class GatewayLivenessTest {

    private static final Liveness SHORT =
            Liveness.off().withPingInterval(Duration.ofMillis(100)).withPongTimeout(Duration.ofMillis(100));

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

    @Test
    void aClientThatNeitherReadsNorAnswersIsClosedAndCut() {
        try (GatewayServer gateway = start(SHORT);
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            assertThat(TestGateway.await(echo.closed)).isEqualTo(CloseReason.NO_PONG);
            client.readToCut();
        }
    }

    @Test
    void aClientThatStopsReadingWhileMessagesWaitIsClosedAndCut() {
        GatewayBuilder builder = TestGateway.on(IoKind.AUTO)
                .registry(RegistryConfig.defaults()
                        .withLiveness(SHORT.withIdleTimeout(Duration.ofMillis(500)))
                        .withOutbound(new OutboundLimits(64 << 20, 10_000))
                        .withMaxPostedBytes(64 << 20))
                .webSocket("/echo", echo);
        try (GatewayServer gateway = builder.start();
                RawClient client = RawClient.connect(gateway, 4_096).open("/echo")) {
            Connection connection = TestGateway.await(echo.opened);
            Message large = Message.binary(new byte[32 << 10]);

            // Twelve megabytes: no socket buffer takes that, and no limit is passed.
            for (int i = 0; i < 384; i++) {
                gateway.registry().send(connection.id(), large);
            }

            assertThat(TestGateway.await(echo.closed)).isIn(CloseReason.IDLE, CloseReason.NO_PONG);
            client.readToCut();
        }
    }

    @Test
    void aClientIsClosedAtTheEndOfItsLifetime() {
        try (GatewayServer gateway = start(Liveness.off().withMaxLifetime(Duration.ofMillis(300)));
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.text("for a while");

            assertThat(client.readText()).isEqualTo("for a while");
            assertThat(client.readClose()).isEqualTo(CloseReason.LIFETIME.code());
        }
    }

    @Test
    void aClientThatSendsNoFirstMessageIsClosedAndOneThatDoesStays() {
        try (GatewayServer gateway = start(Liveness.off().withFirstMessageTimeout(Duration.ofMillis(500)));
                RawClient talker = RawClient.webSocket(gateway, "/echo")) {
            talker.text("first");
            assertThat(talker.readText()).isEqualTo("first");
            try (RawClient mute = RawClient.webSocket(gateway, "/echo")) {
                mute.send(RawClient.frame(RawClient.PING, new byte[0]));
                assertThat(mute.frame().opcode()).isEqualTo(RawClient.PONG);

                assertThat(mute.readClose()).isEqualTo(CloseReason.NO_MESSAGE.code());
            }

            talker.text("second");

            assertThat(talker.readText()).isEqualTo("second");
        }
    }

    @Test
    void thePingAndItsAnswerAreToldToListeners() {
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        GatewayBuilder builder = TestGateway.on(IoKind.AUTO)
                .registry(
                        RegistryConfig.defaults().withLiveness(Liveness.off().withPingInterval(Duration.ofMillis(100))))
                .listener(new RegistryListener() {
                    @Override
                    public void pinged(Connection connection) {
                        told.add("pinged");
                    }

                    @Override
                    public void roundTrip(Connection connection, long nanos) {
                        told.add(nanos > 0 ? "answered" : "answered before");
                    }
                })
                .webSocket("/echo", echo);
        try (GatewayServer gateway = builder.start();
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            assertThat(client.frame().opcode()).isEqualTo(RawClient.PING);
            client.send(RawClient.frame(RawClient.PONG, new byte[0]));

            assertThat(TestGateway.await(told)).isEqualTo("pinged");
            assertThat(TestGateway.await(told)).isEqualTo("answered");
        }
    }
}

package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Liveness;
import io.campanile.core.RegistryConfig;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What it means that an endpoint stops reading from a client. */
final class GatewayReadingTest {

    /** Stops reading when it is told "pause". */
    private static final class Pausing implements Endpoint {
        final BlockingQueue<String> texts = new LinkedBlockingQueue<>();
        final BlockingQueue<Reading> paused = new LinkedBlockingQueue<>();
        final BlockingQueue<CloseReason> closed = new LinkedBlockingQueue<>();
        final BlockingQueue<Connection> opened = new LinkedBlockingQueue<>();
        final BlockingQueue<Duration> stopped = new LinkedBlockingQueue<>();
        private final java.util.Map<Connection, Reading> readings = new java.util.concurrent.ConcurrentHashMap<>();

        @Override
        public void opened(Connection connection, Reading reading) {
            readings.put(connection, reading);
            opened.add(connection);
        }

        @Override
        public void text(Connection connection, byte[] utf8) {
            String text = new String(utf8, StandardCharsets.UTF_8);
            texts.add(text);
            Reading reading = readings.get(connection);
            if (text.equals("pause") && reading != null) {
                reading.pause();
                paused.add(reading);
            }
        }

        @Override
        public void closed(Connection connection, CloseReason reason) {
            closed.add(reason);
        }

        @Override
        public void stop(Duration budget) {
            stopped.add(budget);
        }
    }

    private final Pausing endpoint = new Pausing();

    private GatewayServer start(IoKind io, Liveness liveness) {
        return TestGateway.on(io)
                .loops(1)
                .registry(RegistryConfig.defaults().withLiveness(liveness))
                .limits(GatewayLimits.defaults().withCloseTimeout(Duration.ofMinutes(1)))
                .webSocket("/pausing", endpoint)
                .start();
    }

    @ParameterizedTest
    @MethodSource("io.campanile.gateway.TestGateway#kinds")
    void whatAClientSendsMeanwhileWaitsAndComesInOrderAfterwards(IoKind io) {
        try (GatewayServer gateway = start(io, Liveness.off());
                RawClient client = RawClient.webSocket(gateway, "/pausing")) {
            client.text("pause");
            Reading reading = TestGateway.await(endpoint.paused);
            for (int i = 0; i < 100; i++) {
                client.text("message " + i);
            }
            // What another client says comes through meanwhile, twice, so the loop had turns in which it could have
            // read.
            for (int i = 0; i < 2; i++) {
                try (RawClient other = RawClient.webSocket(gateway, "/pausing")) {
                    other.text("other");
                    other.send(RawClient.frame(RawClient.PING, new byte[0]));
                    assertThat(other.frame().opcode()).isEqualTo(RawClient.PONG);
                }
            }
            assertThat(endpoint.texts).containsExactly("pause", "other", "other");

            reading.resume();

            endpoint.texts.removeIf(text -> !text.startsWith("message"));
            for (int i = 0; i < 100; i++) {
                assertThat(nextMessage()).isEqualTo("message " + i);
            }
        }
    }

    private String nextMessage() {
        String text = TestGateway.await(endpoint.texts);
        return text.startsWith("message") ? text : nextMessage();
    }

    @Test
    void aClientThatIsNotReadIsNotTakenForDead() {
        Liveness liveness =
                Liveness.off().withPingInterval(Duration.ofMillis(100)).withPongTimeout(Duration.ofMillis(100));
        try (GatewayServer gateway = start(IoKind.AUTO, liveness);
                RawClient client = RawClient.webSocket(gateway, "/pausing")) {
            Connection connection = TestGateway.await(endpoint.opened);
            client.text("pause");
            Reading reading = TestGateway.await(endpoint.paused);

            for (int i = 0; i < 3; i++) {
                try (RawClient dead = RawClient.webSocket(gateway, "/pausing")) {
                    assertThat(dead.frame().opcode()).isEqualTo(RawClient.PING);
                    assertThat(dead.readClose()).isEqualTo(CloseReason.NO_PONG.code());
                }
                assertThat(TestGateway.await(endpoint.closed)).isEqualTo(CloseReason.NO_PONG);
                assertThat(connection.isOpen()).isTrue();
            }

            reading.resume();
            assertThat(TestGateway.await(endpoint.closed))
                    .as("whose silence counts again")
                    .isEqualTo(CloseReason.NO_PONG);
        }
    }

    @Test
    void aConnectionThatEndsMeanwhileIsReadToItsEnd() {
        try (GatewayServer gateway = start(IoKind.AUTO, Liveness.off());
                RawClient client = RawClient.webSocket(gateway, "/pausing")) {
            Connection connection = TestGateway.await(endpoint.opened);
            client.text("pause");
            TestGateway.await(endpoint.paused);
            client.text("never seen");
            ConnectionRegistry registry = gateway.registry();

            registry.close(connection.id(), CloseReason.NORMAL);

            assertThat(client.readClose()).isEqualTo(CloseReason.NORMAL.code());
            client.send(RawClient.frame(RawClient.CLOSE, new byte[] {0x03, (byte) 0xe8}));
            client.readToEnd();
            assertThat(endpoint.texts).containsExactly("pause");
        }
    }

    @Test
    void anEndpointIsToldWhenAllHaveLeft() {
        Supplier<Integer> connections;
        try (GatewayServer gateway = start(IoKind.AUTO, Liveness.off())) {
            connections = gateway.registry()::connectionCount;
            try (RawClient client = RawClient.webSocket(gateway, "/pausing")) {
                client.text("there");
                TestGateway.await(endpoint.texts);
            }
        }

        assertThat(endpoint.stopped).hasSize(1);
        assertThat(TestGateway.await(endpoint.stopped)).isPositive();
        assertThat(connections.get()).isZero();
    }
}

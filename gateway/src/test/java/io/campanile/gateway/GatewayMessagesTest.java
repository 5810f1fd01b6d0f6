package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Audience;
import io.campanile.core.Connection;
import io.campanile.core.Message;
import io.campanile.core.OutboundLimits;
import io.campanile.core.RegistryConfig;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** How messages pass through the gateway, in and out. */
@ParameterizedClass
@MethodSource("io.campanile.gateway.TestGateway#kinds")
final class GatewayMessagesTest {

    private final IoKind io;
    private final TestGateway.Echo echo = new TestGateway.Echo();

    GatewayMessagesTest(IoKind io) {
        this.io = io;
    }

    private GatewayServer start() {
        return start(RegistryConfig.defaults());
    }

    private GatewayServer start(RegistryConfig registry) {
        return TestGateway.on(io).registry(registry).webSocket("/echo", echo).start();
    }

    @Test
    void aBroadcastReachesEveryConnection() {
        try (GatewayServer gateway = start();
                RawClient first = RawClient.webSocket(gateway, "/echo");
                RawClient second = RawClient.webSocket(gateway, "/echo")) {
            TestGateway.await(echo.opened);
            TestGateway.await(echo.opened);

            gateway.registry().broadcast(Audience.all(), Message.text("hello"));

            assertThat(first.readText()).isEqualTo("hello");
            assertThat(second.readText()).isEqualTo("hello");
        }
    }

    @Test
    void textComesBackAsItWasSent() {
        try (GatewayServer gateway = start();
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.text("grüße 🔔");

            assertThat(client.readText()).isEqualTo("grüße 🔔");
        }
    }

    @Test
    void aFragmentedBinaryMessageComesBackInOneFrame() {
        try (GatewayServer gateway = start();
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.send(RawClient.frame(RawClient.BINARY, new byte[] {1, 2}, true));
            client.send(RawClient.frame(RawClient.PING, "between".getBytes(StandardCharsets.UTF_8)));
            client.send(RawClient.frame(0x80 | RawClient.CONTINUATION, new byte[] {3}, true));

            RawClient.Frame pong = client.frame();
            RawClient.Frame message = client.frame();
            assertThat(pong.opcode()).isEqualTo(RawClient.PONG);
            assertThat(pong.text()).isEqualTo("between");
            assertThat(message.opcode()).isEqualTo(RawClient.BINARY);
            assertThat(message.payload()).containsExactly(1, 2, 3);
        }
    }

    @Test
    void whatIsSentInOneTurnThroughSeveralRoomsAndDirectlyKeepsItsOrder() {
        try (GatewayServer gateway = start(RegistryConfig.defaults().withOutbound(new OutboundLimits(1 << 20, 1_500)));
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            Connection connection = TestGateway.await(echo.opened);
            var registry = gateway.registry();
            List<String> expected = new ArrayList<>();

            registry.join(connection.id(), "a");
            registry.join(connection.id(), "b");
            for (int i = 0; i < 500; i++) {
                registry.broadcast("a", "a" + i);
                registry.send(connection.id(), "direct" + i);
                registry.broadcast("b", "b" + i);
                expected.addAll(List.of("a" + i, "direct" + i, "b" + i));
            }

            List<String> received = new ArrayList<>();
            while (received.size() < expected.size()) {
                received.add(client.readText());
            }
            assertThat(received).isEqualTo(expected);
        }
    }

    @Test
    void aRoomWhereEveryOtherReaderPausesGetsEverythingInOrder() {
        int count = 300;
        String padding = "x".repeat(20_000);
        try (GatewayServer gateway = start(RegistryConfig.defaults()
                .withOutbound(new OutboundLimits(64 << 20, 10_000))
                .withMaxPostedBytes(64 << 20))) {
            List<RawClient> clients = new ArrayList<>();
            try {
                for (int i = 0; i < 12; i++) {
                    clients.add(RawClient.connect(gateway, 4_096).open("/echo"));
                    gateway.registry().join(TestGateway.await(echo.opened).id(), "room");
                }
                gateway.registry().members("room").toCompletableFuture().join();

                // Six megabytes for each: no socket buffer takes that, so somewhere each write is cut.
                for (int i = 0; i < count; i++) {
                    gateway.registry().broadcast("room", i + ":" + padding);
                    if (i % 2 == 1) {
                        readTwo(clients, 0, i - 1, padding);
                    }
                }
                for (int i = 0; i < count; i += 2) {
                    readTwo(clients, 1, i, padding);
                }
            } finally {
                clients.forEach(RawClient::close);
            }
        }
    }

    private static void readTwo(List<RawClient> clients, int from, int first, String padding) {
        for (int c = from; c < clients.size(); c += 2) {
            assertThat(clients.get(c).readText()).isEqualTo(first + ":" + padding);
            assertThat(clients.get(c).readText()).isEqualTo((first + 1) + ":" + padding);
        }
    }

    @Test
    void aReaderThatPausesLosesNothing() {
        int count = 600;
        int size = 20_000;
        try (GatewayServer gateway = start(RegistryConfig.defaults()
                        .withOutbound(new OutboundLimits(64 << 20, 10_000))
                        .withMaxPostedBytes(64 << 20));
                RawClient client = RawClient.connect(gateway, 4_096).open("/echo")) {
            Connection connection = TestGateway.await(echo.opened);
            gateway.registry().join(connection.id(), "room");

            // Twelve megabytes and more: no socket buffer takes that.
            for (int i = 0; i < count; i++) {
                gateway.registry().broadcast("room", i + ":" + "x".repeat(size));
                gateway.registry().send(connection.id(), "direct" + i);
            }
            gateway.registry().members("room").toCompletableFuture().join();
            // The figure is of the end of the shard's turn, which may come after its answers.
            while (gateway.registry().stats().waitingBytes() == 0) {
                Thread.onSpinWait();
            }

            for (int i = 0; i < count; i++) {
                assertThat(client.readText()).isEqualTo(i + ":" + "x".repeat(size));
                assertThat(client.readText()).isEqualTo("direct" + i);
            }
        }
    }

    @Test
    void aClientThatStopsReadingIsEvictedAndTheOthersLoseNothing() {
        String payload = "x".repeat(100_000);
        try (GatewayServer gateway = start(RegistryConfig.defaults().withOutbound(new OutboundLimits(1 << 20, 100)));
                RawClient stalled = RawClient.connect(gateway, 4_096).open("/echo");
                RawClient reader = RawClient.webSocket(gateway, "/echo")) {
            TestGateway.await(echo.opened);
            TestGateway.await(echo.opened);

            int sent = 0;
            while (echo.closed.isEmpty() && sent < 10_000) {
                gateway.registry().broadcast(Audience.all(), Message.text(sent++ + payload));
                assertThat(reader.readText()).isEqualTo(sent - 1 + payload);
            }

            assertThat(TestGateway.await(echo.closed).label()).isEqualTo("slow_client");
            gateway.registry().broadcast(Audience.all(), Message.text("still here"));
            assertThat(reader.readText()).isEqualTo("still here");
            stalled.readToCut();
        }
    }

    @Test
    void messagesAreCounted() {
        try (GatewayServer gateway = start();
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.text("one");
            client.text("two");
            client.readText();
            client.readText();

            assertThat(gateway.stats().messagesIn()).isEqualTo(2);
            assertThat(gateway.stats().handshakes()).isEqualTo(1);
        }
    }

    @Test
    void anEndpointThatAnswersFromAnotherThreadIsHeard() {
        try (GatewayServer gateway = start();
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            Connection connection = TestGateway.await(echo.opened);

            CompletableFuture.runAsync(() -> gateway.registry().send(connection.id(), "later"))
                    .join();

            assertThat(client.readText()).isEqualTo("later");
        }
    }
}

package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** How many connections one address may have, on real sockets. All of 127.0.0.0/8 is this machine. */
@ParameterizedClass
@MethodSource("io.campanile.gateway.TestGateway#kinds")
@Timeout(60)
final class GatewayAddressTest {

    private static final String GET = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private final IoKind io;

    GatewayAddressTest(IoKind io) {
        this.io = io;
    }

    private GatewayServer start(int limit) {
        return start(GatewayLimits.defaults().withMaxConnectionsPerAddress(limit));
    }

    private GatewayServer start(GatewayLimits limits) {
        return TestGateway.on(io)
                .limits(limits)
                .webSocket("/echo", new TestGateway.Echo())
                .sse("/sse", (connection, handshake) -> {})
                .http("GET", "/hello", call -> CompletableFuture.completedFuture(HttpAnswer.text(200, "hello")))
                .start();
    }

    private static boolean isServed(RawClient client) {
        try {
            client.send(GET);
            return client.response().status() == 200;
        } catch (UncheckedIOException e) {
            return false;
        }
    }

    /** Connects again and again, until a place is free. */
    private static void awaitServed(GatewayServer gateway, String from) {
        boolean served = false;
        while (!served) {
            try (RawClient client = RawClient.from(from, gateway)) {
                served = isServed(client);
            }
        }
    }

    @Test
    void webSocketsStreamsAndHttpCountTogetherAndOneMoreIsClosed() {
        try (GatewayServer gateway = start(3);
                RawClient webSocket = RawClient.from("127.0.0.1", gateway).open("/echo");
                RawClient stream = RawClient.stream(gateway, "/sse");
                RawClient http = RawClient.from("127.0.0.1", gateway)) {
            assertThat(isServed(http)).isTrue();

            try (RawClient fourth = RawClient.from("127.0.0.1", gateway)) {
                assertThat(isServed(fourth)).isFalse();
            }

            assertThat(gateway.stats().httpRefused()).containsExactly(Map.entry("address_full", 1L));
            assertThat(isServed(http)).isTrue();
            webSocket.text("still here");
            assertThat(webSocket.readText()).isEqualTo("still here");
            try (RawClient other = RawClient.from("127.0.0.2", gateway)) {
                assertThat(isServed(other)).isTrue();
            }
            stream.reset();
            awaitServed(gateway, "127.0.0.1");
        }
    }

    @Test
    void everyWayInWhichAConnectionEndsGivesItsPlaceBack() {
        try (GatewayServer gateway = start(1)) {
            try (RawClient client = RawClient.from("127.0.0.1", gateway)) {
                client.send(GET);
            }
            awaitServed(gateway, "127.0.0.1");
            RawClient.from("127.0.0.2", gateway).reset();
            awaitServed(gateway, "127.0.0.2");
            RawClient.from("127.0.0.3", gateway).open("/echo").reset();
            awaitServed(gateway, "127.0.0.3");
            try (RawClient client = RawClient.from("127.0.0.4", gateway).open("/echo")) {
                client.send(RawClient.closeFrame(1000));
                client.readToEnd();
            }
            awaitServed(gateway, "127.0.0.4");
            try (RawClient client = RawClient.from("127.0.0.5", gateway)) {
                client.send("nonsense\r\n\r\n");
                client.readToCut();
            }
            awaitServed(gateway, "127.0.0.5");
        }
    }

    @Test
    void nothingIsLeftOfManyAddresses() {
        try (GatewayServer gateway = start(2)) {
            List<RawClient> clients = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                String from = "127.1." + i / 100 + "." + (1 + i % 100);
                clients.add(RawClient.from(from, gateway));
                clients.add(RawClient.from(from, gateway).open("/echo"));
                try (RawClient refused = RawClient.from(from, gateway)) {
                    refused.readToCut();
                }
            }
            assertThat(gateway.addresses()).isEqualTo(300);
            assertThat(gateway.stats().httpRefused()).containsEntry("address_full", 300L);

            IntStream.range(0, clients.size()).forEach(i -> {
                if (i % 3 == 0) {
                    clients.get(i).reset();
                } else {
                    clients.get(i).close();
                }
            });

            while (gateway.addresses() > 0) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void anAddressMayConnectAsOftenAsTheRateSaysAndOnceMoreIsClosed() {
        // Slow enough that its bucket holds no more at the end of the test than at its beginning.
        try (GatewayServer gateway = start(GatewayLimits.defaults().withMaxConnectsPerSecondPerAddress(1))) {
            long began = System.nanoTime();
            int served = 0;
            try (RawClient client = RawClient.from("127.0.0.1", gateway)) {
                served += isServed(client) ? 1 : 0;
            }
            while (gateway.stats().httpRefused().isEmpty()) {
                try (RawClient client = RawClient.from("127.0.0.1", gateway)) {
                    served += isServed(client) ? 1 : 0;
                }
            }
            long seconds = (System.nanoTime() - began) / 1_000_000_000;

            assertThat(served).isBetween(5, 5 + (int) seconds + 1);
            assertThat(gateway.stats().httpRefused()).containsExactly(Map.entry("address_rate", 1L));
            try (RawClient other = RawClient.from("127.0.0.2", gateway)) {
                assertThat(isServed(other)).isTrue();
            }
        }
    }

    @Test
    void anAddressIsForgottenWhenItsBucketIsFull() {
        try (GatewayServer gateway = start(GatewayLimits.defaults().withMaxConnectsPerSecondPerAddress(1_000))) {
            for (int i = 1; i <= 100; i++) {
                RawClient.from("127.0.1." + i, gateway).close();
            }

            while (gateway.addresses() > 0) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void anAddressMayHaveAnyNumberUnlessSaidOtherwise() {
        try (GatewayServer gateway = start(0)) {
            List<RawClient> clients = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                clients.add(RawClient.from("127.0.0.1", gateway).open("/echo"));
            }
            clients.forEach(RawClient::close);

            assertThat(gateway.addresses()).isZero();
            assertThat(gateway.stats().httpRefused()).isEmpty();
        }
    }
}

package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Connection;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.RegistryListener;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What belongs to one turn of an event loop. */
final class GatewayTurnTest {

    private static final int MESSAGES = 6;
    private static final String LARGE = "x".repeat(5_000);

    /** Sends back what it gets, once it may go on. */
    private static final class Waiting implements Endpoint {
        final CountDownLatch mayGoOn = new CountDownLatch(1);
        private final CompletableFuture<ConnectionRegistry> registry = new CompletableFuture<>();

        @Override
        public void start(ConnectionRegistry started) {
            registry.complete(started);
        }

        @Override
        public void text(Connection connection, byte[] utf8) {
            try {
                mayGoOn.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            registry.join().send(connection.id(), new String(utf8, StandardCharsets.US_ASCII));
        }
    }

    @Test
    void whatAClientHasSentMeanwhileIsTakenUpInOneTurn() {
        AtomicInteger turns = new AtomicInteger();
        Waiting endpoint = new Waiting();
        GatewayBuilder builder = TestGateway.on(IoKind.AUTO)
                .loops(1)
                .listener(new RegistryListener() {
                    @Override
                    public void written(long waitedNanos) {
                        turns.incrementAndGet();
                    }
                })
                .webSocket("/wait", endpoint);
        try (GatewayServer gateway = builder.start();
                RawClient client = RawClient.webSocket(gateway, "/wait")) {
            client.text("hold the event loop");
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (int i = 0; i < MESSAGES; i++) {
                all.writeBytes(RawClient.frame(RawClient.TEXT, LARGE.getBytes(StandardCharsets.US_ASCII)));
            }
            client.send(all.toByteArray());
            endpoint.mayGoOn.countDown();

            assertThat(client.readText()).isEqualTo("hold the event loop");
            for (int i = 0; i < MESSAGES; i++) {
                assertThat(client.readText()).isEqualTo(LARGE);
            }
            TestGateway.now(gateway.registry().members("nobody"));
            // The first message may have been all that there was to read at first.
            assertThat(turns.get()).isLessThanOrEqualTo(2);
        }
    }
}

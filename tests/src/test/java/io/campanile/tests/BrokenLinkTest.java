package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.Liveness;
import io.campanile.core.RegistryConfig;
import io.campanile.core.RegistryListener;
import io.campanile.gateway.Authorizer;
import io.campanile.gateway.GatewayServer;
import io.campanile.gateway.RoomsEndpoint;
import io.campanile.testkit.FaultProxy;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How the gateway tells the living from the dead when the network between is broken. */
final class BrokenLinkTest {

    private static final Liveness SHORT =
            Liveness.off().withPingInterval(Duration.ofMillis(100)).withPongTimeout(Duration.ofMillis(100));

    private final BlockingQueue<CloseReason> closed = new LinkedBlockingQueue<>();
    private final GatewayServer gateway = GatewayServer.builder()
            .port(0)
            .loops(1)
            .registry(RegistryConfig.defaults().withLiveness(SHORT))
            .listener(new RegistryListener() {
                @Override
                public void closed(Connection connection, CloseReason reason) {
                    closed.add(reason);
                }
            })
            .webSocket("/ws", new RoomsEndpoint(Authorizer.defaults()))
            .start();

    @Test
    void aClientBehindABlackHoleIsClosedAndItsSocketEnds() throws Exception {
        try (gateway;
                FaultProxy proxy = FaultProxy.start(gateway.address());
                EnvelopeClient client = EnvelopeClient.connect(origin(proxy.address()))) {
            assertThat(client.connection()).isNotEmpty();

            proxy.apply(FaultProxy.Direction.TO_SERVER, FaultProxy.Fault.blackHole());
            proxy.apply(FaultProxy.Direction.TO_CLIENT, FaultProxy.Fault.blackHole());

            assertThat(closed.poll(30, TimeUnit.SECONDS)).isEqualTo(CloseReason.NO_PONG);
            assertThat(gateway.stop(Duration.ofSeconds(30))).isTrue();
        }
    }

    @Test
    void aClientThatCannotSendItsAnswersIsClosedThoughItReads() {
        try (gateway;
                FaultProxy proxy = FaultProxy.start(gateway.address());
                EnvelopeClient client = EnvelopeClient.connect(origin(proxy.address()))) {
            proxy.apply(FaultProxy.Direction.TO_SERVER, FaultProxy.Fault.blackHole());

            assertThat(client.awaitClose().code()).isEqualTo(CloseReason.NO_PONG.code());
        }
    }

    private static URI origin(InetSocketAddress address) {
        return URI.create("http://127.0.0.1:" + address.getPort());
    }
}

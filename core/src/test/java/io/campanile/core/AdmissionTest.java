package io.campanile.core;

import static io.campanile.core.Fixture.now;
import static io.campanile.core.Fixture.register;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.ShardExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** G2: the connection limit is exact. */
final class AdmissionTest {

    private static ConnectionRegistry registry(int maxConnections) {
        return ConnectionRegistry.builder()
                .config(RegistryConfig.defaults().withMaxConnections(maxConnections))
                .build();
    }

    @Test
    void refusesOneBeyondTheLimitAndTakesOneWhenAPlaceIsFree() {
        ConnectionRegistry registry = registry(2);
        ConnectionId first = register(registry, new TestTransport());
        register(registry, new TestTransport());

        assertThat(now(registry.register(new TestTransport())))
                .isEqualTo(new Registration.Refused(CloseReason.NODE_FULL));

        registry.unregister(first);
        assertThat(now(registry.register(new TestTransport()))).isInstanceOf(Registration.Registered.class);
        assertThat(registry.connectionCount()).isEqualTo(2);
        assertThat(registry.stats().refused()).isEqualTo(1);
    }

    @Test
    void isExactWhenManyRegisterAtOnce() throws Exception {
        ConnectionRegistry registry = registry(100);
        ExecutorService threads = Executors.newFixedThreadPool(8);
        CountDownLatch start = new CountDownLatch(1);
        List<Future<Integer>> taken = new ArrayList<>();
        for (int t = 0; t < 8; t++) {
            taken.add(threads.submit((Callable<Integer>) () -> {
                start.await();
                int mine = 0;
                for (int i = 0; i < 50; i++) {
                    Registration answer = registry.register(new TestTransport())
                            .toCompletableFuture()
                            .get();
                    mine += answer instanceof Registration.Registered ? 1 : 0;
                }
                return mine;
            }));
        }

        start.countDown();
        int sum = 0;
        for (Future<Integer> one : taken) {
            sum += one.get();
        }
        threads.shutdown();

        assertThat(sum).isEqualTo(100);
        assertThat(registry.connectionCount()).isEqualTo(100);
    }

    @Test
    void givesThePlaceBackWhenATransportCannotBeAttached() {
        ConnectionRegistry registry = registry(1);
        TestTransport broken = new TestTransport() {
            @Override
            public void attach(Link newLink) {
                throw new IllegalStateException("no link for me");
            }
        };

        Registration answer = now(registry.register(broken));

        assertThat(answer).isEqualTo(new Registration.Refused(CloseReason.INTERNAL_ERROR));
        assertThat(registry.connectionCount()).isZero();
        assertThat(now(registry.register(new TestTransport()))).isInstanceOf(Registration.Registered.class);
    }

    @Test
    void forgetsATransportThatEndedWhileItCouldNotBeAttached() {
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(List.of(ShardExecutor.callingThreads()))
                .build();
        TestTransport broken = new TestTransport() {
            @Override
            public void attach(Link newLink) {
                newLink.control(new byte[] {1});
                newLink.closed(CloseReason.TRANSPORT_LOST);
                throw new IllegalStateException("closed already");
            }
        };

        Registration answer = now(registry.register(broken, Claims.of("alice")));
        ConnectionId first = register(registry, new TestTransport());
        ConnectionId second = register(registry, new TestTransport());

        assertThat(answer).isEqualTo(new Registration.Refused(CloseReason.INTERNAL_ERROR));
        assertThat(registry.find(first)).isPresent();
        assertThat(registry.find(second)).isPresent();
        assertThat(registry.connectionCount()).isEqualTo(2);
        assertThat(registry.userConnectionCount("alice")).isZero();
        assertThat(registry.stats().users()).isZero();
        assertThat(registry.stats().waitingBytes()).isZero();
        assertThat(broken.writes).isZero();
    }

    @Test
    void refusesWhenClosedAndClosesWhoIsThere() {
        ConnectionRegistry registry = registry(10);
        TestTransport there = new TestTransport();
        register(registry, there);

        registry.close();

        assertThat(there.closed).contains(CloseReason.GOING_AWAY);
        assertThat(now(registry.register(new TestTransport())))
                .isEqualTo(new Registration.Refused(CloseReason.GOING_AWAY));
        assertThat(registry.broadcast(Audience.all(), Message.text("anyone?"))).isEqualTo(Posted.CLOSED);
        assertThat(registry.connectionCount()).isZero();
    }
}

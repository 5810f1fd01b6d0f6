package io.campanile.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.Audience;
import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Message;
import io.campanile.core.Registration;
import io.campanile.core.spi.Transport;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class InMemoryTransportTest {

    @Nested
    class KeepsTheContract extends TransportContract {
        @Override
        protected Pair connect() {
            InMemoryTransport transport = new InMemoryTransport();
            return new Pair() {
                private boolean lost;

                @Override
                public Transport transport() {
                    return transport;
                }

                @Override
                public void asShard(Runnable code) {
                    code.run();
                }

                @Override
                public void stall() {
                    transport.stall(1_000);
                }

                @Override
                public void resume() {
                    transport.resume();
                }

                @Override
                public byte[] received() {
                    return transport.received();
                }

                @Override
                public void lose() {
                    lost = true;
                    transport.lose();
                }

                @Override
                public boolean peerSawEnd() {
                    return lost || transport.peerReason().isPresent();
                }
            };
        }
    }

    private final ManualExecutor loop = new ManualExecutor();
    private final ConnectionRegistry registry = ConnectionRegistry.builder()
            .shards(List.of(loop))
            .clock(new ManualClock())
            .build();
    private final InMemoryTransport transport = new InMemoryTransport();

    @Test
    void showsWhatARegistrySends() {
        Connection connection = register();
        registry.join(connection.id(), "lobby");
        registry.broadcast("lobby", "one");
        registry.broadcast(Audience.all(), Message.text("two"));
        assertThat(transport.texts()).isEmpty();

        loop.runAll();
        assertThat(transport.texts()).containsExactly("one", "two");
    }

    @Test
    void tellsThePeerWhyAfterWhatWasSent() {
        Connection connection = register();
        transport.stall(4);
        registry.send(connection.id(), "last words");
        registry.close(connection.id(), CloseReason.GOING_AWAY);
        loop.runAll();
        assertThat(transport.heldBytes()).isEqualTo(11);
        assertThat(transport.peerReason()).isEmpty();

        transport.resume();
        loop.runAll();
        assertThat(transport.texts()).containsExactly("last words");
        assertThat(transport.peerReason()).contains(CloseReason.GOING_AWAY);
        assertThat(transport.isEnded()).isTrue();
    }

    @Test
    void letsASlowPeerReadBitByBit() {
        Connection connection = register();
        transport.stall(6);
        registry.send(connection.id(), "one");
        registry.send(connection.id(), "two");
        loop.runAll();
        assertThat(transport.received()).isEmpty();

        transport.read(5);
        assertThat(transport.texts()).isEmpty();
        transport.read(6);
        assertThat(transport.texts()).containsExactly("one");
    }

    @Test
    void isHeardUntilItLeaves() {
        Connection connection = register();
        assertThat(transport.hear()).isTrue();
        transport.fallSilent();
        assertThat(transport.hear()).isFalse();
        assertThat(connection.isOpen()).isTrue();

        transport.lose();
        loop.runAll();
        assertThat(connection.isOpen()).isFalse();
        assertThat(registry.connectionCount()).isZero();
    }

    @Test
    void rejectsAWriteThatBreaksTheContract() {
        ByteBuffer source = ByteBuffer.allocateDirect(10);
        transport.stall(3);
        assertThat(transport.write(source, 0, 10)).isFalse();
        assertThatThrownBy(() -> transport.write(source, 0, 1)).hasMessage("write before writable");
    }

    @Test
    void failsWhenAskedTo() {
        transport.failNext(InMemoryTransport.Call.ATTACH);
        var registration = registry.register(transport).toCompletableFuture();
        loop.runAll();

        assertThat(registration.join()).isEqualTo(new Registration.Refused(CloseReason.INTERNAL_ERROR));
    }

    private Connection register() {
        var registration = registry.register(transport).toCompletableFuture();
        loop.runAll();
        return ((Registration.Registered) registration.join()).connection();
    }
}

package io.campanile.core;

import static io.campanile.core.Fixture.register;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.spi.ShardExecutor;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Faults that were found by simulation, each in the few steps that were left of its schedule. */
final class RegressionTest {

    private static ConnectionRegistry threadless() {
        return ConnectionRegistry.builder()
                .shards(List.of(ShardExecutor.callingThreads()))
                .build();
    }

    @Test
    void abortsATransportThatThrew() {
        for (String method : List.of("write", "close")) {
            ConnectionRegistry registry = threadless();
            ThrowingTransport broken = new ThrowingTransport(method);
            ConnectionId id = register(registry, broken);

            registry.send(id, "hello");
            registry.unregister(id);

            assertThat(broken.aborted).as(method).isTrue();
            assertThat(registry.connectionCount()).isZero();
        }
    }

    /** Throws from one of its methods, every time. */
    private static final class ThrowingTransport extends TestTransport {
        private final String method;

        ThrowingTransport(String method) {
            this.method = method;
        }

        private void failAt(String here) {
            if (method.equals(here)) {
                throw new IllegalStateException("a transport that throws at " + here);
            }
        }

        @Override
        public boolean write(ByteBuffer source, int offset, int length) {
            failAt("write");
            return super.write(source, offset, length);
        }

        @Override
        public void close(CloseReason reason) {
            failAt("close");
            super.close(reason);
        }
    }
}

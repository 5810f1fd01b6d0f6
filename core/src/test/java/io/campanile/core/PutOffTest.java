package io.campanile.core;

import static io.campanile.core.Fixture.now;
import static io.campanile.core.Fixture.register;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.Fixture.TurnedExecutor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** G7 and G8 with transports that put their writes off and write for all of them at the end of a turn. */
final class PutOffTest {

    /** Four letters and a line end: five bytes on the wire. */
    private static final Message FOUR = Message.text("four");

    private final Loop loop = new Loop();

    private ConnectionRegistry registry(RegistryConfig config) {
        return ConnectionRegistry.builder().shards(List.of(loop)).config(config).build();
    }

    private ConnectionRegistry registry() {
        return registry(RegistryConfig.defaults().withOutbound(new OutboundLimits(10, 100)));
    }

    /** An executor that writes what its transports have put off when it is told to. */
    private static final class Loop extends TurnedExecutor {
        final List<Late> late = new ArrayList<>();
        int flushes;

        @Override
        public void flush() {
            flushes++;
            List<Late> now = List.copyOf(late);
            late.clear();
            List<Late> holding =
                    now.stream().filter(transport -> !transport.writeNow()).toList();
            holding.forEach(transport -> transport.link.held());
        }
    }

    private final class Late extends TestTransport {
        private ByteBuffer source = ByteBuffer.allocate(0);
        private int offset;
        private int length;

        @Override
        public boolean writeSoon(ByteBuffer from, int at, int bytes) {
            source = from;
            offset = at;
            length = bytes;
            loop.late.add(this);
            return true;
        }

        boolean writeNow() {
            return write(source, offset, length);
        }
    }

    @Test
    void writesForEverybodyInOneGoAtTheEndOfATurn() {
        ConnectionRegistry registry = registry(RegistryConfig.defaults());
        List<Late> clients = List.of(new Late(), new Late(), new Late());
        clients.forEach(client -> registry.join(register(registry, client), "room"));

        registry.broadcast("room", "four");
        registry.broadcast("room", "four");
        loop.turn();

        assertThat(loop.flushes).isEqualTo(1);
        assertThat(clients).allSatisfy(client -> {
            assertThat(client.messages()).containsExactly("four", "four");
            assertThat(client.writes).isEqualTo(1);
        });
        assertThat(registry.stats().writtenBytes()).isEqualTo(30);
        assertThat(registry.stats().waitingBytes()).isZero();
    }

    @Test
    void countsAgainstTheLimitsWhatATransportHoldsAfterAll() {
        ConnectionRegistry registry = registry();
        Late slow = new Late();
        ConnectionId id = register(registry, slow);
        slow.stalled = true;

        registry.send(id, FOUR);
        loop.turn();
        registry.send(id, FOUR);
        loop.turn();

        assertThat(slow.heldBytes()).isEqualTo(5);
        assertThat(registry.stats().waitingBytes()).isEqualTo(10);
        assertThat(registry.stats().writtenBytes()).isZero();
        assertThat(now(registry.sendWithReceipt(id, FOUR))).isEqualTo(SendOutcome.EVICTED);
        assertThat(slow.closed).contains(CloseReason.slowClient("10 bytes"));
        assertThat(registry.connectionCount()).isZero();
    }

    @Test
    void givesNothingMoreUntilWhatIsHeldIsWritten() {
        ConnectionRegistry registry = registry(RegistryConfig.defaults());
        Late slow = new Late();
        ConnectionId id = register(registry, slow);
        slow.stalled = true;
        registry.send(id, "first");
        loop.turn();
        registry.send(id, "second");
        loop.turn();
        assertThat(slow.writes).isEqualTo(1);

        slow.resume();
        registry.send(id, "third");
        loop.turn();

        assertThat(slow.messages()).containsExactly("first", "second", "third");
        assertThat(registry.stats().waitingBytes()).isZero();
        assertThat(registry.stats().writtenBytes()).isEqualTo("first\nsecond\nthird\n".length());
    }

    @Test
    void shedsWhoHoldsMoreThanTheNodeMayKeepAndServesTheOthers() {
        ConnectionRegistry registry = registry(RegistryConfig.defaults().withMaxWaitingBytes(1_000));
        Late slow = new Late();
        Late healthy = new Late();
        registry.join(register(registry, slow), "room");
        registry.join(register(registry, healthy), "room");
        slow.stalled = true;

        registry.broadcast("room", "x".repeat(2_000));
        loop.turn();

        assertThat(slow.aborted).isTrue();
        assertThat(healthy.messages()).containsExactly("x".repeat(2_000));
        assertThat(registry.connectionCount()).isEqualTo(1);
        assertThat(registry.stats().waitingBytes()).isZero();
    }

    @Test
    void writesWhatATurnHasGatheredBeforeItSaysFarewell() {
        ConnectionRegistry registry = registry();
        Late client = new Late();
        ConnectionId id = register(registry, client);

        registry.send(id, FOUR);
        registry.close(id, CloseReason.GOING_AWAY);

        assertThat(loop.late).isEmpty();
        assertThat(client.messages()).containsExactly("four");
        assertThat(client.closed).contains(CloseReason.GOING_AWAY);
    }
}

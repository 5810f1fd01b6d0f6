package io.campanile.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.ConnectionId;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.Transport;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What the registry relies on in every {@link Transport}. The test of a transport extends this class, gives it a
 * connected pair of transport and peer, and adds nothing but that transport's own oddities.
 */
public abstract class TransportContract {

    /** A transport whose handshake is complete and to which nothing is attached yet, and the peer at its far end. */
    protected interface Pair extends AutoCloseable {

        /** Returns the transport under test. */
        Transport transport();

        /** Runs code as the shard does: on the thread that owns the transport. Returns when it has run. */
        void asShard(Runnable code);

        /** The peer stops reading; a megabyte or more given then must be too much for the network. */
        void stall();

        /** The peer reads everything again. */
        void resume();

        /** Returns the bytes that have arrived through {@link Transport#write}, without what the transport adds. */
        byte[] received();

        /** The peer goes away without a word. */
        void lose();

        /** Returns whether the peer has seen the end of the connection. */
        boolean peerSawEnd();

        @Override
        default void close() {}
    }

    private static final long PATIENCE_NANOS = 30_000_000_000L;
    private static final int TOO_MUCH = 8 << 20;

    private final RecordingLink link = new RecordingLink();
    private final Pair pair = connect();

    /** For those who extend it. */
    protected TransportContract() {}

    /** Returns a new pair. Called once for each test, while it is constructed. */
    protected abstract Pair connect();

    @AfterEach
    void closePair() throws Exception {
        pair.close();
    }

    @Test
    void namesOneFormat() {
        assertThat(pair.transport().format()).isSameAs(pair.transport().format());
    }

    @Test
    void deliversInOrder() {
        attach();
        ByteBuffer source = direct(bytes(300, 1));
        pair.asShard(() -> {
            assertThat(pair.transport().write(source, 100, 50)).isTrue();
            assertThat(pair.transport().write(source, 0, 100)).isTrue();
        });

        byte[] all = bytes(300, 1);
        await("all to arrive", () -> pair.received().length == 150);
        assertThat(pair.received()).isEqualTo(concat(slice(all, 100, 50), slice(all, 0, 100)));
    }

    @Test
    void deliversRangesInOrder() {
        attach();
        ByteBuffer source = direct(bytes(300, 2));
        pair.asShard(() -> assertThat(pair.transport().write(source, new int[] {200, 7, 0, 100, 150, 1}, 3))
                .isTrue());

        byte[] all = bytes(300, 2);
        await("all to arrive", () -> pair.received().length == 108);
        assertThat(pair.received())
                .isEqualTo(concat(concat(slice(all, 200, 7), slice(all, 0, 100)), slice(all, 150, 1)));
    }

    @Test
    void leavesTheSourceAsItWas() {
        attach();
        ByteBuffer source = direct(bytes(300, 3));
        source.position(17).limit(40);
        pair.asShard(() -> pair.transport().write(source, 0, 300));

        assertThat(source.position()).isEqualTo(17);
        assertThat(source.limit()).isEqualTo(40);
        await("all to arrive", () -> pair.received().length == 300);
    }

    @Test
    void copiesWhatItHolds() {
        attach();
        pair.stall();
        byte[] all = bytes(TOO_MUCH, 4);
        ByteBuffer source = direct(all);
        pair.asShard(() -> {
            assertThat(pair.transport().write(source, 0, TOO_MUCH)).isFalse();
            for (int i = 0; i < TOO_MUCH; i++) {
                source.put(i, (byte) -1);
            }
        });

        assertThat(link.writable.get()).isZero();
        pair.resume();
        await("writable", () -> link.writable.get() == 1);
        await("all to arrive", () -> pair.received().length == TOO_MUCH);
        assertThat(Arrays.equals(pair.received(), all)).isTrue();
    }

    @Test
    void reportsWritableOnceForSeveralRanges() {
        attach();
        pair.stall();
        ByteBuffer source = direct(bytes(TOO_MUCH, 5));
        int half = TOO_MUCH / 2;
        pair.asShard(() -> assertThat(pair.transport().write(source, new int[] {half, half, 0, half}, 2))
                .isFalse());
        pair.resume();
        await("all to arrive", () -> pair.received().length == TOO_MUCH);
        await("writable", () -> link.writable.get() > 0);
        // What is written next comes after any report that is still on its way.
        pair.asShard(() -> assertThat(pair.transport().write(source, 0, 1)).isTrue());
        await("all to arrive", () -> pair.received().length == TOO_MUCH + 1);

        assertThat(link.writable.get()).isEqualTo(1);
    }

    @Test
    void writesWhatItHoldsBeforeItCloses() {
        attach();
        pair.stall();
        byte[] all = bytes(TOO_MUCH, 6);
        pair.asShard(() -> {
            assertThat(pair.transport().write(direct(all), 0, TOO_MUCH)).isFalse();
            pair.transport().closing(CloseReason.GOING_AWAY);
            pair.transport().close(CloseReason.GOING_AWAY);
        });
        pair.resume();

        await("all to arrive", () -> pair.received().length == TOO_MUCH);
        await("the peer to see the end", pair::peerSawEnd);
        await("the link to be told", () -> link.closed.get() > 0);
        assertThat(Arrays.equals(pair.received(), all)).isTrue();
    }

    @Test
    void writesBetweenClosingAndClose() {
        attach();
        pair.asShard(() -> {
            pair.transport().closing(CloseReason.NORMAL);
            assertThat(pair.transport().write(direct(bytes(10, 7)), 0, 10)).isTrue();
            pair.transport().close(CloseReason.NORMAL);
        });

        await("all to arrive", () -> pair.received().length == 10);
        await("the link to be told", () -> link.closed.get() > 0);
    }

    @Test
    void endsAtOnceWhenAborted() {
        attach();
        pair.stall();
        pair.asShard(() -> {
            assertThat(pair.transport().write(direct(bytes(TOO_MUCH, 8)), 0, TOO_MUCH))
                    .isFalse();
            pair.transport().closing(CloseReason.GOING_AWAY);
            pair.transport().close(CloseReason.GOING_AWAY);
            pair.transport().abort();
        });

        await("the link to be told", () -> link.closed.get() > 0);
    }

    @Test
    void endsAtOnceWhenAbortedThoughNothingIsHeld() {
        attach();
        pair.asShard(() -> {
            pair.transport().closing(CloseReason.GOING_AWAY);
            pair.transport().abort();
        });

        await("the link to be told", () -> link.closed.get() > 0);
    }

    @Test
    void reportsThatThePeerHasGone() {
        attach();
        pair.lose();

        await("the link to be told", () -> link.closed.get() > 0);
    }

    @Test
    void bearsAWriteAfterThePeerHasGone() {
        attach();
        pair.lose();
        pair.asShard(() -> pair.transport().write(direct(bytes(10, 9)), 0, 10));

        await("the link to be told", () -> link.closed.get() > 0);
    }

    private void attach() {
        pair.asShard(() -> pair.transport().attach(link));
    }

    private static void await(String what, BooleanSupplier condition) {
        long began = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - began > PATIENCE_NANOS) {
                throw new AssertionError("waited in vain for " + what);
            }
            LockSupport.parkNanos(100_000);
        }
    }

    private static byte[] bytes(int length, int seed) {
        byte[] bytes = new byte[length];
        new java.util.Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(0, bytes);
    }

    private static byte[] slice(byte[] bytes, int offset, int length) {
        return Arrays.copyOfRange(bytes, offset, offset + length);
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static final class RecordingLink implements Link {
        final AtomicInteger writable = new AtomicInteger();
        final AtomicInteger closed = new AtomicInteger();

        @Override
        public void touch() {}

        @Override
        public void pong() {}

        @Override
        public void firstMessage() {}

        @Override
        public void held() {}

        @Override
        public void writable() {
            writable.incrementAndGet();
        }

        @Override
        public void control(byte[] frame) {}

        @Override
        public void closed(CloseReason reason) {
            closed.incrementAndGet();
        }

        @Override
        public ConnectionId id() {
            return new ConnectionId(1);
        }

        @Override
        public Claims claims() {
            return Claims.anonymous();
        }

        @Override
        public boolean isOpen() {
            return closed.get() == 0;
        }
    }
}

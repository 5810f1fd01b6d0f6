package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.unix.Buffer;
import io.netty.channel.unix.Errors;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The ring against the kernel. Skipped where there is none, as on Java 17. */
final class SendRingTest {

    private static final int CAPACITY = 8;

    private final List<Socket> near = new ArrayList<>();
    private final List<java.net.Socket> far = new ArrayList<>();
    private SendRing ring;

    @BeforeEach
    void open() throws IOException {
        assumeTrue(
                IoKind.EPOLL_RING.isAvailable(),
                () -> "no ring: " + SendRing.unavailability().orElse("no epoll"));
        ring = new SendRing(CAPACITY);
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (ServerSocket server = new ServerSocket(0, 50, loopback)) {
            for (int i = 0; i < CAPACITY; i++) {
                Socket client = Socket.newSocketStream();
                client.connect(new InetSocketAddress(loopback, server.getLocalPort()));
                near.add(client);
                far.add(server.accept());
            }
        }
    }

    @AfterEach
    void close() throws IOException {
        if (ring == null) {
            return;
        }
        ring.close();
        for (Socket socket : near) {
            socket.close();
        }
        for (java.net.Socket socket : far) {
            socket.close();
        }
    }

    private static ByteBuffer direct(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocateDirect(bytes.length).put(bytes);
    }

    @Test
    void sendsToEachSocketItsOwnBytesRoundAfterRound() throws IOException {
        ByteBuffer source = direct("0123456789");
        for (int round = 0; round < 5; round++) {
            for (int i = 0; i < CAPACITY - 1; i++) {
                ring.add(near.get(i).intValue(), Buffer.memoryAddress(source) + i, 3, i);
            }

            assertThat(ring.submit()).isEqualTo(CAPACITY - 1);
            assertThat(ring.hasFailure()).isFalse();

            for (int i = 0; i < CAPACITY - 1; i++) {
                assertThat(far.get(i).getInputStream().readNBytes(3))
                        .asString(StandardCharsets.US_ASCII)
                        .isEqualTo("0123456789".substring(i, i + 3));
            }
        }
    }

    @Test
    void hasSentWhenItReturnsSoTheSourceMayChange() throws IOException {
        ByteBuffer source = direct("before");
        ring.add(near.get(0).intValue(), Buffer.memoryAddress(source), 6, 0);
        ring.submit();
        source.clear().put("behind".getBytes(StandardCharsets.US_ASCII));

        assertThat(far.get(0).getInputStream().readNBytes(6))
                .asString(StandardCharsets.US_ASCII)
                .isEqualTo("before");
    }

    @Test
    void tellsHowMuchASocketThatIsFullHasTakenAndServesTheOthers() throws IOException {
        ByteBuffer large = ByteBuffer.allocateDirect(32 << 20);
        ByteBuffer small = direct("small");

        ring.add(near.get(0).intValue(), Buffer.memoryAddress(large), large.capacity(), 70);
        ring.add(near.get(1).intValue(), Buffer.memoryAddress(small), 5, 71);
        assertThat(ring.submit()).isEqualTo(2);

        assertThat(ring.hasFailure()).isTrue();
        assertThat(ring.failedTag()).isEqualTo(70);
        int taken = ring.takeFailure();
        assertThat(taken).isBetween(1, large.capacity() - 1);
        assertThat(ring.hasFailure()).isFalse();
        assertThat(far.get(1).getInputStream().readNBytes(5))
                .asString(StandardCharsets.US_ASCII)
                .isEqualTo("small");
        assertThat(far.get(0).getInputStream().readNBytes(taken)).hasSize(taken);
    }

    @Test
    void tellsThatAFullSocketTookNothing() {
        ByteBuffer large = ByteBuffer.allocateDirect(32 << 20);
        ring.add(near.get(0).intValue(), Buffer.memoryAddress(large), large.capacity(), 0);
        ring.submit();
        ring.takeFailure();

        ring.add(near.get(0).intValue(), Buffer.memoryAddress(large), large.capacity(), 1);
        ring.submit();

        assertThat(ring.failedTag()).isEqualTo(1);
        assertThat(ring.takeFailure()).isEqualTo(Errors.ERRNO_EAGAIN_NEGATIVE);
    }

    @Test
    void tellsOfEverySocketThatIsBroken() throws IOException {
        ByteBuffer source = direct("lost");
        for (Socket socket : near) {
            socket.shutdown(false, true);
        }
        for (int round = 0; round < 5; round++) {
            for (int i = 0; i < CAPACITY; i++) {
                ring.add(near.get(i).intValue(), Buffer.memoryAddress(source), 4, i);
            }
            assertThat(ring.submit()).isEqualTo(CAPACITY);
            for (int i = 0; i < CAPACITY; i++) {
                assertThat(ring.failedTag()).isEqualTo(i);
                assertThat(ring.takeFailure()).isEqualTo(Errors.ERRNO_EPIPE_NEGATIVE);
            }
            assertThat(ring.hasFailure()).isFalse();
        }
    }
}

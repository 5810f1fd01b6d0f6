package io.campanile.testkit;

import static io.campanile.testkit.FaultProxy.Direction.TO_CLIENT;
import static io.campanile.testkit.FaultProxy.Direction.TO_SERVER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.testkit.FaultProxy.Fault;
import io.campanile.testkit.FaultProxy.Relay;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the proxy does to bytes and to ends, seen from both sockets. */
@Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class FaultProxyTest {

    private final ManualClock clock = new ManualClock();
    private final List<AutoCloseable> open = new ArrayList<>();

    private ServerSocket listener;
    private FaultProxy proxy;
    private Socket client;
    private Socket server;
    private Relay relay;

    @BeforeEach
    void connectThroughTheProxy() throws IOException {
        listener = opened(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
        proxy = opened(FaultProxy.start((InetSocketAddress) listener.getLocalSocketAddress(), clock));
        client = connect();
        server = opened(listener.accept());
        relay = relayOf(client);
    }

    @AfterEach
    void closeEverything() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    @Test
    void forwardsBothWaysWhatEitherSideSends() throws IOException {
        write(client, "hello");
        write(server, "welcome");

        assertThat(read(server, 5)).isEqualTo("hello");
        assertThat(read(client, 7)).isEqualTo("welcome");
    }

    @Test
    void forwardsMoreThanAllBuffersHold() throws Exception {
        byte[] much = new byte[8 << 20];
        for (int i = 0; i < much.length; i++) {
            much[i] = (byte) (i * 31 >>> 8);
        }
        Thread writer = new Thread(() -> {
            try {
                client.getOutputStream().write(much);
                client.shutdownOutput();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        writer.start();

        assertThat(server.getInputStream().readAllBytes()).isEqualTo(much);
        writer.join();
    }

    @Test
    void forwardsTheEndOfOneDirectionAndKeepsTheOther() throws IOException {
        write(client, "last words");
        client.shutdownOutput();

        assertThat(text(server.getInputStream().readAllBytes())).isEqualTo("last words");
        write(server, "still here");
        assertThat(read(client, 10)).isEqualTo("still here");
    }

    @Test
    void hasNoSocketLeftWhenBothSidesHaveEnded() throws IOException {
        client.shutdownOutput();
        assertThat(server.getInputStream().read()).isEqualTo(-1);
        server.close();
        assertThat(client.getInputStream().read()).isEqualTo(-1);

        until(() -> proxy.relays().isEmpty());
        assertThat(proxy.openSockets()).isEqualTo(1);
    }

    @Test
    void forwardsAReset() throws IOException {
        client.setSoLinger(true, 0);
        client.close();

        assertThatThrownBy(() -> server.getInputStream().read()).isInstanceOf(SocketException.class);
    }

    @Test
    void delaysBytesUntilTheirTimeHasCome() throws IOException {
        relay.apply(TO_SERVER, Fault.delay(Duration.ofSeconds(5)));
        write(client, "late");
        until(() -> relay.heldBytes(TO_SERVER) == 4);

        clock.advance(Duration.ofSeconds(5).minusNanos(1));
        write(server, "not delayed");
        assertThat(read(client, 11)).isEqualTo("not delayed");
        assertThat(relay.forwardedBytes(TO_SERVER)).isZero();

        clock.advance(Duration.ofNanos(1));
        assertThat(read(server, 4)).isEqualTo("late");
    }

    @Test
    void forwardsNoMoreThanASlowNetworkWould() throws IOException {
        relay.apply(TO_SERVER, Fault.slow(50));
        write(client, "abc");

        assertThat(read(server, 1)).isEqualTo("a");
        until(() -> relay.heldBytes(TO_SERVER) == 2);
        clock.advance(Duration.ofMillis(20));
        assertThat(read(server, 1)).isEqualTo("b");
        assertThat(relay.forwardedBytes(TO_SERVER)).isEqualTo(2);
        clock.advance(Duration.ofMillis(20));
        assertThat(read(server, 1)).isEqualTo("c");
    }

    @Test
    void forwardsNothingWhileStalledAndEverythingAfterwards() throws IOException {
        relay.apply(TO_SERVER, Fault.stall());
        write(client, "patience");
        client.shutdownOutput();
        write(server, "the other way");

        assertThat(read(client, 13)).isEqualTo("the other way");
        assertThat(relay.forwardedBytes(TO_SERVER)).isZero();
        relay.apply(TO_SERVER, Fault.none());
        assertThat(text(server.getInputStream().readAllBytes())).isEqualTo("patience");
    }

    @Test
    void acceptsConnectionsWhileStalled() throws IOException {
        proxy.apply(TO_SERVER, Fault.stall());
        Socket another = connect();
        Socket accepted = opened(listener.accept());
        write(another, "x");

        proxy.apply(TO_SERVER, Fault.none());

        assertThat(read(accepted, 1)).isEqualTo("x");
    }

    @Test
    void stallsOneConnectionAndLeavesTheOthersAlone() throws IOException {
        Socket another = connect();
        Socket accepted = opened(listener.accept());

        relay.apply(TO_SERVER, Fault.stall());
        write(client, "waits");
        write(another, "goes");

        assertThat(read(accepted, 4)).isEqualTo("goes");
        assertThat(relay.forwardedBytes(TO_SERVER)).isZero();
    }

    @Test
    void swallowsBytesAndEndsSoThatTheServerSeesAnEstablishedConnection() throws IOException {
        relay.apply(TO_SERVER, Fault.blackHole());
        write(client, "nobody hears this");
        until(() -> relay.swallowedBytes(TO_SERVER) == 17);
        client.setSoLinger(true, 0);
        client.close();
        until(() -> relay.openSockets() == 1);

        write(server, "are you there?");
        relay.apply(TO_SERVER, Fault.none());

        // The first that the server ever sees is the reset by the test, neither a byte nor an end.
        relay.reset();
        assertThatThrownBy(() -> server.getInputStream().read()).isInstanceOf(SocketException.class);
    }

    @Test
    void swallowsWhatItHeldWhenTheHoleOpens() throws IOException {
        relay.apply(TO_SERVER, Fault.delay(Duration.ofHours(1)));
        write(client, "held");
        until(() -> relay.heldBytes(TO_SERVER) == 4);

        relay.apply(TO_SERVER, Fault.blackHole());
        relay.apply(TO_SERVER, Fault.none());
        write(client, "after");

        assertThat(read(server, 5)).isEqualTo("after");
    }

    @Test
    void letsAClientVanishWhoseServerIsNotReadEither() throws Exception {
        relay.vanish();
        client.setSoLinger(true, 0);
        client.close();

        // What the kernel takes, it takes; then the server is held up as by a peer that has gone.
        Thread writer = new Thread(() -> {
            try {
                server.getOutputStream().write(new byte[64 << 20]);
            } catch (IOException e) {
                // by the reset
            }
        });
        writer.start();
        until(() -> relay.openSockets() == 1);
        assertThat(relay.heldBytes(TO_CLIENT)).isZero();
        assertThat(relay.swallowedBytes(TO_CLIENT)).isZero();
        assertThat(relay.forwardedBytes(TO_CLIENT)).isZero();
        assertThat(writer.isAlive()).isTrue();

        relay.reset();
        writer.join();
        assertThat(proxy.openSockets()).isEqualTo(1);
    }

    @Test
    void holdsNoMoreThanItsBound() throws Exception {
        relay.apply(TO_SERVER, Fault.delay(Duration.ofHours(1)));
        Thread writer = new Thread(() -> {
            try {
                client.getOutputStream().write(new byte[32 << 20]);
            } catch (IOException e) {
                // by the reset
            }
        });
        writer.start();

        until(() -> relay.heldBytes(TO_SERVER) >= FaultProxy.MAX_HELD_BYTES);
        assertThat(relay.heldBytes(TO_SERVER)).isLessThan(FaultProxy.MAX_HELD_BYTES + (16 << 10));
        relay.reset();
        writer.join();
    }

    @Test
    void endsOneDirectionBehindWhatItHolds() throws IOException {
        relay.apply(TO_SERVER, Fault.delay(Duration.ofSeconds(1)));
        write(client, "first");
        until(() -> relay.heldBytes(TO_SERVER) == 5);

        relay.halfClose(TO_SERVER);
        write(client, "too late");
        until(() -> relay.swallowedBytes(TO_SERVER) == 8);
        clock.advance(Duration.ofSeconds(1));

        assertThat(text(server.getInputStream().readAllBytes())).isEqualTo("first");
        write(server, "yes?");
        assertThat(read(client, 4)).isEqualTo("yes?");
    }

    @Test
    void resetsBothSides() {
        relay.reset();

        assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
        assertThatThrownBy(() -> server.getInputStream().read()).isInstanceOf(SocketException.class);
        assertThat(proxy.relays()).isEmpty();
    }

    @Test
    void endsAClientWhoseServerIsNotThere() throws IOException {
        listener.close();
        Socket late = connect();

        assertThat(endOf(late)).isTrue();
    }

    @Test
    void resetsEverythingWhenItIsClosed() {
        proxy.close();
        proxy.close();

        assertThatThrownBy(() -> server.getInputStream().read()).isInstanceOf(SocketException.class);
        assertThat(proxy.openSockets()).isZero();
    }

    @Test
    void refusesFaultsThatMeanNothing() {
        assertThatThrownBy(() -> Fault.delay(Duration.ofMillis(-1)))
                .hasMessage("by: PT-0.001S (expected: not negative)");
        assertThatThrownBy(() -> Fault.slow(0)).hasMessage("bytesPerSecond: 0 (expected: > 0)");
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(proxy.address().getAddress(), proxy.address().getPort());
        socket.setTcpNoDelay(true);
        return opened(socket);
    }

    private Relay relayOf(Socket socket) {
        InetSocketAddress address = (InetSocketAddress) socket.getLocalSocketAddress();
        until(() -> proxy.relay(address).isPresent());
        return proxy.relay(address).orElseThrow();
    }

    private <T extends AutoCloseable> T opened(T each) {
        open.add(0, each);
        return each;
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String read(Socket socket, int count) throws IOException {
        return text(socket.getInputStream().readNBytes(count));
    }

    private static boolean endOf(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketException e) {
            return true;
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** What happens on the proxy's thread cannot be listened to. */
    private static void until(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }
}

package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The diagnostic echo: what comes back, and what becomes of those who do not take it. */
final class EchoEndpointTest {

    private static final int PATIENCE_SECONDS = 30;
    private static final String ECHO = "diagnostics.echo-path: /echo\n";

    @RegisterExtension
    final RunningServer server = new RunningServer();

    /** What a client hears: one message, or the code with which the server closed. */
    private static final class Ear implements WebSocket.Listener {
        final CompletableFuture<byte[]> message = new CompletableFuture<>();
        final CompletableFuture<Integer> closed = new CompletableFuture<>();
        private final StringBuilder text = new StringBuilder();
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                message.complete(text.toString().getBytes(StandardCharsets.UTF_8));
            }
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
            var part = new byte[data.remaining()];
            data.get(part);
            bytes.writeBytes(part);
            if (last) {
                message.complete(bytes.toByteArray());
            }
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            closed.complete(code);
            return null;
        }
    }

    private WebSocket open(Ear ear) {
        return server.http
                .newWebSocketBuilder()
                .buildAsync(URI.create("ws://127.0.0.1:" + server.port() + "/echo"), ear)
                .join();
    }

    private static <T> T now(CompletableFuture<T> answer) {
        return answer.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    }

    @Test
    void isOffUnlessItsPathIsSet() {
        server.start("");

        assertThat(server.get("/echo").statusCode()).isEqualTo(404);
    }

    @Test
    void sendsBackTextAsItCame() {
        server.start(ECHO);
        var ear = new Ear();

        open(ear).sendText("grüße 🔔", true).join();

        assertThat(now(ear.message)).asString(StandardCharsets.UTF_8).isEqualTo("grüße 🔔");
    }

    @Test
    void sendsBackTheLargestMessageAndNoLargerOne() {
        server.start(ECHO);
        var ear = new Ear();
        WebSocket socket = open(ear);
        var largest = new byte[EchoEndpoint.MAX_MESSAGE_BYTES];
        new Random(1).nextBytes(largest);

        socket.sendBinary(ByteBuffer.wrap(largest), true).join();
        assertThat(Arrays.equals(now(ear.message), largest)).isTrue();

        socket.sendBinary(ByteBuffer.allocate(EchoEndpoint.MAX_MESSAGE_BYTES + 1), true);
        assertThat(now(ear.closed)).isEqualTo(1009);
    }

    @Test
    void leavesTheOtherPathsLimitAsItIs() {
        server.start(ECHO);
        Peer peer = server.connect();

        peer.send("x".repeat((64 << 10) + 1));

        assertThat(peer.closeCode()).isEqualTo(1009);
    }

    @Test
    void evictsWhoNeverReadsWhateverPolicyOthersHave() throws IOException {
        server.start(ECHO + "outbound.overflow: drop-newest\n");
        try (var socket = new Socket()) {
            socket.setReceiveBufferSize(4_096);
            socket.setSoTimeout(PATIENCE_SECONDS * 1_000);
            socket.connect(new InetSocketAddress("127.0.0.1", server.port()));
            socket.getOutputStream().write(handshake("localhost").getBytes(StandardCharsets.US_ASCII));

            // A megabyte in one masked frame; the mask of zeros leaves it as it is.
            var frame = new byte[14 + (1 << 20)];
            frame[0] = (byte) 0x82;
            frame[1] = (byte) 0xff;
            frame[7] = 0x10;
            // After the eviction the server waits for the client's end no longer than client.close-timeout.
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 1_000; i++) {
                            socket.getOutputStream().write(frame);
                        }
                    })
                    .isInstanceOf(IOException.class);
        }

        assertThat(server.get("/metrics").body())
                .contains("campanile_evictions_total{reason=\"slow_client\"} 1.0", "campanile_waiting_bytes 0.0");
    }

    @Test
    void inDevelopmentModeOnlyThisMachineMayConnect() {
        server.start(Map.of("--echo-path", "/echo"));

        assertThat(server.raw(handshake("evil.example"))).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(server.raw(handshake("localhost"))).isEqualTo("HTTP/1.1 101 Switching Protocols");
    }

    private static String handshake(String host) {
        return "GET /echo HTTP/1.1\r\nHost: " + host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    }
}

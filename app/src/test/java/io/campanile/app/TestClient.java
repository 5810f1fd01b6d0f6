package io.campanile.app;

import io.campanile.gateway.GatewayServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A client over a real socket, by the JDK's own WebSocket. Takes the welcome by itself. */
final class TestClient implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 30;
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final BlockingQueue<String> texts = new LinkedBlockingQueue<>();
    private final BlockingQueue<byte[]> binaries = new LinkedBlockingQueue<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private final WebSocket socket;
    private final String welcome;

    private TestClient(GatewayServer server, String path, Map<String, String> headers) {
        var builder = HTTP.newWebSocketBuilder();
        headers.forEach(builder::header);
        this.socket = builder.buildAsync(
                        URI.create("ws://127.0.0.1:" + server.address().getPort() + path), new Listener())
                .join();
        this.welcome = next();
    }

    static TestClient connect(GatewayServer server, String path) {
        return new TestClient(server, path, Map.of());
    }

    /** Connects as a user, for gateways that use {@link #trusting}. */
    static TestClient connectAs(String user, GatewayServer server, String path) {
        return new TestClient(server, path, Map.of("X-User", user));
    }

    /** Believes whoever says who it is. */
    static io.campanile.gateway.Authenticator trusting() {
        return handshake -> CompletableFuture.completedFuture(handshake
                .header("X-User")
                .<io.campanile.gateway.Admission>map(
                        user -> new io.campanile.gateway.Admission.Admitted(io.campanile.core.Claims.of(user)))
                .orElseGet(io.campanile.gateway.Admission::anonymous));
    }

    /** Returns the connection's id, as the welcome names it. */
    String id() {
        return welcome.replaceAll(".*\"connection\":\"([^\"]+)\".*", "$1");
    }

    TestClient send(String text) {
        socket.sendText(text, true).join();
        return this;
    }

    TestClient send(byte[] bytes) {
        socket.sendBinary(ByteBuffer.wrap(bytes), true).join();
        return this;
    }

    String next() {
        return take(texts);
    }

    byte[] nextBinary() {
        return take(binaries);
    }

    /** Returns the code with which the server closed the connection. */
    int closeCode() {
        return now(closed);
    }

    /** Closes in order and waits for the server's word. */
    void leave() {
        socket.sendClose(1000, "").join();
        now(closed);
    }

    /** Goes without a word. */
    @Override
    public void close() {
        socket.abort();
    }

    static <T> T take(BlockingQueue<T> queue) {
        try {
            T value = queue.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (value == null) {
                throw new AssertionError("nothing came");
            }
            return value;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    static <T> T now(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | InterruptedException | java.util.concurrent.ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();
        private final java.io.ByteArrayOutputStream binary = new java.io.ByteArrayOutputStream();

        @Override
        @SuppressWarnings("NullAway") // null is this interface's word for "done with it"
        public CompletionStage<?> onText(WebSocket webSocket, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                texts.add(text.toString());
                text.setLength(0);
            }
            webSocket.request(1);
            return null;
        }

        @Override
        @SuppressWarnings("NullAway")
        public CompletionStage<?> onBinary(WebSocket webSocket, ByteBuffer part, boolean last) {
            byte[] bytes = new byte[part.remaining()];
            part.get(bytes);
            binary.writeBytes(bytes);
            if (last) {
                binaries.add(binary.toByteArray());
                binary.reset();
            }
            webSocket.request(1);
            return null;
        }

        @Override
        @SuppressWarnings("NullAway")
        public CompletionStage<?> onClose(WebSocket webSocket, int code, String reason) {
            closed.complete(code);
            return null;
        }

        @Override
        public void onError(WebSocket webSocket, Throwable error) {
            closed.completeExceptionally(error);
        }
    }
}

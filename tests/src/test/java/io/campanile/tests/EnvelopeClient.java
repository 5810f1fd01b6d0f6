package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** A connection by the JDK's own WebSocket that speaks the envelope in plain text. */
final class EnvelopeClient implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final Pattern WELCOME =
            Pattern.compile("\\{\"event\":\"welcome\",\"data\":\\{\"connection\":\"([^\"]+)\",\"protocol\":1}}");

    private final BlockingQueue<String> arrived = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> pongs = new LinkedBlockingQueue<>();
    private final CompletableFuture<Close> closed = new CompletableFuture<>();
    private final WebSocket socket;
    private final String connection;

    /** How the server ended the connection. */
    record Close(int code, String reason) {}

    private EnvelopeClient(URI origin, String target) {
        socket = HTTP.newWebSocketBuilder()
                .buildAsync(URI.create("ws://" + origin.getAuthority() + target), new Listener())
                .join();
        var welcome = WELCOME.matcher(next());
        assertThat(welcome.matches()).isTrue();
        connection = welcome.group(1);
    }

    /** Connects and takes the welcome. */
    static EnvelopeClient connect(URI origin) {
        return connect(origin, "/ws");
    }

    /** Connects to a path, maybe with a query, and takes the welcome. */
    static EnvelopeClient connect(URI origin, String target) {
        return new EnvelopeClient(origin, target);
    }

    /** Returns the id that the welcome named. */
    String connection() {
        return connection;
    }

    WebSocket socket() {
        return socket;
    }

    void send(String text) {
        socket.sendText(text, true).join();
    }

    /** Joins a room and takes the answer. */
    void join(String room) {
        send("{\"event\":\"room.join\",\"id\":1,\"data\":{\"room\":\"" + room + "\"}}");
        assertThat(next()).startsWith("{\"event\":\"ack\",\"id\":1,");
    }

    /** Waits for the next message. */
    String next() {
        return take(arrived);
    }

    /** Waits for the payload of the next pong. */
    String nextPong() {
        return take(pongs);
    }

    /** Waits for the server's Close frame; a connection that ends without one fails the test. */
    Close awaitClose() {
        return closed.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    }

    @Override
    public void close() {
        socket.abort();
    }

    private static String take(BlockingQueue<String> queue) {
        try {
            String text = queue.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            if (text == null) {
                throw new AssertionError("nothing arrived");
            }
            return text;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder parts = new StringBuilder();

        @Override
        @SuppressWarnings("NullAway") // null is this interface's word for "done with it"
        public CompletionStage<?> onText(WebSocket webSocket, CharSequence part, boolean last) {
            parts.append(part);
            if (last) {
                arrived.add(parts.toString());
                parts.setLength(0);
            }
            webSocket.request(1);
            return null;
        }

        @Override
        @SuppressWarnings("NullAway")
        public CompletionStage<?> onPong(WebSocket webSocket, ByteBuffer payload) {
            pongs.add(StandardCharsets.UTF_8.decode(payload).toString());
            webSocket.request(1);
            return null;
        }

        @Override
        @SuppressWarnings("NullAway")
        public CompletionStage<?> onClose(WebSocket webSocket, int code, String reason) {
            closed.complete(new Close(code, reason));
            return null;
        }

        @Override
        public void onError(WebSocket webSocket, Throwable error) {
            closed.completeExceptionally(error);
        }
    }
}

package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A client on the JDK's WebSocket, with which nobody here had to do. */
final class Peer implements WebSocket.Listener {

    private static final int PATIENCE_SECONDS = 30;

    private final BlockingQueue<String> texts = new LinkedBlockingQueue<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private final StringBuilder partial = new StringBuilder();
    private @Nullable WebSocket socket;
    private String id = "";
    private volatile String reason = "";

    /** Connects, and takes the welcome. */
    static Peer connect(HttpClient http, URI uri) {
        var peer = new Peer();
        peer.socket = http.newWebSocketBuilder().buildAsync(uri, peer).join();
        String welcome = peer.next();
        assertThat(welcome).startsWith("{\"event\":\"welcome\",\"data\":{\"connection\":\"");
        peer.id = welcome.replaceFirst(".*\"connection\":\"([^\"]+)\".*", "$1");
        return peer;
    }

    String id() {
        return id;
    }

    Peer join(String room) {
        send("{\"event\":\"room.join\",\"data\":{\"room\":\"" + room + "\"},\"id\":1}");
        assertThat(next()).startsWith("{\"event\":\"ack\",\"id\":1,");
        return this;
    }

    void send(String text) {
        socket().sendText(text, true).join();
    }

    /** Returns the next message. */
    String next() {
        try {
            String text = texts.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertThat(text).as("a message").isNotNull();
            return String.valueOf(text);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Sees to it that nothing was sent to this peer up to now: an answer comes after all that came before. */
    void heardNothing() {
        send("{\"event\":\"ping\",\"id\":99}");
        assertThat(next()).isEqualTo("{\"event\":\"pong\",\"id\":99,\"data\":null}");
    }

    /** Returns the code with which the server closed. */
    int closeCode() {
        return closed.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    }

    /** Returns the sentence with which the server closed. */
    String closeReason() {
        closeCode();
        return reason;
    }

    void close() {
        close(WebSocket.NORMAL_CLOSURE);
    }

    void close(int code) {
        socket().sendClose(code, "").join();
        closeCode();
    }

    private WebSocket socket() {
        WebSocket open = socket;
        if (open == null) {
            throw new IllegalStateException("not connected");
        }
        return open;
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
        partial.append(data);
        if (last) {
            texts.add(partial.toString());
            partial.setLength(0);
        }
        webSocket.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket webSocket, int statusCode, String reason) {
        this.reason = reason;
        closed.complete(statusCode);
        return null;
    }

    @Override
    public void onError(WebSocket webSocket, Throwable error) {
        closed.completeExceptionally(error);
    }
}

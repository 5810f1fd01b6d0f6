package io.campanile.examples.tradingfloor;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Somebody on the floor, on the JDK's WebSocket. */
final class Visitor implements WebSocket.Listener {

    private static final int PATIENCE_SECONDS = 30;

    private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private final StringBuilder partial = new StringBuilder();
    private final WebSocket socket;

    private Visitor(int port, String cookie, boolean reads) {
        this.reads = reads;
        WebSocket.Builder builder = HttpClient.newHttpClient().newWebSocketBuilder();
        if (!cookie.isEmpty()) {
            builder.header("Cookie", cookie);
        }
        socket = builder.buildAsync(URI.create("ws://127.0.0.1:" + port + "/floor"), this)
                .join();
    }

    private volatile boolean reads;

    /** Comes in, and reads what is said. Throws {@link CompletionException} when not let in. */
    static Visitor enter(int port, String cookie) {
        return new Visitor(port, cookie, true);
    }

    /** Comes in, and reads nothing until told to. */
    static Visitor enterAsleep(int port, String cookie) {
        return new Visitor(port, cookie, false);
    }

    void wakeUp() {
        reads = true;
        socket.request(1);
    }

    void send(String text) {
        socket.sendText(text, true).join();
    }

    /** Returns the next message that fits; those before it are passed over. */
    String await(Predicate<String> fits) {
        return awaitAll(fits).get(0);
    }

    /** Returns the messages up to the next that fits, that one first. */
    List<String> awaitAll(Predicate<String> fits) {
        var heard = new ArrayList<String>();
        try {
            while (true) {
                String message = messages.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
                if (message == null) {
                    throw new AssertionError("not heard; but " + heard);
                }
                if (fits.test(message)) {
                    heard.add(0, message);
                    return heard;
                }
                heard.add(message);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    int closeCode() {
        return closed.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    }

    void leave() {
        socket.abort();
    }

    @Override
    public void onOpen(WebSocket opened) {
        if (reads) {
            opened.request(1);
        }
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
        partial.append(data);
        if (last) {
            messages.add(partial.toString());
            partial.setLength(0);
        }
        from.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
        closed.complete(code);
        return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
        closed.completeExceptionally(error);
    }
}

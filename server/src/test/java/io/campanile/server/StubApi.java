package io.campanile.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A server that answers as it is told, for answers that a real one does not give, or not at will. */
final class StubApi implements AfterEachCallback {

    /** What was asked: method, target, body and headers. */
    record Asked(String line, String body, com.sun.net.httpserver.Headers headers) {}

    private record Answer(int status, String type, String body, List<String> headers) {}

    final List<Asked> asked = Collections.synchronizedList(new ArrayList<>());
    private final Queue<Answer> answers = new ConcurrentLinkedQueue<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    StubApi() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** Answers the next request; those are answered in the order in which this was called. */
    StubApi answer(int status, String body, String... headers) {
        String type = status == 200 ? "application/json" : "application/problem+json";
        answers.add(new Answer(status, type, body, Arrays.asList(headers)));
        return this;
    }

    /** Answers the next request with these events, and breaks off. */
    StubApi stream(String events) {
        answers.add(new Answer(200, "text/event-stream", events, List.of()));
        return this;
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            asked.add(new Asked(
                    exchange.getRequestMethod() + " " + exchange.getRequestURI(), body, exchange.getRequestHeaders()));
            Answer answer = answers.poll();
            if (answer == null) {
                answer = new Answer(500, "text/plain", "nothing was prepared for this", List.of());
            }
            exchange.getResponseHeaders().set("content-type", answer.type());
            for (int i = 0; i < answer.headers().size(); i += 2) {
                exchange.getResponseHeaders()
                        .set(answer.headers().get(i), answer.headers().get(i + 1));
            }
            byte[] bytes = answer.body().getBytes(StandardCharsets.UTF_8);
            boolean streams = answer.type().equals("text/event-stream");
            exchange.sendResponseHeaders(answer.status(), streams ? 0 : bytes.length == 0 ? -1 : bytes.length);
            if (bytes.length > 0) {
                exchange.getResponseBody().write(bytes);
            }
        }
    }

    @Override
    public void afterEach(ExtensionContext context) {
        server.stop(0);
        threads.shutdownNow();
    }
}

package io.campanile.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A server on a free port for the length of a test. */
final class RunningServer implements AfterEachCallback {

    final HttpClient http = HttpClient.newHttpClient();
    private final List<CampanileServer> servers = new ArrayList<>();

    /** Starts in development mode. */
    CampanileServer start() {
        return start(Map.of());
    }

    /** Starts in development mode with more flags. */
    CampanileServer start(Map<String, String> flags) {
        var all = new HashMap<>(flags);
        all.put("--port", "0");
        return add(SettingsLoader.load(Optional.empty(), Map.of(), all));
    }

    /** Starts with a configuration file. */
    CampanileServer start(String yaml) {
        try {
            Path file = Files.createTempFile("campanile", ".yml");
            try {
                Files.writeString(file, yaml);
                return add(SettingsLoader.load(Optional.of(file), Map.of(), Map.of("--port", "0")));
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private CampanileServer add(Settings settings) {
        var server = CampanileServer.start(settings);
        servers.add(server);
        return server;
    }

    Peer connect() {
        return connect("/ws");
    }

    Peer connect(String target) {
        return Peer.connect(http, URI.create("ws://127.0.0.1:" + port() + target));
    }

    HttpResponse<String> get(String target, String... headers) {
        return send(request(target, headers).GET().build());
    }

    HttpResponse<String> publish(String json, String... headers) {
        return post("/api/publish", json, headers);
    }

    HttpResponse<String> post(String target, String body, String... headers) {
        return send(request(target, headers).POST(BodyPublishers.ofString(body)).build());
    }

    HttpResponse<String> post(String target, byte[] body, String... headers) {
        return send(
                request(target, headers).POST(BodyPublishers.ofByteArray(body)).build());
    }

    private HttpRequest.Builder request(String target, String... headers) {
        var builder = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + target));
        return headers.length == 0 ? builder : builder.headers(headers);
    }

    private HttpResponse<String> send(HttpRequest request) {
        try {
            return http.send(request, BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Sends bytes that no client library would send, and returns the status line. */
    String raw(String request) {
        try (var socket = new Socket("127.0.0.1", port())) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            var answer = new StringBuilder();
            for (int c = socket.getInputStream().read();
                    c >= 0 && c != '\r';
                    c = socket.getInputStream().read()) {
                answer.append((char) c);
            }
            return answer.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return servers.get(servers.size() - 1).address().getPort();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        servers.forEach(CampanileServer::close);
    }
}

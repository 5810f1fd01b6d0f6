package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
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
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** G11 from outside: what a stop by SIGTERM looks like to clients, load balancers and whoever waits for the process. */
@Timeout(120)
final class ShutdownTest {

    private static final String KEY = "0123456789abcdef";

    @TempDir
    Path directory = Path.of("");

    private ServerProcess serve(String yaml) throws IOException {
        Path file = directory.resolve("campanile.yml");
        Files.writeString(file, "api.key: " + KEY + "\n" + yaml);
        return ServerProcess.start("--config", file.toString());
    }

    private static HttpResponse<String> publish(URI origin, String room, String data) throws Exception {
        String json = "{\"room\":\"" + room + "\",\"event\":\"chat\",\"data\":\"" + data + "\"}";
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(origin.resolve("/api/publish"))
                                .header("X-API-Key", KEY)
                                .POST(BodyPublishers.ofString(json))
                                .build(),
                        BodyHandlers.ofString());
    }

    @Test
    void sigtermTellsEachClientWhenToComeBackAndEndsWithExitCodeZero() throws Exception {
        List<EnvelopeClient> clients = new ArrayList<>();
        try (var server = serve(
                "server:\n  drain-window: 1s\n  drain-code: 1012\n  come-back-min: 3s\n" + "  come-back-max: 6s\n")) {
            for (int i = 0; i < 20; i++) {
                clients.add(EnvelopeClient.connect(server.origin()));
            }

            server.terminate();

            List<EnvelopeClient.Close> closes =
                    clients.stream().map(EnvelopeClient::awaitClose).toList();
            assertThat(closes).allMatch(close -> close.code() == 1012);
            assertThat(closes).allMatch(close -> close.reason().matches("the server restarts, retry=[3-6]\\d{3}"));
            assertThat(closes.stream().distinct()).hasSizeGreaterThan(10);
            assertThat(server.awaitEnd())
                    .contains("server stopped connections=20 left=0 told=20 flushed=20 lost=0 cut=0");
        } finally {
            clients.forEach(EnvelopeClient::close);
        }
    }

    @Test
    void aStreamEndsWithTheReasonAndHoldsNothingUp() throws Exception {
        try (var server = serve("server:\n  come-back-min: 3s\n  come-back-max: 6s\n");
                var never =
                        new Socket(server.origin().getHost(), server.origin().getPort())) {
            never.getOutputStream()
                    .write("GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(never.getInputStream().read()).isEqualTo('H');
            HttpResponse<Stream<String>> stream = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(server.origin().resolve("/sse?room=lobby"))
                                    .build(),
                            BodyHandlers.ofLines());

            server.terminate();

            String events = stream.body().collect(Collectors.joining("\n"));
            assertThat(events)
                    .containsPattern("\nevent: campanile\\.close\nretry: [3-6][0-9]{3}\n"
                            + "data: \\{\"code\":1001,\"reason\":\"going_away\",[^\n]*}$");
            assertThat(server.awaitEnd()).contains("connections=2 left=0 told=2");
            assertThat(never.isClosed()).isFalse();
        }
    }

    @Test
    void whatWaitsArrivesBeforeTheCloseAndWhoNeverEndsIsCut() throws Exception {
        try (var server = serve("server:\n  stop-timeout: 4s\nclient:\n  close-timeout: 1m\n");
                var late = new SilentClient(server.origin(), "late");
                var never = new SilentClient(server.origin(), "never")) {
            String large = "x".repeat(30_000);
            for (int i = 0; i < 25; i++) {
                assertThat(publish(server.origin(), "late", i + large).body()).contains("\"queued\":1");
            }

            server.terminate();
            server.awaitLog("gateway drains");
            List<String> seen = late.readAll();

            assertThat(seen).hasSize(25 + 1);
            for (int i = 0; i < 25; i++) {
                assertThat(seen.get(i)).startsWith("{\"event\":\"chat\",\"room\":\"late\",\"data\":\"" + i + "x");
            }
            assertThat(seen.get(25)).matches("1001 the server is going away, retry=\\d+");
            assertThat(server.awaitEnd()).contains("told=2 flushed=1 lost=0 cut=1");
            assertThat(never.isOpen()).isTrue();
        }
    }

    @Test
    void anEventStreamEndsWithATimeToComeBackToo() throws Exception {
        try (var server = serve("server:\n  come-back-min: 3s\n  come-back-max: 6s\n")) {
            HttpResponse<Stream<String>> stream = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(server.origin().resolve("/sse?room=lobby"))
                                    .build(),
                            BodyHandlers.ofLines());
            assertThat(publish(server.origin(), "lobby", "last words").body()).contains("\"queued\":1");

            server.terminate();

            List<String> lines = stream.body().toList(); // up to the end of the stream
            assertThat(lines).contains("event: chat", "data: \"last words\"");
            String last = lines.stream()
                    .filter(line -> line.startsWith("retry: "))
                    .reduce((before, after) -> after)
                    .orElseThrow();
            assertThat(last).matches("retry: [3-6]\\d{3}");
            assertThat(lines.indexOf(last)).isGreaterThan(lines.indexOf("event: chat"));
            assertThat(server.awaitEnd()).contains("told=1 flushed=1 lost=0 cut=0");
        }
    }

    @Test
    void readinessTurnsRedAtOnceAndASecondSignalHurries() throws Exception {
        try (var server = serve("server:\n  drain-delay: 10m\n  drain-window: 9m\n  stop-timeout: 10m\n");
                var member = EnvelopeClient.connect(server.origin())) {
            assertThat(get(server.origin(), "/readyz").statusCode()).isEqualTo(200);

            server.terminate();
            server.awaitLog("gateway drains");
            assertThat(get(server.origin(), "/readyz").statusCode()).isEqualTo(503);
            assertThat(get(server.origin(), "/healthz").statusCode()).isEqualTo(200);
            try (var welcome = EnvelopeClient.connect(server.origin())) {
                server.terminate();

                assertThat(welcome.awaitClose().code()).isEqualTo(1001);
                assertThat(member.awaitClose().code()).isEqualTo(1001);
            }
            server.awaitEnd();
        }
    }

    @Test
    void whileClientsAreToldNewOnesAreAnswered503WithATimeToRetry() throws Exception {
        try (var server = serve("server:\n  drain-window: 9m\n  stop-timeout: 10m\n");
                var member = EnvelopeClient.connect(server.origin())) {
            server.terminate();
            HttpResponse<String> answer;
            do {
                answer = get(server.origin(), "/nothing");
            } while (answer.statusCode() == 404);

            assertThat(answer.statusCode()).isEqualTo(503);
            assertThat(answer.headers().firstValue("retry-after")).isPresent();
            assertThat(publish(server.origin(), "lobby", "x").statusCode()).isEqualTo(503);
            assertThat(get(server.origin(), "/readyz").statusCode()).isEqualTo(503);
            assertThat(get(server.origin(), "/healthz").statusCode()).isEqualTo(200);
            assertThat(get(server.origin(), "/metrics").body()).contains("campanile_connections 1.0");
            server.terminate();
            assertThat(member.awaitClose().code()).isEqualTo(1001);
            server.awaitEnd();
        }
    }

    private static HttpResponse<String> get(URI origin, String path) throws Exception {
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(origin.resolve(path)).build(), BodyHandlers.ofString());
    }

    /** A WebSocket client that reads only when told to and never says that it is done. */
    private static final class SilentClient implements AutoCloseable {
        private final Socket socket = new Socket();
        private final DataInputStream in;

        SilentClient(URI origin, String room) throws IOException {
            socket.setReceiveBufferSize(8_192);
            socket.setSoTimeout(60_000);
            socket.connect(new InetSocketAddress(origin.getHost(), origin.getPort()));
            in = new DataInputStream(socket.getInputStream());
            socket.getOutputStream()
                    .write(("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            for (String line = line(); !line.isEmpty(); line = line()) {
                // the answer to the handshake is not of interest
            }
            frame();
            byte[] join = ("{\"event\":\"room.join\",\"id\":1,\"data\":{\"room\":\"" + room + "\"}}")
                    .getBytes(StandardCharsets.UTF_8);
            byte[] masked = new byte[6 + join.length]; // a mask of zeros changes nothing
            masked[0] = (byte) 0x81;
            masked[1] = (byte) (0x80 | join.length);
            System.arraycopy(join, 0, masked, 6, join.length);
            socket.getOutputStream().write(masked);
            assertThat(frame()).contains("\"ack\"");
        }

        private String line() throws IOException {
            StringBuilder text = new StringBuilder();
            for (int c = in.readUnsignedByte(); c != '\n'; c = in.readUnsignedByte()) {
                if (c != '\r') {
                    text.append((char) c);
                }
            }
            return text.toString();
        }

        /** Returns the text of the next frame; of a close frame its code and sentence. */
        private String frame() throws IOException {
            int opcode = in.readUnsignedByte() & 0xf;
            int length = in.readUnsignedByte();
            if (length == 126) {
                length = in.readUnsignedShort();
            }
            byte[] payload = new byte[length];
            in.readFully(payload);
            if (opcode == 8) {
                int code = (payload[0] & 0xff) << 8 | payload[1] & 0xff;
                return code + " " + new String(payload, 2, length - 2, StandardCharsets.UTF_8);
            }
            return new String(payload, StandardCharsets.UTF_8);
        }

        /** Reads up to the close frame, and goes. */
        List<String> readAll() throws IOException {
            List<String> all = new ArrayList<>();
            String next;
            do {
                next = frame();
                all.add(next);
            } while (next.startsWith("{"));
            socket.close();
            return all;
        }

        /** Whether it has done nothing to end the connection. */
        boolean isOpen() {
            return !socket.isClosed();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}

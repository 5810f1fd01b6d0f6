package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Listening to rooms with a key. */
final class TailEndpointTest {

    private static final String KEY = "0123456789abcdef";

    @RegisterExtension
    final RunningServer server = new RunningServer();

    @Test
    void hearsWhatARoomHearsAndIsAMemberOfIt() throws IOException {
        server.start("api.key: " + KEY);

        try (var tail = new Tail("/api/tail?room=lobby&room=news")) {
            assertThat(tail.line("data: ")).startsWith("data: {\"connection\":\"");
            server.publish("{\"room\":\"news\",\"event\":\"chat\",\"data\":{\"a\": 1}}", "x-api-key", KEY);

            assertThat(tail.line("event: ")).isEqualTo("event: chat");
            assertThat(tail.line("data: ")).isEqualTo("data: {\"a\": 1}");
            assertThat(server.get("/api/rooms", "x-api-key", KEY).body())
                    .isEqualTo("{\"rooms\":[{\"room\":\"lobby\",\"members\":1},{\"room\":\"news\",\"members\":1}]}");
        }
    }

    @Test
    void hearsWholeEnvelopesWhenAskedTo() throws IOException {
        server.start("api.key: " + KEY);

        try (var tail = new Tail("/api/tail?room=lobby&envelope=true")) {
            tail.line("data: {\"event\":\"welcome\"");
            server.publish("{\"room\":\"lobby\",\"event\":\"chat\",\"data\":1}", "x-api-key", KEY);

            assertThat(tail.line("data: ")).isEqualTo("data: {\"event\":\"chat\",\"room\":\"lobby\",\"data\":1}");
        }
    }

    @Test
    void listensWhereClientsCannotHaveStreams() throws IOException {
        server.start("{api.key: " + KEY + ", sse.enabled: false}");

        try (var tail = new Tail("/api/tail?room=lobby")) {
            assertThat(tail.line("event: ")).isEqualTo("event: welcome");
        }
    }

    @Test
    void wantsAKeyThatMayReadAndARoom() {
        server.start("api.keys: ['pub:publish:pub-key-0123456789', 'r:read:read-key-0123456789']");

        assertThat(status("/api/tail?room=a", "")).isEqualTo(401);
        assertThat(status("/api/tail?room=a", "wrong")).isEqualTo(401);
        assertThat(status("/api/tail?room=a", "pub-key-0123456789")).isEqualTo(403);
        assertThat(status("/api/tail", "read-key-0123456789")).isEqualTo(400);
        assertThat(status("/api/tail?room=two%20words", "read-key-0123456789")).isEqualTo(400);
        assertThat(status("/api/tail?room=a&user=ada", "read-key-0123456789")).isEqualTo(400);
        assertThat(status("/api/tail?room=a&x-api-key=read-key-0123456789", "")).isEqualTo(401);
    }

    private int status(String target, String key) {
        return key.isEmpty()
                ? server.get(target).statusCode()
                : server.get(target, "x-api-key", key).statusCode();
    }

    /** A stream that is read line by line. */
    private final class Tail implements AutoCloseable {
        private final Socket socket = new Socket("127.0.0.1", server.port());
        private final BufferedReader reader =
                new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));

        Tail(String target) throws IOException {
            socket.setSoTimeout(30_000);
            socket.getOutputStream()
                    .write(("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nX-API-Key: " + KEY + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
        }

        /** Returns the next line that begins so. */
        String line(String start) throws IOException {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (line.startsWith(start)) {
                    return line;
                }
            }
            throw new AssertionError("the stream ended");
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}

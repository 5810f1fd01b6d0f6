package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server as Python's {@code websockets} and its standard library see it. */
final class PythonClientTest {

    @Test
    void theServerServesPythonsWebsockets() {
        String python = Clients.python();

        try (var server = ServerProcess.start();
                var client = ExternalProcess.start(
                        Clients.DIRECTORY,
                        Map.of(),
                        List.of(python, "websockets_client.py", server.origin().toString()))) {
            assertThat(client.awaitExit()).as(client.output()).isZero();
            server.stop();
        }
    }

    @Test
    void theServerServesPythonsWebsocketsCompressed(@TempDir Path directory) {
        String python = Clients.python();

        try (var server = ServerProcess.startCompressing(directory);
                var client = ExternalProcess.start(
                        Clients.DIRECTORY,
                        Map.of(),
                        List.of(python, "websockets_client.py", server.origin().toString(), "compressed"))) {
            assertThat(client.awaitExit()).as(client.output()).isZero();
            server.stop();
        }
    }

    @Test
    void theServerServesStreamsToPythonsStandardLibrary() {
        String python = Clients.python();

        try (var server = ServerProcess.start();
                var client = ExternalProcess.start(
                        Clients.DIRECTORY,
                        Map.of(),
                        List.of(python, "sse_client.py", server.origin().toString()))) {
            assertThat(client.awaitExit()).as(client.output()).isZero();
            server.stop();
        }
    }
}

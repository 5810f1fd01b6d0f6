package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server as Node's {@code ws} sees it. */
final class NodeClientTest {

    @Test
    void theServerServesNodesWs() {
        String node = Clients.node();

        try (var server = ServerProcess.start();
                var client = ExternalProcess.start(
                        Clients.DIRECTORY,
                        Map.of(),
                        List.of(node, "ws-client.mjs", server.origin().toString()))) {
            assertThat(client.awaitExit()).as(client.output()).isZero();
            server.stop();
        }
    }

    @Test
    void theServerServesNodesWsCompressed(@TempDir Path directory) {
        String node = Clients.node();

        try (var server = ServerProcess.startCompressing(directory);
                var client = ExternalProcess.start(
                        Clients.DIRECTORY,
                        Map.of(),
                        List.of(node, "ws-client.mjs", server.origin().toString(), "compressed"))) {
            assertThat(client.awaitExit()).as(client.output()).isZero();
            server.stop();
        }
    }
}

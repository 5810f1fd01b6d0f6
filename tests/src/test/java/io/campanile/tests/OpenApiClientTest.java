package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The HTTP API as its OpenAPI document describes it. Schemathesis makes about a thousand requests that the document
 * allows or forbids, always the same ones, and holds each answer to the document: its status, content type and body, that
 * what is forbidden is refused, that what is allowed is taken, and that no key opens nothing.
 */
final class OpenApiClientTest {

    private static final String KEY = "0123456789abcdef";

    @TempDir
    Path directory;

    @Test
    void theServerDoesWhatItsDocumentSays() throws Exception {
        String python = Clients.python("schemathesis");
        Path config = Files.writeString(directory.resolve("campanile.yml"), "api.key: " + KEY + "\n");

        try (var server = ServerProcess.start("--config", config.toString());
                // Its notes of earlier runs, which it would begin with, stay in a directory of this run.
                var client = ExternalProcess.start(
                        directory,
                        Map.of("CAMPANILE_API_KEY", KEY),
                        List.of(
                                python,
                                "-m",
                                "schemathesis.cli",
                                "--no-color",
                                "--config-file",
                                Clients.DIRECTORY.resolve("schemathesis.toml").toString(),
                                "run",
                                server.origin() + "/api/openapi.json"))) {
            assertThat(client.awaitExit()).as(client.output()).isZero();
            server.stop();
        }
    }
}

package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.benchmarks.FeaturesBench.Feature;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What servers are measured with and without. */
@Timeout(120)
final class FeaturesBenchTest {

    @TempDir
    private Path directory = Path.of("");

    @Test
    void startsAServerWithEverySetOfFeatures() throws Exception {
        assertThat(metricsStatus(EnumSet.noneOf(Feature.class))).isEqualTo(404);
        assertThat(metricsStatus(EnumSet.allOf(Feature.class))).isEqualTo(200);
    }

    private int metricsStatus(Set<Feature> on) throws Exception {
        Path config = directory.resolve("campanile.yml");
        Files.write(config, FeaturesBench.settings(on));
        int port = freePort();
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        List<String> command = ServerProcess.java(
                        java,
                        List.of(),
                        "io.campanile.server.Main",
                        "serve",
                        "--port",
                        Integer.toString(port),
                        "--config",
                        config.toString())
                .command();
        try (ServerProcess server = ServerProcess.start("the server", command, port)) {
            assertThat(server.pid()).isPositive();
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                    .header("Authorization", "Bearer " + FeaturesBench.token())
                    .build();
            return HttpClient.newHttpClient()
                    .send(request, HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }
}

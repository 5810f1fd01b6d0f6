package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that starts from what another has learnt in its training, as {@code ./campanile train} arranges it. */
@Timeout(240)
final class TrainedServerTest {

    private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");

    @TempDir
    Path directory = Path.of("");

    @Test
    void startsFromWhatItsTrainingHasLeft() {
        assumeTrue(Runtime.version().feature() >= 25, "SKIPPED: Java 25 keeps what it has learnt, older ones do not");
        String jars = jars();
        assumeTrue(
                jars.contains("campanile-server"),
                "SKIPPED: wants jars, which mvn verify makes; a cache takes no directories");
        Path cache = directory.resolve("server.aot");

        try (var training = ExternalProcess.start(
                directory,
                Map.of(),
                List.of(
                        JAVA.toString(),
                        "-Xmx256m",
                        "--enable-native-access=ALL-UNNAMED", // a cache is for the options it was made with
                        "-XX:AOTCacheOutput=" + cache,
                        "-cp",
                        jars,
                        "io.campanile.server.Main",
                        "train",
                        "--seconds",
                        "3"))) {
            assertThat(training.awaitExit()).as(training.output()).isZero();
        }
        assertThat(cache).isNotEmptyFile();

        // Asked for in this way, a JVM ends rather than start without the cache.
        try (var server = ServerProcess.startFrom(jars, "-XX:AOTCache=" + cache, "-XX:AOTMode=on");
                var client = EnvelopeClient.connect(server.origin())) {
            client.join("room");
            client.send("{\"event\":\"room.publish\",\"data\":{\"room\":\"room\",\"event\":\"chat\",\"data\":1}}");
            assertThat(client.next()).isEqualTo("{\"event\":\"chat\",\"room\":\"room\",\"data\":1}");
        }
    }

    private static String jars() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .filter(entry -> entry.endsWith(".jar"))
                .collect(Collectors.joining(File.pathSeparator));
    }
}

package io.campanile.protocol;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code ./campanile fuzz} has found worth keeping does no harm. */
final class EnvelopeCorpusTest {

    static List<Path> corpus() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/fuzz/envelope"))) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("corpus")
    void keepsItsPromisesForEveryKnownInput(Path input) throws IOException {
        EnvelopeFuzz.fuzzerTestOneInput(Files.readAllBytes(input));
    }
}

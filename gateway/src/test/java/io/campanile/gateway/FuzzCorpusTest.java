package io.campanile.gateway;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code ./campanile fuzz} has found worth keeping does no harm. */
final class FuzzCorpusTest {

    static List<Path> frames() throws IOException {
        return files("frames");
    }

    static List<Path> connection() throws IOException {
        return files("connection");
    }

    private static List<Path> files(String target) throws IOException {
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/fuzz", target))) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("frames")
    void decoderKeepsItsPromisesForEveryKnownInput(Path input) throws IOException {
        FrameFuzz.fuzzerTestOneInput(Files.readAllBytes(input));
    }

    @ParameterizedTest
    @MethodSource("connection")
    void connectionKeepsItsPromisesForEveryKnownInput(Path input) throws IOException {
        ConnectionFuzz.fuzzerTestOneInput(Files.readAllBytes(input));
    }
}

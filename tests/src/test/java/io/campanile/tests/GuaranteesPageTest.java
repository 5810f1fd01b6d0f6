package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The pages of guarantees and of limits name tests that exist. */
final class GuaranteesPageTest {

    private static final Path ROOT = Path.of("..");

    @ParameterizedTest
    @ValueSource(strings = {"docs/guarantees.md", "docs/security.md"})
    void namesTestsThatExist(String page) throws IOException {
        Map<String, String> sources = testSources();
        Matcher names = Pattern.compile("`([A-Z]\\w+Test)\\.(\\w+)`").matcher(Files.readString(ROOT.resolve(page)));
        List<String> missing = new ArrayList<>();
        int found = 0;
        while (names.find()) {
            found++;
            if (!sources.getOrDefault(names.group(1), "").contains("void " + names.group(2) + "(")) {
                missing.add(names.group());
            }
        }

        assertThat(missing).isEmpty();
        assertThat(found).isGreaterThan(30);
    }

    @Test
    void saysOfEachGuaranteeWhereItIsArguedWhatHoldsItAndWhatItIsNot() throws IOException {
        String[] sections = Files.readString(ROOT.resolve("docs/guarantees.md")).split("\n## ");
        List<String> guarantees = Stream.of(sections)
                .filter(section -> section.matches("(?s)G\\d+ .*"))
                .toList();

        assertThat(guarantees)
                .hasSize(14)
                .allSatisfy(section -> assertThat(section)
                        .contains("*Argued*")
                        .contains("*Held by*")
                        .contains("*Not promised"));
    }

    @Test
    void namesClassesThatExistInItsTable() throws IOException {
        List<String> classes;
        try (Stream<Path> files = Files.find(
                ROOT,
                12,
                (path, attributes) ->
                        path.toString().contains("/src/") && path.toString().endsWith(".java"))) {
            classes = files.map(path -> path.getFileName().toString().replace(".java", ""))
                    .toList();
        }
        List<String> named = Files.readString(ROOT.resolve("docs/guarantees.md"))
                .lines()
                .filter(line -> line.matches("\\| G\\d+ \\|.*"))
                .flatMap(line -> Pattern.compile("`([A-Z][a-z]\\w+)`")
                        .matcher(line)
                        .results()
                        .map(result -> result.group(1)))
                .toList();

        assertThat(named).hasSizeGreaterThan(30);
        assertThat(classes).containsAll(named);
    }

    private static Map<String, String> testSources() throws IOException {
        try (Stream<Path> files = Files.find(
                ROOT,
                12,
                (path, attributes) -> path.toString().contains("src/test/java")
                        && path.getFileName().toString().endsWith("Test.java"))) {
            return files.collect(Collectors.toMap(
                    path -> path.getFileName().toString().replace(".java", ""), GuaranteesPageTest::read));
        }
    }

    private static String read(Path path) {
        try {
            return Files.readString(path);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}

package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code campanile config} prints, and whether the pages that people read are true. */
final class ConfigTextTest {

    private static final Path DOCS = Path.of("..", "docs");
    private static final String BEGIN = "<!-- options: begin -->\n\n";
    private static final String END = "\n<!-- options: end -->";

    @TempDir
    Path directory;

    @Test
    void tellsEachValueAndItsOrigin() {
        Settings settings =
                SettingsLoader.load(Optional.empty(), Map.of("CAMPANILE_SERVER_LOOPS", "2"), Map.of("--port", "9000"));

        String text = ConfigText.inForce(settings);

        assertThat(text).startsWith("# development mode: no configuration file\n");
        assertThat(text.lines().map(line -> line.replaceAll(" +", " ")))
                .contains(
                        "server.port: 9000 # --port",
                        "server.loops: 2 # CAMPANILE_SERVER_LOOPS",
                        "server.stop-timeout: 10s # default",
                        "demo.enabled: true # default in development mode",
                        "websocket.allowed-origins: [] # default",
                        "api.key: # default")
                .hasSize(Options.all().size() + 1);
    }

    @Test
    void masksSecrets() throws IOException {
        Path file = Files.writeString(directory.resolve("campanile.yml"), "api:\n  key: 0123456789abcdef\n");

        String text = ConfigText.inForce(SettingsLoader.load(Optional.of(file), Map.of(), Map.of()));

        assertThat(text).contains("api.key: ********").contains(file + ":2:8").doesNotContain("0123456789abcdef");
    }

    @Test
    void printsDefaultsThatAreAConfigurationFileAndChangeNothing() throws IOException {
        Path nothing = Files.writeString(directory.resolve("nothing.yml"), "");
        Path defaults = Files.writeString(directory.resolve("defaults.yml"), ConfigText.defaults());

        Settings expected = SettingsLoader.load(Optional.of(nothing), Map.of(), Map.of());
        Settings actual = SettingsLoader.load(Optional.of(defaults), Map.of(), Map.of());

        assertThat(Options.all())
                .allSatisfy(option -> assertThat(actual.find(option)).isEqualTo(expected.find(option)));
    }

    @Test
    void printsAListThatReadsAsTheSameList() throws IOException {
        Path file = Files.writeString(
                directory.resolve("campanile.yml"),
                "websocket.allowed-origins: [https://a.example, https://b.example]");
        Settings first = SettingsLoader.load(Optional.of(file), Map.of(), Map.of());
        Path copy = Files.writeString(
                directory.resolve("copy.yml"),
                ConfigText.inForce(first)
                        .lines()
                        .filter(line -> line.startsWith("websocket.allowed-origins"))
                        .findFirst()
                        .orElseThrow());

        Settings second = SettingsLoader.load(Optional.of(copy), Map.of(), Map.of());

        assertThat(second.get(Options.ALLOWED_ORIGINS)).containsExactly("https://a.example", "https://b.example");
    }

    @Test
    void theExampleInTheDocumentationIsAConfigurationFile() {
        Settings settings = SettingsLoader.load(Optional.of(DOCS.resolve("campanile.example.yml")), Map.of(), Map.of());

        assertThat(settings.get(Options.HOST)).isEqualTo("0.0.0.0");
        assertThat(settings.get(Options.ALLOWED_ORIGINS)).containsExactly("https://www.example.com");
    }

    @Test
    void theReferencePageIsUpToDate() throws IOException {
        Path page = DOCS.resolve("configuration.md");
        String text = Files.readString(page);
        int begin = text.indexOf(BEGIN) + BEGIN.length();
        String upToDate = text.substring(0, begin) + ConfigText.reference() + text.substring(text.indexOf(END));
        if (Boolean.getBoolean("campanile.docs.write")) {
            Files.writeString(page, upToDate);
        }

        assertThat(Files.readString(page))
                .as("docs/configuration.md is out of date; bring it up to date with:\n  mvn -pl server -am test"
                        + " -Dtest=ConfigTextTest -Dsurefire.failIfNoSpecifiedTests=false -Dcampanile.docs.write=true")
                .isEqualTo(upToDate);
    }

    @Test
    void noTwoOptionsShareAVariableOrAFlag() {
        assertThat(Options.all())
                .extracting(Option::env)
                .doesNotHaveDuplicates()
                .doesNotContainAnyElementsOf(Options.FOREIGN_ENV);
        assertThat(Options.all().stream().flatMap(option -> option.flag().stream()))
                .doesNotHaveDuplicates();
    }
}

package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.testkit.GatewayTester;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the guide to gateways says holds. */
final class GatewaysGuideTest {

    private static final Pattern IN_THE_SOURCE =
            Pattern.compile("^ *// guide begins\\n(.*?)^ *// guide ends$", Pattern.DOTALL | Pattern.MULTILINE);
    private static final Pattern IN_THE_GUIDE =
            Pattern.compile("^```java\\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);

    private final GatewaysGuide guide = new GatewaysGuide();

    @Test
    void quotesProgramsThatCompile() throws Exception {
        String source = Files.readString(Path.of("src/test/java/io/campanile/tests/GatewaysGuide.java"));
        String page = Files.readString(Path.of("../docs/gateways.md"));

        assertThat(all(IN_THE_GUIDE, page)).isNotEmpty().containsExactlyElementsOf(all(IN_THE_SOURCE, source));
    }

    @Test
    void isQuotedByTheReadme() throws Exception {
        String source = Files.readString(Path.of("src/test/java/io/campanile/tests/GatewaysGuide.java"));

        assertThat(Files.readString(Path.of("../README.md")))
                .contains("```java\n" + all(IN_THE_SOURCE, source).get(0) + "```\n");
    }

    private static List<String> all(Pattern pattern, String text) {
        List<String> found = new ArrayList<>();
        for (Matcher matcher = pattern.matcher(text); matcher.find(); ) {
            found.add(matcher.group(1).stripTrailing().stripIndent() + "\n");
        }
        return found;
    }

    @Test
    void quotesATestThatPasses() {
        guide.tested();
    }

    @Test
    void quotesGatewaysThatStart() {
        guide.start().close();
        guide.declared().close();
        try (GatewayTester game = GatewayTester.of(io.campanile.app.Gateway.of(new GatewaysGuide.Game()))) {
            GatewayTester.Client ada = game.connect();
            ada.request("move", "{\"x\":1,\"y\":2}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":1,\"data\":{\"x\":1,\"y\":2}}");
        }
    }
}

package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That what {@code docs/http-api.md} shows happens when it is typed in. */
final class HttpApiPageTest {

    private static final Pattern BLOCK =
            Pattern.compile("^```(yaml)?\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern CONNECTION = Pattern.compile("\"connection\":\"[0-9a-z]+\"");

    @TempDir
    Path directory;

    /** A command and what it says. */
    private record Example(String command, String output) {}

    @Test
    void eachCommandSaysWhatThePageSays() throws Exception {
        Clients.curl();
        String page = Files.readString(Path.of("..", "docs", "http-api.md"));
        Path config = Files.writeString(
                directory.resolve("campanile.yml"), yaml(page) + "client.claim-any-user-unsafe: true\n");

        try (var server = ServerProcess.start("--config", config.toString());
                var ada = EnvelopeClient.connect(server.origin(), "/ws?user=ada")) {
            ada.join("lobby");
            String exports = "";
            List<Example> examples = examples(page);
            assertThat(examples).hasSizeGreaterThan(10);
            for (Example example : examples) {
                String command = example.command()
                        .replace("http://127.0.0.1:8080", server.origin().toString());
                if (command.startsWith("export ")) {
                    exports += command + "\n";
                    continue;
                }
                assertThat(shown(run(exports + command))).as(example.command()).isEqualTo(shown(example.output()));
            }
            assertThat(ada.awaitClose()).isEqualTo(new EnvelopeClient.Close(4001, "your session was moved"));
            server.stop();
        }
    }

    private static String yaml(String page) {
        return BLOCK.matcher(page)
                .results()
                .filter(block -> block.group(1) != null)
                .map(block -> block.group(2))
                .findFirst()
                .orElseThrow();
    }

    private static List<Example> examples(String page) {
        var examples = new ArrayList<Example>();
        for (MatchResult block : BLOCK.matcher(page).results().toList()) {
            if (block.group(1) == null) {
                for (String example : block.group(2).substring("$ ".length()).split("\\n\\$ ", -1)) {
                    String[] parts = example.split("(?<!\\\\)\\n", 2);
                    examples.add(new Example(parts[0], parts[1]));
                }
            }
        }
        return examples;
    }

    private String run(String commands) {
        String quiet = "curl() { command curl -s --noproxy '*' \"$@\"; }\n";
        try (var shell = ExternalProcess.start(directory, Map.of(), List.of("bash", "-c", quiet + commands))) {
            shell.awaitExit();
            return shell.output();
        }
    }

    /** Leaves out what differs from run to run. */
    private static String shown(String output) {
        return CONNECTION
                .matcher(output)
                .replaceAll("\"connection\":\"id\"")
                .replaceAll("\"openSeconds\":[0-9]+", "\"openSeconds\":0")
                .strip();
    }
}

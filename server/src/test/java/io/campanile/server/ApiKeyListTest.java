package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the keys of the HTTP API come from, and what is said of a mistake without telling any. */
final class ApiKeyListTest {

    private static final String ONE = "shop:publish:0123456789abcdef";

    @TempDir
    Path directory;

    @Test
    void comesFromTheFileOrTheEnvironmentOrAFileOfItsOwn() throws IOException {
        Path keys = Files.writeString(
                directory.resolve("keys"), "# the shop\n" + ONE + "\n\n  ops@2030-01-31:*:0123456789abcdeg \n");

        assertThat(names(load("api: {keys: ['" + ONE + "']}", Map.of()))).isEqualTo("shop");
        assertThat(names(load("", Map.of("CAMPANILE_API_KEYS", ONE + ", b:read:0123456789abcdeh"))))
                .isEqualTo("shop,b");
        assertThat(names(load("", Map.of("CAMPANILE_API_KEYS_FILE", keys.toString()))))
                .isEqualTo("shop,ops");
    }

    @Test
    void takes32KeysAndNotOneMore() {
        assertThat(names(load("", Map.of("CAMPANILE_API_KEYS", keys(32)))))
                .startsWith("k1,k2,")
                .endsWith(",k32");
        assertThatThrownBy(() -> load("", Map.of("CAMPANILE_API_KEYS", keys(33))))
                .hasMessageContaining("CAMPANILE_API_KEYS: expected keys such as")
                .hasMessageContaining("at most 32, got something else");
    }

    @Test
    void namesTheMistakeAndNoKey() {
        for (String wrong : new String[] {
            "['shop:publish:secret']", "['shop:all:secret-0123456789']", "['" + ONE + "', '" + ONE + "']", "secret"
        }) {
            assertThatThrownBy(() -> load("api: {keys: " + wrong + "}", Map.of()))
                    .hasMessageContaining("api.keys: expected")
                    .hasMessageNotContaining("secret")
                    .hasMessageNotContaining("0123456789");
        }
        assertThatThrownBy(() -> load("api: {key: 0123456789abcdef, keys: ['" + ONE + "']}", Map.of()))
                .hasMessageContaining("one key in both (expected: different keys)")
                .hasMessageNotContaining("0123456789");
    }

    private static String keys(int count) {
        return IntStream.rangeClosed(1, count)
                .mapToObj(i -> "k" + i + ":read:0123456789abcdef" + i)
                .collect(Collectors.joining(","));
    }

    private static String names(Settings settings) {
        return settings.find(Options.API_KEYS).orElseThrow().stream()
                .map(ApiKey::name)
                .collect(Collectors.joining(","));
    }

    private Settings load(String yaml, Map<String, String> env) {
        try {
            Path file = Files.writeString(directory.resolve("campanile.yml"), yaml);
            return SettingsLoader.load(Optional.of(file), env, Map.of());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

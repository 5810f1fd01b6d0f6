package io.campanile.server;

import io.campanile.protocol.JsonSlice;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** JSON as maps, lists, texts, numbers and truth values, for the small documents that commands read and write. */
final class Json {

    private Json() {}

    /** Returns the object that the bytes are; empty when they are not one JSON object. */
    static Optional<Map<?, ?>> object(byte[] utf8) {
        return value(new String(utf8, StandardCharsets.UTF_8))
                .flatMap(value -> value instanceof Map<?, ?> map ? Optional.of(map) : Optional.empty());
    }

    /** Returns the value that text is in JSON, or the text when it is none. */
    static Object valueOrText(String text) {
        return value(text).orElse(text);
    }

    /** Returns a value; empty when the text is not JSON, or null. */
    private static Optional<Object> value(String text) {
        try {
            // What is JSON is YAML of the same meaning.
            var settings = LoadSettings.builder()
                    .setCodePointLimit(Integer.MAX_VALUE)
                    .setAllowDuplicateKeys(true)
                    .build();
            return Optional.ofNullable(
                    new Load(settings).loadFromString(JsonSlice.of(text).text()));
        } catch (IllegalArgumentException | YamlEngineException e) {
            return Optional.empty();
        }
    }

    /** Returns a value, as {@link #object} gives it, on one line; slices stay as they are. */
    static String text(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            var fields = new StringJoiner(",", "{", "}");
            map.forEach((name, field) -> fields.add(string(String.valueOf(name)) + ":" + text(field)));
            return fields.toString();
        }
        if (value instanceof List<?> list) {
            var items = new StringJoiner(",", "[", "]");
            list.forEach(item -> items.add(text(item)));
            return items.toString();
        }
        if (value instanceof JsonSlice slice) {
            return slice.text();
        }
        return value == null || value instanceof Number || value instanceof Boolean
                ? String.valueOf(value)
                : string(value.toString());
    }

    static String string(String text) {
        return JsonSlice.string(text).text();
    }

    static byte[] bytes(Map<String, ?> object) {
        return text(object).getBytes(StandardCharsets.UTF_8);
    }
}

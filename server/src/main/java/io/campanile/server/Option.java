package io.campanile.server;

import java.util.Locale;
import java.util.Optional;

/**
 * One thing that can be configured.
 *
 * @param key its place in the tree: {@code server.port}
 * @param type how its text is read
 * @param value what it is when nobody says otherwise; empty when it is then unset
 * @param developmentValue the same for a server that was started without a configuration file
 * @param meaning one sentence for the reference and the help
 * @param secret whether the value must not be shown, and may come from a file of its own
 * @param flag the name of its command line flag, if it has one
 */
record Option<T>(
        String key,
        OptionType<T> type,
        Optional<T> value,
        Optional<T> developmentValue,
        String meaning,
        boolean secret,
        Optional<String> flag) {

    static final String ENV_PREFIX = "CAMPANILE_";
    static final String ENV_FILE_SUFFIX = "_FILE";

    static <T> Option<T> of(String key, OptionType<T> type, T value, String meaning) {
        return new Option<>(key, type, Optional.of(value), Optional.of(value), meaning, false, Optional.empty());
    }

    /** An option that is unset by default. */
    static <T> Option<T> unset(String key, OptionType<T> type, String meaning) {
        return new Option<>(key, type, Optional.empty(), Optional.empty(), meaning, false, Optional.empty());
    }

    /** An option that is unset by default and whose value is never shown. */
    static <T> Option<T> secret(String key, OptionType<T> type, String meaning) {
        return new Option<>(key, type, Optional.empty(), Optional.empty(), meaning, true, Optional.empty());
    }

    Option<T> inDevelopment(T other) {
        return new Option<>(key, type, value, Optional.of(other), meaning, secret, flag);
    }

    Option<T> withFlag(String name) {
        return new Option<>(key, type, value, developmentValue, meaning, secret, Optional.of(name));
    }

    /** The environment variable: {@code CAMPANILE_SERVER_PORT} for {@code server.port}. */
    String env() {
        return ENV_PREFIX + key.replace('.', '_').replace('-', '_').toUpperCase(Locale.ROOT);
    }

    Optional<T> defaultValue(Mode mode) {
        return mode == Mode.DEVELOPMENT ? developmentValue : value;
    }

    /** The default as text; empty when unset. */
    Optional<String> defaultText(Mode mode) {
        return defaultValue(mode).map(type::write);
    }
}

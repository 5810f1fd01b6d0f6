package io.campanile.server;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What is in force, and where each value came from. Immutable. */
final class Settings {

    /**
     * The value of one option.
     *
     * @param value empty when the option is unset
     * @param origin where it came from: {@code campanile.yml:12:9}, {@code CAMPANILE_SERVER_PORT}, {@code --port},
     *     {@code default} or {@code default in development mode}
     */
    record Setting(Optional<?> value, String origin) {}

    private final Mode mode;
    private final Map<Option<?>, Setting> settings;
    private final Map<String, Map<String, String>> plugins;

    Settings(Mode mode, Map<Option<?>, Setting> settings) {
        this(mode, settings, Map.of());
    }

    /**
     * Keeps what was gathered.
     *
     * @param plugins the settings of each plugin that has any, by its name
     */
    Settings(Mode mode, Map<Option<?>, Setting> settings, Map<String, Map<String, String>> plugins) {
        this.mode = mode;
        this.settings = new LinkedHashMap<>(settings);
        this.plugins = new LinkedHashMap<>(plugins);
    }

    /** Returns the settings of a plugin, as it reads them itself. */
    Map<String, String> plugin(String name) {
        return plugins.getOrDefault(name, Map.of());
    }

    /** Returns the plugins for which anything is set. */
    Set<String> pluginNames() {
        return plugins.keySet();
    }

    Mode mode() {
        return mode;
    }

    /** Returns the value of an option that has a default. */
    <T> T get(Option<T> option) {
        return find(option).orElseThrow(() -> new IllegalStateException(option.key() + " is unset"));
    }

    /** Returns the value of an option that may be unset. */
    @SuppressWarnings("unchecked") // what was read by the option's own type
    <T> Optional<T> find(Option<T> option) {
        return (Optional<T>) setting(option).value();
    }

    String origin(Option<?> option) {
        return setting(option).origin();
    }

    /** Returns how a message names the option and where its value came from, without saying the same twice. */
    String place(Option<?> option) {
        String origin = origin(option);
        return origin.startsWith("--") || origin.equals(option.env()) ? origin : origin + ": " + option.key();
    }

    private Setting setting(Option<?> option) {
        Setting setting = settings.get(option);
        if (setting == null) {
            throw new IllegalArgumentException(option.key() + " is not in the table of options");
        }
        return setting;
    }
}

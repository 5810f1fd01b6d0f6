package io.campanile.server;

import io.campanile.server.Settings.Setting;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Gathers settings: flags before environment before file before defaults. Reports all that is wrong at once. */
final class SettingsLoader {

    /**
     * What a source says about an option.
     *
     * @param where how an error message and {@code campanile config} name the place
     */
    record Given(String text, String where) {}

    private final List<String> problems = new ArrayList<>();

    private SettingsLoader() {}

    /**
     * Loads what is in force.
     *
     * @param file the configuration file; without one the server is in development mode
     * @param env the environment; what does not begin with {@code CAMPANILE_} is ignored
     * @param flags the text of the flags that were given, by name
     * @throws SettingsException if anything is wrong
     */
    static Settings load(Optional<Path> file, Map<String, String> env, Map<String, String> flags) {
        return new SettingsLoader().gather(file, env, flags);
    }

    private Settings gather(Optional<Path> file, Map<String, String> env, Map<String, String> flags) {
        Mode mode = file.isPresent() ? Mode.CONFIGURED : Mode.DEVELOPMENT;
        Map<Option<?>, Given> given = new LinkedHashMap<>();
        Map<String, Map<String, String>> plugins = new LinkedHashMap<>();
        file.ifPresent(path -> given.putAll(YamlFile.read(path.toString(), contentOf(path), plugins, problems)));
        Map<Option<?>, Given> fromEnv = fromEnvironment(env);
        Map<Option<?>, Given> fromFlags = fromFlags(flags);

        var settings = new LinkedHashMap<Option<?>, Setting>();
        for (Option<?> option : Options.all()) {
            // Each source is checked, also where a stronger one wins: a mistake should not wait for the day it counts.
            for (Map<Option<?>, Given> source : List.of(given, fromEnv, fromFlags)) {
                Given text = source.get(option);
                if (text != null) {
                    read(option, text).ifPresent(setting -> settings.put(option, setting));
                }
            }
            settings.computeIfAbsent(option, o -> defaultOf(o, mode));
        }
        if (problems.isEmpty()) {
            checkTogether(new Settings(mode, settings));
        }
        if (!problems.isEmpty()) {
            throw new SettingsException(problems);
        }
        return new Settings(mode, settings, plugins);
    }

    private static Setting defaultOf(Option<?> option, Mode mode) {
        boolean differs = mode == Mode.DEVELOPMENT && !option.developmentValue().equals(option.value());
        return new Setting(option.defaultValue(mode), differs ? "default in development mode" : "default");
    }

    private Optional<Setting> read(Option<?> option, Given given) {
        Optional<?> value = option.type().read(given.text());
        if (value.isEmpty()) {
            problems.add(wrongValue(option, given));
            return Optional.empty();
        }
        return Optional.of(new Setting(value, given.where()));
    }

    static String wrongValue(Option<?> option, Given given) {
        String name = given.where().contains(":") ? given.where() + ": " + option.key() : given.where();
        String got = option.secret() ? "something else" : quoted(given.text());
        return name + ": expected " + option.type().expected() + ", got " + got;
    }

    private String contentOf(Path path) {
        try {
            return Files.readString(path);
        } catch (NoSuchFileException e) {
            throw new SettingsException(List.of(path + ": no such file"));
        } catch (AccessDeniedException e) {
            throw new SettingsException(List.of(path + ": may not be read by this user"));
        } catch (IOException e) {
            throw new SettingsException(List.of(path + ": is not a text file in UTF-8 that can be read"));
        }
    }

    private Map<Option<?>, Given> fromEnvironment(Map<String, String> env) {
        Map<String, Option<?>> known = new TreeMap<>();
        for (Option<?> option : Options.all()) {
            known.put(option.env(), option);
            if (option.secret()) {
                known.put(option.env() + Option.ENV_FILE_SUFFIX, option);
            }
        }
        var names = new TreeSet<>(known.keySet());
        names.addAll(Options.FOREIGN_ENV);

        Map<Option<?>, Given> given = new LinkedHashMap<>();
        new TreeMap<>(env).forEach((name, text) -> {
            if (!name.startsWith(Option.ENV_PREFIX) || Options.FOREIGN_ENV.contains(name)) {
                return;
            }
            Option<?> option = known.get(name);
            if (option == null) {
                problems.add(name + ": unknown environment variable" + Nearest.hint(name, names));
                return;
            }
            boolean inFile = !name.equals(option.env());
            Optional<String> value =
                    inFile ? secretFrom(name, text, option.type().isList()) : Optional.of(text);
            Given other = given.get(option);
            if (other != null) {
                problems.add(other.where() + ", " + name + ": both are set (expected: one of them)");
            }
            value.ifPresent(v -> given.put(option, new Given(v, name)));
        });
        return given;
    }

    /** Reads a secret, or a list of them with one on each line, among which there may be comments. */
    private Optional<String> secretFrom(String name, String file, boolean isList) {
        try {
            String text = Files.readString(Path.of(file)).strip();
            return Optional.of(
                    isList
                            ? text.lines()
                                    .map(String::strip)
                                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                                    .collect(Collectors.joining(","))
                            : text);
        } catch (IOException | IllegalArgumentException e) {
            problems.add(name + ": cannot read " + quoted(file) + " (expected: a file that holds the secret)");
            return Optional.empty();
        }
    }

    private static Map<Option<?>, Given> fromFlags(Map<String, String> flags) {
        Map<Option<?>, Given> given = new LinkedHashMap<>();
        for (Option<?> option : Options.all()) {
            option.flag()
                    .filter(flags::containsKey)
                    .ifPresent(flag -> given.put(option, new Given(String.valueOf(flags.get(flag)), flag)));
        }
        return given;
    }

    private void checkTogether(Settings settings) {
        int message = settings.get(Options.MAX_MESSAGE);
        int waiting = settings.get(Options.OUTBOUND_SIZE);
        if (message >= waiting) {
            problems.add(both(settings, Options.MAX_MESSAGE, Options.OUTBOUND_SIZE)
                    + " (expected: client.max-message-size < outbound.max-size); raise outbound.max-size");
        }
        if (settings.get(Options.OUTBOUND_SIZE) > settings.get(Options.WAITING_SIZE)) {
            problems.add(both(settings, Options.OUTBOUND_SIZE, Options.WAITING_SIZE)
                    + " (expected: outbound.max-size <= node.max-waiting-size); raise node.max-waiting-size");
        }
        checkLiveness(settings);
        checkDrain(settings);
        checkOverflow(settings);
        checkDemo(settings);
        checkPath(settings, Options.WEBSOCKET_PATH, "/ws");
        checkPath(settings, Options.SSE_PATH, "/sse");
        checkPath(settings, Options.ECHO_PATH, "/echo");
        checkEcho(settings);
        checkApiKeys(settings);
        problems.addAll(ClientAuth.problems(settings));
    }

    private void checkApiKeys(Settings settings) {
        Optional<String> one = settings.find(Options.API_KEY);
        List<ApiKey> others = settings.find(Options.API_KEYS).orElse(List.of());
        if (others.stream().anyMatch(other -> one.filter(other.key()::equals).isPresent())) {
            problems.add(settings.place(Options.API_KEY) + ", " + settings.place(Options.API_KEYS)
                    + ": one key in both (expected: different keys)");
        }
    }

    private void checkPath(Settings settings, Option<String> option, String example) {
        String path = settings.find(option).orElse("");
        if (Paths.isTaken(path)) {
            problems.add(settings.place(option) + ": " + path
                    + " is taken by the server's own page or API; choose another, such as " + example);
        }
    }

    private void checkEcho(Settings settings) {
        Optional<String> path = settings.find(Options.ECHO_PATH);
        if (path.isEmpty()) {
            return;
        }
        if (path.get().equals(settings.get(Options.WEBSOCKET_PATH))) {
            problems.add(both(settings, Options.ECHO_PATH, Options.WEBSOCKET_PATH)
                    + " (expected: different paths); choose another for the echo, such as /echo");
        }
        if (settings.get(Options.WAITING_SIZE) < EchoEndpoint.MIN_OUTBOUND_BYTES) {
            problems.add(both(settings, Options.ECHO_PATH, Options.WAITING_SIZE)
                    + " (expected: node.max-waiting-size of at least 17MiB, for an echo to fit);"
                    + " raise node.max-waiting-size");
        }
    }

    private void checkLiveness(Settings settings) {
        Duration ping = settings.get(Options.PING_INTERVAL);
        Duration idle = settings.get(Options.IDLE_TIMEOUT);
        if (!ping.isZero()
                && !idle.isZero()
                && ping.plus(settings.get(Options.PONG_TIMEOUT)).compareTo(idle) >= 0) {
            problems.add(described(settings, Options.PING_INTERVAL) + ", "
                    + both(settings, Options.PONG_TIMEOUT, Options.IDLE_TIMEOUT)
                    + " (expected: client.ping-interval + client.pong-timeout < client.idle-timeout);"
                    + " raise client.idle-timeout");
        }
        Duration first = settings.get(Options.FIRST_MESSAGE_TIMEOUT);
        Duration life = settings.get(Options.MAX_LIFETIME);
        if (!life.isZero() && first.compareTo(life) >= 0) {
            problems.add(both(settings, Options.FIRST_MESSAGE_TIMEOUT, Options.MAX_LIFETIME)
                    + " (expected: client.first-message-timeout < client.max-lifetime); raise client.max-lifetime");
        }
    }

    private void checkDrain(Settings settings) {
        Duration window = settings.get(Options.DRAIN_WINDOW);
        if (!window.isZero() && window.compareTo(settings.get(Options.STOP_TIMEOUT)) >= 0) {
            problems.add(both(settings, Options.DRAIN_WINDOW, Options.STOP_TIMEOUT)
                    + " (expected: server.drain-window < server.stop-timeout); raise server.stop-timeout");
        }
        if (settings.get(Options.COME_BACK_MIN).compareTo(settings.get(Options.COME_BACK_MAX)) > 0) {
            problems.add(both(settings, Options.COME_BACK_MIN, Options.COME_BACK_MAX)
                    + " (expected: server.come-back-min <= server.come-back-max); raise server.come-back-max");
        }
    }

    /** Refuses rules that never hold: whoever wrote them means something else. */
    private void checkOverflow(Settings settings) {
        List<RoomOverflow> rules = settings.get(Options.ROOM_OVERFLOW);
        for (int i = 0; i < rules.size(); i++) {
            RoomOverflow rule = rules.get(i);
            rules.subList(0, i).stream()
                    .filter(before -> before.covers(rule))
                    .findFirst()
                    .ifPresent(before -> problems.add(settings.place(Options.ROOM_OVERFLOW) + ": " + quoted(rule.text())
                            + " never holds, since " + quoted(before.text())
                            + " stands before it (expected: the narrower one first)"));
        }
    }

    private void checkDemo(Settings settings) {
        if (settings.get(Options.DEMO) && !settings.get(Options.WEBSOCKET_PATH).equals("/ws")) {
            problems.add(both(settings, Options.DEMO, Options.WEBSOCKET_PATH)
                    + " (expected: websocket.path: /ws, where the demo page connects); set demo.enabled to false");
        }
    }

    private static String both(Settings settings, Option<?> a, Option<?> b) {
        return described(settings, a) + ", " + described(settings, b);
    }

    private static <T> String described(Settings settings, Option<T> option) {
        return option.key() + ": " + option.type().write(settings.get(option)) + " (" + settings.origin(option) + ")";
    }

    /** Returns text that a terminal can show on one line, in quotes. */
    static String quoted(String text) {
        String cut = text.length() > 80 ? text.substring(0, 80) + "…" : text;
        return '"' + cut.replaceAll("\\p{Cntrl}", "?") + '"';
    }
}

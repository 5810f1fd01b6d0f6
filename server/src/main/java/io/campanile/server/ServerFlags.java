package io.campanile.server;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The flags that all commands have which speak to a running server: where it is, with which key, how long to wait. */
final class ServerFlags {

    static final String SERVER_ENV = "CAMPANILE_SERVER";
    static final String KEY_ENV = Options.API_KEY.env();

    private static final String KEY_FILE_ENV = KEY_ENV + Option.ENV_FILE_SUFFIX;
    private static final String SERVER = "--server";
    private static final String KEY_FILE = "--api-key-file";
    private static final String TIMEOUT = "--timeout";
    private static final String JSON = "--json";
    private static final String DEFAULT_SERVER = "http://127.0.0.1:8080";
    private static final OptionType<Duration> TIMEOUT_TYPE =
            OptionType.duration(Duration.ofMillis(1), Duration.ofHours(1));
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);
    private static final Pattern KEY_TEXT = Pattern.compile("[!-~]+");

    private ServerFlags() {}

    /** Adds the flags, and the help for them. */
    static CommandSpec addTo(CommandSpec spec, String meaningOfJson) {
        // Those of the command come first.
        spec.usageMessage().sortOptions(false);
        return spec.addOption(value(
                        SERVER,
                        "URL",
                        "The server to speak to. Default: " + DEFAULT_SERVER + ". Environment: " + SERVER_ENV))
                .addOption(value(
                        KEY_FILE,
                        "FILE",
                        "A file that holds the API key. Environment: " + KEY_ENV + " for the key itself, "
                                + KEY_FILE_ENV
                                + " for a file. There is no flag for the key: other users of a machine can read the"
                                + " command lines of its programs."))
                .addOption(value(
                        TIMEOUT,
                        "TIME",
                        "Longest wait for an answer, such as 500ms or 1m. Default: "
                                + OptionType.durationText(DEFAULT_TIMEOUT)))
                .addOption(flag(JSON, meaningOfJson))
                .addOption(Commands.help());
    }

    static OptionSpec value(String name, String label, String meaning) {
        return OptionSpec.builder(name)
                .paramLabel(label)
                .type(String.class)
                .description(meaning)
                .build();
    }

    /** A flag that may be given several times, or once with commas between its values. */
    static OptionSpec values(String name, String label, String meaning) {
        return repeated(name, label, meaning).splitRegex(",").build();
    }

    /** A flag that may be given several times. */
    static OptionSpec list(String name, String label, String meaning) {
        return repeated(name, label, meaning).build();
    }

    private static OptionSpec.Builder repeated(String name, String label, String meaning) {
        return OptionSpec.builder(name)
                .paramLabel(label)
                .type(List.class)
                .auxiliaryTypes(String.class)
                .description(meaning);
    }

    static OptionSpec flag(String name, String meaning) {
        return OptionSpec.builder(name)
                .arity("0")
                .type(boolean.class)
                .description(meaning)
                .build();
    }

    static Optional<String> text(ParseResult given, String flag) {
        return Optional.ofNullable(given.matchedOptionValue(flag, (String) null));
    }

    static List<String> texts(ParseResult given, String flag) {
        return given.matchedOptionValue(flag, List.of());
    }

    static boolean isSet(ParseResult given, String flag) {
        return given.matchedOptionValue(flag, false);
    }

    static boolean json(ParseResult given) {
        return isSet(given, JSON);
    }

    /** Returns a flag's value; says what is wrong with it. */
    static <T> Optional<T> read(ParseResult given, String flag, OptionType<T> type) {
        return text(given, flag)
                .map(text -> type.read(text)
                        .orElseThrow(() -> CommandFailure.misused(
                                flag + ": expected " + type.expected() + ", got " + SettingsLoader.quoted(text))));
    }

    /** Returns a client of the server that the flags and the environment name. */
    static ApiClient client(ParseResult given, Map<String, String> env) {
        URI server = text(given, SERVER)
                .map(text -> ApiClient.server(text, SERVER))
                .or(() -> variable(env, SERVER_ENV).map(text -> ApiClient.server(text, SERVER_ENV)))
                .orElseGet(() -> URI.create(DEFAULT_SERVER));
        return new ApiClient(
                server, key(given, env), read(given, TIMEOUT, TIMEOUT_TYPE).orElse(DEFAULT_TIMEOUT));
    }

    private static Optional<ApiClient.Key> key(ParseResult given, Map<String, String> env) {
        var found = new ArrayList<ApiClient.Key>();
        variable(env, KEY_ENV).ifPresent(text -> found.add(new ApiClient.Key(text, KEY_ENV)));
        variable(env, KEY_FILE_ENV)
                .ifPresent(file -> found.add(new ApiClient.Key(secret(file, KEY_FILE_ENV), KEY_FILE_ENV)));
        Optional<ApiClient.Key> key =
                text(given, KEY_FILE).map(file -> new ApiClient.Key(secret(file, KEY_FILE), KEY_FILE));
        if (key.isEmpty()) {
            if (found.size() > 1) {
                throw CommandFailure.misused(KEY_ENV + ", " + KEY_FILE_ENV + ": both are set (expected: one of them)");
            }
            key = found.stream().findFirst();
        }
        key.filter(k -> !KEY_TEXT.matcher(k.text()).matches()).ifPresent(k -> {
            throw CommandFailure.misused(
                    k.origin() + ": is empty or holds more than a key (expected: one word in ASCII)");
        });
        return key;
    }

    private static Optional<String> variable(Map<String, String> env, String name) {
        return Optional.ofNullable(env.get(name)).filter(text -> !text.isEmpty());
    }

    /** Returns what a file holds, without the white space around it. */
    static String secret(String file, String origin) {
        try {
            return Files.readString(Path.of(file)).strip();
        } catch (IOException | IllegalArgumentException e) {
            throw CommandFailure.misused(origin + ": cannot read " + SettingsLoader.quoted(file)
                    + " (expected: a file that holds the secret)");
        }
    }
}

package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.OverflowPolicy;
import io.campanile.gateway.IoKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is in force when several places speak, and what is said of a mistake in any of them. */
final class SettingsLoaderTest {

    @TempDir
    Path directory;

    private final Map<String, String> env = new HashMap<>();
    private final Map<String, String> flags = new HashMap<>();

    @Test
    void withoutAFileTheDevelopmentDefaultsHold() {
        Settings settings = load();

        assertThat(settings.mode()).isEqualTo(Mode.DEVELOPMENT);
        assertThat(settings.get(Options.MAY_PUBLISH)).isTrue();
        assertThat(settings.get(Options.DEMO)).isTrue();
        assertThat(settings.origin(Options.DEMO)).isEqualTo("default in development mode");
        assertThat(settings.get(Options.PORT)).isEqualTo(8080);
        assertThat(settings.origin(Options.PORT)).isEqualTo("default");
    }

    @Test
    void withAFileWhatItDoesNotAllowIsClosed() {
        Settings settings = load("");

        assertThat(settings.mode()).isEqualTo(Mode.CONFIGURED);
        assertThat(settings.get(Options.MAY_PUBLISH)).isFalse();
        assertThat(settings.get(Options.MAY_SEND_DIRECT)).isFalse();
        assertThat(settings.get(Options.CLAIM_ANY_USER)).isFalse();
        assertThat(settings.get(Options.DEMO)).isFalse();
        assertThat(settings.get(Options.ALLOW_ANY_ORIGIN)).isFalse();
        assertThat(settings.find(Options.API_KEY)).isEmpty();
        assertThat(settings.get(Options.HOST)).isEqualTo("127.0.0.1");
    }

    @Test
    void flagsAreStrongerThanTheEnvironmentAndThatThanTheFile() {
        env.put("CAMPANILE_SERVER_PORT", "2");
        env.put("CAMPANILE_SERVER_LOOPS", "2");
        flags.put("--port", "3");

        Settings settings = load("server:\n  port: 1\n  loops: 1\n  io: nio\n");

        assertThat(settings.get(Options.PORT)).isEqualTo(3);
        assertThat(settings.origin(Options.PORT)).isEqualTo("--port");
        assertThat(settings.get(Options.LOOPS)).isEqualTo(2);
        assertThat(settings.origin(Options.LOOPS)).isEqualTo("CAMPANILE_SERVER_LOOPS");
        assertThat(settings.get(Options.IO)).isEqualTo(IoKind.NIO);
        assertThat(settings.origin(Options.IO)).isEqualTo(file() + ":4:7");
    }

    @Test
    void readsEachType() {
        Settings settings = load("""
                server.stop-timeout: 1500ms
                websocket:
                  allowed-origins: [https://a.example, "http://b.example:3000"]
                client:
                  may-publish: true
                  max-message-size: 32KiB
                node:
                  max-waiting-size: 3GiB
                outbound:
                  max-size: 1000000
                """);

        assertThat(settings.get(Options.STOP_TIMEOUT)).isEqualTo(Duration.ofMillis(1500));
        assertThat(settings.get(Options.ALLOWED_ORIGINS)).containsExactly("https://a.example", "http://b.example:3000");
        assertThat(settings.get(Options.MAY_PUBLISH)).isTrue();
        assertThat(settings.get(Options.MAX_MESSAGE)).isEqualTo(32 << 10);
        assertThat(settings.get(Options.WAITING_SIZE)).isEqualTo(3L << 30);
        assertThat(settings.get(Options.OUTBOUND_SIZE)).isEqualTo(1_000_000);
    }

    @Test
    void readsAListFromTheEnvironmentWithCommas() {
        env.put("CAMPANILE_WEBSOCKET_ALLOWED_ORIGINS", "https://a.example, https://b.example");

        assertThat(load().get(Options.ALLOWED_ORIGINS)).containsExactly("https://a.example", "https://b.example");
    }

    @Test
    void readsASecretFromAFileOfItsOwn() throws IOException {
        Path secret = Files.writeString(directory.resolve("key"), "0123456789abcdef\n");
        env.put("CAMPANILE_API_KEY_FILE", secret.toString());

        Settings settings = load("");

        assertThat(settings.find(Options.API_KEY)).contains("0123456789abcdef");
        assertThat(settings.origin(Options.API_KEY)).isEqualTo("CAMPANILE_API_KEY_FILE");
    }

    @Test
    void leavesVariablesOfTheLauncherAndOfOthersAlone() {
        env.put("CAMPANILE_JAVA_OPTS", "-Xmx1g");
        env.put("CAMPANILE_CONFIG", "elsewhere.yml");
        env.put("PATH", "/bin");

        assertThat(load().mode()).isEqualTo(Mode.DEVELOPMENT);
    }

    @Test
    void namesThePlaceOfAValueThatIsNoNumber() {
        assertThat(problems("server:\n  io: nio\n  port: 80x\n"))
                .containsExactly(file() + ":3:9: server.port: expected 0 to 65535, got \"80x\"");
    }

    @Test
    void readsTheOverflowPoliciesOfRoomsOfWhichTheFirstThatFitsHolds() {
        Settings settings = load("""
                outbound: {overflow: drop-newest}
                rooms: {overflow: [prices.eur=evict, "prices.*=latest-per-key", a=b=drop-oldest]}
                """);

        Function<String, OverflowPolicy> policies =
                RoomOverflow.policies(settings.get(Options.ROOM_OVERFLOW), settings.get(Options.OVERFLOW));
        assertThat(policies.apply("prices.eur")).isEqualTo(OverflowPolicy.EVICT);
        assertThat(policies.apply("prices.usd")).isEqualTo(OverflowPolicy.LATEST_PER_KEY);
        assertThat(policies.apply("a=b")).isEqualTo(OverflowPolicy.DROP_OLDEST);
        assertThat(policies.apply("prices")).isEqualTo(OverflowPolicy.DROP_NEWEST);
    }

    @Test
    void refusesOverflowPoliciesThatAreNoneOrNeverHold() {
        String expected =
                ": rooms.overflow: expected rooms and their policies such as prices.*=latest-per-key: a name, or how"
                        + " names begin and a *, then = and evict, drop-newest, drop-oldest or latest-per-key, got ";
        for (String wrong : List.of("prices", "=evict", "prices=drop", "p*s=evict", "a b=evict")) {
            assertThat(problems("rooms: {overflow: [\"" + wrong + "\"]}"))
                    .singleElement()
                    .asString()
                    .contains(expected);
        }
        assertThat(problems("rooms: {overflow: [\"p*=evict\", \"prices.*=drop-oldest\"]}"))
                .singleElement()
                .asString()
                .endsWith("rooms.overflow: \"prices.*=drop-oldest\" never holds, since \"p*=evict\" stands before it"
                        + " (expected: the narrower one first)");
    }

    @Test
    void refusesANumberJustOutsideOfTheRange() {
        assertThat(problems("server: {port: 65536, loops: -1}"))
                .containsExactly(
                        file() + ":1:16: server.port: expected 0 to 65535, got \"65536\"",
                        file() + ":1:30: server.loops: expected 0 to 256, got \"-1\"");
        assertThat(load("server.port: 65535").get(Options.PORT)).isEqualTo(65_535);
    }

    @Test
    void namesTheNearestOption() {
        assertThat(problems("server:\n  prot: 80\n"))
                .containsExactly(file() + ":2:3: server.prot: unknown option; did you mean server.port?");
        assertThat(problems("sever:\n  port: 80\n"))
                .containsExactly(file() + ":1:1: sever: unknown option; did you mean server?");
        assertThat(problems("colour: blue\n")).containsExactly(file() + ":1:1: colour: unknown option");
    }

    @Test
    void refusesAnOptionThatIsSetTwice() {
        assertThat(problems("server:\n  port: 80\nserver.port: 81\n"))
                .containsExactly(file() + ":3:1: server.port: set twice (first at " + file() + ":2:9)");
        assertThat(problems("server:\n  port: 80\n  port: 81\n"))
                .containsExactly(file() + ":3:3: server.port: set twice (first at " + file() + ":2:9)");
    }

    @Test
    void refusesAValueOfAnotherShape() {
        assertThat(problems("server:\n  port: [80]\n"))
                .containsExactly(file() + ":2:9: server.port: expected 0 to 65535, got a list");
        assertThat(problems("server:\n  port:\n"))
                .containsExactly(file() + ":2:8: server.port: expected 0 to 65535, got nothing");
        assertThat(problems("server: 80\n"))
                .containsExactly(file() + ":1:9: server: expected options below it, got \"80\"");
        assertThat(problems("websocket:\n  allowed-origins: https://a.example\n"))
                .containsExactly(file() + ":2:20: websocket.allowed-origins: expected a list of origins such as"
                        + " https://www.example.com, got \"https://a.example\"");
        assertThat(problems("- server\n"))
                .containsExactly(file() + ":1:1: expected options such as server: and below it port: 8080, got a list");
    }

    @Test
    void namesThePlaceOfAWrongItemOfAList() {
        assertThat(problems("websocket:\n  allowed-origins:\n    - https://a.example\n    - https://b.example/path\n"))
                .containsExactly(file() + ":4:7: websocket.allowed-origins: expected origins such as"
                        + " https://www.example.com, got \"https://b.example/path\"");
    }

    @Test
    void saysWhereAFileStopsToBeYaml() {
        assertThat(problems("server:\n  port: [80\nx: 1\n"))
                .hasSize(1)
                .first()
                .satisfies(problem -> assertThat(problem).startsWith(file() + ":3:2: is not YAML: "));
    }

    @Test
    void refusesWhatIsNoBooleanInTheWordsOfOtherLanguages() {
        assertThat(problems("client:\n  may-publish: yes\n"))
                .containsExactly(file() + ":2:16: client.may-publish: expected true or false, got \"yes\"");
    }

    @Test
    void refusesADurationOrSizeWithoutAKnownUnit() {
        assertThat(problems("server.stop-timeout: 10\nclient.max-message-size: 64KB\n"))
                .containsExactly(
                        file() + ":1:22: server.stop-timeout: expected a duration from 0s to 10m, such as 500ms, 10s"
                                + " or 2m, got \"10\"",
                        file() + ":2:26: client.max-message-size: expected a size from 128B to 16MiB, such as 64KiB"
                                + " or 1MiB, got \"64KB\"");
    }

    @Test
    void refusesAChoiceThatIsNone() {
        assertThat(problems("log:\n  level: trace\n"))
                .containsExactly(file() + ":2:10: log.level: expected error, warn, info or debug, got \"trace\"");
    }

    @Test
    void refusesAnUnknownVariableOfTheEnvironment() {
        env.put("CAMPANILE_SERVER_PROT", "80");

        assertThat(problems())
                .containsExactly(
                        "CAMPANILE_SERVER_PROT: unknown environment variable; did you mean CAMPANILE_SERVER_PORT?");
    }

    @Test
    void namesTheVariableOrTheFlagOfAWrongValue() {
        env.put("CAMPANILE_SERVER_LOOPS", "many");
        flags.put("--port", "80x");

        assertThat(problems())
                .containsExactly(
                        "--port: expected 0 to 65535, got \"80x\"",
                        "CAMPANILE_SERVER_LOOPS: expected 0 to 256, got \"many\"");
    }

    @Test
    void checksAValueThatAStrongerOneReplaces() {
        flags.put("--port", "80");

        assertThat(problems("server.port: 80x"))
                .containsExactly(file() + ":1:14: server.port: expected 0 to 65535, got \"80x\"");
    }

    @Test
    void neverShowsASecretThatIsWrong() {
        env.put("CAMPANILE_API_KEY", "too short");

        assertThat(problems())
                .containsExactly("CAMPANILE_API_KEY: expected 16 to 256 printable ASCII characters without spaces,"
                        + " got something else");
        env.clear();
        assertThat(problems("api:\n  key: {secret: 1}\n"))
                .containsExactly(file() + ":2:8: api.key: expected 16 to 256 printable ASCII characters without spaces,"
                        + " got something else");
    }

    @Test
    void refusesASecretGivenInTwoWaysOrNotReadable() throws IOException {
        Path secret = Files.writeString(directory.resolve("key"), "0123456789abcdef");
        env.put("CAMPANILE_API_KEY", "0123456789abcdef");
        env.put("CAMPANILE_API_KEY_FILE", secret.toString());

        assertThat(problems())
                .containsExactly("CAMPANILE_API_KEY, CAMPANILE_API_KEY_FILE: both are set (expected: one of them)");

        env.remove("CAMPANILE_API_KEY");
        env.put("CAMPANILE_API_KEY_FILE", "nowhere");
        assertThat(problems())
                .containsExactly(
                        "CAMPANILE_API_KEY_FILE: cannot read \"nowhere\" (expected: a file that holds the secret)");
    }

    @Test
    void namesBothOfTwoSettingsInConflict() {
        assertThat(problems("client.max-message-size: 64KiB\noutbound.max-size: 32KiB\n"))
                .containsExactly("client.max-message-size: 64KiB (" + file() + ":1:26), outbound.max-size: 32KiB ("
                        + file() + ":2:20) (expected: client.max-message-size < outbound.max-size); raise"
                        + " outbound.max-size");
    }

    @Test
    void namesTheTimesOfSilenceThatContradictEachOther() {
        assertThat(problems("client.idle-timeout: 30s\n"))
                .containsExactly("client.ping-interval: 25s (default), client.pong-timeout: 10s (default),"
                        + " client.idle-timeout: 30s (" + file() + ":1:22) (expected: client.ping-interval +"
                        + " client.pong-timeout < client.idle-timeout); raise client.idle-timeout");
        assertThat(problems("client:\n  first-message-timeout: 2m\n  max-lifetime: 1m\n"))
                .containsExactly("client.first-message-timeout: 2m (" + file() + ":2:26), client.max-lifetime: 1m ("
                        + file() + ":3:17) (expected: client.first-message-timeout < client.max-lifetime);"
                        + " raise client.max-lifetime");
        assertThat(load("client:\n  ping-interval: 0s\n  idle-timeout: 5s\n").get(Options.PING_INTERVAL))
                .isZero();
        assertThat(problems("client.ping-interval: 5ms\n"))
                .containsExactly(file() + ":1:23: client.ping-interval: expected 0s, which is off, or a duration from"
                        + " 100ms to 1h, such as 500ms, 10s or 2m, got \"5ms\"");
    }

    @Test
    void keepsTheWebSocketOffTheServersOwnPaths() {
        assertThat(problems("websocket.path: /metrics\n"))
                .containsExactly(file() + ":1:17: websocket.path: /metrics is taken by the server's own page or API;"
                        + " choose another, such as /ws");
    }

    @Test
    void keepsStreamsOffTheServersOwnPaths() {
        assertThat(problems("sse.path: /api/publish\n"))
                .containsExactly(file() + ":1:11: sse.path: /api/publish is taken by the server's own page or API;"
                        + " choose another, such as /sse");
    }

    @Test
    void keepsTheEchoOffThePathsOfOthers() {
        assertThat(problems("diagnostics.echo-path: /readyz\n"))
                .containsExactly(
                        file() + ":1:24: diagnostics.echo-path: /readyz is taken by the server's own page or API;"
                                + " choose another, such as /echo");
        assertThat(problems("diagnostics.echo-path: /ws\n"))
                .containsExactly("diagnostics.echo-path: /ws (" + file() + ":1:24), websocket.path: /ws (default)"
                        + " (expected: different paths); choose another for the echo, such as /echo");
    }

    @Test
    void refusesAnEchoForWhichNoRoomIsLeft() {
        assertThat(problems("diagnostics.echo-path: /echo\nnode.max-waiting-size: 16MiB\n"))
                .containsExactly("diagnostics.echo-path: /echo (" + file() + ":1:24), node.max-waiting-size: 16MiB ("
                        + file() + ":2:24) (expected: node.max-waiting-size of at least 17MiB, for an echo to fit);"
                        + " raise node.max-waiting-size");
        assertThat(load("diagnostics.echo-path: /echo\nnode.max-waiting-size: 17MiB\n")
                        .find(Options.ECHO_PATH))
                .contains("/echo");
    }

    @Test
    void keepsTheWebSocketWhereTheDemoPageLooksForIt() {
        env.put("CAMPANILE_WEBSOCKET_PATH", "/live");

        assertThat(problems())
                .containsExactly("demo.enabled: true (default in development mode), websocket.path: /live"
                        + " (CAMPANILE_WEBSOCKET_PATH) (expected: websocket.path: /ws, where the demo page connects);"
                        + " set demo.enabled to false");
        env.put("CAMPANILE_DEMO_ENABLED", "false");
        assertThat(load().get(Options.WEBSOCKET_PATH)).isEqualTo("/live");
    }

    @Test
    void saysThatAFileIsMissing() {
        assertThatThrownBy(() -> SettingsLoader.load(Optional.of(Path.of("nowhere.yml")), env, flags))
                .hasMessage("nowhere.yml: no such file");
    }

    @Test
    void reportsAllMistakesAtOnce() {
        env.put("CAMPANILE_LOG_LEVEL", "loud");

        assertThat(problems("server: {port: x}\nlog: {format: xml}\ndemo: {enbled: true}\n"))
                .containsExactlyInAnyOrder(
                        file() + ":3:8: demo.enbled: unknown option; did you mean demo.enabled?",
                        file() + ":1:16: server.port: expected 0 to 65535, got \"x\"",
                        file() + ":2:15: log.format: expected text or json, got \"xml\"",
                        "CAMPANILE_LOG_LEVEL: expected error, warn, info or debug, got \"loud\"");
    }

    @Test
    void cannotBeLedIntoALoopOrTheTerminalsControl() {
        assertThat(problems("server: &a\n  server: *a\n"))
                .containsExactly(file() + ":2:3: server.server: unknown option");
        assertThat(problems("\"\\e[31mred\": 1\n")).containsExactly(file() + ":1:1: ?[31mred: unknown option");
    }

    private Path file() {
        return directory.resolve("campanile.yml");
    }

    private Settings load() {
        return SettingsLoader.load(Optional.empty(), env, flags);
    }

    private Settings load(String yaml) {
        try {
            return SettingsLoader.load(Optional.of(Files.writeString(file(), yaml)), env, flags);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private List<String> problems() {
        return problemsOf(() -> load());
    }

    private List<String> problems(String yaml) {
        return problemsOf(() -> load(yaml));
    }

    private static List<String> problemsOf(Runnable loading) {
        try {
            loading.run();
        } catch (SettingsException e) {
            return e.problems();
        }
        throw new AssertionError("nothing was found wrong");
    }
}

package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What {@code tail} prints, when it connects again, and when it ends. */
final class TailCommandTest {

    private static final String HELLO =
            "data: {\"event\":\"welcome\",\"data\":{\"connection\":\"1c8\",\"protocol\":1}}\n\n";
    private static final String CHAT = "data: {\"event\":\"chat\",\"room\":\"lobby\",\"data\":\"%s\"}\n\n";

    @RegisterExtension
    final StubApi api = new StubApi();

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void printsTimeRoomEventAndData() {
        api.stream(HELLO + ":\n\n" + CHAT.formatted("hi")
                + "data: {\"event\":\"all\",\"data\":{\"a\":\ndata:  \"\u202e\u009b\"}}\n\n");

        assertThat(run("tail", "lobby", "a/b", "--count", "2")).isZero();

        assertThat(api.asked.get(0).line()).isEqualTo("GET /api/tail?room=lobby&room=a%2Fb&envelope=true");
        assertThat(out())
                .matches("\\d\\d:\\d\\d:\\d\\d {2}lobby {2}chat {2}\"hi\"\n"
                        + "\\d\\d:\\d\\d:\\d\\d {2}- {2}all {2}\\{\"a\": {2}\"\\\\u202e\\\\u009b\"}\n");
        assertThat(err()).isEqualTo("campanile: listening to lobby, a/b\n");
    }

    @Test
    void printsEnvelopesForScripts() {
        api.stream(HELLO + CHAT.formatted("hi") + "data: {\"event\":\"campanile.gap\",\"data\":{\"missed\":2}}\n\n");

        assertThat(run("tail", "lobby", "--count", "2", "--json")).isZero();

        assertThat(out()).isEqualTo("""
                {"event":"chat","room":"lobby","data":"hi"}
                {"event":"campanile.gap","data":{"missed":2}}
                """);
    }

    @Test
    void connectsAgainAndSaysWhereItWas() {
        api.stream("retry: 1\n\n" + HELLO + "id: e7\n" + CHAT.formatted("one")).stream(
                "retry: 1\n\n" + HELLO
                        + "retry: 2\ndata: {\"event\":\"campanile.close\",\"data\":{\"code\":1001,\"reason\":\"going_away\",\"message\":\"the server is going away\"}}\n\n")
                .stream(HELLO + CHAT.formatted("two"));

        assertThat(run("tail", "lobby", "--count", "2", "--json")).isZero();

        assertThat(api.asked)
                .extracting(asked -> String.valueOf(asked.headers().getFirst("last-event-id")))
                .containsExactly("null", "e7", "e7");
        assertThat(out()).isEqualTo("""
                {"event":"chat","room":"lobby","data":"one"}
                {"event":"chat","room":"lobby","data":"two"}
                """);
        assertThat(err()).isEqualTo("""
                campanile: listening to lobby
                campanile: the stream ended; connecting again in 1ms
                campanile: listening again to lobby
                campanile: the server closed the stream: the server is going away (1001 going_away)
                campanile: the stream ended; connecting again in 2ms
                campanile: listening again to lobby
                """);
    }

    @Test
    void goesOnWhileTheServerIsBusyAndEndsWhenItIsRefused() {
        api.stream("retry: 1\n\n" + HELLO)
                .answer(503, "{\"detail\":\"the node takes no more connections\"}")
                .answer(403, "{\"detail\":\"the key may not read\"}");

        assertThat(run("tail", "lobby")).isEqualTo(1);

        assertThat(err().replaceAll("in [0-9.]+m?s", "in TIME").replace(api.url(), "URL"))
                .isEqualTo("""
                campanile: listening to lobby
                campanile: the stream ended; connecting again in TIME
                campanile: the node takes no more connections (503 from URL); connecting again in TIME
                campanile: the key may not read (403 from URL)
                """);
    }

    @Test
    void endsWhenThereIsNoComingBack() {
        api.stream(
                HELLO
                        + "data: {\"event\":\"campanile.close\",\"data\":{\"code\":1008,\"reason\":\"policy\",\"message\":\"too many rooms\"}}\n\n");

        assertThat(run("tail", "lobby")).isEqualTo(1);

        assertThat(err()).isEqualTo("""
                campanile: listening to lobby
                campanile: the server closed the stream: too many rooms (1008 policy)
                """);
    }

    @Test
    void isNotStartedWhereNobodyAnswers() {
        api.answer(503, "{\"detail\":\"the node takes no more connections\"}");

        assertThat(run("tail", "lobby")).isEqualTo(3);

        assertThat(api.asked).hasSize(1);
    }

    @Test
    void endsWhenTheReaderOfItsOutputHasGone() {
        api.stream(HELLO + CHAT.formatted("one") + CHAT.formatted("two"));
        var gone = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };

        assertThat(run(gone, "tail", "lobby")).isZero();
    }

    @Test
    void tellsOfMissedMessages() {
        api.stream(HELLO + "data: {\"event\":\"campanile.gap\",\"room\":\"lobby\",\"data\":{\"missed\":2}}\n\n"
                + CHAT.formatted("hi"));

        assertThat(run("tail", "lobby", "--count", "1")).isZero();

        assertThat(err()).endsWith("campanile: messages are missing here: {\"missed\":2}\n");
    }

    @Test
    void needsARoomAndAPositiveCount() {
        assertThat(run("tail")).isEqualTo(2);
        assertThat(run("tail", "lobby", "--count", "0")).isEqualTo(2);

        assertThat(err()).startsWith("campanile: ROOM: missing\n").contains("--count: expected 1 to ");
    }

    @Test
    void waitsLongerAfterEachFailureUpToALimit() {
        assertThat(TailCommand.waitMillis(0, 0.5)).isEqualTo(500);
        assertThat(TailCommand.waitMillis(3, 0.5)).isEqualTo(4_000);
        assertThat(TailCommand.waitMillis(5, 1)).isEqualTo(30_000);
        assertThat(TailCommand.waitMillis(Integer.MAX_VALUE, 1)).isEqualTo(30_000);
        assertThat(TailCommand.waitMillis(9, 0)).isZero();
    }

    private int run(String... args) {
        return run(out, args);
    }

    private int run(OutputStream to, String... args) {
        return new Commands(new Console(
                        InputStream.nullInputStream(),
                        new PrintStream(to, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        Map.of("CAMPANILE_SERVER", api.url())))
                .run(args);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }
}

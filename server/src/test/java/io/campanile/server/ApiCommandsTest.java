package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the commands ask of a server, what they make of its answers, and what they say when it has none. */
final class ApiCommandsTest {

    private static final String RECEIPT = "{\"matched\":3,\"queued\":3,\"dropped\":0,\"evicted\":0}";

    @RegisterExtension
    final StubApi api = new StubApi();

    @TempDir
    Path directory;

    private final Map<String, String> env = new HashMap<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private String in = "";

    @Test
    void publishesToARoom() {
        api.answer(200, RECEIPT);

        assertThat(run("publish", "lobby", "chat", "{\"text\": \"hé\"}")).isZero();

        assertThat(request()).isEqualTo("POST /api/publish");
        assertThat(api.asked.get(0).body())
                .isEqualTo("{\"room\":\"lobby\",\"event\":\"chat\",\"data\":{\"text\": \"hé\"}}");
        assertThat(out()).isEqualTo("published to lobby: queued for 3 of 3 connections\n");
        assertThat(err()).isEmpty();
    }

    @Test
    void publishesToRoomsAUserAndEveryone() {
        api.answer(200, RECEIPT).answer(200, RECEIPT).answer(200, RECEIPT);

        assertThat(run("publish", "--rooms", "a,b", "--except=1,2", "--except-rooms", "c", "chat", "1"))
                .isZero();
        assertThat(run("publish", "--user", "@ann", "--key=k", "--event-id=e", "chat", "--", "-5"))
                .isZero();
        assertThat(run("publish", "--all", "chat")).isZero();

        assertThat(api.asked)
                .extracting(StubApi.Asked::body)
                .containsExactly(
                        "{\"rooms\":[\"a\",\"b\"],\"event\":\"chat\",\"except\":[\"1\",\"2\"],\"exceptRooms\":[\"c\"],\"data\":1}",
                        "{\"user\":\"@ann\",\"event\":\"chat\",\"key\":\"k\",\"eventId\":\"e\",\"data\":-5}",
                        "{\"all\":true,\"event\":\"chat\",\"data\":null}");
        assertThat(out()).isEqualTo("""
                published to a, b: queued for 3 of 3 connections
                published to user @ann: queued for 3 of 3 connections
                published to everyone: queued for 3 of 3 connections
                """);
    }

    @Test
    void takesDataFromStandardInputAndFromFiles() throws IOException {
        api.answer(200, RECEIPT).answer(200, RECEIPT).answer(200, RECEIPT);
        Path file = Files.writeString(directory.resolve("data"), "{\"a\":\n 1}\n");

        in = "[1]\n";
        assertThat(run("publish", "lobby", "chat", "-")).isZero();
        in = "two\nlines\n";
        assertThat(run("publish", "lobby", "chat", "--text", "-")).isZero();
        assertThat(run("publish", "lobby", "chat", "--data-file", file.toString()))
                .isZero();

        assertThat(api.asked)
                .extracting(asked -> asked.body().replaceFirst(".*\"data\":", ""))
                .containsExactly("[1]}", "\"two\\nlines\"}", "{\"a\":\n 1}}");
    }

    @Test
    void tellsWhatBecameOfAMessage() {
        api.answer(200, "{\"matched\":0,\"queued\":0,\"dropped\":0,\"evicted\":0}")
                .answer(200, "{\"matched\":4,\"queued\":1,\"dropped\":2,\"evicted\":1}")
                .answer(200, RECEIPT, "Idempotency-Replayed", "true")
                .answer(200, RECEIPT, "Idempotency-Replayed", "true");

        assertThat(run("publish", "lobby", "chat")).isZero();
        assertThat(run("publish", "lobby", "chat")).isZero();
        assertThat(run("publish", "lobby", "chat", "--idempotency-key", "k1")).isZero();
        assertThat(run("publish", "lobby", "chat", "--idempotency-key", "k1", "--json"))
                .isZero();

        assertThat(api.asked.get(2).headers().getFirst("idempotency-key")).isEqualTo("k1");
        assertThat(out()).isEqualTo("""
                published to lobby: nobody was there
                published to lobby: queued for 1 of 4 connections, dropped for 2, 1 evicted for reading too slowly
                published to lobby: queued for 3 of 3 connections (the first answer again; nothing was sent)
                {"matched":3,"queued":3,"dropped":0,"evicted":0,"replayed":true}
                """);
    }

    @Test
    void refusesAPublishThatIsNotClear() {
        assertThat(run("publish")).isEqualTo(2);
        assertThat(run("publish", "lobby")).isEqualTo(2);
        assertThat(run("publish", "--all", "--user", "ann", "chat")).isEqualTo(2);
        assertThat(run("publish", "lobby", "chat", "hello")).isEqualTo(2);
        assertThat(run("publish", "lobby", "chat", "good", "morning")).isEqualTo(2);
        assertThat(run("publish", "lobby", "chat", "--zzz")).isEqualTo(2);
        assertThat(run("publish", "lobby", "chat", "1", "--data-file", "x")).isEqualTo(2);
        assertThat(run("publish", "lobby", "chat", "--data-file", "/no/such/file"))
                .isEqualTo(2);
        assertThat(run("publish", "lobby", "chat", "--idempotency-key", "a b")).isEqualTo(2);

        assertThat(err().replace("campanile: try: campanile publish --help\n", ""))
                .isEqualTo("""
                campanile: ROOM: missing (expected: ROOM EVENT [DATA])
                campanile: EVENT: missing (expected: ROOM EVENT [DATA])
                campanile: --user, --all: given together (expected: one of them)
                campanile: DATA: "hello" is not JSON: byte 0: expected a JSON value (expected: JSON such as '{"text":"hello"}'); to send it as text add --text
                campanile: "morning": unexpected argument; put data with spaces into quotes
                campanile: --zzz: unknown option; if it is none, put -- before it
                campanile: DATA, --data-file: both are given (expected: one of them)
                campanile: --data-file: cannot read "/no/such/file" (expected: a file that holds the data)
                campanile: --idempotency-key: "a b" (expected: a word in ASCII, such as order-7)
                """);
        assertThat(api.asked).isEmpty();
    }

    @Test
    void listsRoomsOverAllPages() {
        api.answer(200, "{\"rooms\":[{\"room\":\"lobby\",\"members\":12}],\"next\":\"a b&c\"}")
                .answer(200, "{\"rooms\":[{\"room\":\"news.sport\",\"members\":3}]}");

        assertThat(run("rooms", "--prefix", "n/é")).isZero();

        assertThat(api.asked)
                .extracting(StubApi.Asked::line)
                .containsExactly(
                        "GET /api/rooms?prefix=n%2F%C3%A9&limit=1000",
                        "GET /api/rooms?prefix=n%2F%C3%A9&limit=1000&after=a%20b%26c");
        assertThat(out()).isEqualTo("""
                MEMBERS  ROOM
                     12  lobby
                      3  news.sport
                """);
    }

    @Test
    void printsListsAsOneDocument() {
        api.answer(200, "{\"rooms\":[{\"room\":\"a\",\"members\":1}],\"next\":\"x\"}")
                .answer(200, "{\"rooms\":[{\"room\":\"b\",\"members\":2}]}")
                .answer(200, "{\"members\":[]}");

        assertThat(run("rooms", "--json")).isZero();
        assertThat(run("rooms", "--members", "c", "--json")).isZero();

        assertThat(out()).isEqualTo("""
                {"rooms":[{"room":"a","members":1},{"room":"b","members":2}]}
                {"members":[]}
                """);
    }

    @Test
    void listsMembersAndConnections() {
        api.answer(200, "{\"members\":[{\"connection\":\"1c8\",\"user\":\"ann\"},{\"connection\":\"2d0rk\"}]}")
                .answer(200, "{\"connections\":[{\"connection\":\"1c8\",\"user\":\"ann\"}]}")
                .answer(
                        200,
                        "{\"connections\":[{\"connection\":\"1c8\",\"user\":\"a\\u001b[2Jnn\",\"rooms\":[\"a\",\"b\"]}]}")
                .answer(200, "{\"connections\":[]}")
                .answer(200, "{\"rooms\":[]}");

        assertThat(run("rooms", "--members", "lobby")).isZero();
        assertThat(run("connections")).isZero();
        assertThat(run("connections", "--user", "a nn")).isZero();
        assertThat(run("connections", "--connection", "7x")).isZero();
        assertThat(run("rooms")).isZero();

        assertThat(api.asked)
                .extracting(StubApi.Asked::line)
                .containsExactly(
                        "GET /api/rooms/members?room=lobby&limit=1000",
                        "GET /api/connections?limit=1000",
                        "GET /api/connections?user=a%20nn&limit=1000",
                        "GET /api/connections?connection=7x&limit=1000",
                        "GET /api/rooms?limit=1000");
        assertThat(out()).isEqualTo("""
                CONNECTION  USER
                1c8         ann
                2d0rk       -
                CONNECTION  USER
                1c8         ann
                CONNECTION  USER          ROOMS
                1c8         a\\u001b[2Jnn  a, b
                no connection 7x
                no room has a member
                """);
    }

    @Test
    void changesWhereConnectionsAre() {
        api.answer(200, "{\"matched\":2,\"joined\":2}")
                .answer(200, "{\"matched\":1,\"left\":1}")
                .answer(200, "{\"matched\":2,\"closed\":2}")
                .answer(200, "{\"matched\":0,\"closed\":0}")
                .answer(200, "{\"closed\":1}");

        assertThat(run("join", "lobby", "--user", "ann")).isZero();
        assertThat(run("leave", "lobby", "--connection", "1c8")).isZero();
        assertThat(run("disconnect", "--user", "ann", "--code", "4001", "--reason", "bye"))
                .isZero();
        assertThat(run("disconnect", "--connection", "1c8")).isZero();
        assertThat(run("revoke", "--user", "ann", "--issued-before", "2026-11-26T02:00:00Z"))
                .isZero();

        assertThat(api.asked)
                .extracting(asked -> asked.line() + " " + asked.body())
                .containsExactly(
                        "POST /api/join {\"user\":\"ann\",\"room\":\"lobby\"}",
                        "POST /api/leave {\"connection\":\"1c8\",\"room\":\"lobby\"}",
                        "POST /api/disconnect {\"user\":\"ann\",\"code\":4001,\"reason\":\"bye\"}",
                        "POST /api/disconnect {\"connection\":\"1c8\"}",
                        "POST /api/revoke {\"user\":\"ann\",\"issuedBefore\":1795658400}");
        assertThat(out()).isEqualTo("""
                joined lobby: 2 of 2 connections of user ann
                left lobby: connection 1c8
                closed: 2 of 2 connections of user ann
                no connection 1c8
                revoked the tokens of user ann; closed 1 connection
                """);
    }

    @Test
    void saysWhichConnectionsDidNotJoin() {
        api.answer(200, "{\"matched\":4,\"joined\":1,\"alreadyIn\":1,\"refused\":2}");

        assertThat(run("join", "lobby", "--user", "ann")).isEqualTo(1);

        assertThat(out())
                .isEqualTo("joined lobby: 1 of 4 connections of user ann, 1 there already, 2 in as many rooms as"
                        + " client.max-rooms lets\n");
    }

    @Test
    void refusesToChangeNobodyInParticular() {
        assertThat(run("disconnect")).isEqualTo(2);
        assertThat(run("disconnect", "--user", "a", "--connection", "b")).isEqualTo(2);
        assertThat(run("disconnect", "--user", "a", "--code", "12")).isEqualTo(2);
        assertThat(run("join", "--user", "a")).isEqualTo(2);
        assertThat(run("revoke")).isEqualTo(2);
        assertThat(run("revoke", "--user", "a", "--issued-before", "noon")).isEqualTo(2);

        assertThat(err().replaceAll("campanile: try: .*\n", "")).isEqualTo("""
                campanile: nobody is named (expected: --user NAME or --connection ID)
                campanile: --user, --connection: both are given (expected: one of them)
                campanile: --code: expected 1000 to 4999, got "12"
                campanile: ROOM: missing
                campanile: nothing is named (expected: --user NAME or --token-id ID)
                campanile: --issued-before: "noon" (expected: now, a time such as 2026-11-26T02:00:00Z, or seconds since 1970)
                """);
    }

    @Test
    void showsItsKeyFromTheStrongestPlace() throws IOException {
        Path file = Files.writeString(directory.resolve("key"), "from-the-file\n");
        api.answer(200, "{\"rooms\":[]}").answer(200, "{\"rooms\":[]}").answer(200, "{\"rooms\":[]}");

        assertThat(run("rooms")).isZero();
        env.put("CAMPANILE_API_KEY", "from-the-environment");
        assertThat(run("rooms")).isZero();
        assertThat(run("rooms", "--api-key-file", file.toString())).isZero();

        assertThat(api.asked)
                .extracting(asked -> String.valueOf(asked.headers().getFirst("authorization")))
                .containsExactly("null", "Bearer from-the-environment", "Bearer from-the-file");
    }

    @Test
    void refusesAKeyThatIsNone() throws IOException {
        Path empty = Files.writeString(directory.resolve("empty"), "\n");
        Path pem = Files.writeString(directory.resolve("pem"), "a\nb\n");

        assertThat(run("rooms", "--api-key-file", empty.toString())).isEqualTo(2);
        assertThat(run("rooms", "--api-key-file", pem.toString())).isEqualTo(2);
        assertThat(run("rooms", "--api-key-file", directory.resolve("none").toString()))
                .isEqualTo(2);
        env.put("CAMPANILE_API_KEY", "a");
        env.put("CAMPANILE_API_KEY_FILE", pem.toString());
        assertThat(run("rooms")).isEqualTo(2);

        assertThat(err().replace("campanile: try: campanile rooms --help\n", ""))
                .isEqualTo("""
                campanile: --api-key-file: is empty or holds more than a key (expected: one word in ASCII)
                campanile: --api-key-file: is empty or holds more than a key (expected: one word in ASCII)
                campanile: --api-key-file: cannot read "%s" (expected: a file that holds the secret)
                campanile: CAMPANILE_API_KEY, CAMPANILE_API_KEY_FILE: both are set (expected: one of them)
                """.formatted(directory.resolve("none")));
    }

    @Test
    void saysWhyTheServerRefused() {
        api.answer(401, "{\"title\":\"Unauthorized\",\"status\":401,\"detail\":\"no API key\"}")
                .answer(401, "{\"title\":\"Unauthorized\",\"status\":401,\"detail\":\"the API key is not known\"}")
                .answer(403, "{\"title\":\"Forbidden\",\"status\":403,\"detail\":\"the key may not read\"}")
                .answer(400, "{\"title\":\"Bad Request\",\"status\":400,\"detail\":\"room: \\u001b[31m\"}")
                .answer(503, "{\"title\":\"Unavailable\",\"status\":503,\"detail\":\"the node is stopping\"}");

        assertThat(run("rooms")).isEqualTo(1);
        env.put("CAMPANILE_API_KEY", "k");
        assertThat(run("rooms")).isEqualTo(1);
        assertThat(run("rooms")).isEqualTo(1);
        assertThat(run("rooms", "--members", "x y")).isEqualTo(1);
        assertThat(run("rooms")).isEqualTo(3);

        assertThat(err().replace(api.url(), "URL")).isEqualTo("""
                campanile: no API key; put the key into CAMPANILE_API_KEY, or name a file that holds it with --api-key-file (401 from URL)
                campanile: the API key is not known; the key came from CAMPANILE_API_KEY (401 from URL)
                campanile: the key may not read; the key came from CAMPANILE_API_KEY (403 from URL)
                campanile: room: \\u001b[31m (400 from URL)
                campanile: the node is stopping (503 from URL)
                """);
        assertThat(out()).isEmpty();
    }

    @Test
    void saysThatItSpeaksToSomethingElse() {
        api.answer(404, "<html>not here</html>")
                .answer(302, "", "Location", "https://example.com/")
                .answer(200, "<html>welcome</html>")
                .answer(200, "{\"connections\":7}")
                .answer(200, "{\"rooms\":[],\"next\":\"a\"}")
                .answer(200, "{\"rooms\":[],\"next\":\"a\"}");

        assertThat(run("rooms")).isEqualTo(1);
        assertThat(run("rooms")).isEqualTo(1);
        assertThat(run("rooms")).isEqualTo(1);
        assertThat(run("connections")).isEqualTo(1);
        assertThat(run("rooms")).isEqualTo(1);

        String unlike = "campanile: the answer is not one that this version (" + Version.text() + ") knows: ";
        assertThat(err().replace(api.url(), "URL"))
                .isEqualTo("""
                campanile: URL answered 404 (expected: an answer of a Campanile server, got "<html>not here</html>"); check --server
                campanile: URL answered 302 and sends to https://example.com/; give --server the URL it sends to
                """
                        + unlike + "it is not a JSON object\n" + unlike + "no list connections in it\n" + unlike
                        + "a page that says it follows itself\n");
    }

    @Test
    void saysThatNobodyListens() throws IOException {
        int port;
        try (var closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closed.getLocalPort();
        }

        assertThat(run("rooms", "--server", "http://127.0.0.1:" + port)).isEqualTo(3);
        assertThat(run("rooms", "--server", "http://no-such-host.invalid")).isEqualTo(3);

        assertThat(err()).isEqualTo("campanile: http://127.0.0.1:" + port + """
                : nobody listens there; start a server with: campanile serve, or name another server with --server URL or CAMPANILE_SERVER
                campanile: http://no-such-host.invalid: no address found for this host; check its spelling, or name another server with --server URL or CAMPANILE_SERVER
                """);
    }

    @Test
    void doesNotWaitForever() throws IOException {
        try (var silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String url = "http://127.0.0.1:" + silent.getLocalPort();

            assertThat(run("rooms", "--server", url, "--timeout", "50ms")).isEqualTo(3);
            assertThat(run("tail", "lobby", "--server", url, "--timeout", "50ms"))
                    .isEqualTo(3);

            assertThat(err())
                    .isEqualTo(
                            ("campanile: " + url + ": no answer within 50ms; allow more with --timeout\n").repeat(2));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost:8080", "ftp://a", "http://", "http://a b", "http://u@a", "http://a?b"})
    void refusesAnAddressThatIsNone(String server) {
        env.put("CAMPANILE_SERVER", server);

        assertThat(run("rooms")).isEqualTo(2);

        assertThat(err()).startsWith("campanile: CAMPANILE_SERVER: ").contains("(expected: ");
    }

    @Test
    void knowsABasePath() {
        api.answer(200, "{\"rooms\":[]}");

        assertThat(run("rooms", "--server", api.url() + "/rt/")).isZero();

        assertThat(request()).isEqualTo("GET /rt/api/rooms?limit=1000");
    }

    @ParameterizedTest
    @ValueSource(strings = {"publish", "tail", "rooms", "connections", "join", "leave", "disconnect", "revoke"})
    void explainsEachCommand(String command) {
        assertThat(run(command, "--help")).isZero();

        assertThat(out().replaceAll("\\s+", " "))
                .contains("Usage: campanile " + command)
                .contains("--server=URL", "--api-key-file=FILE", "--timeout=TIME", "--json")
                .contains("CAMPANILE_SERVER", "CAMPANILE_API_KEY", "Exit codes: 0 done,");
        assertThat(err()).isEmpty();
    }

    private String request() {
        assertThat(api.asked).hasSize(1);
        return api.asked.get(0).line();
    }

    private int run(String... args) {
        env.putIfAbsent("CAMPANILE_SERVER", api.url());
        return new Commands(new Console(
                        new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8)),
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        env))
                .run(args);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }
}

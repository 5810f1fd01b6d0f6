package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the commands do to a real server and its clients. */
final class CommandsOnServerTest {

    @RegisterExtension
    final RunningServer server = new RunningServer();

    private final Map<String, String> env = new HashMap<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void publishToARoomToRoomsAndToEveryone() {
        server.start();
        Peer ann = server.connect().join("lobby");
        Peer bob = server.connect();

        assertThat(run("publish", "lobby", "chat", "{\"text\":\"hé\"}")).isZero();
        assertThat(run("publish", "--rooms", "lobby,news", "chat", "--text", "two"))
                .isZero();
        assertThat(run("publish", "--all", "hour", "12", "--except", bob.id(), "--event-id", "e1"))
                .isZero();

        assertThat(ann.next()).isEqualTo("{\"event\":\"chat\",\"room\":\"lobby\",\"data\":{\"text\":\"hé\"}}");
        assertThat(ann.next()).isEqualTo("{\"event\":\"chat\",\"data\":\"two\"}");
        assertThat(ann.next()).contains("\"event\":\"hour\"", "\"eventId\":\"e1\"", "\"data\":12");
        bob.heardNothing();
        assertThat(out()).isEqualTo("""
                published to lobby: queued for 1 of 1 connection
                published to lobby, news: queued for 1 of 1 connection
                published to everyone: queued for 1 of 1 connection
                """);
    }

    @Test
    void publishOnceForOneIdempotencyKey() {
        server.start();
        Peer ann = server.connect().join("lobby");

        assertThat(run("publish", "lobby", "chat", "1", "--idempotency-key", "order-7", "--json"))
                .isZero();
        assertThat(run("publish", "lobby", "chat", "1", "--idempotency-key", "order-7", "--json"))
                .isZero();
        assertThat(run("publish", "lobby", "chat", "2", "--idempotency-key", "order-7"))
                .isEqualTo(1);

        assertThat(ann.next()).isEqualTo("{\"event\":\"chat\",\"room\":\"lobby\",\"data\":1}");
        ann.heardNothing();
        assertThat(out()).isEqualTo("""
                {"matched":1,"queued":1,"dropped":0,"evicted":0,"replayed":false}
                {"matched":1,"queued":1,"dropped":0,"evicted":0,"replayed":true}
                """);
        assertThat(err()).startsWith("campanile: ").contains("dempotency");
    }

    @Test
    void listRoomsMembersAndConnections() {
        server.start();
        Peer ann = server.connect().join("lobby").join("news");
        Peer bob = server.connect().join("lobby");
        List<String> ids = Stream.of(ann.id(), bob.id())
                .sorted(Comparator.comparing(String::length).thenComparing(id -> id))
                .toList();

        assertThat(run("rooms")).isZero();
        assertThat(run("rooms", "--prefix", "ne", "--json")).isZero();
        assertThat(run("rooms", "--members", "lobby", "--json")).isZero();
        assertThat(run("connections", "--connection", ann.id(), "--json")).isZero();
        assertThat(run("connections")).isZero();

        assertThat(out().replaceAll("\"openSeconds\":\\d+,", ""))
                .startsWith("""
                        MEMBERS  ROOM
                              2  lobby
                              1  news
                        {"rooms":[{"room":"news","members":1}]}
                        {"members":[{"connection":"%s"},{"connection":"%s"}]}
                        {"connections":[{"connection":"%s","rooms":["lobby","news"]}]}
                        CONNECTION  """.formatted(ids.get(0), ids.get(1), ann.id()))
                .contains("\n" + ann.id() + " ", "\n" + bob.id() + " ");
    }

    @Test
    void listMoreRoomsThanOnePageHas() {
        server.start(Map.of());
        for (int i = 0; i < 30; i++) {
            Peer peer = server.connect();
            for (int j = 0; j < 40; j++) {
                peer.join("r" + (i * 40 + j));
            }
        }

        assertThat(run("rooms")).isZero();

        assertThat(out().lines()).hasSize(1_201);
    }

    @Test
    void joinLeaveAndDisconnect() {
        server.start();
        Peer ann = server.connect();

        assertThat(run("join", "lobby", "--connection", ann.id())).isZero();
        assertThat(run("join", "lobby", "--connection", ann.id())).isZero();
        assertThat(run("publish", "lobby", "chat")).isZero();
        assertThat(run("leave", "lobby", "--connection", ann.id())).isZero();
        assertThat(run("publish", "lobby", "chat")).isZero();
        assertThat(run("disconnect", "--connection", ann.id(), "--code", "4001", "--reason", "bye"))
                .isZero();

        assertThat(ann.next()).isEqualTo("{\"event\":\"chat\",\"room\":\"lobby\",\"data\":null}");
        assertThat(ann.closeCode()).isEqualTo(4001);
        assertThat(run("disconnect", "--connection", ann.id())).isZero();
        assertThat(out()).isEqualTo("""
                joined lobby: connection ID
                joined lobby: not connection ID, 1 there already
                published to lobby: queued for 1 of 1 connection
                left lobby: connection ID
                published to lobby: nobody was there
                closed: connection ID
                no connection ID
                """.replace("ID", ann.id()));
    }

    @Test
    void needAKeyWithTheRightScope() {
        server.start("""
                api:
                  keys:
                    - shop:publish:publishes-0123456789
                    - desk:read:reads-0123456789abcdef
                """);
        assertThat(run("rooms")).isEqualTo(1);
        env.put("CAMPANILE_API_KEY", "somebody-else-0123456789");
        assertThat(run("rooms")).isEqualTo(1);
        env.put("CAMPANILE_API_KEY", "publishes-0123456789");
        assertThat(run("rooms")).isEqualTo(1);
        assertThat(run("tail", "lobby")).isEqualTo(1);
        assertThat(run("publish", "lobby", "chat")).isZero();
        env.put("CAMPANILE_API_KEY", "reads-0123456789abcdef");
        assertThat(run("rooms")).isZero();

        String url = " (%s from http://127.0.0.1:" + server.port() + ")\n";
        assertThat(err())
                .isEqualTo(
                        "campanile: no API key (expected: X-API-Key: KEY, or Authorization: Bearer KEY); put the key into"
                                + " CAMPANILE_API_KEY, or name a file that holds it with --api-key-file"
                                + url.formatted(401)
                                + "campanile: the API key is none of this server's; the key came from CAMPANILE_API_KEY"
                                + url.formatted(401)
                                + ("campanile: the API key lacks the scope read; the key came from CAMPANILE_API_KEY"
                                                + url.formatted(403))
                                        .repeat(2));
    }

    @Test
    void showWhatTheServerObjectsTo() {
        server.start();

        assertThat(run("publish", "a room", "chat")).isEqualTo(1);
        assertThat(run("rooms", "--members", "a room")).isEqualTo(1);
        assertThat(run("tail", "a room")).isEqualTo(1);

        assertThat(err().lines())
                .hasSize(3)
                .allMatch(line -> line.startsWith("campanile: room: \"a room\" (expected: 1 to 128"));
    }

    @Test
    void tailARoomUntilEnough() throws Exception {
        server.start();
        var notes = new PipedInputStream();
        var tail = new Commands(new Console(
                InputStream.nullInputStream(),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(new PipedOutputStream(notes), true, StandardCharsets.UTF_8),
                Map.of("CAMPANILE_SERVER", url())));
        CompletableFuture<Integer> exit =
                CompletableFuture.supplyAsync(() -> tail.run("tail", "lobby", "news", "--json", "--count", "2"));
        String listening = "campanile: listening to lobby, news\n";
        assertThat(new String(notes.readNBytes(listening.length()), StandardCharsets.UTF_8))
                .isEqualTo(listening);

        // The answer has begun, but the stream joins its rooms a moment later.
        String receipt = "";
        while (!receipt.contains("\"queued\":1")) {
            receipt = server.publish("{\"room\":\"lobby\",\"event\":\"chat\",\"data\":{\"a\": 1}}")
                    .body();
        }
        server.publish("{\"room\":\"news\",\"event\":\"flash\",\"eventId\":\"e1\"}");

        assertThat(exit.join()).isZero();
        assertThat(out()).isEqualTo("""
                {"event":"chat","room":"lobby","data":{"a": 1}}
                {"event":"flash","room":"news","eventId":"e1","data":null}
                """);
    }

    private String url() {
        return "http://127.0.0.1:" + server.port();
    }

    private int run(String... args) {
        env.put("CAMPANILE_SERVER", url());
        return new Commands(new Console(
                        InputStream.nullInputStream(),
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

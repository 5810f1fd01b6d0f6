package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.ConnectionRegistry;
import io.campanile.gateway.HttpAnswer;
import io.campanile.gateway.HttpCall;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the HTTP API tells of who is there. */
final class ListsTest {

    private static final Pattern NEXT = Pattern.compile("\"next\":\"([A-Za-z0-9_-]+)\"");

    @RegisterExtension
    final RunningServer server = new RunningServer();

    @Test
    void listsRoomsByNameWithTheirMembers() {
        server.start();
        server.connect().join("b").join("a:1");
        server.connect().join("b");

        assertThat(server.get("/api/rooms").body())
                .isEqualTo("{\"rooms\":[{\"room\":\"a:1\",\"members\":1},{\"room\":\"b\",\"members\":2}]}");
        assertThat(server.get("/api/rooms?prefix=a%3A").body())
                .isEqualTo("{\"rooms\":[{\"room\":\"a:1\",\"members\":1}]}");
        assertThat(server.get("/api/rooms?prefix=c").body()).isEqualTo("{\"rooms\":[]}");
    }

    @Test
    void listsRoomsPageByPage() {
        server.start();
        Peer peer = server.connect();
        for (int i = 0; i < 25; i++) {
            peer.join("room-" + (char) ('a' + i));
        }

        List<String> rooms = walk("/api/rooms?limit=10&prefix=room-", "room");

        assertThat(rooms).hasSize(25).isSorted().startsWith("room-a").endsWith("room-y");
    }

    @Test
    void listsTheMembersOfARoomPageByPage() {
        server.start();
        var ids = new ArrayList<String>();
        for (int i = 0; i < 5; i++) {
            ids.add(server.connect("/ws?user=ada").join("lobby").id());
        }
        server.connect().join("elsewhere");

        assertThat(walk("/api/rooms/members?room=lobby&limit=2", "connection"))
                .containsExactlyInAnyOrderElementsOf(ids);
        assertThat(server.get("/api/rooms/members?room=elsewhere").body())
                .matches("\\{\"members\":\\[\\{\"connection\":\"[0-9a-z]+\"}]}");
        assertThat(server.get("/api/rooms/members?room=nowhere").body()).isEqualTo("{\"members\":[]}");
    }

    @Test
    void listsConnectionsPageByPage() {
        server.start();
        var ids = new ArrayList<String>();
        for (int i = 0; i < 7; i++) {
            ids.add(server.connect().id());
        }

        assertThat(walk("/api/connections?limit=3", "connection")).containsExactlyInAnyOrderElementsOf(ids);
    }

    @Test
    void aPageGoesOnBehindAConnectionThatHasLeft() {
        server.start();
        var peers = new ArrayList<Peer>();
        for (int i = 0; i < 3; i++) {
            peers.add(server.connect());
        }
        String first = server.get("/api/connections?limit=1").body();
        String gone = values(first, "connection").get(0);
        peers.stream().filter(peer -> peer.id().equals(gone)).forEach(Peer::close);

        List<String> rest = walk("/api/connections?limit=1&after=" + next(first).orElseThrow(), "connection");

        assertThat(rest).hasSize(2).doesNotContain(gone);
    }

    @Test
    void tellsTheRoomsOfOneConnectionAndOfAUsersConnections() {
        server.start();
        Peer ada = server.connect("/ws?user=ada").join("b").join("a");
        Peer bob = server.connect("/ws?user=bob").join("a");
        Peer nobody = server.connect();
        String adaEntry =
                "{\"connection\":\"" + ada.id() + "\",\"user\":\"ada\",\"openSeconds\":0,\"rooms\":[\"b\",\"a\"]}";

        assertThat(list("/api/connections?user=ada")).isEqualTo("{\"connections\":[" + adaEntry + "]}");
        assertThat(list("/api/connections?connection=" + ada.id())).isEqualTo("{\"connections\":[" + adaEntry + "]}");
        assertThat(list("/api/connections?connection=" + nobody.id()))
                .isEqualTo(
                        "{\"connections\":[{\"connection\":\"" + nobody.id() + "\",\"openSeconds\":0,\"rooms\":[]}]}");
        assertThat(list("/api/connections?user=ada&connection=" + ada.id()))
                .isEqualTo("{\"connections\":[" + adaEntry + "]}");
        assertThat(list("/api/connections?user=bob&connection=" + ada.id())).isEqualTo("{\"connections\":[]}");
        assertThat(list("/api/connections?user=carol")).isEqualTo("{\"connections\":[]}");
        assertThat(list("/api/connections?connection=nobody")).isEqualTo("{\"connections\":[]}");
        assertThat(list("/api/connections"))
                .contains(
                        "\"user\":\"ada\",\"openSeconds\":0}",
                        "{\"connection\":\"" + bob.id() + "\",\"user\":\"bob\",\"openSeconds\":0}")
                .doesNotContain("rooms");
    }

    @Test
    void endsThePageOfAUserWhoIsInVeryManyRooms() {
        server.start();
        int each = 900;
        int connections = Lists.MAX_ROOM_NAMES / each + 1;
        for (int i = 0; i < connections; i++) {
            String id = server.connect("/ws?user=ada").id();
            for (int room = 0; room < each; room++) {
                server.post("/api/join", "{\"connection\":\"" + id + "\",\"room\":\"r" + room + "\"}");
            }
        }

        String page = server.get("/api/connections?user=ada").body();

        assertThat(values(page, "connection")).hasSize(connections - 1);
        assertThat(walk("/api/connections?user=ada", "connection"))
                .hasSize(connections)
                .doesNotHaveDuplicates();
    }

    @Test
    void looksThroughListsOnTheThreadForThatAndNotOnTheCallersOwn() {
        try (var registry = ConnectionRegistry.builder().build()) {
            var tasks = new ArrayDeque<Runnable>();
            var lists = new Lists(() -> registry, tasks::add);

            for (HttpApi.Route route : lists.routes()) {
                var answer = route.handler()
                        .answer(get(route.path(), "room=a"), new ApiCaller("ops", 0, 0))
                        .toCompletableFuture();

                assertThat(answer).as(route.path()).isNotDone();
                tasks.remove().run();
                assertThat(answer.join().status()).isEqualTo(200);
            }
        }
    }

    @Test
    void answers503WhenTooManyAskAtOnce() {
        try (var registry = ConnectionRegistry.builder().build()) {
            var lists = new Lists(() -> registry, task -> {
                throw new RejectedExecutionException("full");
            });

            for (HttpApi.Route route : lists.routes()) {
                HttpAnswer answer = route.handler()
                        .answer(get(route.path(), "room=a"), new ApiCaller("ops", 0, 0))
                        .toCompletableFuture()
                        .join();

                assertThat(answer.status()).as(route.path()).isEqualTo(503);
                assertThat(answer.headers()).containsEntry("retry-after", "1");
            }
        }
    }

    private static HttpCall get(String path, String query) {
        return new HttpCall("GET", path, query, Map.of(), new byte[0], InetSocketAddress.createUnresolved("peer", 1));
    }

    @Test
    void refusesWhatItDoesNotKnow() {
        server.start();

        for (String target : List.of(
                "/api/rooms?limit=0",
                "/api/rooms?limit=1001",
                "/api/rooms?limit=1&limit=2",
                "/api/rooms?after=%2F",
                "/api/rooms?after=",
                "/api/rooms?page=2",
                "/api/rooms/members",
                "/api/rooms/members?room=two%20words",
                "/api/rooms/members?room=a&after=bG9iYnk_",
                "/api/rooms?prefix=" + "x".repeat(129),
                "/api/connections?user=",
                "/api/connections?user=a%C2%9B",
                "/api/connections?user=" + "u".repeat(257),
                "/api/connections?connection=" + "c".repeat(65),
                "/api/connections?after=" + PageRequest.encode("NO ID"))) {
            var answer = server.get(target);
            assertThat(answer.statusCode()).as(target).isEqualTo(400);
            assertThat(answer.body()).startsWith("{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,");
        }
        assertThat(server.raw("GET /api/rooms?after=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                .isEqualTo("HTTP/1.1 400 Bad Request");
    }

    /** Returns a list in which nobody has been here for long. */
    private String list(String target) {
        return server.get(target).body().replaceAll("\"openSeconds\":[0-9]+", "\"openSeconds\":0");
    }

    /** Follows the cursors to the end. */
    private List<String> walk(String target, String field) {
        var all = new ArrayList<String>();
        String page = server.get(target).body();
        all.addAll(values(page, field));
        for (Optional<String> next = next(page); next.isPresent(); next = next(page)) {
            page = server.get(target.replaceFirst("&after=.*", "") + "&after=" + next.get())
                    .body();
            all.addAll(values(page, field));
        }
        return all;
    }

    private static Optional<String> next(String page) {
        return NEXT.matcher(page).results().map(m -> m.group(1)).findFirst();
    }

    private static List<String> values(String page, String field) {
        return Pattern.compile("\"" + field + "\":\"([^\"]+)\"")
                .matcher(page)
                .results()
                .map((MatchResult m) -> m.group(1))
                .toList();
    }
}

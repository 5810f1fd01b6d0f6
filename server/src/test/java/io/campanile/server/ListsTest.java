package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
        String adaEntry = "{\"connection\":\"" + ada.id() + "\",\"user\":\"ada\",\"rooms\":[\"b\",\"a\"]}";

        assertThat(server.get("/api/connections?user=ada").body()).isEqualTo("{\"connections\":[" + adaEntry + "]}");
        assertThat(server.get("/api/connections?connection=" + ada.id()).body())
                .isEqualTo("{\"connections\":[" + adaEntry + "]}");
        assertThat(server.get("/api/connections?connection=" + nobody.id()).body())
                .isEqualTo("{\"connections\":[{\"connection\":\"" + nobody.id() + "\",\"rooms\":[]}]}");
        assertThat(server.get("/api/connections?user=carol").body()).isEqualTo("{\"connections\":[]}");
        assertThat(server.get("/api/connections?connection=nobody").body()).isEqualTo("{\"connections\":[]}");
        assertThat(server.get("/api/connections").body())
                .contains("\"user\":\"ada\"}", "{\"connection\":\"" + bob.id() + "\",\"user\":\"bob\"}")
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
                "/api/connections?user=ada&connection=x",
                "/api/connections?user=",
                "/api/connections?after=" + PageRequest.encode("NO ID"))) {
            var answer = server.get(target);
            assertThat(answer.statusCode()).as(target).isEqualTo(400);
            assertThat(answer.body()).startsWith("{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,");
        }
        assertThat(server.raw("GET /api/rooms?after=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                .isEqualTo("HTTP/1.1 400 Bad Request");
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

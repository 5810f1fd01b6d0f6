package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the HTTP API does to connections, and how exactly it tells. */
final class ManagementTest {

    @RegisterExtension
    final RunningServer server = new RunningServer();

    @Test
    void takesAConnectionIntoARoomAndOutOfIt() {
        server.start();
        Peer peer = server.connect();
        String body = "{\"connection\":\"" + peer.id() + "\",\"room\":\"lobby\"}";

        assertThat(post("/api/join", body)).isEqualTo("{\"matched\":1,\"joined\":1}");
        server.publish("{\"room\":\"lobby\",\"event\":\"chat\",\"data\":1}");
        assertThat(peer.next()).isEqualTo("{\"event\":\"chat\",\"room\":\"lobby\",\"data\":1}");
        assertThat(post("/api/join", body)).isEqualTo("{\"matched\":1,\"joined\":0,\"alreadyIn\":1}");
        assertThat(post("/api/leave", body)).isEqualTo("{\"matched\":1,\"left\":1}");
        assertThat(post("/api/leave", body)).isEqualTo("{\"matched\":1,\"left\":0}");
        server.publish("{\"room\":\"lobby\",\"event\":\"chat\",\"data\":2}");
        peer.heardNothing();
    }

    @Test
    void doesTheSameToAllConnectionsOfAUser() {
        server.start();
        Peer ada = server.connect("/ws?user=ada").join("lobby");
        Peer adaAgain = server.connect("/ws?user=ada");
        Peer bob = server.connect("/ws?user=bob");

        assertThat(post("/api/join", "{\"user\":\"ada\",\"room\":\"lobby\"}"))
                .isEqualTo("{\"matched\":2,\"joined\":1,\"alreadyIn\":1}");
        assertThat(post("/api/leave", "{\"user\":\"ada\",\"room\":\"lobby\"}")).isEqualTo("{\"matched\":2,\"left\":2}");
        assertThat(post("/api/disconnect", "{\"user\":\"ada\",\"code\":4001}"))
                .isEqualTo("{\"matched\":2,\"closed\":2}");
        assertThat(ada.closeCode()).isEqualTo(4001);
        assertThat(adaAgain.closeCode()).isEqualTo(4001);
        bob.heardNothing();
    }

    @Test
    void tellsOfConnectionsThatMayBeInNoMoreRooms() {
        server.start("{client.max-rooms: 1, api.key: 0123456789abcdef}");
        Peer peer = server.connect().join("lobby");

        assertThat(server.post(
                                "/api/join",
                                "{\"connection\":\"" + peer.id() + "\",\"room\":\"other\"}",
                                "x-api-key",
                                "0123456789abcdef")
                        .body())
                .isEqualTo("{\"matched\":1,\"joined\":0,\"refused\":1}");
    }

    @Test
    void whoIsNotHereDoesNotMatch() {
        server.start();
        Peer gone = server.connect();
        gone.close();

        for (String who :
                new String[] {"\"connection\":\"" + gone.id() + '"', "\"connection\":\"NOBODY\"", "\"user\":\"x\""}) {
            assertThat(post("/api/join", "{" + who + ",\"room\":\"lobby\"}")).isEqualTo("{\"matched\":0,\"joined\":0}");
            assertThat(post("/api/leave", "{" + who + ",\"room\":\"lobby\"}")).isEqualTo("{\"matched\":0,\"left\":0}");
            assertThat(post("/api/disconnect", "{" + who + "}")).isEqualTo("{\"matched\":0,\"closed\":0}");
        }
    }

    @Test
    void writesWhatWaitsBeforeItDisconnects() {
        server.start();
        Peer peer = server.connect().join("lobby");

        server.publish("{\"room\":\"lobby\",\"event\":\"bye\",\"data\":1}");
        assertThat(post("/api/disconnect", "{\"connection\":\"" + peer.id() + "\",\"reason\":\"moved\"}"))
                .isEqualTo("{\"matched\":1,\"closed\":1}");

        assertThat(peer.next()).isEqualTo("{\"event\":\"bye\",\"room\":\"lobby\",\"data\":1}");
        assertThat(peer.closeCode()).isEqualTo(1000);
        assertThat(peer.closeReason()).isEqualTo("moved");
    }

    @Test
    void aReasonHasAtMost123Bytes() {
        server.start();
        Peer peer = server.connect();
        String body = "{\"connection\":\"" + peer.id() + "\",\"code\":4000,\"reason\":\"REASON\"}";

        assertThat(server.post("/api/disconnect", body.replace("REASON", "x".repeat(124)))
                        .statusCode())
                .isEqualTo(400);
        assertThat(server.post("/api/disconnect", body.replace("REASON", "x".repeat(123)))
                        .statusCode())
                .isEqualTo(200);
        assertThat(peer.closeReason()).isEqualTo("x".repeat(123));
    }

    @Test
    void revokesWhatAUserWasAdmittedWith() {
        server.start();
        Peer ada = server.connect("/ws?user=ada");
        Peer bob = server.connect("/ws?user=bob");

        assertThat(post("/api/revoke", "{\"user\":\"ada\"}")).isEqualTo("{\"closed\":1}");

        assertThat(ada.closeCode()).isEqualTo(3007);
        assertThat(post("/api/revoke", "{\"user\":\"ada\",\"issuedBefore\":1790000000}"))
                .isEqualTo("{\"closed\":0}");
        assertThat(post("/api/revoke", "{\"tokenId\":\"t-1\"}")).isEqualTo("{\"closed\":0}");
        bob.heardNothing();
        assertThatThrownBy(() -> server.connect("/ws?user=ada")).hasStackTraceContaining("401");
    }

    @Test
    void saysWhenARevocationIsNotKept() {
        server.start("{api.key: 0123456789abcdef, auth.max-revocations: 1, client.claim-any-user-unsafe: true}");
        Peer ada = server.connect("/ws?user=ada");
        server.post("/api/revoke", "{\"user\":\"bob\"}", "x-api-key", "0123456789abcdef");

        var answer = server.post("/api/revoke", "{\"user\":\"ada\"}", "x-api-key", "0123456789abcdef");

        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.body()).contains("1 connections were closed, and may come again");
        assertThat(ada.closeCode()).isEqualTo(3007);
    }

    private String post(String path, String body) {
        return server.post(path, body).body();
    }
}

package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.Collections;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What publishing over HTTP delivers to whom, and what it answers. */
final class PublishingTest {

    private static final String ONE = "{\"matched\":1,\"queued\":1,\"dropped\":0,\"evicted\":0}";
    private static final String TWO = "{\"matched\":2,\"queued\":2,\"dropped\":0,\"evicted\":0}";
    private static final String NONE = "{\"matched\":0,\"queued\":0,\"dropped\":0,\"evicted\":0}";

    @RegisterExtension
    final RunningServer server = new RunningServer();

    @Test
    void deliversToARoomByteForByteAndTellsHowMany() {
        server.start();
        Peer inside = server.connect().join("lobby");
        Peer outside = server.connect().join("elsewhere");

        var answer = server.publish("{\"room\":\"lobby\",\"event\":\"chat\",\"data\":{\"b\": 1.0, \"a\":1e2}}");

        assertThat(answer.body()).isEqualTo(ONE);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("content-type")).contains("application/json");
        assertThat(inside.next()).isEqualTo("{\"event\":\"chat\",\"room\":\"lobby\",\"data\":{\"b\": 1.0, \"a\":1e2}}");
        outside.heardNothing();
    }

    @Test
    void deliversOnceToAMemberOfSeveralOfTheRooms() {
        server.start();
        Peer both = server.connect().join("a").join("b");
        Peer one = server.connect().join("b");

        var answer = server.publish("{\"rooms\":[\"a\",\"b\"],\"event\":\"chat\",\"data\":1}");

        assertThat(answer.body()).isEqualTo(TWO);
        assertThat(both.next()).isEqualTo("{\"event\":\"chat\",\"data\":1}");
        assertThat(one.next()).isEqualTo("{\"event\":\"chat\",\"data\":1}");
        both.heardNothing();
    }

    @Test
    void deliversToEveryone() {
        server.start();
        Peer first = server.connect();
        Peer second = server.connect().join("lobby");

        var answer = server.publish("{\"all\":true,\"event\":\"news\",\"data\":null}");

        assertThat(answer.body()).isEqualTo(TWO);
        assertThat(first.next()).isEqualTo("{\"event\":\"news\",\"data\":null}");
        assertThat(second.next()).isEqualTo("{\"event\":\"news\",\"data\":null}");
    }

    @Test
    void deliversToAllConnectionsOfAUser() {
        server.start();
        Peer ada = server.connect("/ws?user=ada");
        Peer adaAgain = server.connect("/ws?user=ada");
        Peer bob = server.connect("/ws?user=bob");

        var answer = server.publish("{\"user\":\"ada\",\"event\":\"hint\",\"data\":2}");

        assertThat(answer.body()).isEqualTo(TWO);
        assertThat(ada.next()).isEqualTo("{\"event\":\"hint\",\"data\":2}");
        assertThat(adaAgain.next()).isEqualTo("{\"event\":\"hint\",\"data\":2}");
        bob.heardNothing();
    }

    @Test
    void leavesOutConnectionsAndRooms() {
        server.start();
        Peer gets = server.connect().join("lobby");
        Peer excepted = server.connect().join("lobby");
        Peer muted = server.connect().join("lobby").join("quiet");

        var answer = server.publish("{\"room\":\"lobby\",\"except\":[\"" + excepted.id()
                + "\",\"nobody\"],\"exceptRooms\":[\"quiet\"],\"event\":\"chat\",\"data\":1}");

        assertThat(answer.body()).isEqualTo(ONE);
        assertThat(gets.next()).isEqualTo("{\"event\":\"chat\",\"room\":\"lobby\",\"data\":1}");
        excepted.heardNothing();
        muted.heardNothing();
    }

    @Test
    void tellsWhenNobodyIsThere() {
        server.start();

        assertThat(server.publish("{\"room\":\"empty\",\"event\":\"chat\",\"data\":1}")
                        .body())
                .isEqualTo(NONE);
    }

    @Test
    void takesTheBodyAsDataBesideAQuery() {
        server.start();
        Peer peer = server.connect().join("lobby").join("other");

        String target = "/api/publish?room=lobby&event=chat";
        assertThat(server.post(target, "say \"hi\"\n").body()).isEqualTo(ONE);
        assertThat(server.post(target, "[1,  2]", "content-type", "application/json")
                        .body())
                .isEqualTo(ONE);
        assertThat(server.post("/api/publish?room=lobby&room=other&event=a%2Eb", "x", "content-type", "text/plain")
                        .body())
                .isEqualTo(ONE);
        assertThat(server.post("/api/publish?all&event=chat&except=" + peer.id(), "x")
                        .body())
                .isEqualTo(NONE);

        assertThat(peer.next()).isEqualTo("{\"event\":\"chat\",\"room\":\"lobby\",\"data\":\"say \\\"hi\\\"\\n\"}");
        assertThat(peer.next()).isEqualTo("{\"event\":\"chat\",\"room\":\"lobby\",\"data\":[1,  2]}");
        assertThat(peer.next()).isEqualTo("{\"event\":\"a.b\",\"data\":\"x\"}");
    }

    @Test
    void refusesWhatItCannotReadAndSaysWhy() {
        server.start();

        problem(server.publish("{"), 400, "byte 1: ");
        problem(server.publish("{\"event\":\"chat\",\"data\":1}"), 400, "none of room, rooms, user and all");
        problem(server.publish("{\"room\":\"a\",\"rom\":\"b\",\"event\":\"chat\"}"), 400, "rom");
        problem(server.publish("{\"room\":\"a\",\"event\":\"welcome\"}"), 400, "event: \\\"welcome\\\"");
        problem(server.publish("{\"room\":\"a b\",\"event\":\"chat\"}"), 400, "room: \\\"a b\\\"");
        problem(server.post("/api/publish?room=a&evnt=chat", "x"), 400, "query: unknown parameter");
        problem(server.post("/api/publish?room=a&event=chat&event=hint", "x"), 400, "event: given twice");
        assertThat(server.raw(
                        "POST /api/publish?room=a&event=%zz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"))
                .isEqualTo("HTTP/1.1 400 Bad Request");
        problem(
                server.post("/api/publish?room=a&event=chat", "[1,", "content-type", "application/json"),
                400,
                "body: ");
        problem(
                server.post("/api/publish?room=a&event=chat", new byte[] {(byte) 0xc3, 0x28}),
                400,
                "body: not valid UTF-8");
        problem(
                server.post("/api/publish?room=a&event=chat", "x", "content-type", "image/png"),
                415,
                "content-type: expected application/json, or text/plain");
    }

    @Test
    void cannotBeMadeToReadFieldsOutOfTheBodyBesideAQuery() {
        server.start();
        Peer peer = server.connect().join("lobby");

        String body = "1,\"room\":\"lobby\"";
        problem(
                server.post("/api/publish?user=ada&event=chat", body, "content-type", "application/json"),
                400,
                "body: ");
        peer.heardNothing();
    }

    @Test
    void answersOnlyToPostAndToBrowsersThatAskFirst() {
        server.start();

        var answer = server.get("/api/publish");

        assertThat(answer.statusCode()).isEqualTo(405);
        assertThat(answer.headers().firstValue("allow")).contains("OPTIONS, POST");
    }

    @Test
    void refusesABodyPastItsLimit() {
        server.start("http.max-body-size: 1KiB\napi.key: 0123456789abcdef\n");
        String frame = "{\"room\":\"a\",\"event\":\"chat\",\"data\":\"\"}";
        String fits = frame.replace("\"\"}", '"' + "x".repeat(1024 - frame.length()) + "\"}");

        assertThat(server.publish(fits, "x-api-key", "0123456789abcdef").statusCode())
                .isEqualTo(200);
        assertThat(server.publish(fits.replace("x\"}", "xx\"}"), "x-api-key", "0123456789abcdef")
                        .statusCode())
                .isEqualTo(413);
    }

    @Test
    void refusesAMessageThatCouldWaitForNobody() {
        server.start("outbound.max-size: 1KiB\nclient.max-message-size: 512B\napi.key: 0123456789abcdef\n");
        server.connect().join("a");

        var answer = server.publish(
                "{\"room\":\"a\",\"event\":\"chat\",\"data\":\"" + "x".repeat(1024) + "\"}",
                "x-api-key",
                "0123456789abcdef");

        problem(answer, 413, "outbound.max-size");
    }

    @Test
    void sendsABatchInOrderAndTellsOfEachMessage() {
        server.start();
        Peer peer = server.connect("/ws?user=ada").join("lobby");

        var answer = server.post("/api/publish/batch", """
                {"messages":[
                  {"room":"lobby","event":"chat","data":1},
                  {"room":"lobby","event":"chat","dta":2},
                  7,
                  {"user":"ada","event":"hint","data":{ "n":3}},
                  {"room":"empty","event":"chat"}
                ]}""");

        assertThat(answer.body())
                .isEqualTo("{\"results\":[" + ONE
                        + ",{\"error\":{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"code\":\"invalid\","
                        + "\"detail\":\"unknown field \\\"dta\\\" (expected: room, rooms, user, all, except, exceptRooms,"
                        + " event, data, key, eventId)\"}}"
                        + ",{\"error\":{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"code\":\"malformed\","
                        + "\"detail\":\"byte 0: expected a JSON object\"}},"
                        + ONE + "," + NONE + "]}");
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(peer.next()).isEqualTo("{\"event\":\"chat\",\"room\":\"lobby\",\"data\":1}");
        assertThat(peer.next()).isEqualTo("{\"event\":\"hint\",\"data\":{ \"n\":3}}");
        peer.heardNothing();
    }

    @Test
    void sendsAThousandMessagesAtOnceInOrderAndNotOneMore() {
        server.start();
        Peer peer = server.connect().join("lobby");

        assertThat(server.post("/api/publish/batch", batch(1_001)).statusCode()).isEqualTo(413);
        assertThat(server.post("/api/publish/batch", batch(1_000)).body())
                .isEqualTo("{\"results\":[" + String.join(",", Collections.nCopies(1_000, ONE)) + "]}");

        for (int i = 0; i < 1_000; i++) {
            assertThat(peer.next()).isEqualTo("{\"event\":\"n\",\"room\":\"lobby\",\"data\":" + i + "}");
        }
    }

    @Test
    void broadcastsToEveryoneButThoseLeftOut() {
        server.start();
        Peer gets = server.connect();
        Peer excepted = server.connect();

        var answer = server.post(
                "/api/broadcast", "{\"event\":\"news\",\"data\":[1 ],\"except\":[\"" + excepted.id() + "\"]}");

        assertThat(answer.body()).isEqualTo(ONE);
        assertThat(gets.next()).isEqualTo("{\"event\":\"news\",\"data\":[1 ]}");
        excepted.heardNothing();
        problem(server.post("/api/broadcast", "{\"event\":\"news\",\"room\":\"a\"}"), 400, "unknown field");
    }

    @Test
    void carriesARequestOutOnceHoweverOftenItIsRepeated() {
        server.start();
        Peer peer = server.connect().join("lobby");
        String body = "{\"room\":\"lobby\",\"event\":\"chat\",\"data\":1}";

        var first = server.publish(body, "idempotency-key", "order-7");
        var again = server.publish(body, "idempotency-key", "order-7");
        var other = server.publish(body.replace("1", "2"), "idempotency-key", "order-7");
        var batch = server.post("/api/publish/batch", batch(1), "idempotency-key", "order-8");
        var batchAgain = server.post("/api/publish/batch", batch(1), "idempotency-key", "order-8");

        assertThat(first.body()).isEqualTo(ONE);
        assertThat(first.headers().firstValue("idempotency-replayed")).isEmpty();
        assertThat(again.body()).isEqualTo(ONE);
        assertThat(again.headers().firstValue("idempotency-replayed")).contains("true");
        problem(other, 422, "\"code\":\"idempotency_key_reused\"");
        assertThat(batchAgain.body()).isEqualTo(batch.body());
        assertThat(peer.next()).isEqualTo("{\"event\":\"chat\",\"room\":\"lobby\",\"data\":1}");
        assertThat(peer.next()).isEqualTo("{\"event\":\"n\",\"room\":\"lobby\",\"data\":0}");
        peer.heardNothing();
        assertThat(server.get("/metrics").body().lines())
                .contains(
                        "campanile_api_idempotency_replayed_total 2.0",
                        "campanile_api_idempotency_forgotten_total 0.0");
    }

    @Test
    void doesNotHoldARequestAgainstItsRepeatThatWasNotCarriedOut() {
        server.start();

        problem(server.publish("{\"room\":\"a\"}", "idempotency-key", "k"), 400, "event");
        assertThat(server.publish("{\"room\":\"a\",\"event\":\"chat\"}", "idempotency-key", "k")
                        .body())
                .isEqualTo(NONE);
    }

    @Test
    void takesIdempotencyKeysOf255CharactersAndNotOneMore() {
        server.start();
        String body = "{\"room\":\"a\",\"event\":\"chat\"}";

        assertThat(server.publish(body, "idempotency-key", "k".repeat(255)).statusCode())
                .isEqualTo(200);
        problem(server.publish(body, "idempotency-key", "k".repeat(256)), 400, "idempotency-key: expected one");
        problem(server.publish(body, "idempotency-key", ""), 400, "idempotency-key: expected one");
        problem(server.publish(body, "idempotency-key", "two words"), 400, "idempotency-key: expected one");
        problem(
                server.publish(body, "idempotency-key", "a", "idempotency-key", "b"),
                400,
                "idempotency-key: expected one");
    }

    @Test
    void answersAKeyThatAsksTooOftenWith429() {
        server.start("{api.key: 0123456789abcdef, api.max-requests-per-second: 1}");
        String body = "{\"room\":\"a\",\"event\":\"chat\"}";

        // Five seconds' worth may come at once, and a batch costs what it holds, for which those behind it wait.
        assertThat(server.post("/api/publish/batch", batch(1_000), "x-api-key", "0123456789abcdef")
                        .statusCode())
                .isEqualTo(200);
        var refused = server.publish(body, "x-api-key", "0123456789abcdef");

        problem(refused, 429, "\"code\":\"rate_limited\"");
        assertThat(refused.headers().firstValueAsLong("retry-after").orElse(0)).isBetween(900L, 996L);
        assertThat(server.get("/api/tail?room=a", "x-api-key", "0123456789abcdef")
                        .statusCode())
                .isEqualTo(429);
        assertThat(server.get("/metrics").body().lines()).contains("campanile_api_refused_total{reason=\"rate\"} 2.0");
    }

    private static String batch(int messages) {
        return IntStream.range(0, messages)
                .mapToObj(i -> "{\"room\":\"lobby\",\"event\":\"n\",\"data\":" + i + "}")
                .collect(Collectors.joining(",", "{\"messages\":[", "]}"));
    }

    private static void problem(HttpResponse<String> answer, int status, String part) {
        assertThat(answer.body()).contains(part);
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.headers().firstValue("content-type")).contains("application/problem+json");
    }
}

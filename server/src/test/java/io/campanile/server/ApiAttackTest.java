package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What an outsider may try with the HTTP API, and what comes of it. */
final class ApiAttackTest {

    private static final String PUBLISH_KEY = "publish-0123456789";
    private static final String READ_KEY = "read-0123456789abc";
    private static final String MANAGE_KEY = "manage-0123456789a";
    private static final String REVOKE_KEY = "revoke-0123456789a";
    private static final String ENDED_KEY = "ended-0123456789ab";

    private static final String CONFIG =
            "{api.keys: ['p:publish:" + PUBLISH_KEY + "', 'r:read:" + READ_KEY + "', 'm:manage:"
                    + MANAGE_KEY + "', 'v:revoke:" + REVOKE_KEY + "', 'e@2020-01-01:*:" + ENDED_KEY
                    + "'], websocket.allowed-origins: ['https://www.example.com']}";

    private static final String PUBLISH = "{\"room\":\"lobby\",\"event\":\"chat\",\"data\":1}";

    /** What each call needs, with a body that would be good. */
    private static final Map<String, String> POSTS = Map.of(
            Paths.PUBLISH, PUBLISH,
            Paths.PUBLISH_BATCH, "{\"messages\":[" + PUBLISH + "]}",
            Paths.BROADCAST, "{\"event\":\"chat\"}",
            Paths.JOIN, "{\"user\":\"ada\",\"room\":\"lobby\"}",
            Paths.LEAVE, "{\"user\":\"ada\",\"room\":\"lobby\"}",
            Paths.DISCONNECT, "{\"user\":\"ada\"}",
            Paths.REVOKE, "{\"user\":\"ada\"}");

    private static final List<String> GETS =
            List.of(Paths.ROOMS, Paths.MEMBERS + "?room=lobby", Paths.CONNECTIONS, Paths.TAIL + "?room=lobby");

    @RegisterExtension
    final RunningServer server = new RunningServer();

    @Test
    void nothingOpensWithoutAGoodKey() {
        server.start(CONFIG);

        for (String[] headers : new String[][] {
            {"x-none", "x"},
            {"x-api-key", ""},
            {"x-api-key", " "},
            {"x-api-key", "wrong-0123456789abc"},
            {"x-api-key", PUBLISH_KEY.substring(1)},
            {"x-api-key", PUBLISH_KEY + "0"},
            {"x-api-key", PUBLISH_KEY.toUpperCase(java.util.Locale.ROOT)},
            {"x-api-key", "p:publish:" + PUBLISH_KEY},
            {"x-api-key", ENDED_KEY},
            {"x-api-key", "Bearer " + PUBLISH_KEY},
            {"authorization", "Bearer"},
            {"authorization", "Bearer "},
            {"authorization", PUBLISH_KEY},
            {"authorization", "Basic " + PUBLISH_KEY},
            {"authorization", "Bearer " + PUBLISH_KEY + ", Bearer x"},
            {"cookie", "api-key=" + PUBLISH_KEY},
            {"x-api-key", PUBLISH_KEY, "x-api-key", "x"},
            {"x-api-key", MANAGE_KEY, "authorization", "Bearer " + PUBLISH_KEY}
        }) {
            POSTS.forEach((path, body) -> {
                var answer = server.post(path, body, headers);
                assertThat(answer.statusCode()).as(path + List.of(headers)).isEqualTo(401);
                assertThat(answer.headers().firstValue("www-authenticate").orElse(""))
                        .startsWith("Bearer");
                assertThat(answer.headers().firstValue("content-type")).contains("application/problem+json");
                assertThat(answer.body()).contains("\"code\":\"unauthorized\"").doesNotContain("0123456789");
            });
            GETS.forEach(target -> assertThat(server.get(target, headers).statusCode())
                    .as(target)
                    .isEqualTo(401));
        }
    }

    @Test
    void aKeyOpensNothingBeyondItsScopes() {
        server.start(CONFIG);
        Peer peer = server.connect().join("lobby");
        Map<String, String> needed = Map.of(
                Paths.PUBLISH, PUBLISH_KEY,
                Paths.PUBLISH_BATCH, PUBLISH_KEY,
                Paths.BROADCAST, PUBLISH_KEY,
                Paths.JOIN, MANAGE_KEY,
                Paths.LEAVE, MANAGE_KEY,
                Paths.DISCONNECT, MANAGE_KEY,
                Paths.REVOKE, REVOKE_KEY);

        for (String key : List.of(READ_KEY, PUBLISH_KEY, MANAGE_KEY, REVOKE_KEY)) {
            POSTS.forEach((path, body) -> {
                if (!key.equals(needed.get(path))) {
                    assertThat(server.post(path, body, "x-api-key", key).statusCode())
                            .as(path + " " + key)
                            .isEqualTo(403);
                }
            });
            if (!key.equals(READ_KEY)) {
                GETS.forEach(target -> assertThat(
                                server.get(target, "x-api-key", key).statusCode())
                        .isEqualTo(403));
            }
        }
        peer.heardNothing();
        POSTS.forEach((path, body) -> assertThat(server.post(path, body, "x-api-key", needed.getOrDefault(path, ""))
                        .statusCode())
                .isEqualTo(200));
    }

    @Test
    void aKeyInTheQueryIsNoKey() {
        server.start(CONFIG);

        for (String name : List.of("key", "api_key", "apikey", "api-key", "x-api-key", "access_token", "token")) {
            assertThat(server.get(Paths.ROOMS + "?" + name + "=" + READ_KEY).statusCode())
                    .isEqualTo(401);
            assertThat(server.get(Paths.ROOMS + "?" + name + "=" + READ_KEY, "x-api-key", READ_KEY)
                            .statusCode())
                    .isEqualTo(400);
            assertThat(server.post(Paths.PUBLISH + "?room=a&event=b&" + name + "=" + PUBLISH_KEY, "x")
                            .statusCode())
                    .isEqualTo(401);
        }
    }

    @Test
    void pagesOfOtherOriginsCannotCall() {
        server.start(CONFIG);
        Peer peer = server.connect().join("lobby");

        for (String path : List.of(Paths.PUBLISH, Paths.BROADCAST, Paths.ROOMS, Paths.DISCONNECT, Paths.TAIL)) {
            assertThat(preflight(path, "https://www.example.com")).isEqualTo("HTTP/1.1 204 No Content");
            for (String origin : List.of(
                    "https://evil.example", "null", "https://www.example.com.evil.example", "http://www.example.com")) {
                assertThat(preflight(path, origin)).as(path + origin).isEqualTo("HTTP/1.1 403 Forbidden");
            }
        }
        // What a page may send without asking first has no key.
        assertThat(server.raw("POST /api/publish HTTP/1.1\r\nHost: a.example\r\nOrigin: https://evil.example\r\n"
                        + "Content-Type: text/plain\r\nContent-Length: " + PUBLISH.length() + "\r\n\r\n" + PUBLISH))
                .isEqualTo("HTTP/1.1 401 Unauthorized");
        peer.heardNothing();
    }

    @Test
    void inDevelopmentModePagesFromElsewhereCannotCall() {
        server.start();
        String host = "Host: 127.0.0.1:" + server.port() + "\r\n";

        for (String path : List.of(Paths.ROOMS, Paths.CONNECTIONS, Paths.TAIL + "?room=a")) {
            String get = "GET " + path + " HTTP/1.1\r\n";
            assertThat(server.raw(get + host + "\r\n")).isEqualTo("HTTP/1.1 200 OK");
            assertThat(server.raw(get + host + "Sec-Fetch-Site: same-origin\r\n\r\n"))
                    .isEqualTo("HTTP/1.1 200 OK");
            for (String foreign : List.of(
                    "Origin: https://evil.example",
                    "Origin: null",
                    "Sec-Fetch-Site: cross-site",
                    "Sec-Fetch-Site: same-site")) {
                assertThat(server.raw(get + host + foreign + "\r\n\r\n"))
                        .as(foreign)
                        .isEqualTo("HTTP/1.1 403 Forbidden");
            }
            assertThat(server.raw(get + "Host: evil.example\r\n\r\n")).isEqualTo("HTTP/1.1 403 Forbidden");
        }
    }

    @Test
    void aMethodCannotBeSmuggled() {
        server.start(CONFIG);
        Peer peer = server.connect().join("lobby");

        for (String header : List.of("x-http-method-override", "x-http-method", "x-method-override")) {
            var answer = server.get(Paths.ROOMS, "x-api-key", READ_KEY, header, "POST");
            assertThat(answer.body()).startsWith("{\"rooms\":[");
            assertThat(server.get(Paths.PUBLISH, "x-api-key", PUBLISH_KEY, header, "POST")
                            .statusCode())
                    .isEqualTo(405);
        }
        assertThat(server.post(Paths.ROOMS, "", "x-api-key", READ_KEY).statusCode())
                .isEqualTo(405);
        assertThat(server.get(Paths.PUBLISH + "?room=lobby&event=chat&_method=POST", "x-api-key", PUBLISH_KEY)
                        .statusCode())
                .isEqualTo(405);
        peer.heardNothing();
    }

    @Test
    void aBodyThatSaysItIsSomethingElseIsNotRead() {
        server.start(CONFIG);
        Peer peer = server.connect().join("lobby");

        for (String type : List.of(
                "text/plain",
                "multipart/form-data; boundary=x",
                "application/xml",
                "application/json; charset=utf-16",
                "application/json; charset=\"iso-8859-1\"",
                "image/png",
                "text/html; application/json",
                "application/jsonx",
                "json")) {
            var answer = server.publish(PUBLISH, "x-api-key", PUBLISH_KEY, "content-type", type);
            assertThat(answer.statusCode()).as(type).isEqualTo(415);
            assertThat(answer.body()).contains("\"code\":\"unsupported_media_type\"");
        }
        assertThat(server.publish(
                                PUBLISH,
                                "x-api-key",
                                PUBLISH_KEY,
                                "content-type",
                                "application/json",
                                "content-type",
                                "text/plain")
                        .statusCode())
                .isEqualTo(415);
        assertThat(server.publish(PUBLISH, "x-api-key", PUBLISH_KEY, "content-encoding", "gzip")
                        .statusCode())
                .isEqualTo(415);
        peer.heardNothing();
        for (String type :
                List.of("application/json", "APPLICATION/JSON; charset=UTF-8", "application/vnd.shop+json")) {
            assertThat(server.publish(PUBLISH, "x-api-key", PUBLISH_KEY, "content-type", type)
                            .statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    void aBodyCannotBeReadInTwoWays() {
        server.start(CONFIG);
        Peer peer = server.connect().join("lobby");

        for (String body : List.of(
                "{\"room\":\"lobby\",\"room\":\"other\",\"event\":\"chat\"}",
                "{\"room\":\"lobby\",\"\\u0072oom\":\"other\",\"event\":\"chat\"}",
                "{\"room\":\"lobby\",\"event\":\"chat\"}{}",
                "{\"room\":\"lobby\",\"event\":\"chat\",}",
                "{\"room\":\"lobby\",\"all\":true,\"event\":\"chat\"}",
                "{\"room\":\"lobby\",\"event\":\"chat\",\"Room\":\"x\"}",
                "{'room':'lobby','event':'chat'}",
                "[" + PUBLISH + "]",
                "\ufeff" + PUBLISH,
                "")) {
            assertThat(server.publish(body, "x-api-key", PUBLISH_KEY).statusCode())
                    .as(body)
                    .isEqualTo(400);
        }
        peer.heardNothing();
    }

    @Test
    void depthAndSizeAreBounded() {
        server.start(CONFIG);
        String deep = "{\"room\":\"lobby\",\"event\":\"chat\",\"data\":" + "[".repeat(63) + "]".repeat(63) + "}";

        assertThat(server.publish(deep, "x-api-key", PUBLISH_KEY).statusCode()).isEqualTo(200);
        assertThat(server.publish(deep.replace("[]", "[[]]"), "x-api-key", PUBLISH_KEY)
                        .statusCode())
                .isEqualTo(413);
        assertThat(server.publish("[".repeat(500_000), "x-api-key", PUBLISH_KEY).statusCode())
                .isEqualTo(400);
        assertThat(server.post(
                                Paths.PUBLISH_BATCH,
                                "{\"messages\":[" + "0,".repeat(400_000) + "0]}",
                                "x-api-key",
                                PUBLISH_KEY)
                        .statusCode())
                .isEqualTo(413);
        assertThat(server.publish("x".repeat((1 << 20) + 1), "x-api-key", PUBLISH_KEY)
                        .statusCode())
                .isEqualTo(413);
    }

    @Test
    void everyRefusalIsAProblemThatTellsNothingOfTheServer() {
        server.start(CONFIG);

        for (var answer : List.of(
                server.get("/api/nothing"),
                server.get("/api/"),
                server.get("/api/publish/"),
                server.get("/api//rooms", "x-api-key", READ_KEY),
                server.get("/api/%72ooms", "x-api-key", READ_KEY),
                server.get("/api/rooms/../rooms", "x-api-key", READ_KEY),
                server.get("/API/rooms", "x-api-key", READ_KEY),
                server.get(Paths.PUBLISH),
                server.get(Paths.ROOMS),
                server.get(Paths.ROOMS, "x-api-key", PUBLISH_KEY),
                server.get(Paths.ROOMS + "?limit=x", "x-api-key", READ_KEY),
                server.publish("{", "x-api-key", PUBLISH_KEY),
                server.publish(PUBLISH, "x-api-key", PUBLISH_KEY, "content-type", "image/png"))) {
            assertThat(answer.statusCode()).isBetween(400, 499);
            assertThat(answer.headers().firstValue("content-type")).contains("application/problem+json");
            assertThat(answer.body())
                    .matches("\\{\"type\":\"about:blank\",\"title\":\"[A-Za-z ]+\",\"status\":" + answer.statusCode()
                            + ",\"code\":\"[a-z_]+\",\"detail\":\".+\"}")
                    .doesNotContain("Exception", "io.campanile", "0123456789");
        }
    }

    @Test
    void keysAreCountedByNameAndNeverShown() {
        server.start(CONFIG);
        server.get(Paths.ROOMS, "x-api-key", READ_KEY);
        server.get(Paths.ROOMS, "x-api-key", PUBLISH_KEY);
        server.get(Paths.ROOMS, "x-api-key", ENDED_KEY);
        server.get(Paths.ROOMS, "x-api-key", "wrong");
        server.get(Paths.ROOMS);

        String metrics = server.get("/metrics").body();

        assertThat(metrics.lines())
                .contains(
                        "campanile_api_requests_total{key=\"r\"} 1.0",
                        "campanile_api_requests_total{key=\"p\"} 0.0",
                        "campanile_api_refused_total{reason=\"scope\"} 1.0",
                        "campanile_api_refused_total{reason=\"expired_key\"} 1.0",
                        "campanile_api_refused_total{reason=\"wrong_key\"} 1.0",
                        "campanile_api_refused_total{reason=\"no_key\"} 1.0");
        assertThat(metrics).doesNotContain(READ_KEY, PUBLISH_KEY, ENDED_KEY);
    }

    @Test
    void withAFileAndNoKeyNothingOpens() {
        server.start("");

        POSTS.forEach((path, body) ->
                assertThat(server.post(path, body).statusCode()).as(path).isEqualTo(403));
        GETS.forEach(
                target -> assertThat(server.get(target).statusCode()).as(target).isEqualTo(403));
        assertThat(Set.of(server.get(Paths.OPENAPI).statusCode())).containsExactly(200);
    }

    private String preflight(String path, String origin) {
        return server.raw("OPTIONS " + path + " HTTP/1.1\r\nHost: a.example\r\nOrigin: " + origin
                + "\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-api-key\r\n\r\n");
    }
}

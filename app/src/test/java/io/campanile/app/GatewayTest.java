package io.campanile.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.CloseReason;
import io.campanile.core.ConnectionId;
import io.campanile.gateway.Admission;
import io.campanile.gateway.Authorizer;
import io.campanile.gateway.GatewayServer;
import io.campanile.protocol.ErrorCode;
import io.campanile.protocol.JsonSlice;
import java.net.http.WebSocketHandshakeException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** What a gateway does for its clients, over real sockets. */
final class GatewayTest {

    private record Line(String text) {}

    private record Order(String symbol, int quantity, Optional<String> note) {}

    private final BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
    private final List<GatewayServer> servers = new java.util.ArrayList<>();

    private GatewayServer serve(Gateway... gateways) {
        var builder = GatewayServer.builder().port(0).loops(2);
        for (Gateway gateway : gateways) {
            builder.webSocket(gateway);
        }
        GatewayServer server = builder.start();
        servers.add(server);
        return server;
    }

    @AfterEach
    void stop() {
        servers.forEach(GatewayServer::close);
    }

    @Test
    void greetsTheClientInTheEnvelopeAndTellsOthersWhatItSays() {
        GatewayServer server = serve(Gateway.at("/chat")
                .onConnect(connection -> connection.join("lobby"))
                .on(
                        "message",
                        Line.class,
                        (connection, line) ->
                                connection.to("lobby").except(connection).send("message", line)));
        try (TestClient ada = TestClient.connect(server, "/chat");
                TestClient ben = TestClient.connect(server, "/chat")) {
            ada.send("{\"event\":\"ping\",\"id\":1,\"data\":7}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"pong\",\"id\":1,\"data\":7}");

            ada.send("{\"event\":\"message\",\"id\":2,\"data\":{\"text\":\"hello\"}}");

            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":2,\"data\":null}");
            assertThat(ben.next())
                    .isEqualTo("{\"event\":\"message\",\"room\":\"lobby\",\"data\":{\"text\":\"hello\"}}");
        }
    }

    @Test
    void acknowledgesWithWhatTheHandlerReturnsOrItsStageComesTo() {
        CompletableFuture<Line> later = new CompletableFuture<>();
        GatewayServer server = serve(Gateway.at("/chat")
                .answer("echo", Line.class, (connection, line) -> line)
                .answer("later", connection -> later)
                .on("by-hand", JsonNode.class, (connection, data, message) -> {
                    assertThat(message.ack(data.get("n"))).isTrue();
                    assertThat(message.ack("again")).isFalse();
                }));
        try (TestClient ada = TestClient.connect(server, "/chat")) {
            ada.send("{\"event\":\"echo\",\"id\":1,\"data\":{\"text\":\"hello\"}}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":1,\"data\":{\"text\":\"hello\"}}");

            ada.send("{\"event\":\"by-hand\",\"id\":2,\"data\":{\"n\":1.50}}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":2,\"data\":1.5}");

            ada.send("{\"event\":\"later\",\"id\":3}");
            ada.send("{\"event\":\"echo\",\"id\":4,\"data\":{\"text\":\"after\"}}");
            later.complete(new Line("now"));
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":3,\"data\":{\"text\":\"now\"}}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":4,\"data\":{\"text\":\"after\"}}");
        }
    }

    @Test
    void readsPayloadsAsRecordsTextNumbersOrByteForByte() {
        GatewayServer server = serve(Gateway.at("/types")
                .on("order", Order.class, (connection, order) -> seen.add(order))
                .on("text", String.class, (connection, text) -> seen.add(text))
                .on("number", Integer.class, (connection, number) -> seen.add(number))
                .answer("slice", JsonSlice.class, (connection, slice) -> slice));
        try (TestClient ada = TestClient.connect(server, "/types")) {
            ada.send("{\"event\":\"order\",\"data\":{\"symbol\":\"ACME\",\"quantity\":3,\"more\":true}}");
            assertThat(TestClient.take(seen)).isEqualTo(new Order("ACME", 3, Optional.empty()));

            ada.send("{\"event\":\"order\",\"data\":{\"symbol\":\"ACME\",\"quantity\":3,\"note\":\"soon\"}}");
            assertThat(TestClient.take(seen)).isEqualTo(new Order("ACME", 3, Optional.of("soon")));

            ada.send("{\"event\":\"text\",\"data\":\"say \\\"hello\\\"\"}");
            assertThat(TestClient.take(seen)).isEqualTo("say \"hello\"");

            ada.send("{\"event\":\"number\",\"data\":12}");
            assertThat(TestClient.take(seen)).isEqualTo(12);

            ada.send("{\"event\":\"slice\",\"id\":1,\"data\":{\"b\": 1.0e2,\"a\":[ ],\"b\":2}}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":1,\"data\":{\"b\": 1.0e2,\"a\":[ ],\"b\":2}}");
        }
    }

    @Test
    void takesBinaryMessagesAndSendsThem() {
        GatewayServer server = serve(Gateway.at("/bytes").onBinary(Connection::sendBinary));
        try (TestClient ada = TestClient.connect(server, "/bytes")) {
            ada.send(new byte[] {1, 2, 3});

            assertThat(ada.nextBinary()).containsExactly(1, 2, 3);
        }
    }

    @Test
    void keepsTheRoomsOfGatewaysApartUnlessTheyAreShared() {
        Gateway speaking = Gateway.at("/a")
                .onConnect(connection -> {
                    connection.join("lobby");
                    connection.join(Room.shared("square"));
                })
                .on("own", connection -> connection.to("lobby").send("own"))
                .on("shared", connection -> connection.to(Room.shared("square")).send("shared"))
                .on("everyone", connection -> connection.clients().all().send("everyone"));
        Gateway listening = Gateway.at("/b").onConnect(connection -> {
            connection.join("lobby");
            connection.join(Room.shared("square"));
        });
        GatewayServer server = serve(speaking, listening);
        try (TestClient ada = TestClient.connect(server, "/a");
                TestClient ben = TestClient.connect(server, "/b")) {
            ada.send("{\"event\":\"own\"}").send("{\"event\":\"everyone\"}").send("{\"event\":\"shared\"}");

            assertThat(ada.next()).isEqualTo("{\"event\":\"own\",\"room\":\"lobby\",\"data\":null}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"everyone\",\"data\":null}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"shared\",\"room\":\"square\",\"data\":null}");
            assertThat(ben.next()).isEqualTo("{\"event\":\"shared\",\"room\":\"square\",\"data\":null}");
        }
    }

    @Test
    void showsTheRoomsThatWereJoinedAndOnlyThose() {
        GatewayServer server =
                serve(Gateway.at("/rooms").authenticator(TestClient.trusting()).answer("mine", connection -> {
                    connection.join("b");
                    connection.join("a");
                    connection.join(Room.shared("a"));
                    connection.leave("b");
                    return connection
                            .rooms()
                            .thenApply(
                                    rooms -> rooms.stream().map(Room::toString).toList());
                }));
        try (TestClient ada = TestClient.connectAs("ada", server, "/rooms")) {
            ada.send("{\"event\":\"mine\",\"id\":1}");

            assertThat(ada.next())
                    .isEqualTo("{\"event\":\"ack\",\"id\":1,"
                            + "\"data\":[\"Room[name=a, isShared=false]\",\"Room[name=a, isShared=true]\"]}");
        }
    }

    @Test
    void reachesAUserOnAllItsConnectionsToThisGatewayOnly() {
        Gateway one = Gateway.at("/one")
                .authenticator(TestClient.trusting())
                .on(
                        "tell",
                        String.class,
                        (c, user) -> c.clients()
                                .toUser(user)
                                .send("told", c.claims().subject().orElse("nobody")));
        Gateway two = Gateway.at("/two")
                .authenticator(TestClient.trusting())
                .on("echo", connection -> connection.send("echo"));
        GatewayServer server = serve(one, two);
        try (TestClient ada = TestClient.connectAs("ada", server, "/one");
                TestClient ada2 = TestClient.connectAs("ada", server, "/one");
                TestClient elsewhere = TestClient.connectAs("ada", server, "/two");
                TestClient ben = TestClient.connectAs("ben", server, "/one")) {
            ben.send("{\"event\":\"tell\",\"id\":1,\"data\":\"ada\"}");
            assertThat(ben.next()).startsWith("{\"event\":\"ack\"");

            assertThat(ada.next()).isEqualTo("{\"event\":\"told\",\"data\":\"ben\"}");
            assertThat(ada2.next()).isEqualTo("{\"event\":\"told\",\"data\":\"ben\"}");
            elsewhere.send("{\"event\":\"echo\"}");
            assertThat(elsewhere.next()).isEqualTo("{\"event\":\"echo\",\"data\":null}");
        }
    }

    @Test
    void refusesWhatItCannotReadAndNamesTheFieldButNotItsValue() {
        GatewayServer server =
                serve(Gateway.at("/orders").on("order", Order.class, (connection, order) -> seen.add(order)));
        try (TestClient ada = TestClient.connect(server, "/orders")) {
            assertThat(refusal(ada, "{\"symbol\":\"SECRET\",\"quantity\":\"SECRET\"}"))
                    .isEqualTo("invalid: quantity: missing or of another kind (expected: a whole number)");
            assertThat(refusal(ada, "{\"symbol\":\"SECRET\"}"))
                    .isEqualTo("invalid: quantity: missing or of another kind (expected: a whole number)");
            assertThat(refusal(ada, "{\"quantity\":5}"))
                    .isEqualTo("invalid: symbol: missing or of another kind (expected: a string)");
            assertThat(refusal(ada, "{\"symbol\":null,\"quantity\":5}"))
                    .isEqualTo("invalid: symbol: missing or of another kind (expected: a string)");
            assertThat(refusal(ada, "{\"symbol\":5,\"quantity\":5}"))
                    .isEqualTo("invalid: symbol: missing or of another kind (expected: a string)");
            assertThat(refusal(ada, "{\"symbol\":\"a\",\"quantity\":1.5}"))
                    .isEqualTo("invalid: quantity: missing or of another kind (expected: a whole number)");
            assertThat(refusal(ada, "[\"SECRET\"]"))
                    .isEqualTo("invalid: data: missing or of another kind (expected: an object)");
            assertThat(refusal(ada, "null")).isEqualTo("invalid: data: missing (expected: an object)");
            assertThat(refusal(ada, "{\"symbol\":\"a\",\"quantity\":99999999999}"))
                    .isEqualTo("invalid: quantity: out of range (expected: a whole number)");
            assertThat(seen).isEmpty();
        }
    }

    private static String refusal(TestClient client, String data) {
        client.send("{\"event\":\"order\",\"id\":9,\"data\":" + data + "}");
        String answer = client.next();
        assertThat(answer).startsWith("{\"event\":\"error\",\"id\":9,\"data\":").doesNotContain("SECRET");
        return answer.replaceAll(".*\"code\":\"(\\w+)\",\"message\":\"(.*)\"}}", "$1: $2");
    }

    @Test
    void refusesAnUnknownEventAndWhatIsNoEnvelope() {
        GatewayServer server = serve(Gateway.at("/chat").on("known", connection -> {}));
        try (TestClient ada = TestClient.connect(server, "/chat")) {
            ada.send("{\"event\":\"unknown\",\"id\":1}");
            assertThat(ada.next()).startsWith("{\"event\":\"error\",\"id\":1,\"data\":{\"code\":\"unknown_event\"");

            ada.send("no envelope");
            assertThat(ada.next()).startsWith("{\"event\":\"error\",\"data\":{\"code\":\"malformed\"");
        }
    }

    @Test
    void tellsTheClientOfARefusalInTheHandlersWords() {
        GatewayServer server = serve(Gateway.at("/shop")
                .on("buy", connection -> {
                    throw new Refusal("sold_out", "the last one is gone");
                })
                .on("look", connection -> {
                    throw new Refusal(ErrorCode.FORBIDDEN, "not for you");
                }));
        try (TestClient ada = TestClient.connect(server, "/shop")) {
            ada.send("{\"event\":\"buy\",\"id\":1}").send("{\"event\":\"look\",\"id\":2}");

            assertThat(ada.next())
                    .isEqualTo("{\"event\":\"error\",\"id\":1,"
                            + "\"data\":{\"code\":\"sold_out\",\"message\":\"the last one is gone\"}}");
            assertThat(ada.next())
                    .isEqualTo("{\"event\":\"error\",\"id\":2,"
                            + "\"data\":{\"code\":\"forbidden\",\"message\":\"not for you\"}}");
        }
    }

    @Test
    void remembersWhatTheApplicationWantsAndTellsWhyAClientLeft() {
        GatewayServer server = serve(Gateway.at("/chat")
                .onConnect(connection -> connection.attributes().put("name", "ada"))
                .onDisconnect((connection, reason) -> {
                    seen.add(connection.attributes().get("name"));
                    seen.add(reason);
                })
                .on(
                        "bye",
                        connection ->
                                connection.close(new CloseReason(4000, "bye", "so long", CloseReason.ComeBack.NO))));
        try (TestClient ada = TestClient.connect(server, "/chat")) {
            ada.send("{\"event\":\"bye\"}");

            assertThat(ada.closeCode()).isEqualTo(4000);
            assertThat(TestClient.take(seen)).isEqualTo("ada");
            assertThat(TestClient.take(seen)).extracting("label").isEqualTo("bye");
        }
    }

    @Test
    void letsClientsIntoTheRoomsThatTheAuthorizerAllows() {
        GatewayServer server = serve(Gateway.at("/rooms")
                .authorizer(new Authorizer() {
                    @Override
                    public boolean mayJoin(io.campanile.core.Connection connection, String room) {
                        return room.startsWith("public.");
                    }
                })
                .on("join", String.class, Connection::join));
        try (TestClient ada = TestClient.connect(server, "/rooms")) {
            ada.send("{\"event\":\"join\",\"id\":1,\"data\":\"public.lobby\"}")
                    .send("{\"event\":\"join\",\"id\":2,\"data\":\"private.vault\"}")
                    .send("{\"event\":\"join\",\"id\":3,\"data\":\"no name\"}");

            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":1,\"data\":null}");
            assertThat(ada.next())
                    .isEqualTo("{\"event\":\"error\",\"id\":2,\"data\":{\"code\":\"forbidden\","
                            + "\"message\":\"this connection may not join \\\"private.vault\\\"\"}}");
            assertThat(ada.next()).startsWith("{\"event\":\"error\",\"id\":3,\"data\":{\"code\":\"invalid\"");
        }
    }

    @Test
    void tellsWhoIsInARoomAndReadsTheirIdsAsClientsKnowThem() {
        GatewayServer server = serve(Gateway.at("/members")
                .onConnect(connection -> connection.join("lobby"))
                .answer(
                        "who",
                        connection -> connection
                                .to("lobby")
                                .except(connection)
                                .connections()
                                .thenApply(members ->
                                        members.stream().map(Connection::id).toList()))
                .on(
                        "poke",
                        ConnectionId.class,
                        (connection, id) -> connection
                                .clients()
                                .find(id)
                                .orElseThrow(() -> new Refusal(ErrorCode.NOT_FOUND, "to: no such connection"))
                                .send("poked", connection.id())));
        try (TestClient ada = TestClient.connect(server, "/members");
                TestClient ben = TestClient.connect(server, "/members")) {
            ben.send("{\"event\":\"who\",\"id\":1}");
            assertThat(ben.next()).isEqualTo("{\"event\":\"ack\",\"id\":1,\"data\":[\"" + ada.id() + "\"]}");

            ben.send("{\"event\":\"poke\",\"data\":\"" + ada.id() + "\"}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"poked\",\"data\":\"" + ben.id() + "\"}");

            ben.send("{\"event\":\"poke\",\"id\":2,\"data\":17}");
            assertThat(ben.next()).contains("data: missing or of another kind (expected: the id of a connection)");
        }
    }

    @Test
    void doesNotStartWhatCannotStartAndLeavesNothingBehind() {
        List<Long> before = beats();
        Gateway failing = Gateway.at("/fails").onStart(clients -> {
            throw new IllegalStateException("no feed");
        });

        assertThatThrownBy(() -> serve(Gateway.at("/fine"), failing)).hasMessage("no feed");

        while (!beats().equals(before)) {
            Thread.onSpinWait();
        }
    }

    private static List<Long> beats() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("campanile-app-beat"))
                .map(Thread::getId)
                .sorted()
                .toList();
    }

    @Test
    void refusesTheHandshakeOfWhomTheAuthenticatorRefuses() {
        GatewayServer server = serve(Gateway.at("/members")
                .authenticator(handshake -> CompletableFuture.completedFuture(Admission.tokenMissing()))
                .onConnect(connection -> seen.add("connected")));

        assertThatThrownBy(() -> TestClient.connect(server, "/members"))
                .hasCauseInstanceOf(WebSocketHandshakeException.class)
                .satisfies(
                        failure -> assertThat(((WebSocketHandshakeException) Objects.requireNonNull(failure.getCause()))
                                        .getResponse()
                                        .statusCode())
                                .isEqualTo(401));
        assertThat(seen).isEmpty();
    }
}

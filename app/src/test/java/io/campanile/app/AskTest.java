package io.campanile.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Posted;
import io.campanile.gateway.GatewayServer;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How clients are asked, and what comes of it, over real sockets. */
final class AskTest {

    private record Vote(boolean yes) {}

    private static final Duration LONG = Duration.ofMinutes(5);

    private final CompletableFuture<Clients> clients = new CompletableFuture<>();
    private final BlockingQueue<Connection> connected = new LinkedBlockingQueue<>();
    private final GatewayServer server = GatewayServer.builder()
            .port(0)
            .loops(2)
            .webSocket(Gateway.at("/vote")
                    .limits(HandlerLimits.defaults().withMaxAsks(3))
                    .onStart(clients::complete)
                    .onConnect(connection -> {
                        connection.join("voters");
                        connected.add(connection);
                    })
                    // Blocks its handler until the client has answered: its answer passes by the lane.
                    .answer(
                            "ask-me",
                            connection -> TestClient.now(connection.ask("vote", "now", Vote.class, LONG))
                                    .answer()
                                    .orElseThrow())
                    .answer("echo", String.class, (connection, text) -> text))
            .start();

    @AfterEach
    void stop() {
        server.close();
    }

    private Connection connection(TestClient client) {
        assertThat(client.id()).isNotEmpty();
        return TestClient.take(connected);
    }

    @Test
    void theAnswerComesBackAlsoWhileTheClientsOwnRequestIsHandledAndNumbersDoNotMeet() {
        try (TestClient ada = TestClient.connect(server, "/vote")) {
            ada.send("{\"event\":\"ask-me\",\"id\":-1}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"vote\",\"id\":-1,\"data\":\"now\"}");

            ada.send("{\"event\":\"ack\",\"id\":-1,\"data\":{\"yes\":true}}");

            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":-1,\"data\":{\"yes\":true}}");
        }
    }

    @Test
    void whatIsNoAnswerIsToldApart() {
        try (TestClient ada = TestClient.connect(server, "/vote")) {
            Connection connection = connection(ada);
            var refused = connection.ask("vote", "1", Vote.class, LONG);
            var unreadable = connection.ask("vote", "2", Vote.class, LONG);
            var late = connection.ask("vote", "3", Vote.class, Duration.ofMillis(1));
            ada.next();
            ada.next();
            ada.next();

            ada.send("{\"event\":\"error\",\"id\":-1,\"data\":{\"code\":\"no\",\"message\":\"not me\"}}");
            assertThat(TestClient.now(refused)).isEqualTo(new Reply.Refused<Vote>("no", "not me"));

            ada.send("{\"event\":\"ack\",\"id\":-2,\"data\":{\"yes\":\"maybe\"}}");
            assertThat(TestClient.now(unreadable))
                    .isEqualTo(new Reply.Unreadable<Vote>("yes: missing or of another kind (expected: true or false)"));

            assertThat(TestClient.now(late)).isEqualTo(new Reply.TimedOut<Vote>());
            ada.send("{\"event\":\"ack\",\"id\":-3,\"data\":{\"yes\":true}}");
            assertThat(ada.next()).contains("id: nothing of this id is awaited");

            var left = connection.ask("vote", "4", Vote.class, LONG);
            ada.next();
            ada.close();
            assertThat(TestClient.now(left)).isEqualTo(new Reply.Left<Vote>());
            assertThat(TestClient.now(connection.ask("vote", "5", Vote.class, LONG)))
                    .isEqualTo(new Reply.Left<Vote>());
            assertThat(TestClient.now(clients).stats().asks()).isZero();
        }
    }

    @Test
    void noMoreAnswersAreAwaitedFromOneClientThanTheLimit() {
        try (TestClient ada = TestClient.connect(server, "/vote")) {
            Connection connection = connection(ada);
            var first = connection.ask("vote", 1, Vote.class, LONG);
            connection.ask("vote", 2, Vote.class, LONG);
            connection.ask("vote", 3, Vote.class, LONG);

            assertThat(TestClient.now(connection.ask("vote", 4, Vote.class, LONG)))
                    .isEqualTo(new Reply.NotSent<Vote>(Posted.OVERLOADED));

            ada.send("{\"event\":\"ack\",\"id\":-1,\"data\":{\"yes\":true}}");
            assertThat(TestClient.now(first)).isEqualTo(new Reply.Answered<>(new Vote(true)));
            connection.ask("vote", 5, Vote.class, LONG);
            for (int data : new int[] {1, 2, 3, 5}) {
                assertThat(ada.next()).endsWith("\"data\":" + data + "}");
            }
        }
    }

    @Test
    void askingARoomGathersWhoAnsweredWhoDidNotAndWhoLeft() {
        try (TestClient yes = TestClient.connect(server, "/vote");
                TestClient silent = TestClient.connect(server, "/vote");
                TestClient leaving = TestClient.connect(server, "/vote");
                TestClient excepted = TestClient.connect(server, "/vote")) {
            Connection one = connection(yes);
            Connection two = connection(silent);
            Connection three = connection(leaving);
            Connection four = connection(excepted);

            var replies = TestClient.now(clients)
                    .to("voters")
                    .except(four)
                    .ask("vote", "now", Vote.class, Duration.ofMillis(500));
            String id = yes.next().replaceAll(".*\"id\":(-\\d+).*", "$1");
            leaving.next();
            leaving.close();
            yes.send("{\"event\":\"ack\",\"id\":" + id + ",\"data\":{\"yes\":true}}");

            Replies<Vote> all = TestClient.now(replies);
            assertThat(all.answers()).containsOnly(java.util.Map.entry(one.id(), new Vote(true)));
            assertThat(all.silent()).containsExactly(two.id());
            assertThat(all.left()).containsExactly(three.id());
            excepted.send("{\"event\":\"echo\",\"id\":1,\"data\":\"not asked\"}");
            assertThat(excepted.next()).contains("not asked");
        }
    }

    @Test
    void askingNobodyIsAnsweredAtOnce() {
        assertThat(TestClient.now(TestClient.now(clients).to("nobody").ask("vote", "", Vote.class, LONG))
                        .byConnection())
                .isEmpty();
    }
}

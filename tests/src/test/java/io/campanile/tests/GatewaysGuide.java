package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.app.Clients;
import io.campanile.app.Connection;
import io.campanile.app.Gateway;
import io.campanile.app.HandlerLimits;
import io.campanile.app.HandlerStats;
import io.campanile.app.Message;
import io.campanile.app.Refusal;
import io.campanile.app.Replies;
import io.campanile.app.Reply;
import io.campanile.app.Room;
import io.campanile.app.annotation.OnConnect;
import io.campanile.app.annotation.OnDisconnect;
import io.campanile.app.annotation.Subscribe;
import io.campanile.core.CloseReason;
import io.campanile.gateway.GatewayServer;
import io.campanile.protocol.ErrorCode;
import io.campanile.testkit.GatewayTester;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** The programs that {@code docs/gateways.md} quotes, between the lines that say so. */
final class GatewaysGuide {

    // guide begins
    record ChatMessage(String text) {}

    Gateway chat() {
        return Gateway.at("/chat")
                .onConnect(connection -> connection.join("lobby"))
                .on(
                        "message",
                        ChatMessage.class,
                        (connection, message) ->
                                connection.to("lobby").except(connection).send("message", message))
                .onDisconnect((connection, reason) -> connection.to("lobby").send("left"));
    }
    // guide ends

    GatewayServer start() {
        // guide begins
        GatewayServer server = GatewayServer.builder().port(0).webSocket(chat()).start();
        // guide ends
        return server;
    }

    // guide begins
    record Order(String symbol, int quantity, Optional<String> note) {}

    record Accepted(long number) {}

    Gateway orders(OrderBook book) {
        return Gateway.at("/orders")
                .answer("place", Order.class, (connection, order) -> {
                    if (order.quantity() > 1_000) {
                        throw new Refusal("too_large", "an order has at most 1000 pieces");
                    }
                    return new Accepted(book.place(order)); // the data of the ack
                })
                .answer(
                        "price",
                        String.class,
                        (connection, symbol) -> book.priceOf(symbol)) // a stage: acked when it completes
                .on("cancel", Long.class, (connection, number, message) -> {
                    if (!book.cancel(number)) {
                        message.refuse(ErrorCode.NOT_FOUND, "there is no such order");
                    }
                });
    }
    // guide ends

    interface OrderBook {
        long place(Order order);

        CompletionStage<Double> priceOf(String symbol);

        boolean cancel(long number);
    }

    void rooms(Connection connection, Object quote) {
        // guide begins
        connection.join("lobby"); // of this gateway
        connection.join(Room.shared("news")); // of all gateways, and of POST /api/publish
        connection.to("lobby").except(connection).send("typing"); // everyone there but this client
        connection.to("lobby", "kitchen").send("dinner", quote); // who is in both gets it once
        connection.to("prices").latestPerKey("ACME").send("price", quote); // a slow client skips to the newest
        connection.clients().toUser("ada").send("hello"); // all connections of a user to this gateway
        connection.clients().all().send("closing");
        // guide ends
    }

    // guide begins
    record Vote(boolean yes) {}

    void ask(Connection connection, Clients clients) {
        connection
                .ask("confirm", "Sell everything?", Vote.class, Duration.ofSeconds(20))
                .thenAccept(reply -> {
                    if (reply instanceof Reply.Answered<Vote> answered
                            && answered.value().yes()) {
                        connection.send("sold");
                    }
                });

        CompletionStage<Replies<Vote>> poll =
                clients.to("lobby").ask("vote", "More coffee?", Vote.class, Duration.ofSeconds(10));
        poll.thenAccept(
                replies -> clients.to("lobby").send("result", replies.answers().size()));
    }
    // guide ends

    // guide begins
    @io.campanile.app.annotation.Gateway("/game")
    static final class Game {

        record Move(int x, int y) {}

        @OnConnect
        void join(Connection player) {
            player.join("board");
        }

        @Subscribe("move")
        Move move(Connection player, Move move, Message message) {
            player.to("board").except(player).send("moved", move);
            return move; // the data of the ack
        }

        @OnDisconnect
        void leave(Connection player, CloseReason reason, Clients everyone) {
            everyone.to("board").send("gone", reason.label());
        }
    }
    // guide ends

    GatewayServer declared() {
        // guide begins
        Gateway game = Gateway.of(new Game());
        // guide ends
        return GatewayServer.builder().port(0).webSocket(game).start();
    }

    Gateway guarded(Gateway gateway, List<String> log) {
        // guide begins
        gateway = gateway.before(call -> {
                    if (call.connection().claims().subject().isEmpty()) {
                        throw new Refusal(ErrorCode.UNAUTHORIZED, "sign in first");
                    }
                })
                .around((call, next) -> {
                    long began = System.nanoTime();
                    try {
                        return next.proceed();
                    } finally {
                        log.add(call.event().orElse(call.kind().name()) + " took " + (System.nanoTime() - began)
                                + " ns");
                    }
                })
                .limits(HandlerLimits.defaults().withDeadline(Duration.ofSeconds(5)));
        // guide ends
        return gateway;
    }

    Gateway feed(Gateway gateway) {
        // guide begins
        ScheduledExecutorService ticker = Executors.newSingleThreadScheduledExecutor();
        gateway = gateway.onStart(clients -> ticker.scheduleAtFixedRate(
                        () -> clients.to("prices").latestPerKey("ACME").send("price", Math.random()),
                        1,
                        1,
                        TimeUnit.SECONDS))
                .onStop(clients -> ticker.shutdown());
        // guide ends
        return gateway;
    }

    void tested() {
        // guide begins
        try (GatewayTester tester = GatewayTester.of(chat())) {
            GatewayTester.Client ada = tester.connectAs("ada");
            GatewayTester.Client ben = tester.connectAs("ben");

            ada.request("message", "{\"text\":\"hello\"}");

            assertThat(ben.next())
                    .isEqualTo("{\"event\":\"message\",\"room\":\"lobby\",\"data\":{\"text\":\"hello\"}}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":1,\"data\":null}");

            tester.advance(Duration.ofMinutes(5)); // deadlines pass at once
        }
        // guide ends
    }

    HandlerStats stats(Clients clients) {
        // guide begins
        HandlerStats stats = clients.stats();
        // guide ends
        return stats;
    }
}

package io.campanile.examples.tradingfloor;

import io.campanile.app.Clients;
import io.campanile.app.Connection;
import io.campanile.app.Gateway;
import io.campanile.app.Refusal;
import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.CloseReason.ComeBack;
import io.campanile.gateway.Authenticator;
import io.campanile.gateway.TokenSources;
import io.campanile.protocol.ErrorCode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/** What happens on the floor: who is there, who may say what where, and what things cost. */
final class Floor {

    static final String COOKIE = "floor";

    private static final String HALL = "hall";
    private static final String PRICES = "prices";
    private static final String DESK = "desk.";
    private static final int MAX_TEXT = 500;
    private static final CloseReason SIGNED_OUT =
            new CloseReason(4001, "signed_out", "you have signed out", ComeBack.NO);

    record Where(String room) {}

    record Said(String room, String text) {}

    record Direct(String user, String text) {}

    record Price(String symbol, double price) {}

    private final Sessions sessions;
    private final CompletableFuture<Clients> clients = new CompletableFuture<>();

    /** The connections of each user. A user is there as long as one is. */
    private final Map<String, Set<Connection>> here = new ConcurrentHashMap<>();

    /** What each thing costs now, for those who come later. */
    private final Map<String, Price> prices = new ConcurrentHashMap<>();

    Floor(Sessions sessions) {
        this.sessions = sessions;
    }

    Gateway gateway() {
        return Gateway.at("/floor")
                .authenticator(Authenticator.tokens(TokenSources.defaults().withCookie(COOKIE), sessions))
                .onStart(clients::complete)
                .onConnect(this::arrived)
                .onDisconnect((connection, reason) -> left(connection))
                .answer("join", Where.class, this::join)
                .answer(
                        "leave",
                        Where.class,
                        (connection, where) -> connection
                                .leave(allowed(connection, where.room()))
                                .thenApply(outcome -> where))
                .answer("say", Said.class, this::say)
                .answer("direct", Direct.class, this::direct);
    }

    private void arrived(Connection connection) {
        connection.join(HALL);
        connection.join(PRICES);
        String user = user(connection);
        here.compute(user, (name, connections) -> {
            Set<Connection> all = connections == null ? ConcurrentHashMap.newKeySet() : connections;
            all.add(connection);
            return all;
        });
        connection.send("you", Map.of("user", user, "rooms", rooms(connection.claims())));
        prices.values().forEach(price -> connection.send("price", price));
        tellWhoIsHere();
    }

    private void left(Connection connection) {
        here.computeIfPresent(user(connection), (name, connections) -> {
            connections.remove(connection);
            return connections.isEmpty() ? null : connections;
        });
        tellWhoIsHere();
    }

    /**
     * The whole list each time: it is short, and the latest is right whatever came before. One at a time, since connections
     * come and go on several threads, and a list must not be told after one that is newer.
     */
    private synchronized void tellWhoIsHere() {
        clients.join().to(HALL).latestPerKey("here").send("here", Map.of("users", new TreeSet<>(here.keySet())));
    }

    private CompletionStage<?> join(Connection connection, Where where) {
        return connection.join(allowed(connection, where.room())).thenApply(outcome -> where);
    }

    private CompletionStage<?> say(Connection connection, Said said) {
        String text = checked(said.text());
        return connection
                .to(allowed(connection, said.room()))
                .sendWithReceipt("said", Map.of("room", said.room(), "by", user(connection), "text", text))
                .thenApply(receipt -> Map.of("reached", receipt.queued()));
    }

    private CompletionStage<?> direct(Connection connection, Direct direct) {
        Map<String, String> message =
                Map.of("by", user(connection), "to", direct.user(), "text", checked(direct.text()));
        return connection
                .clients()
                .toUser(direct.user())
                .sendWithReceipt("direct", message)
                .thenApply(receipt -> {
                    if (receipt.matched() == 0) {
                        throw new Refusal(ErrorCode.NOT_FOUND, "this user is not here");
                    }
                    return message;
                });
    }

    /** Returns the room if the user may be in it: the hall, and the desks that the token names. */
    private static String allowed(Connection connection, String room) {
        if (!rooms(connection.claims()).contains(room)) {
            throw new Refusal(ErrorCode.FORBIDDEN, "you may not be in this room");
        }
        return room;
    }

    private static List<String> rooms(Claims claims) {
        var rooms = new java.util.ArrayList<String>(List.of(HALL));
        if (claims.values().get(Sessions.DESKS) instanceof List<?> desks) {
            desks.forEach(desk -> rooms.add(DESK + desk));
        }
        return rooms;
    }

    private static String checked(String text) {
        if (text.isBlank() || text.length() > MAX_TEXT) {
            throw new Refusal(ErrorCode.INVALID, "text: expected 1 to " + MAX_TEXT + " characters");
        }
        return text;
    }

    private static String user(Connection connection) {
        return connection.claims().subject().orElseThrow();
    }

    /** Tells a price to everyone. Who reads slowly gets the latest of each symbol, and misses those between. */
    void price(String symbol, double price) {
        var news = new Price(symbol, price);
        prices.put(symbol, news);
        clients.join().to(PRICES).latestPerKey(symbol).send("price", news);
    }

    /** Ends a session: its token, and every connection that came with it. */
    void signOut(Claims claims) {
        sessions.end(claims);
        here.getOrDefault(claims.subject().orElse(""), Set.of()).stream()
                .filter(connection -> connection.claims().tokenId().equals(claims.tokenId()))
                .forEach(connection -> connection.close(SIGNED_OUT));
    }
}

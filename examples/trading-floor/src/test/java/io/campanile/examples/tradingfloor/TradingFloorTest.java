package io.campanile.examples.tradingfloor;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocketHandshakeException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who gets onto the trading floor, and what one hears there. */
final class TradingFloorTest {

    private static final String PING = "{\"event\":\"ping\",\"id\":99}";

    private final HttpClient http = HttpClient.newHttpClient();
    private final TradingFloor floor = new TradingFloor(0, Duration.ofMinutes(15));

    @AfterEach
    void close() {
        floor.close();
    }

    @Test
    void refusesAWrongPasswordAndAnUnknownUserInTheSameWords() throws Exception {
        HttpResponse<String> wrong = login("ada", "demo-ben");
        HttpResponse<String> unknown = login("eve", "demo-eve");

        assertThat(wrong.statusCode()).isEqualTo(401);
        assertThat(wrong.headers().firstValue("set-cookie")).isEmpty();
        assertThat(unknown.statusCode()).isEqualTo(401);
        assertThat(unknown.body()).isEqualTo(wrong.body());
        assertThat(login("nobody", "").statusCode()).isEqualTo(401);
    }

    @Test
    void keepsTheTokenFromScriptsAndFromOtherSites() throws Exception {
        String cookie =
                login("ada", "demo-ada").headers().firstValue("set-cookie").orElse("");

        assertThat(cookie).startsWith("floor=").contains("; HttpOnly", "; SameSite=Strict", "; Path=/");
        // What a form of another site can send.
        assertThat(post("/login", "text/plain", "{\"user\":\"ada\",\"password\":\"demo-ada\"}", "")
                        .statusCode())
                .isEqualTo(415);
    }

    @Test
    void letsNobodyInWithoutAToken() {
        for (String cookie : List.of("", "floor=", "floor=a.b.c", "other=x")) {
            assertThat(refusal(floor.port(), cookie)).as(cookie).isEqualTo(401);
        }
    }

    @Test
    void keepsADeskToThoseWhoSitThere() throws Exception {
        Visitor ben = enter("ben");
        Visitor cleo = enter("cleo");
        Visitor ada = enter("ada");
        for (Visitor visitor : List.of(ben, cleo)) {
            visitor.send("{\"event\":\"join\",\"id\":1,\"data\":{\"room\":\"desk.fx\"}}");
            visitor.await(message -> message.startsWith("{\"event\":\"ack\",\"id\":1,"));
        }

        for (String event : List.of(
                "{\"event\":\"join\",\"id\":2,\"data\":{\"room\":\"desk.fx\"}}",
                "{\"event\":\"say\",\"id\":2,\"data\":{\"room\":\"desk.fx\",\"text\":\"let me in\"}}",
                "{\"event\":\"join\",\"id\":2,\"data\":{\"room\":\"desk.\"}}",
                "{\"event\":\"say\",\"id\":2,\"data\":{\"room\":\"prices\",\"text\":\"ACME 1.00\"}}")) {
            ada.send(event);
            assertThat(ada.await(message -> message.contains("\"id\":2"))).contains("\"forbidden\"");
        }
        ben.send("{\"event\":\"say\",\"data\":{\"room\":\"desk.fx\",\"text\":\"ours\"}}");

        assertThat(cleo.await(message -> message.contains("\"said\"")))
                .contains("\"by\":\"ben\"", "\"text\":\"ours\"", "\"room\":\"desk.fx\"");
        assertThat(allUpToPong(ada)).noneMatch(message -> message.contains("\"said\""));
    }

    @Test
    void bringsADirectMessageToAllOfOneUserAndToNobodyElse() throws Exception {
        Visitor ada = enter("ada");
        Visitor ben = enter("ben");
        Visitor benAtHome = enter("ben");
        Visitor cleo = enter("cleo");

        ada.send("{\"event\":\"direct\",\"id\":1,\"data\":{\"user\":\"ben\",\"text\":\"lunch?\"}}");

        ada.await(message -> message.startsWith("{\"event\":\"ack\",\"id\":1,"));
        for (Visitor visitor : List.of(ben, benAtHome)) {
            assertThat(visitor.await(message -> message.contains("\"direct\"")))
                    .contains("\"by\":\"ada\"", "\"text\":\"lunch?\"");
        }
        assertThat(allUpToPong(cleo)).noneMatch(message -> message.contains("\"direct\""));
        assertThat(allUpToPong(ada)).noneMatch(message -> message.contains("\"event\":\"direct\""));
        ada.send("{\"event\":\"direct\",\"id\":2,\"data\":{\"user\":\"dora\",\"text\":\"there?\"}}");
        assertThat(ada.await(message -> message.contains("\"id\":2"))).contains("\"not_found\"");
    }

    @Test
    void showsWhoIsHereByUserAndNotByConnection() throws Exception {
        Visitor ada = enter("ada");
        Visitor ben = enter("ben");
        ada.await(here("ada", "ben"));
        Visitor benAtHome = enter("ben");
        ben.leave();
        Visitor cleo = enter("cleo");
        ada.await(here("ada", "ben", "cleo"));

        benAtHome.leave();

        cleo.await(here("ada", "cleo"));
    }

    @Test
    void showsWhoIsHereLastAsItIsHoweverManyComeAndGoAtOnce() throws Exception {
        Visitor ada = enter("ada");
        ada.await(here("ada"));
        String cookie = cookie("ben");

        for (int round = 0; round < 100; round++) {
            List<Visitor> tabs = Stream.generate(() -> Visitor.enter(floor.port(), cookie))
                    .limit(4)
                    .toList();
            tabs.forEach(Visitor::leave);

            String last = "";
            for (int told = 0; told < 2 * tabs.size(); told++) {
                last = ada.await(message -> message.contains("\"here\""));
            }
            assertThat(last).matches(here("ada"));
        }
    }

    private static Predicate<String> here(String... users) {
        String list = "\"users\":[\"" + String.join("\",\"", users) + "\"]";
        return message -> message.contains("\"here\"") && message.contains(list);
    }

    @Test
    void tellsPricesAndThoseOfBeforeToWhoComesLater() throws Exception {
        Visitor ada = enter("ada");
        floor.price("ACME", 12.5);
        ada.await(price("ACME", "12.5"));

        Visitor ben = enter("ben");

        ben.await(price("ACME", "12.5"));
    }

    @Test
    void bringsASleeperTheLatestPriceOfEachAndSparesTheRest() throws Exception {
        String cookie = cookie("ada");
        Visitor awake = enter("ben");
        Visitor asleep = Visitor.enterAsleep(floor.port(), cookie);
        awake.await(here("ada", "ben"));
        int rounds = 100_000;
        for (int i = 0; i < rounds; i++) {
            floor.price("ACME", i);
            floor.price("BELL", i);
            if (i % 1_000 == 0) {
                String last = i + ".0";
                awake.await(price("BELL", last));
            }
        }
        floor.price("ACME", 1_000_001);
        floor.price("BELL", 1_000_002);

        asleep.wakeUp();
        List<String> heard = asleep.awaitAll(price("BELL", "1000002.0"));

        assertThat(heard).anyMatch(price("ACME", "1000001.0"));
        assertThat(heard).anyMatch(message -> message.contains("\"campanile.gap\""));
        assertThat(heard.size()).isLessThan(rounds);
        asleep.send(PING);
        asleep.await(message -> message.contains("\"pong\""));
    }

    private static Predicate<String> price(String symbol, String price) {
        return message -> message.contains("\"symbol\":\"" + symbol + "\",\"price\":" + price + "}");
    }

    @Test
    void closesWhatASessionOpenedWhenItsUserSignsOutAndLetsTheTokenInNoMore() throws Exception {
        String here = cookie("ada");
        String elsewhere = cookie("ada");
        Visitor first = Visitor.enter(floor.port(), here);
        Visitor second = Visitor.enter(floor.port(), here);
        Visitor other = Visitor.enter(floor.port(), elsewhere);
        for (Visitor visitor : List.of(first, second, other)) {
            visitor.await(message -> message.contains("\"you\""));
        }

        assertThat(post("/logout", "application/json", "{}", here).statusCode()).isEqualTo(204);

        assertThat(first.closeCode()).isEqualTo(4001);
        assertThat(second.closeCode()).isEqualTo(4001);
        assertThat(refusal(floor.port(), here)).isEqualTo(401);
        assertThat(allUpToPong(other)).isNotEmpty();
    }

    @Test
    void closesWhatASessionOpenedWhenItExpires() throws Exception {
        try (var shortLived = new TradingFloor(0, Duration.ofSeconds(2))) {
            String cookie = cookie(shortLived.port(), "ada");
            Visitor ada = Visitor.enter(shortLived.port(), cookie);

            assertThat(ada.closeCode()).isEqualTo(3006);
            assertThat(refusal(shortLived.port(), cookie)).isEqualTo(401);
        }
    }

    @Test
    void refusesTextsThatAreEmptyOrTooLong() throws Exception {
        Visitor ada = enter("ada");

        for (String text : List.of("", "x".repeat(501))) {
            ada.send("{\"event\":\"say\",\"id\":1,\"data\":{\"room\":\"hall\",\"text\":\"" + text + "\"}}");
            assertThat(ada.await(message -> message.contains("\"id\":1"))).contains("\"invalid\"");
        }
        ada.send("{\"event\":\"say\",\"id\":2,\"data\":{\"room\":\"hall\",\"text\":\"" + "x".repeat(500) + "\"}}");
        ada.await(message -> message.startsWith("{\"event\":\"ack\",\"id\":2,"));
    }

    @Test
    void servesAPageThatLetsNoForeignScriptIn() throws Exception {
        HttpResponse<String> page = http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + floor.port() + "/"))
                        .build(),
                BodyHandlers.ofString());

        assertThat(page.headers().firstValue("content-security-policy").orElse(""))
                .contains("default-src 'none'", "script-src 'self'")
                .doesNotContain("unsafe");
        assertThat(page.body()).doesNotContain("<script>", "onclick", "style=", "http://", "https://");
    }

    /** Returns the status with which a handshake is refused. */
    private static int refusal(int port, String cookie) {
        try {
            Visitor.enter(port, cookie);
        } catch (CompletionException e) {
            if (e.getCause() instanceof WebSocketHandshakeException refused) {
                return Optional.ofNullable(refused.getResponse()).orElseThrow().statusCode();
            }
            throw e;
        }
        throw new AssertionError("was let in");
    }

    private static List<String> allUpToPong(Visitor visitor) {
        visitor.send(PING);
        return visitor.awaitAll(message -> message.contains("\"pong\""));
    }

    private Visitor enter(String user) throws Exception {
        Visitor visitor = Visitor.enter(floor.port(), cookie(user));
        visitor.await(message -> message.contains("\"you\""));
        return visitor;
    }

    private String cookie(String user) throws Exception {
        return cookie(floor.port(), user);
    }

    private String cookie(int port, String user) throws Exception {
        HttpResponse<String> answer = login(port, user, "demo-" + user);
        assertThat(answer.statusCode()).isEqualTo(204);
        return answer.headers().firstValue("set-cookie").orElse("").split(";", 2)[0];
    }

    private HttpResponse<String> login(String user, String password) throws Exception {
        return login(floor.port(), user, password);
    }

    private HttpResponse<String> login(int port, String user, String password) throws Exception {
        return post(
                port,
                "/login",
                "application/json",
                "{\"user\":\"" + user + "\",\"password\":\"" + password + "\"}",
                "");
    }

    private HttpResponse<String> post(String path, String type, String body, String cookie) throws Exception {
        return post(floor.port(), path, type, body, cookie);
    }

    private HttpResponse<String> post(int port, String path, String type, String body, String cookie) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .header("content-type", type)
                .POST(BodyPublishers.ofString(body));
        if (!cookie.isEmpty()) {
            request.header("cookie", cookie);
        }
        return http.send(request.build(), BodyHandlers.ofString());
    }
}

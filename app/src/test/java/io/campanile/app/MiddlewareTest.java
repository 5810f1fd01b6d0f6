package io.campanile.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.gateway.GatewayServer;
import io.campanile.protocol.ErrorCode;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Positive;
import jakarta.validation.constraints.Size;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What stands around handlers: middleware and the checks of payloads, over real sockets. */
final class MiddlewareTest {

    private record Line(@Positive int count, String article) {}

    private record Order(
            @NotBlank @Size(max = 8) String symbol, @Valid List<Line> lines) {}

    private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    private GatewayServer server = GatewayServer.builder().port(0).loops(1).start();

    private TestClient serve(Gateway gateway) {
        server.close();
        server = GatewayServer.builder().port(0).loops(1).webSocket(gateway).start();
        return TestClient.connect(server, gateway.path());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void theFirstStandsOutermostAroundEverythingThatIsHandled() {
        try (TestClient ada = serve(Gateway.at("/m")
                .around((call, next) -> {
                    seen.add("in " + call.kind() + call.event().map(" "::concat).orElse(""));
                    Object result = next.proceed();
                    seen.add("out");
                    return result;
                })
                .around((call, next) -> {
                    seen.add("inner");
                    return next.proceed();
                })
                .onConnect(connection -> seen.add("connected"))
                .answer("ask", connection -> "answer")
                .onBinary((connection, bytes) -> seen.add("bytes"))
                .onDisconnect((connection, reason) -> seen.add("disconnected")))) {
            ada.send("{\"event\":\"ask\",\"id\":1}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":1,\"data\":\"answer\"}");
            ada.send(new byte[1]);
            ada.leave();

            for (String expected : List.of(
                    "in CONNECT",
                    "inner",
                    "connected",
                    "out",
                    "in EVENT ask",
                    "inner",
                    "out",
                    "in BINARY",
                    "inner",
                    "bytes",
                    "out",
                    "in DISCONNECT",
                    "inner",
                    "disconnected",
                    "out")) {
                assertThat(TestClient.take(seen)).isEqualTo(expected);
            }
        }
    }

    @Test
    void whatRunsBeforeMayRefuse() {
        try (TestClient ada = serve(Gateway.at("/m")
                .before(call -> {
                    if (call.event().equals(Optional.of("secret"))) {
                        throw new Refusal(ErrorCode.UNAUTHORIZED, "sign in first");
                    }
                })
                .on("secret", connection -> seen.add("secret"))
                .answer("public", connection -> "public"))) {
            ada.send("{\"event\":\"secret\",\"id\":1}").send("{\"event\":\"public\",\"id\":2}");

            assertThat(ada.next()).contains("\"id\":1").contains("unauthorized").contains("sign in first");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":2,\"data\":\"public\"}");
            assertThat(seen).isEmpty();
        }
    }

    @Test
    void whatRunsAfterIsToldHowItWentAlsoOfAStage() {
        CompletableFuture<String> later = new CompletableFuture<>();
        try (TestClient ada = serve(Gateway.at("/m")
                .after((call, failure) -> seen.add(call.event().orElse("") + " "
                        + failure.map(Throwable::getMessage).orElse("fine")))
                .on("good", connection -> {})
                .on("bad", connection -> {
                    throw new IllegalStateException("broken");
                })
                .answer("later", connection -> later))) {
            ada.send("{\"event\":\"good\",\"id\":1}")
                    .send("{\"event\":\"bad\",\"id\":2}")
                    .send("{\"event\":\"later\",\"id\":3}");
            ada.next();
            ada.next();
            assertThat(List.of(TestClient.take(seen), TestClient.take(seen)))
                    .containsExactly("good fine", "bad broken");

            later.complete("now");

            assertThat(TestClient.take(seen)).isEqualTo("later fine");
            assertThat(ada.next()).contains("now");
        }
    }

    @Test
    void payloadsAreCheckedByJakartaValidationWhereItIsOnTheClassPath() {
        try (TestClient ada =
                serve(Gateway.at("/m").answer("order", Order.class, (connection, order) -> order.symbol()))) {
            ada.send("{\"event\":\"order\",\"id\":1,\"data\":{\"symbol\":\" \",\"lines\":[]}}");
            assertThat(ada.next()).contains("\"code\":\"invalid\",\"message\":\"symbol: must not be blank\"");

            ada.send("{\"event\":\"order\",\"id\":2,\"data\":{\"symbol\":\"SECRETSECRET\",\"lines\":[]}}");
            assertThat(ada.next())
                    .contains("symbol: size must be between 0 and 8")
                    .doesNotContain("SECRET");

            ada.send("{\"event\":\"order\",\"id\":3,\"data\":{\"symbol\":\"A\","
                    + "\"lines\":[{\"count\":1,\"article\":\"a\"},{\"count\":0,\"article\":\"b\"}]}}");
            assertThat(ada.next()).contains("lines[1].count: must be greater than 0");

            ada.send(
                    "{\"event\":\"order\",\"id\":4,\"data\":{\"symbol\":\"A\",\"lines\":[{\"count\":1,\"article\":\"a\"}]}}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":4,\"data\":\"A\"}");
        }
    }

    @Test
    void aCheckOfTheApplicationsOwnTakesItsPlace() {
        try (TestClient ada = serve(Gateway.at("/m")
                .validation(payload -> payload.equals("bad") ? Optional.of("data: not this one") : Optional.empty())
                .answer("text", String.class, (connection, text) -> text)
                .answer("order", Order.class, (connection, order) -> order.symbol()))) {
            ada.send("{\"event\":\"text\",\"id\":1,\"data\":\"bad\"}");
            assertThat(ada.next()).contains("data: not this one");
            ada.send("{\"event\":\"order\",\"id\":2,\"data\":{\"symbol\":\" \",\"lines\":[]}}");
            assertThat(ada.next()).isEqualTo("{\"event\":\"ack\",\"id\":2,\"data\":\" \"}");
        }
    }
}

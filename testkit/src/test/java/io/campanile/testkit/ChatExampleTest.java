package io.campanile.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.app.Clients;
import io.campanile.app.Gateway;
import io.campanile.app.Refusal;
import io.campanile.app.Replies;
import io.campanile.core.Delivery;
import io.campanile.core.Liveness;
import io.campanile.core.OutboundLimits;
import io.campanile.core.OverflowPolicy;
import io.campanile.core.RegistryConfig;
import io.campanile.protocol.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** How the handlers of an application are tested, by the example of a chat. */
final class ChatExampleTest {

    record Line(String text) {}

    record Joined(String user) {}

    record Vote(boolean yes) {}

    /** A stand-in for what the chat asks for a translation. */
    private final CompletableFuture<Line> translation = new CompletableFuture<>();

    private final Gateway chat = Gateway.at("/chat")
            .onConnect(connection -> {
                String user = connection
                        .claims()
                        .subject()
                        .orElseThrow(() -> new Refusal(ErrorCode.UNAUTHORIZED, "sign in first"));
                connection.to("lobby").send("joined", new Joined(user));
                connection.join("lobby");
            })
            .on(
                    "say",
                    Line.class,
                    (connection, line) -> connection
                            .to("lobby")
                            .except(connection)
                            .with(Delivery.usual().withOverflow(OverflowPolicy.DROP_NEWEST))
                            .send("said", line))
            .answer("translate", Line.class, (connection, line) -> translation)
            .onDisconnect((connection, reason) -> connection
                    .to("lobby")
                    .send("left", new Joined(connection.claims().subject().orElse("nobody"))));

    private final GatewayTester tester = GatewayTester.of(chat);

    @Test
    void whatOneSaysReachesTheOthers() {
        GatewayTester.Client ada = tester.connectAs("ada");
        GatewayTester.Client ben = tester.connectAs("ben");

        ben.request("say", "{\"text\":\"hello\"}");

        assertThat(ada.received())
                .containsExactly(
                        "{\"event\":\"joined\",\"room\":\"lobby\",\"data\":{\"user\":\"ben\"}}",
                        "{\"event\":\"said\",\"room\":\"lobby\",\"data\":{\"text\":\"hello\"}}");
        assertThat(ben.received()).containsExactly("{\"event\":\"ack\",\"id\":1,\"data\":null}");
    }

    @Test
    void whoIsNotSignedInIsTurnedAway() {
        GatewayTester.Client stranger = tester.connect();

        assertThat(stranger.next()).contains("\"code\":\"unauthorized\"");
        assertThat(stranger.closeReason())
                .hasValueSatisfying(reason -> assertThat(reason.code()).isEqualTo(1008));
        assertThat(tester.clients().count()).isZero();
    }

    @Test
    void whoVanishesIsAnnouncedAsHavingLeft() {
        GatewayTester.Client ada = tester.connectAs("ada");
        GatewayTester.Client ben = tester.connectAs("ben");
        ada.received();

        ben.vanish();

        assertThat(ada.received())
                .containsExactly("{\"event\":\"left\",\"room\":\"lobby\",\"data\":{\"user\":\"ben\"}}");
    }

    @Test
    void aTranslationThatTakesLongerThanHalfAMinuteIsGivenUp() {
        GatewayTester.Client ada = tester.connectAs("ada");
        ada.request("translate", "{\"text\":\"hello\"}");

        tester.advance(Duration.ofMillis(29_900));
        assertThat(ada.received()).isEmpty();
        tester.advance(Duration.ofMillis(100));

        assertThat(ada.next()).contains("\"code\":\"timeout\"");
        assertThat(translation).isCancelled();
    }

    @Test
    void aVoteEndsWhenItsTimeIsUpWithWhatThereIs() {
        GatewayTester.Client ada = tester.connectAs("ada");
        GatewayTester.Client ben = tester.connectAs("ben");
        GatewayTester.Client cem = tester.connectAs("cem");
        List.of(ada, ben, cem).forEach(GatewayTester.Client::received);
        Clients everyone = tester.clients();

        CompletableFuture<Replies<Vote>> vote = everyone.to("lobby")
                .ask("vote", new Line("more coffee?"), Vote.class, Duration.ofSeconds(10))
                .toCompletableFuture();
        assertThat(ada.next()).isEqualTo("{\"event\":\"vote\",\"id\":-1,\"data\":{\"text\":\"more coffee?\"}}");
        ada.answer(-1, "{\"yes\":true}");
        ben.leave();
        assertThat(vote).isNotDone();
        tester.advance(Duration.ofSeconds(10));

        Replies<Vote> replies = vote.join();
        assertThat(replies.answers()).containsOnly(java.util.Map.entry(ada.id(), new Vote(true)));
        assertThat(replies.left()).containsExactly(ben.id());
        assertThat(replies.silent()).containsExactly(cem.id());
    }

    @Test
    void whoReadsTooSlowlyIsToldHowMuchItMissedInTheRoomAsItKnowsIt() {
        GatewayTester small = GatewayTester.of(
                chat,
                RegistryConfig.defaults().withLiveness(Liveness.off()).withOutbound(new OutboundLimits(1_024, 4)));
        GatewayTester.Client ada = small.connectAs("ada");
        GatewayTester.Client ben = small.connectAs("ben");
        ada.received();

        ada.stall();
        for (int i = 0; i < 20; i++) {
            ben.send("say", "{\"text\":\"" + i + "\"}");
        }
        ada.readOn();

        List<String> received = ada.received();
        assertThat(received.get(received.size() - 1))
                .matches("\\{\"event\":\"campanile.gap\",\"room\":\"lobby\",\"data\":\\{\"missed\":\\d+}}");
    }
}

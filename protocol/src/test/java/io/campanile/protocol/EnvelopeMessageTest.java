package io.campanile.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.campanile.core.Message;
import io.campanile.core.Posted;
import io.campanile.core.Receipt;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a message looks like on the wire. */
final class EnvelopeMessageTest {

    @Test
    void welcomesAConnection() {
        assertThat(text(EnvelopeMessage.welcome("4fzyo82m")))
                .isEqualTo("{\"event\":\"welcome\",\"data\":{\"connection\":\"4fzyo82m\",\"protocol\":1}}");
    }

    @Test
    void tellsAnEvent() {
        assertThat(text(EnvelopeMessage.event("price", JsonSlice.of("[1.50]"))))
                .isEqualTo("{\"event\":\"price\",\"data\":[1.50]}");
    }

    @Test
    void namesTheRoomOfAnEvent() {
        assertThat(text(EnvelopeMessage.inRoom(
                        "lobby", "chat", JsonSlice.of("{ \"b\":1, \"a\":1e400, \"b\":\"\\u00e9\" }"))))
                .isEqualTo(
                        "{\"event\":\"chat\",\"room\":\"lobby\",\"data\":{ \"b\":1, \"a\":1e400, \"b\":\"\\u00e9\" }}");
    }

    @Test
    void tellsTheIdThatItsPublisherGaveIt() {
        EnvelopeMessage message =
                EnvelopeMessage.inRoom("lobby", "chat", JsonSlice.of("1")).withEventId("o'42 \"\u00e9\"");

        assertThat(message.eventId()).contains("o'42 \"\u00e9\"");
        assertThat(text(message))
                .isEqualTo("{\"event\":\"chat\",\"room\":\"lobby\",\"eventId\":\"o'42 \\\"\u00e9\\\"\",\"data\":1}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a\nevent: forged", "a\rb", "\0", "\u2028", "\ud800"})
    void hasNoIdThatIsNoLine(String id) {
        EnvelopeMessage message = EnvelopeMessage.event("chat", JsonSlice.NULL);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> message.withEventId(id))
                .withMessageStartingWith("eventId: \"");
        assertThatIllegalArgumentException().isThrownBy(() -> message.withEventId("x".repeat(129)));
    }

    @Test
    void namesTheSenderOfADirectMessage() {
        assertThat(text(EnvelopeMessage.direct("4fzyo82m", "hint", JsonSlice.NULL)))
                .isEqualTo("{\"event\":\"hint\",\"from\":\"4fzyo82m\",\"data\":null}");
    }

    @Test
    void acknowledgesARequestUnderItsId() {
        assertThat(text(EnvelopeMessage.ack(7, Answers.joined("lobby", 3))))
                .isEqualTo("{\"event\":\"ack\",\"id\":7,\"data\":{\"room\":\"lobby\",\"members\":3}}");
        assertThat(text(EnvelopeMessage.ack(-7, Answers.left("lobby"))))
                .isEqualTo("{\"event\":\"ack\",\"id\":-7,\"data\":{\"room\":\"lobby\"}}");
        assertThat(text(EnvelopeMessage.ack(0, Answers.receipt(new Receipt(Posted.ACCEPTED, 6, 3, 2, 1, 0)))))
                .isEqualTo("{\"event\":\"ack\",\"id\":0,"
                        + "\"data\":{\"matched\":6,\"queued\":3,\"dropped\":2,\"evicted\":1}}");
        assertThat(text(EnvelopeMessage.ack(0, Answers.receipt(1, 1, 0, 0, 2))))
                .isEqualTo("{\"event\":\"ack\",\"id\":0,"
                        + "\"data\":{\"matched\":1,\"queued\":1,\"dropped\":0,\"evicted\":0,\"displaced\":2}}");
    }

    @Test
    void tellsHowManyMessagesAClientMissedAndWhere() {
        assertThat(text(EnvelopeMessage.gap(Optional.of("prices"), 12)))
                .isEqualTo("{\"event\":\"campanile.gap\",\"room\":\"prices\",\"data\":{\"missed\":12}}");
        assertThat(text(EnvelopeMessage.gap(Optional.empty(), 1)))
                .isEqualTo("{\"event\":\"campanile.gap\",\"data\":{\"missed\":1}}");
    }

    @Test
    void saysWhyARequestFailed() {
        assertThat(text(EnvelopeMessage.error(OptionalLong.of(7), ErrorCode.FORBIDDEN, "no \"x\" here")))
                .isEqualTo("{\"event\":\"error\",\"id\":7,"
                        + "\"data\":{\"code\":\"forbidden\",\"message\":\"no \\\"x\\\" here\"}}");
        assertThat(text(EnvelopeMessage.error((Inbound.ProtocolError) EnvelopeCodecTest.decode("{"))))
                .isEqualTo("{\"event\":\"error\",\"data\":{\"code\":\"malformed\","
                        + "\"message\":\"byte 1: expected a property name in double quotes before the text ended\"}}");
    }

    @Test
    void answersAPingWithItsData() {
        assertThat(text(EnvelopeMessage.pong(OptionalLong.of(7), JsonSlice.of("{\"t\":1.0}"))))
                .isEqualTo("{\"event\":\"pong\",\"id\":7,\"data\":{\"t\":1.0}}");
        assertThat(text(EnvelopeMessage.pong(OptionalLong.empty(), JsonSlice.NULL)))
                .isEqualTo("{\"event\":\"pong\",\"data\":null}");
    }

    @Test
    void escapesARoomThatTheApplicationNamedFreely() {
        assertThat(text(EnvelopeMessage.inRoom("a \"b\"\\\n\u2028\u00e9\ud83d\ude00\ud800", "chat", JsonSlice.NULL)))
                .isEqualTo("{\"event\":\"chat\",\"room\":\"a \\\"b\\\"\\\\\\n\\u2028\u00e9\ud83d\ude00\ufffd\","
                        + "\"data\":null}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "caf\u00e9", "welcome", "ack", "error", "ping", "pong", "campanile.gap"})
    void keepsTheServersOwnEventsToTheServer(String event) {
        assertThatIllegalArgumentException().isThrownBy(() -> EnvelopeMessage.event(event, JsonSlice.NULL));
        assertThatIllegalArgumentException().isThrownBy(() -> EnvelopeMessage.inRoom("a", event, JsonSlice.NULL));
        assertThatIllegalArgumentException().isThrownBy(() -> EnvelopeMessage.direct("a", event, JsonSlice.NULL));
    }

    @Test
    void givesItsFieldsToOtherEnvelopes() {
        EnvelopeMessage room = EnvelopeMessage.inRoom("lobby", "chat", JsonSlice.of("1"));
        EnvelopeMessage direct = EnvelopeMessage.direct("4fzyo82m", "hint", JsonSlice.of("2"));

        assertThat(room.kind()).isEqualTo(Message.Kind.TEXT);
        assertThat(room.event()).isEqualTo("chat");
        assertThat(room.room()).contains("lobby");
        assertThat(room.from()).isEmpty();
        assertThat(room.id()).isEmpty();
        assertThat(room.data()).isEqualTo(JsonSlice.of("1"));
        assertThat(direct.room()).isEmpty();
        assertThat(direct.from()).contains("4fzyo82m");
        assertThat(EnvelopeMessage.ack(7, JsonSlice.NULL).id()).hasValue(7);
    }

    @Test
    void isReadAsItWasWritten() {
        var random = new Random(20_261_123L);
        var json = new RandomJson(random);

        for (int i = 0; i < 10_000; i++) {
            String room = json.name();
            JsonSlice data = JsonSlice.of(json.value(4));
            String event = "e" + json.name().substring(1);

            assertThat(EnvelopeCodec.decode(
                            EnvelopeMessage.inRoom(room, event, data).payload()))
                    .isEqualTo(new Inbound.Request(event, OptionalLong.empty(), Optional.of(room), data));
        }
    }

    @Test
    void isAJsonObjectWhateverTheRoomIsCalled() {
        var random = new Random(20_261_123L);

        for (int i = 0; i < 10_000; i++) {
            var room = new StringBuilder();
            for (int length = random.nextInt(20); length > 0; length--) {
                room.append((char) (random.nextInt(4) == 0 ? 0xd700 + random.nextInt(0xa00) : random.nextInt(0x100)));
            }
            byte[] payload =
                    EnvelopeMessage.inRoom(room.toString(), "e", JsonSlice.NULL).payload();

            assertThat(JacksonReferee.isJsonObject(payload)).as(room.toString()).isTrue();
        }
    }

    private static String text(EnvelopeMessage message) {
        return new String(message.payload(), StandardCharsets.UTF_8);
    }
}

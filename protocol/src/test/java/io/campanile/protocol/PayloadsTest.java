package io.campanile.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.protocol.DirectSend.Addressee;
import io.campanile.protocol.HttpPublish.Target;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the data of the server's own events may say, and what a client is told about what it may not. */
final class PayloadsTest {
    private static final String NAME_RULE = "1 to 128 of the characters A-Z a-z 0-9 _ - . : / @ = + ~";

    @Test
    void readsTheRoomToJoin() {
        assertThat(Payloads.roomRequest(JsonSlice.of("{\"room\":\"lobby\"}")))
                .isEqualTo(new Payload.Valid<>(new RoomRequest("lobby")));
    }

    @Test
    void readsAPublishToARoom() {
        assertThat(
                        Payloads.roomPublish(
                                JsonSlice.of(
                                        "{\"room\":\"lobby\",\"event\":\"chat\",\"data\":{\"b\":1.0,\"a\":1e400},\"key\":\"eur\",\"echo\":false}")))
                .isEqualTo(new Payload.Valid<>(
                        new RoomPublish("lobby", "chat", JsonSlice.of("{\"b\":1.0,\"a\":1e400}"), "eur", false)));
    }

    @Test
    void echoesUnlessToldOtherwiseAndTakesAbsentDataForNull() {
        var expected = new Payload.Valid<>(new RoomPublish("lobby", "chat", JsonSlice.NULL, "", true));

        assertThat(Payloads.roomPublish(JsonSlice.of("{\"room\":\"lobby\",\"event\":\"chat\"}")))
                .isEqualTo(expected);
        assertThat(Payloads.roomPublish(
                        JsonSlice.of("{\"room\":\"lobby\",\"event\":\"chat\",\"data\":null,\"echo\":true}")))
                .isEqualTo(expected);
    }

    @Test
    void readsADirectMessageToAConnection() {
        assertThat(Payloads.directSend(JsonSlice.of("{\"to\":\"c-1\",\"event\":\"hint\",\"data\":[1, 2]}")))
                .isEqualTo(new Payload.Valid<>(
                        new DirectSend(new Addressee.OneConnection("c-1"), "hint", JsonSlice.of("[1, 2]"))));
    }

    @Test
    void readsADirectMessageToAUserOfAnyName() {
        assertThat(Payloads.directSend(JsonSlice.of("{\"user\":\"auth0|Zo\\u00eb \ud83d\ude00\",\"event\":\"hint\"}")))
                .isEqualTo(new Payload.Valid<>(
                        new DirectSend(new Addressee.OneUser("auth0|Zo\u00eb \ud83d\ude00"), "hint", JsonSlice.NULL)));
    }

    @Test
    void readsEachTargetOfAPublishOverHttp() {
        assertThat(httpPublish("{\"room\":\"lobby\",\"event\":\"chat\",\"data\":{ }}"))
                .isEqualTo(new Payload.Valid<>(new HttpPublish(
                        new Target.OneRoom("lobby"), List.of(), List.of(), "chat", JsonSlice.of("{ }"), "")));
        assertThat(httpPublish("{\"rooms\":[ \"a\" , \"b\\u002fc\"],\"event\":\"chat\",\"data\":1}"))
                .isEqualTo(new Payload.Valid<>(new HttpPublish(
                        new Target.SomeRooms(List.of("a", "b/c")),
                        List.of(),
                        List.of(),
                        "chat",
                        JsonSlice.of("1"),
                        "")));
        assertThat(httpPublish("{\"user\":\"ada\",\"event\":\"chat\",\"key\":\"eur\"}"))
                .isEqualTo(new Payload.Valid<>(new HttpPublish(
                        new Target.OneUser("ada"), List.of(), List.of(), "chat", JsonSlice.NULL, "eur")));
        assertThat(httpPublish(
                        "{\"all\":true,\"event\":\"chat\",\"except\":[\"c-1\",\"c-2\"],\"exceptRooms\":[\"a\"]}"))
                .isEqualTo(new Payload.Valid<>(new HttpPublish(
                        new Target.Everyone(), List.of("c-1", "c-2"), List.of("a"), "chat", JsonSlice.NULL, "")));
    }

    @Test
    void readsTheIdOfAPublishedEvent() {
        assertThat(httpPublish("{\"room\":\"lobby\",\"event\":\"chat\",\"eventId\":\"order/7 a\"}"))
                .isEqualTo(new Payload.Valid<>(new HttpPublish(
                        new Target.OneRoom("lobby"),
                        List.of(),
                        List.of(),
                        "chat",
                        JsonSlice.NULL,
                        "",
                        Optional.of("order/7 a"))));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            delimiter = ';',
            value = {
                "null; data: missing (expected: an object)",
                "{}; room: missing (expected: the name of a room)",
                "{\"room\":null}; room: missing (expected: the name of a room)",
                "{\"room\":7}; room: the number 7 (expected: a string)",
                "{\"room\":\" lobby\"}; room: \" lobby\" (expected: RULE)",
                "{\"room\":\"a\",\"room\":\"b\"}; room: given twice (expected: at most once)",
                "{\"room\":\"a\",\"Room\":\"b\"}; unknown field \"Room\" (expected: room)",
            })
    void saysWhatIsWrongWithARoom(String data, String message) {
        assertThat(Payloads.roomRequest(JsonSlice.of(data))).isEqualTo(refused(message));
    }

    @Test
    void saysThatDataIsNoObject() {
        assertThat(Payloads.roomRequest(JsonSlice.of("[\"lobby\"]")))
                .isEqualTo(refused("data: an array (expected: an object)"));
        assertThat(Payloads.roomRequest(JsonSlice.of("\"lobby\"")))
                .isEqualTo(refused("data: \"lobby\" (expected: an object)"));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            delimiter = ';',
            value = {
                "{\"room\":\"a\"}; event: missing (expected: the name of an event)",
                "{\"room\":\"a\",\"event\":\"b c\"}; event: \"b c\" (expected: RULE)",
                "{\"room\":\"a\",\"event\":\"ack\"}; event: \"ack\" (expected: a name that is not the server's own)",
                "{\"room\":\"a\",\"event\":\"campanile.x\"};"
                        + " event: \"campanile.x\" (expected: a name that is not the server's own)",
                "{\"room\":\"a\",\"event\":\"b\",\"echo\":0}; echo: the number 0 (expected: true or false)",
                "{\"room\":\"a\",\"event\":\"b\",\"key\":7}; key: the number 7 (expected: a string)",
                "{\"room\":\"a\",\"event\":\"b\",\"key\":\"\"}; key: \"\" (expected: RULE)",
                "{\"room\":\"a\",\"event\":\"b\",\"key\":\"c d\"}; key: \"c d\" (expected: RULE)",
                "{\"room\":\"a\",\"event\":\"b\",\"ecco\":false};"
                        + " unknown field \"ecco\" (expected: room, event, data, key, echo)",
            })
    void saysWhatIsWrongWithAPublishToARoom(String data, String message) {
        assertThat(Payloads.roomPublish(JsonSlice.of(data))).isEqualTo(refused(message));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            delimiter = ';',
            value = {
                "{\"event\":\"hint\"}; neither of to and user (expected: one of them)",
                "{\"to\":\"c-1\",\"user\":\"ada\",\"event\":\"hint\"}; both of to and user (expected: one of them)",
                "{\"to\":\"\",\"event\":\"hint\"}; to: \"\" (expected: the id of a connection)",
                "{\"to\":\"c 1\",\"event\":\"hint\"}; to: \"c 1\" (expected: the id of a connection)",
                "{\"user\":\"\",\"event\":\"hint\"};"
                        + " user: \"\" (expected: 1 to 256 characters without control characters)",
                "{\"user\":\"a\\u0085\",\"event\":\"hint\"};"
                        + " user: \"a?\" (expected: 1 to 256 characters without control characters)",
                "{\"user\":\"a\\ud800\",\"event\":\"hint\"};"
                        + " user: \"a?\" (expected: 1 to 256 characters without control characters)",
                "{\"to\":\"c-1\",\"event\":\"pong\"}; event: \"pong\" (expected: a name that is not the server's own)",
            })
    void saysWhatIsWrongWithADirectMessage(String data, String message) {
        assertThat(Payloads.directSend(JsonSlice.of(data))).isEqualTo(refused(message));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            delimiter = ';',
            value = {
                "{\"event\":\"a\"}; none of room, rooms, user and all (expected: one of them)",
                "{\"room\":\"a\",\"all\":true,\"event\":\"a\"};"
                        + " more than one of room, rooms, user and all (expected: one of them)",
                "{\"all\":false,\"event\":\"a\"}; all: false (expected: true, or another target)",
                "{\"all\":1,\"event\":\"a\"}; all: the number 1 (expected: true or false)",
                "{\"rooms\":[],\"event\":\"a\"}; rooms: empty (expected: 1 to 100 names of rooms)",
                "{\"rooms\":\"a\",\"event\":\"a\"}; rooms: \"a\" (expected: an array of strings)",
                "{\"rooms\":[\"a\",7],\"event\":\"a\"};"
                        + " rooms: an entry that is no string (expected: an array of strings)",
                "{\"rooms\":[\"a\",\"b c\"],\"event\":\"a\"}; rooms: \"b c\" (expected: RULE)",
                "{\"room\":\"a\",\"event\":\"a\",\"exceptRooms\":[\"\"]}; exceptRooms: \"\" (expected: RULE)",
                "{\"room\":\"a\",\"event\":\"a\",\"except\":[\"\"]}; except: \"\" (expected: the id of a connection)",
                "{\"room\":\"a\",\"event\":\"a\",\"except\":{}}; except: an object (expected: an array of strings)",
                "{\"room\":\"a\",\"event\":\"a\",\"eventId\":\"1\\n2\"};"
                        + " eventId: \"1?2\" (expected: 1 to 128 characters without control characters)",
                "{\"room\":\"a\",\"event\":\"a\",\"eventId\":7}; eventId: the number 7 (expected: a string)",
                "{\"room\":\"a\",\"event\":\"a\",\"exept\":[]}; unknown field \"exept\""
                        + " (expected: room, rooms, user, all, except, exceptRooms, event, data, key, eventId)",
            })
    void saysWhatIsWrongWithAPublishOverHttp(String body, String message) {
        assertThat(httpPublish(body)).isEqualTo(refused(message));
    }

    @Test
    void saysThatABodyIsNoJson() {
        assertThat(httpPublish("room=lobby"))
                .isEqualTo(new Payload.Refused<>(ErrorCode.MALFORMED, "byte 0: expected a JSON object"));
    }

    @Test
    void limitsHowMuchOnePublishMayName() {
        assertThat(httpPublish("{\"rooms\":" + names(100) + ",\"event\":\"a\"}"))
                .isInstanceOf(Payload.Valid.class);
        assertThat(httpPublish("{\"rooms\":" + names(101) + ",\"event\":\"a\"}"))
                .isEqualTo(new Payload.Refused<>(ErrorCode.LIMIT_EXCEEDED, "rooms: more than 100 entries"));
        assertThat(httpPublish("{\"all\":true,\"except\":" + names(1_000) + ",\"event\":\"a\"}"))
                .isInstanceOf(Payload.Valid.class);
        assertThat(httpPublish("{\"all\":true,\"except\":" + names(1_001) + ",\"event\":\"a\"}"))
                .isEqualTo(new Payload.Refused<>(ErrorCode.LIMIT_EXCEEDED, "except: more than 1000 entries"));
    }

    @Test
    void limitsTheLengthOfUsersAndConnections() {
        assertThat(Payloads.directSend(JsonSlice.of("{\"user\":\"" + "u".repeat(256) + "\",\"event\":\"a\"}")))
                .isInstanceOf(Payload.Valid.class);
        assertThat(Payloads.directSend(JsonSlice.of("{\"user\":\"" + "u".repeat(257) + "\",\"event\":\"a\"}")))
                .isEqualTo(refused("user: \"" + "u".repeat(32)
                        + "...\" (expected: 1 to 256 characters without control characters)"));
        assertThat(Payloads.directSend(JsonSlice.of("{\"to\":\"" + "c".repeat(64) + "\",\"event\":\"a\"}")))
                .isInstanceOf(Payload.Valid.class);
        assertThat(Payloads.directSend(JsonSlice.of("{\"to\":\"" + "c".repeat(65) + "\",\"event\":\"a\"}")))
                .isEqualTo(refused("to: \"" + "c".repeat(32) + "...\" (expected: the id of a connection)"));
    }

    private static String names(int count) {
        return IntStream.range(0, count).mapToObj(i -> "\"n" + i + "\"").collect(Collectors.joining(",", "[", "]"));
    }

    private static Payload<HttpPublish> httpPublish(String body) {
        byte[] bytes = ("." + body + ".").getBytes(StandardCharsets.UTF_8);
        return Payloads.httpPublish(bytes, 1, bytes.length - 2);
    }

    private static Payload.Refused<Object> refused(String message) {
        return new Payload.Refused<>(ErrorCode.INVALID, message.replace("RULE", NAME_RULE));
    }
}

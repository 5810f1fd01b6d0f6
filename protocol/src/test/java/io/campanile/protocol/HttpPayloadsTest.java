package io.campanile.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.protocol.DirectSend.Addressee;
import io.campanile.protocol.HttpPublish.Target;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the bodies of the HTTP API may say beside those of a publish, and what a caller is told about what they may not. */
final class HttpPayloadsTest {

    @Test
    void readsEachMessageOfABatchByItself() {
        Payload<List<Payload<HttpPublish>>> batch = Payloads.httpPublishBatch(
                utf8("{\"messages\":[{\"room\":\"a\",\"event\":\"e\",\"data\":[1, 2]} , 7, {\"event\":\"e\"}]}"));

        assertThat(batch)
                .isEqualTo(new Payload.Valid<>(List.of(
                        new Payload.Valid<>(new HttpPublish(
                                new Target.OneRoom("a"), List.of(), List.of(), "e", JsonSlice.of("[1, 2]"), "")),
                        new Payload.Refused<>(ErrorCode.MALFORMED, "byte 0: expected a JSON object"),
                        new Payload.Refused<>(
                                ErrorCode.INVALID, "none of room, rooms, user and all (expected: one of them)"))));
    }

    @Test
    void takesAThousandMessagesInABatchAndNotOneMore() {
        assertThat(Payloads.httpPublishBatch(batch(1_000))).isInstanceOf(Payload.Valid.class);
        assertThat(Payloads.httpPublishBatch(batch(1_001)))
                .isEqualTo(new Payload.Refused<>(ErrorCode.LIMIT_EXCEEDED, "messages: more than 1000 entries"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "{}|messages: missing (expected: an array)",
                "{\"messages\":null}|messages: missing (expected: an array)",
                "{\"messages\":{}}|messages: an object (expected: an array)",
                "{\"messages\":[]}|messages: empty (expected: 1 to 1000 messages)",
                "{\"messages\":[],\"messages\":[]}|messages: given twice (expected: at most once)",
            })
    void refusesABatchThatIsNone(String body, String message) {
        assertThat(Payloads.httpPublishBatch(utf8(body))).isEqualTo(refused(message));
    }

    @Test
    void readsABroadcast() {
        assertThat(Payloads.httpBroadcast(utf8("{\"event\":\"news\",\"data\":1e2,\"except\":[\"c-1\"]}")))
                .isEqualTo(new Payload.Valid<>(new HttpPublish(
                        new Target.Everyone(), List.of("c-1"), List.of(), "news", JsonSlice.of("1e2"), "")));
        assertThat(Payloads.httpBroadcast(utf8("{\"event\":\"news\",\"room\":\"lobby\"}")))
                .isEqualTo(
                        refused("unknown field \"room\" (expected: event, data, except, exceptRooms, key, eventId)"));
    }

    @Test
    void readsWhoShallJoinOrLeaveWhat() {
        assertThat(Payloads.httpMembership(utf8("{\"connection\":\"c-1\",\"room\":\"lobby\"}")))
                .isEqualTo(new Payload.Valid<>(new HttpMembership(new Addressee.OneConnection("c-1"), "lobby")));
        assertThat(Payloads.httpMembership(utf8("{\"user\":\"ada\",\"room\":\"lobby\"}")))
                .isEqualTo(new Payload.Valid<>(new HttpMembership(new Addressee.OneUser("ada"), "lobby")));
        assertThat(Payloads.httpMembership(utf8("{\"room\":\"lobby\"}")))
                .isEqualTo(refused("neither of connection and user (expected: one of them)"));
        assertThat(Payloads.httpMembership(utf8("{\"user\":\"a\",\"connection\":\"b\",\"room\":\"lobby\"}")))
                .isEqualTo(refused("both of connection and user (expected: one of them)"));
        assertThat(Payloads.httpMembership(utf8("{\"user\":\"ada\"}")))
                .isEqualTo(refused("room: missing (expected: the name of a room)"));
    }

    @Test
    void readsWhomToDisconnectAndWhatToSay() {
        assertThat(Payloads.httpDisconnect(utf8("{\"user\":\"ada\"}")))
                .isEqualTo(new Payload.Valid<>(new HttpDisconnect(new Addressee.OneUser("ada"), 1000, "")));
        assertThat(Payloads.httpDisconnect(utf8("{\"connection\":\"c-1\",\"code\":4999,\"reason\":\"moved\"}")))
                .isEqualTo(new Payload.Valid<>(new HttpDisconnect(new Addressee.OneConnection("c-1"), 4999, "moved")));
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            1000,true
            4000,true
            4999,true
            999,false
            1001,false
            1006,false
            3999,false
            5000,false
            -4000,false
            4000.0,true
            4000.00,true
            4000.5,false
            4000.,false
            4e3,false
            0,false
            0.0,false
            9007199254740993,false
            """)
    void closesWithTheCodesOfApplicationsOnly(String code, boolean valid) {
        assertThat(Payloads.httpDisconnect(utf8("{\"user\":\"ada\",\"code\":" + code + "}")) instanceof Payload.Valid)
                .isEqualTo(valid);
    }

    @Test
    void takesAReasonOf123BytesAndNotOneMore() {
        assertThat(disconnect("x".repeat(123))).isInstanceOf(Payload.Valid.class);
        assertThat(disconnect("x".repeat(121) + "\u00e9")).isInstanceOf(Payload.Valid.class);
        assertThat(disconnect("x".repeat(122) + "\u00e9"))
                .isEqualTo(refused("reason: 124 bytes (expected: at most 123 bytes of UTF-8)"));
        assertThat(disconnect("a\\nb"))
                .isEqualTo(refused("reason: \"a?b\" (expected: 1 to 123 characters without control characters)"));
    }

    @Test
    void readsWhatToRevoke() {
        assertThat(Payloads.httpRevoke(utf8("{\"user\":\"ada\"}")))
                .isEqualTo(new Payload.Valid<>(new HttpRevoke.OfUser("ada", Optional.empty())));
        assertThat(Payloads.httpRevoke(utf8("{\"user\":\"ada\",\"issuedBefore\":1790000000}")))
                .isEqualTo(new Payload.Valid<>(
                        new HttpRevoke.OfUser("ada", Optional.of(Instant.parse("2026-09-21T14:13:20Z")))));
        assertThat(Payloads.httpRevoke(utf8("{\"tokenId\":\"t-1\"}")))
                .isEqualTo(new Payload.Valid<>(new HttpRevoke.OfToken("t-1")));
        assertThat(Payloads.httpRevoke(utf8("{\"tokenId\":\"t-1\",\"issuedBefore\":0}")))
                .isEqualTo(refused("issuedBefore: beside tokenId (expected: none, or user)"));
        assertThat(Payloads.httpRevoke(utf8("{}")))
                .isEqualTo(refused("neither of user and tokenId (expected: one of them)"));
        assertThat(Payloads.httpRevoke(utf8("{\"user\":\"ada\",\"issuedBefore\":-1}")))
                .isEqualTo(refused("issuedBefore: -1 (expected: seconds since 1970)"));
    }

    @Test
    void answersInPages() {
        assertThat(Answers.page("rooms", List.of(), Optional.empty()).text()).isEqualTo("{\"rooms\":[]}");
        assertThat(Answers.page("rooms", List.of(Answers.joined("a", 1), Answers.joined("b", 2)), Optional.of("bmV4dA"))
                        .text())
                .isEqualTo("{\"rooms\":[{\"room\":\"a\",\"members\":1},{\"room\":\"b\",\"members\":2}],"
                        + "\"next\":\"bmV4dA\"}");
        assertThat(Answers.connection("c", Optional.of("a\"b"), OptionalLong.of(7), Optional.of(List.of("x", "y")))
                        .text())
                .isEqualTo("{\"connection\":\"c\",\"user\":\"a\\\"b\",\"openSeconds\":7,\"rooms\":[\"x\",\"y\"]}");
        assertThat(Answers.connection("c", Optional.empty(), OptionalLong.empty(), Optional.of(List.of()))
                        .text())
                .isEqualTo("{\"connection\":\"c\",\"rooms\":[]}");
        assertThat(Answers.connection("c", Optional.empty(), OptionalLong.empty(), Optional.empty())
                        .text())
                .isEqualTo("{\"connection\":\"c\"}");
    }

    @Test
    void countsWhatWasDone() {
        assertThat(Answers.joined(2, 2, 0, 0).text()).isEqualTo("{\"matched\":2,\"joined\":2}");
        assertThat(Answers.joined(3, 1, 1, 1).text())
                .isEqualTo("{\"matched\":3,\"joined\":1,\"alreadyIn\":1,\"refused\":1}");
        assertThat(Answers.left(2, 1).text()).isEqualTo("{\"matched\":2,\"left\":1}");
        assertThat(Answers.closed(2, 1).text()).isEqualTo("{\"matched\":2,\"closed\":1}");
        assertThat(Answers.revoked(1).text()).isEqualTo("{\"closed\":1}");
        assertThat(Answers.results(List.of(Answers.failed(JsonSlice.of("{}")), Answers.receipt(1, 1, 0, 0, 0)))
                        .text())
                .isEqualTo("{\"results\":[{\"error\":{}},{\"matched\":1,\"queued\":1,\"dropped\":0,\"evicted\":0}]}");
    }

    private static Payload<HttpDisconnect> disconnect(String reason) {
        return Payloads.httpDisconnect(utf8("{\"user\":\"ada\",\"reason\":\"" + reason + "\"}"));
    }

    private static byte[] batch(int messages) {
        return utf8("{\"messages\":["
                + String.join(",", Collections.nCopies(messages, "{\"room\":\"a\",\"event\":\"e\"}")) + "]}");
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Payload.Refused<Object> refused(String message) {
        return new Payload.Refused<>(ErrorCode.INVALID, message);
    }
}

package io.campanile.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.protocol.Inbound.ProtocolError;
import io.campanile.protocol.Inbound.Request;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What bytes a client may send, and what it is told about those it may not. */
final class EnvelopeCodecTest {

    @Test
    void readsAllFieldsOfARequest() {
        Inbound inbound = decode("""
                {"event":"chat.message","id":7,"room":"lobby","data":{"text":"hello"}}""");

        assertThat(inbound).isEqualTo(request("chat.message", 7, "lobby", "{\"text\":\"hello\"}"));
    }

    @Test
    void readsARequestWithNothingButAnEvent() {
        assertThat(decode("{\"event\":\"typing\"}"))
                .isEqualTo(new Request("typing", OptionalLong.empty(), Optional.empty(), JsonSlice.NULL));
    }

    @Test
    void takesNullForAbsent() {
        assertThat(decode("{\"event\":\"typing\",\"id\":null,\"room\":null,\"data\":null}"))
                .isEqualTo(new Request("typing", OptionalLong.empty(), Optional.empty(), JsonSlice.NULL));
    }

    @Test
    void readsFieldsInAnyOrderAndIgnoresThoseItDoesNotKnow() {
        Inbound inbound = decode("""
                { "data" : [1, 2] , "trace":{"event":"not this","id":[8]}, "id":7,
                  "event":"chat", "room":"lobby", "event ":1, "ID":2 }
                """);

        assertThat(inbound).isEqualTo(request("chat", 7, "lobby", "[1, 2]"));
    }

    @Test
    void knowsAFieldThatIsSpelledWithEscapes() {
        assertThat(decode("{\"\\u0065vent\":\"ch\\u0061t\",\"i\\u0064\":7,\"room\":\"lobby\"}"))
                .isEqualTo(request("chat", 7, "lobby", "null"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1e400",
                "-0.1000",
                "123456789012345678901234567890",
                "{\"b\":1,\"a\":2,\"b\":3,\"event\":\"x\",\"id\":1}",
                "{ \"a\" :\t[ 1 ,\r\n2 ] }",
                "\"\\u00e9 é \\/ / \\ud83d\\ude00 \ud83d\ude00\"",
                "\"\\ud800\"",
                "\"\u2028\u007f\"",
                "[]",
                "{}",
                "\"\"",
                "true",
                "false",
                "0",
                "[[[[]]],{\"\":{}}]"
            })
    void passesDataThroughByteForByte(String data) {
        assertThat(decode("{\"event\":\"chat\",\"data\": " + data + " ,\"id\":7,\"room\":\"lobby\"}"))
                .isEqualTo(request("chat", 7, "lobby", data));
        assertThat(decode("{\"id\":7,\"room\":\"lobby\",\"event\":\"chat\",\"data\":" + data + "}"))
                .isEqualTo(request("chat", 7, "lobby", data));
    }

    @Test
    void readsAPartOfAnArray() {
        byte[] bytes = "}{\"event\":\"chat\",\"data\":12}3".getBytes(StandardCharsets.UTF_8);

        assertThat(EnvelopeCodec.decode(bytes, 1, bytes.length - 2))
                .isEqualTo(new Request("chat", OptionalLong.empty(), Optional.empty(), JsonSlice.of("12")));
    }

    @Test
    void readsBuffersWithAnArrayAndWithoutAndLeavesTheirPositionAlone() {
        byte[] bytes = "..{\"event\":\"chat\",\"data\":12}".getBytes(StandardCharsets.UTF_8);
        ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(bytes).position(2);
        ByteBuffer heap = ByteBuffer.wrap(bytes, 1, bytes.length - 1).slice().position(1);
        var expected = new Request("chat", OptionalLong.empty(), Optional.empty(), JsonSlice.of("12"));

        assertThat(EnvelopeCodec.decode(direct)).isEqualTo(expected);
        assertThat(EnvelopeCodec.decode(heap)).isEqualTo(expected);
        assertThat(EnvelopeCodec.decode(heap.asReadOnlyBuffer())).isEqualTo(expected);
        assertThat(direct.position()).isEqualTo(2);
        assertThat(heap.position()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0,0", "-0,0", "-7,-7", "9007199254740991,9007199254740991", "-9007199254740991,-9007199254740991"})
    void takesIntegersThatADoubleKeepsForIds(String id, long expected) {
        assertThat(decode("{\"event\":\"chat\",\"id\":" + id + "}"))
                .isEqualTo(new Request("chat", OptionalLong.of(expected), Optional.empty(), JsonSlice.NULL));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            value = {
                "9007199254740992, the number 9007199254740992",
                "-9007199254740992, the number -9007199254740992",
                "99999999999999999999999999999999999, the number 99999999999999999999999999999999...",
                "7.0, the number 7.0",
                "7e0, the number 7e0",
                "\"7\", \"7\"",
                "true, true",
                "[7], an array",
                "{}, an object"
            })
    void refusesAnyOtherId(String id, String shown) {
        assertThat(decode("{\"event\":\"chat\",\"id\":" + id + "}"))
                .isEqualTo(invalid(
                        "id: " + shown + " (expected: an integer between -9007199254740991 and 9007199254740991)"));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            value = {
                "{}; event: missing (expected: a name)",
                "{\"event\":null}; event: missing (expected: a name)",
                "{\"event\":7}; event: the number 7 (expected: a string)",
                "{\"event\":{}}; event: an object (expected: a string)",
                "{\"event\":\"\"}; event: \"\" (expected: RULE)",
                "{\"event\":\"new message\"}; event: \"new message\" (expected: RULE)",
                "{\"event\":\"caf\u00e9\"}; event: \"caf?\" (expected: RULE)",
                "{\"event\":\"a\\nb\"}; event: \"a?b\" (expected: RULE)",
                "{\"event\":\"chat\",\"room\":\"\"}; room: \"\" (expected: RULE)",
                "{\"event\":\"chat\",\"room\":\"a*\"}; room: \"a*\" (expected: RULE)",
                "{\"event\":\"chat\",\"room\":[]}; room: an array (expected: a string)",
                "{\"event\":\"chat\",\"event\":\"chat\"}; event: given twice (expected: at most once)",
                "{\"event\":\"chat\",\"data\":null,\"data\":1}; data: given twice (expected: at most once)",
                "{\"event\":\"chat\",\"\\u0065vent\":1}; event: given twice (expected: at most once)"
            },
            delimiter = ';')
    void namesTheFieldThatBreaksARule(String json, String message) {
        assertThat(decode(json))
                .isEqualTo(
                        invalid(message.replace("RULE", "1 to 128 of the characters A-Z a-z 0-9 _ - . : / @ = + ~")));
    }

    @Test
    void takesNamesUpToTheirLimit() {
        String longest = "x".repeat(128);

        assertThat(decode("{\"event\":\"" + longest + "\",\"id\":7,\"room\":\"" + longest + "\"}"))
                .isEqualTo(request(longest, 7, longest, "null"));
        assertThat(decode("{\"event\":\"" + longest + "x\"}"))
                .isEqualTo(invalid("event: \"" + "x".repeat(32)
                        + "...\" (expected: 1 to 128 of the characters A-Z a-z 0-9 _ - . : / @ = + ~)"));
    }

    @Test
    void givesTheIdWithAnErrorWhereverItStands() {
        assertThat(decode("{\"event\":\"\",\"data\":[1],\"id\":7}"))
                .extracting("id")
                .isEqualTo(OptionalLong.of(7));
        assertThat(decode("{\"id\":7,\"event\":\"chat\",\"data\":[1}"))
                .isEqualTo(new ProtocolError(
                        ErrorCode.MALFORMED, "byte 32: expected ',' or ']' in an array", OptionalLong.of(7)));
        assertThat(decode("{\"id\":[],\"event\":\"\"}")).extracting("id").isEqualTo(OptionalLong.empty());
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            delimiter = ';',
            value = {
                "||; byte 0: expected a JSON object before the text ended",
                "|  |; byte 2: expected a JSON object before the text ended",
                "[]; byte 0: expected a JSON object",
                "7; byte 0: expected a JSON object",
                "\ufeff{}; byte 0: expected a JSON object",
                "{\"event\":\"chat\"}x; byte 16: expected the end of the text",
                "{\"event\":\"chat\"}{}; byte 16: expected the end of the text",
                "{\"event\":\"chat\",}; byte 16: expected a property name in double quotes",
                "{event:1}; byte 1: expected a property name in double quotes",
                "{\"event\"}; byte 8: expected ':' after a property name",
                "{\"event\":}; byte 9: expected a JSON value",
                "{\"event\":\"chat\"; byte 15: expected ',' or '}' in an object before the text ended",
                "{\"event\":\"chat; byte 14: expected the end of a string before the text ended",
                "{\"data\":{\"a\":1]}; byte 14: expected ',' or '}' in an object",
                "{\"data\":[1,]}; byte 11: expected a JSON value",
                "{\"data\":tru}; byte 8: expected a JSON value",
                "{\"data\":NaN}; byte 8: expected a JSON value",
                "{\"data\":01}; byte 9: expected ',' or '}' in an object",
                "{\"data\":+1}; byte 8: expected a JSON value",
                "{\"data\":-}; byte 9: expected a digit",
                "{\"data\":1.}; byte 10: expected a digit",
                "{\"data\":.1}; byte 8: expected a JSON value",
                "{\"data\":1e}; byte 10: expected a digit",
                "{\"data\":'a'}; byte 8: expected a JSON value",
                "{\"data\":\"\\x\"}; byte 9: an unknown escape in a string",
                "{\"data\":\"\\u12G4\"}; byte 9: an unknown escape in a string",
                "{\"data\":\"\t\"}; byte 9: a control character in a string",
                "{/**/}; byte 1: expected a property name in double quotes"
            })
    void saysAtWhichByteTextCeasesToBeJson(String text, String message) {
        assertThat(decode(text)).isEqualTo(malformed(message));
    }

    @Test
    void refusesOtherEncodingsOfUnicode() {
        String json = "{\"event\":\"chat\"}";

        assertThat(EnvelopeCodec.decode(json.getBytes(StandardCharsets.UTF_16LE)))
                .isEqualTo(malformed("byte 1: expected a property name in double quotes"));
        assertThat(EnvelopeCodec.decode(json.getBytes(StandardCharsets.UTF_16BE)))
                .isEqualTo(malformed("byte 0: expected a JSON object"));
        assertThat(EnvelopeCodec.decode(json.getBytes(StandardCharsets.UTF_16)))
                .isEqualTo(malformed("byte 0: expected a JSON object"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "80",
                "bf",
                "c0af",
                "c1bf",
                "c2",
                "c220",
                "e08080",
                "e09fbf",
                "e282",
                "eda080",
                "edbfbf",
                "f0808080",
                "f08fbfbf",
                "f09f98",
                "f4908080",
                "f5808080",
                "ff",
                "fe",
                "e28220",
                "f09f9820"
            })
    void refusesStringsThatAreNoUtf8(String hex) {
        assertThat(EnvelopeCodec.decode(withString(hex))).isEqualTo(malformed("byte 9: not valid UTF-8"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"c280", "dfbf", "e0a080", "ed9fbf", "ee8080", "efbfbf", "f0908080", "f48fbfbf", "00", "7f"})
    void takesTheFirstAndTheLastCharacterOfEachLength(String hex) {
        Inbound inbound = EnvelopeCodec.decode(withString(hex));

        assertThat(inbound)
                .isEqualTo(
                        hex.equals("00")
                                ? malformed("byte 9: a control character in a string")
                                : invalid("event: missing (expected: a name)"));
    }

    @Test
    void limitsHowDeepDataIsNested() {
        String deepest = "[".repeat(63) + "]".repeat(63);

        assertThat(decode("{\"event\":\"chat\",\"id\":7,\"room\":\"lobby\",\"data\":" + deepest + "}"))
                .isEqualTo(request("chat", 7, "lobby", deepest));
        assertThat(decode("{\"id\":7,\"data\":[" + deepest + "]}"))
                .isEqualTo(new ProtocolError(
                        ErrorCode.LIMIT_EXCEEDED, "byte 78: nested more than 64 deep", OptionalLong.of(7)));
        assertThat(decode("{\"id\":7,\"data\":" + "[".repeat(20_000)))
                .isEqualTo(new ProtocolError(
                        ErrorCode.LIMIT_EXCEEDED, "byte 78: nested more than 64 deep", OptionalLong.of(7)));
        assertThat(decode("{\"id\":7,\"data\":" + "{\"a\":".repeat(20_000) + "1" + "}".repeat(20_001)))
                .isInstanceOf(ProtocolError.class);
    }

    @Test
    void closesEachContainerAsWhatItWasOpened() {
        String mixed = "[{\"a\":[".repeat(20) + "]}]".repeat(20);

        assertThat(decode("{\"event\":\"chat\",\"id\":7,\"room\":\"lobby\",\"data\":" + mixed + "}"))
                .isEqualTo(request("chat", 7, "lobby", mixed));
        assertThat(decode("{\"data\":[{\"a\":[]]}]}"))
                .isEqualTo(malformed("byte 16: expected ',' or '}' in an object"));
    }

    @Test
    void limitsTheLengthOfNumbers() {
        String longest = "9".repeat(1_000);

        assertThat(decode("{\"event\":\"chat\",\"id\":7,\"room\":\"lobby\",\"data\":" + longest + "}"))
                .isEqualTo(request("chat", 7, "lobby", longest));
        assertThat(decode("{\"data\":" + longest + "9}"))
                .isEqualTo(new ProtocolError(
                        ErrorCode.LIMIT_EXCEEDED,
                        "byte 1009: a number of more than 1000 characters",
                        OptionalLong.empty()));
    }

    static Inbound decode(String json) {
        return EnvelopeCodec.decode(json.getBytes(StandardCharsets.UTF_8));
    }

    private static Request request(String event, long id, String room, String data) {
        return new Request(event, OptionalLong.of(id), Optional.of(room), JsonSlice.of(data));
    }

    private static ProtocolError invalid(String message) {
        return new ProtocolError(ErrorCode.INVALID, message, OptionalLong.empty());
    }

    private static ProtocolError malformed(String message) {
        return new ProtocolError(ErrorCode.MALFORMED, message, OptionalLong.empty());
    }

    /** Returns an object with one string of the given bytes, which begins at byte 9. */
    private static byte[] withString(String hex) {
        byte[] content = HexFormat.of().parseHex(hex);
        return ByteBuffer.allocate(content.length + 11)
                .put("{\"data\":\"".getBytes(StandardCharsets.UTF_8))
                .put(content)
                .put("\"}".getBytes(StandardCharsets.UTF_8))
                .array();
    }
}

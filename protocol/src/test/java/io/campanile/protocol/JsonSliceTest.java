package io.campanile.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a slice holds, and how it leaves the array it lies in. */
final class JsonSliceTest {

    @Test
    void keepsAValueWithoutTheSpaceAroundIt() {
        JsonSlice slice = JsonSlice.of(" { \"a\" : 1.0 }\n");

        assertThat(slice.text()).isEqualTo("{ \"a\" : 1.0 }");
        assertThat(slice.length()).isEqualTo(13);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            delimiter = ';',
            value = {
                "||; json: byte 0: expected a JSON value before the text ended (expected: one JSON value)",
                "1 2; json: byte 2: expected the end of the text (expected: one JSON value)",
                "{]; json: byte 1: expected a property name in double quotes (expected: one JSON value)"
            })
    void takesNothingButOneValue(String json, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JsonSlice.of(json))
                .withMessage(message);
    }

    @Test
    void ownsWhatItWasMadeFrom() {
        byte[] json = "[1]".getBytes(StandardCharsets.UTF_8);
        JsonSlice slice = JsonSlice.of(json);

        json[1] = '2';

        assertThat(slice.text()).isEqualTo("[1]");
    }

    @Test
    void isAWindowOnWhatItWasDecodedFromUntilItIsCopied() {
        byte[] json = "{\"event\":\"a\",\"data\":[1]}".getBytes(StandardCharsets.UTF_8);
        JsonSlice window = ((Inbound.Request) EnvelopeCodec.decode(json)).data();
        JsonSlice copy = window.copy();

        json[21] = '2';

        assertThat(window.text()).isEqualTo("[2]");
        assertThat(copy.text()).isEqualTo("[1]");
    }

    @Test
    void equalsASliceOfTheSameBytesWhereverTheyLie() {
        JsonSlice own = JsonSlice.of("[1]");
        JsonSlice window = new JsonSlice("..[1].".getBytes(StandardCharsets.UTF_8), 2, 3);

        assertThat(window).isEqualTo(own).hasSameHashCodeAs(own).isNotEqualTo(JsonSlice.of("[1 ]"));
    }

    @Test
    void givesItsBytesToArraysAndStreams() {
        JsonSlice window = new JsonSlice("..[1].".getBytes(StandardCharsets.UTF_8), 2, 3);
        byte[] target = "-----".getBytes(StandardCharsets.UTF_8);
        var stream = new ByteArrayOutputStream();

        window.copyTo(target, 1);
        window.writeTo(stream);

        assertThat(target).asString(StandardCharsets.UTF_8).isEqualTo("-[1]-");
        assertThat(stream.toByteArray())
                .isEqualTo(window.toByteArray())
                .asString()
                .isEqualTo("[1]");
    }

    @Test
    void tellsItsSizeButNotItsContentToALog() {
        assertThat(JsonSlice.of("\"secret\"")).hasToString("JsonSlice[8 bytes]");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            delimiter = ';',
            value = {
                "||; \"\"",
                "plain; \"plain\"",
                "\"\\/; \"\\\"\\\\/\"",
                "|\n\r\t\b\f|; \"\\n\\r\\t\\u0008\\u000c\"",
                "|\0\u001f\u007f\u0080|; \"\\u0000\\u001f\\u007f\u0080\"",
                "\u07ff\u0800\uffff; \"\u07ff\u0800\uffff\"",
                "\ud800\udc00\udbff\udfff; \"\ud800\udc00\udbff\udfff\"",
                "|a\u2028b\u2029|; \"a\\u2028b\\u2029\"",
            })
    void escapesTextThatBecomesAString(String text, String json) {
        assertThat(JsonSlice.string(text).text()).isEqualTo(json);
    }

    @ParameterizedTest
    @CsvSource({"\ud800", "a\udc00", "\ud800a", "\udc00\ud800", "\ud800\ud800"})
    void replacesSurrogatesThatHaveNoPartner(String text) {
        String replaced = '"' + text.replaceAll("[\ud800-\udfff]", "\ufffd") + '"';

        assertThat(JsonSlice.string(text).toByteArray()).isEqualTo(replaced.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void writesStringsThatReadersUnderstand() {
        var everything = new StringBuilder();
        for (int c = 0; c < 0x20000; c += c < 0x3000 ? 1 : 0x11) {
            everything.append(
                    Character.isBmpCodePoint(c) && Character.isSurrogate((char) c) ? "" : Character.toString(c));
        }
        String text = everything.toString();

        JsonSlice json = JsonSlice.string(text);

        assertThat(JsonSlice.of(json.text())).isEqualTo(json);
        assertThat(JacksonReferee.readString(json.text())).isEqualTo(text);
    }
}

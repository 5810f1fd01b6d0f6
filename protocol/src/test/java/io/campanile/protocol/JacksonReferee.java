package io.campanile.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/** A second opinion on what JSON is. */
final class JacksonReferee {
    private static final JsonFactory JACKSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(Integer.MAX_VALUE)
                    .maxNumberLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private static final Pattern HALF_ASCII_ESCAPE =
            Pattern.compile("(?<!\\\\)(?:\\\\{2})*\\\\u\\p{ASCII}{0,3}[^\\p{ASCII}]");

    private JacksonReferee() {}

    /**
     * Asks whether the bytes are one JSON object. Jackson gets characters rather than bytes: from bytes it would guess
     * the encoding, and it takes overlong UTF-8. It is not asked about {@code \\u} escapes with a digit that is not ASCII:
     * of a digit it looks at the lowest byte only, so that to it U+0363 is a {@code c}.
     */
    static boolean isJsonObject(byte[] utf8) {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(utf8))
                    .toString();
            if (HALF_ASCII_ESCAPE.matcher(text).find()) {
                return false;
            }
            try (JsonParser parser = JACKSON.createParser(ObjectReadContext.empty(), text)) {
                if (parser.nextToken() != JsonToken.START_OBJECT) {
                    return false;
                }
                for (int depth = 1; depth > 0; ) {
                    JsonToken token = parser.nextToken();
                    depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                    parser.getString(); // makes it look at all of a string
                }
                return parser.nextToken() == null;
            }
        } catch (CharacterCodingException | JacksonException e) {
            return false;
        }
    }

    static String readString(String json) {
        try (JsonParser parser = JACKSON.createParser(ObjectReadContext.empty(), json)) {
            parser.nextToken();
            return parser.getString();
        }
    }
}

package io.campanile.protocol;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Puts JSON text together, in UTF-8. The caller sees to commas and brackets. */
final class JsonWriter {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private byte[] bytes;
    private int length;

    /** Starts an empty text; one that fits the expected length is never copied. */
    JsonWriter(int expectedLength) {
        bytes = new byte[expectedLength];
    }

    /** Appends text that is ASCII and JSON already. */
    JsonWriter raw(String ascii) {
        reserve(ascii.length());
        for (int i = 0; i < ascii.length(); i++) {
            bytes[length++] = (byte) ascii.charAt(i);
        }
        return this;
    }

    JsonWriter number(long number) {
        return raw(Long.toString(number));
    }

    JsonWriter slice(JsonSlice slice) {
        reserve(slice.length());
        slice.copyTo(bytes, length);
        length += slice.length();
        return this;
    }

    /**
     * Appends text in double quotes. U+2028 and U+2029 are escaped since they end a line in old JavaScript. A surrogate
     * without its partner has no UTF-8, and escaped it would make strict readers refuse the whole message: it becomes
     * U+FFFD.
     */
    JsonWriter string(String text) {
        put('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= ' ' && c < 0x7f && c != '"' && c != '\\') {
                put(c);
            } else if (c < 0x80) {
                escape(c);
            } else if (Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                supplementary(Character.toCodePoint(c, text.charAt(i)));
            } else if (c == '\u2028' || c == '\u2029') {
                unicodeEscape(c);
            } else {
                basic(Character.isSurrogate(c) ? '\ufffd' : c);
            }
        }
        put('"');
        return this;
    }

    /** Returns the text as a value; it has to be one. */
    JsonSlice toSlice() {
        return new JsonSlice(bytes, 0, length);
    }

    byte[] toByteArray() {
        return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
    }

    private void escape(char c) {
        switch (c) {
            case '"', '\\' -> raw(c == '"' ? "\\\"" : "\\\\");
            case '\n' -> raw("\\n");
            case '\r' -> raw("\\r");
            case '\t' -> raw("\\t");
            default -> unicodeEscape(c);
        }
    }

    private void unicodeEscape(char c) {
        raw("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
            put(HEX[(c >> shift) & 0xf]);
        }
    }

    private void basic(char c) {
        if (c < 0x800) {
            put(0xc0 | (c >> 6));
        } else {
            put(0xe0 | (c >> 12));
            put(0x80 | ((c >> 6) & 0x3f));
        }
        put(0x80 | (c & 0x3f));
    }

    private void supplementary(int codePoint) {
        put(0xf0 | (codePoint >> 18));
        put(0x80 | ((codePoint >> 12) & 0x3f));
        put(0x80 | ((codePoint >> 6) & 0x3f));
        put(0x80 | (codePoint & 0x3f));
    }

    private void put(int b) {
        reserve(1);
        bytes[length++] = (byte) b;
    }

    private void reserve(int more) {
        if (bytes.length - length < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
        }
    }
}

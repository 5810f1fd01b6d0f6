package io.campanile.protocol;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Walks over JSON text (RFC 8259) in UTF-8 without building anything from it, and says where it breaks a rule.
 *
 * <p>One scanner reads one array once, on one thread. A method that returns false has failed the scanner:
 * {@link #problem} then names the rule that was broken, and no further method may be called.
 */
final class JsonScanner {

    /*
     * Why a scanner of our own, where a library would be expected: the one Jackson parser that knows byte offsets keeps
     * all property names it meets in a table that every parser copies before it adds to it, so a client that makes its
     * names up turns a short message into hundreds of kilobytes of garbage. Here a message costs its length in time and
     * nothing in memory, and the tests hold the grammar to Jackson's. See docs/decisions/0005.
     *
     * Nothing here recurses. The open containers are one bit each in a long, so
     *
     *     depth <= MAX_DEPTH <= 64
     *
     * is what keeps both the stack and that word from overflowing.
     */
    static final int MAX_DEPTH = 64;

    static final int MAX_NUMBER_BYTES = 1_000;

    private static final byte[] TRUE = {'t', 'r', 'u', 'e'};
    private static final byte[] FALSE = {'f', 'a', 'l', 's', 'e'};
    private static final byte[] NULL = {'n', 'u', 'l', 'l'};

    private final byte[] bytes;
    private final int start;
    private final int end;
    private int position;

    /** The rule that was broken; null as long as none was. */
    private @Nullable String problem;

    private boolean overLimit;

    JsonScanner(byte[] bytes, int offset, int length) {
        this.bytes = bytes;
        this.start = offset;
        this.end = offset + length;
        this.position = offset;
    }

    /** Returns the index, in the array, of the next byte to read. */
    int position() {
        return position;
    }

    /** Returns which rule was broken and at which byte, counted from where the text began. */
    String problem() {
        return "byte " + (position - start) + ": " + (problem == null ? "no problem" : problem);
    }

    /** Whether the text may be good JSON and only goes beyond a limit. */
    boolean isOverLimit() {
        return overLimit;
    }

    /** Moves over white space to the next byte and returns it, or -1 at the end. */
    int peek() {
        while (position < end) {
            byte b = bytes[position];
            if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
                return b & 0xff;
            }
            position++;
        }
        return -1;
    }

    /** Moves over one byte, if it is the next but for white space. */
    boolean take(char wanted) {
        if (peek() != wanted) {
            return false;
        }
        position++;
        return true;
    }

    /** Fails unless nothing but white space is left. */
    boolean atEnd() {
        return peek() < 0 || fail("expected the end of the text");
    }

    /** Moves over a property's name. */
    boolean skipName() {
        return peek() == '"' ? skipString() : fail("expected a property name in double quotes");
    }

    boolean skipColon() {
        return take(':') || fail("expected ':' after a property name");
    }

    /**
     * Moves over one value of any kind.
     *
     * @param depth how many containers are open around the value
     */
    boolean skipValue(int depth) {
        long objects = 0; // the lowest bit says whether the innermost container is an object
        int open = 0;
        while (true) {
            int b = peek();
            if (b == '{' || b == '[') {
                if (depth + open == MAX_DEPTH) {
                    return failLimit("nested more than " + MAX_DEPTH + " deep");
                }
                position++;
                boolean object = b == '{';
                if (!take(object ? '}' : ']')) {
                    open++;
                    objects = (objects << 1) | (object ? 1 : 0);
                    if (object && !(skipName() && skipColon())) {
                        return false;
                    }
                    continue;
                }
            } else if (!skipScalar(b)) {
                return false;
            }

            // A value has ended: close what ends with it, up to a comma.
            while (open > 0 && !take(',')) {
                if (!take((objects & 1) == 1 ? '}' : ']')) {
                    return fail(
                            (objects & 1) == 1
                                    ? "expected ',' or '}' in an object"
                                    : "expected ',' or ']' in an array");
                }
                open--;
                objects >>>= 1;
            }
            if (open == 0) {
                return true;
            }
            if ((objects & 1) == 1 && !(skipName() && skipColon())) {
                return false;
            }
        }
    }

    private boolean skipScalar(int b) {
        return switch (b) {
            case '"' -> skipString();
            case 't' -> skipLiteral(TRUE);
            case 'f' -> skipLiteral(FALSE);
            case 'n' -> skipLiteral(NULL);
            default -> (b == '-' || isDigit(b)) ? skipNumber() : fail("expected a JSON value");
        };
    }

    private boolean skipLiteral(byte[] literal) {
        int after = position + literal.length;
        if (after > end || !Arrays.equals(bytes, position, after, literal, 0, literal.length)) {
            return fail("expected a JSON value");
        }
        position = after;
        return true;
    }

    private boolean skipNumber() {
        int first = position;
        if (bytes[position] == '-') {
            position++;
        }
        if (position < end && bytes[position] == '0') {
            position++;
        } else if (!skipDigits()) {
            return false;
        }
        if (position < end && bytes[position] == '.') {
            position++;
            if (!skipDigits()) {
                return false;
            }
        }
        if (position < end && (bytes[position] | 0x20) == 'e') {
            position++;
            if (position < end && (bytes[position] == '+' || bytes[position] == '-')) {
                position++;
            }
            if (!skipDigits()) {
                return false;
            }
        }
        return position - first <= MAX_NUMBER_BYTES
                || failLimit("a number of more than " + MAX_NUMBER_BYTES + " characters");
    }

    private boolean skipDigits() {
        int first = position;
        while (position < end && isDigit(bytes[position])) {
            position++;
        }
        return position > first || fail("expected a digit");
    }

    private boolean skipString() {
        position++;
        while (position < end) {
            byte b = bytes[position];
            if (b >= ' ' && b != '"' && b != '\\') {
                position++;
            } else if (b == '"') {
                position++;
                return true;
            } else if (!(b == '\\'
                    ? skipEscape()
                    : b < 0 ? skipMultibyte() : fail("a control character in a string"))) {
                return false;
            }
        }
        return fail("expected the end of a string");
    }

    private boolean skipEscape() {
        if (position + 1 < end) {
            switch (bytes[position + 1]) {
                case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> {
                    position += 2;
                    return true;
                }
                case 'u' -> {
                    if (position + 5 < end && hex(bytes, position + 2) >= 0) {
                        position += 6;
                        return true;
                    }
                }
                default -> {}
            }
        }
        return fail("an unknown escape in a string");
    }

    /**
     * Moves over one character beyond ASCII. Overlong forms, surrogates and what lies above U+10FFFF are no UTF-8 (RFC
     * 3629, section 4), and a client that got them in a text frame would have to close with 1007.
     */
    private boolean skipMultibyte() {
        int lead = bytes[position] & 0xff;
        int length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
        if (length == 0 || end - position < length) {
            return fail("not valid UTF-8");
        }
        int second = bytes[position + 1] & 0xff;
        int lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        int highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        boolean valid = second >= lowest && second <= highest;
        for (int i = 2; i < length; i++) {
            valid &= (bytes[position + i] & 0xc0) == 0x80;
        }
        if (!valid) {
            return fail("not valid UTF-8");
        }
        position += length;
        return true;
    }

    boolean fail(String rule) {
        problem = position >= end ? rule + " before the text ended" : rule;
        return false;
    }

    private boolean failLimit(String rule) {
        overLimit = true;
        problem = rule;
        return false;
    }

    private static boolean isDigit(int b) {
        return b >= '0' && b <= '9';
    }

    /** Returns the value of four hexadecimal digits, or -1 where they are something else. */
    static int hex(byte[] bytes, int at) {
        int value = 0;
        for (int i = 0; i < 4; i++) {
            int digit = Character.digit(bytes[at + i], 16);
            if (digit < 0) {
                return -1;
            }
            value = (value << 4) | digit;
        }
        return value;
    }
}

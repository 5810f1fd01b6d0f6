package io.campanile.protocol;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Where the fields of one JSON object lie. All of the object is checked before a field is read, so a value is good
 * JSON; of what kind it is, the methods that read it find out.
 *
 * <p>A field of the value {@code null} counts as absent. Whatever else is wrong with the object is kept as its first
 * {@link #problem}: a method that reads a field of the wrong kind reports it there and returns nothing.
 */
final class JsonFields {

    /** What the first thing wrong with an object is. */
    record Problem(ErrorCode code, String message) {}

    /** Whether an object may have fields that nobody asked about. */
    enum Unknown {
        IGNORED,
        REFUSED
    }

    /** The largest integer whose neighbours a double, and so JavaScript, can still tell from it. */
    static final long MAX_ID = (1L << 53) - 1;

    private final byte[] bytes;
    private final String[] names;

    /** Per name the index of the value's first byte and, behind it, the index after its last; 0 and 0 if absent. */
    private final int[] ranges;

    private @Nullable Problem problem;

    private JsonFields(byte[] bytes, String[] names) {
        this.bytes = bytes;
        this.names = names;
        this.ranges = new int[2 * names.length];
    }

    /**
     * Reads an object.
     *
     * @param names the fields to look for; ASCII
     */
    static JsonFields read(byte[] bytes, int offset, int length, String[] names, Unknown unknown) {
        var fields = new JsonFields(bytes, names);
        var scanner = new JsonScanner(bytes, offset, length);
        if (!fields.scan(scanner, unknown)) {
            // That the text is no JSON outweighs whatever was wrong before it ceased to be.
            fields.problem = new Problem(
                    scanner.isOverLimit() ? ErrorCode.LIMIT_EXCEEDED : ErrorCode.MALFORMED, scanner.problem());
        }
        return fields;
    }

    private boolean scan(JsonScanner scanner, Unknown unknown) {
        if (scanner.peek() != '{') {
            return scanner.fail("expected a JSON object");
        }
        scanner.take('{');
        if (!scanner.take('}')) {
            do {
                if (!scanField(scanner, unknown)) {
                    return false;
                }
            } while (scanner.take(','));
            if (!scanner.take('}')) {
                return scanner.fail("expected ',' or '}' in an object");
            }
        }
        return scanner.atEnd();
    }

    private boolean scanField(JsonScanner scanner, Unknown unknown) {
        scanner.peek();
        int nameStart = scanner.position();
        if (!scanner.skipName()) {
            return false;
        }
        int field = find(nameStart + 1, scanner.position() - 1);
        if (field < 0 && unknown == Unknown.REFUSED && problem == null) {
            String name = decode(bytes, nameStart + 1, scanner.position() - 1);
            report("unknown field " + Names.shown(name) + " (expected: " + String.join(", ", names) + ")");
        }
        if (!scanner.skipColon()) {
            return false;
        }
        scanner.peek();
        int valueStart = scanner.position();
        if (!scanner.skipValue(1)) {
            return false;
        }
        if (field >= 0) {
            if (ranges[2 * field] != 0) {
                report(names[field] + ": given twice (expected: at most once)");
            }
            ranges[2 * field] = valueStart;
            ranges[2 * field + 1] = scanner.position();
        }
        return true;
    }

    /** Returns which field a name is, spelled with escapes or without, or -1. */
    private int find(int start, int end) {
        for (int field = 0; field < names.length; field++) {
            String name = names[field];
            if (end - start == name.length()) {
                int i = 0;
                while (i < name.length() && bytes[start + i] == name.charAt(i)) {
                    i++;
                }
                if (i == name.length()) {
                    return field;
                }
            }
        }
        return hasEscape(bytes, start, end) ? Arrays.asList(names).indexOf(decode(bytes, start, end)) : -1;
    }

    /** Returns what is wrong with the object as far as it has been read, if anything is. */
    Optional<Problem> problem() {
        return Optional.ofNullable(problem);
    }

    /** Keeps the first problem; those that follow are often only its echo. */
    void report(String message) {
        report(ErrorCode.INVALID, message);
    }

    void report(ErrorCode code, String message) {
        if (problem == null) {
            problem = new Problem(code, message);
        }
    }

    /** Keeps a problem if there is one. */
    void report(Optional<String> message) {
        message.ifPresent(this::report);
    }

    String name(int field) {
        return names[field];
    }

    /** Whether a field is there with a value other than null. */
    boolean has(int field) {
        return ranges[2 * field] != 0 && bytes[ranges[2 * field]] != 'n';
    }

    /** Returns a field's value as it was written, or the JSON value null. */
    JsonSlice slice(int field) {
        int start = ranges[2 * field];
        return has(field) ? new JsonSlice(bytes, start, ranges[2 * field + 1] - start) : JsonSlice.NULL;
    }

    /** Returns a field's text; empty, too, if the value is no string. */
    Optional<String> string(int field) {
        if (!has(field)) {
            return Optional.empty();
        }
        int start = ranges[2 * field];
        if (bytes[start] != '"') {
            reportKind(field, "a string");
            return Optional.empty();
        }
        return Optional.of(decode(bytes, start + 1, ranges[2 * field + 1] - 1));
    }

    /** Returns a field's text, or "" and a problem. */
    String requiredString(int field, String expected) {
        if (!has(field)) {
            report(names[field] + ": missing (expected: " + expected + ")");
        }
        return string(field).orElse("");
    }

    /** Returns whether a field is true; an absent one is what {@code absent} says. */
    boolean flag(int field, boolean absent) {
        if (!has(field)) {
            return absent;
        }
        byte first = bytes[ranges[2 * field]];
        if (first != 't' && first != 'f') {
            reportKind(field, "true or false");
        }
        return first == 't';
    }

    /** Returns the texts in a field's array; an absent one is empty. */
    List<String> strings(int field, int maxCount) {
        if (!has(field)) {
            return List.of();
        }
        int start = ranges[2 * field];
        int length = ranges[2 * field + 1] - start;
        if (bytes[start] != '[') {
            reportKind(field, "an array of strings");
            return List.of();
        }
        var texts = new ArrayList<String>();
        var scanner = new JsonScanner(bytes, start, length);
        scanner.take('[');
        while (!scanner.take(']')) {
            if (texts.size() == maxCount) {
                report(ErrorCode.LIMIT_EXCEEDED, names[field] + ": more than " + maxCount + " entries");
                return List.of();
            }
            if (scanner.peek() != '"') {
                report(names[field] + ": an entry that is no string (expected: an array of strings)");
                return List.of();
            }
            int first = scanner.position();
            scanner.skipValue(1);
            texts.add(decode(bytes, first + 1, scanner.position() - 1));
            scanner.take(',');
        }
        return texts;
    }

    /** Returns the values in a field's array as they were written, or a problem where there is none. */
    List<JsonSlice> values(int field, int maxCount) {
        int start = ranges[2 * field];
        if (!has(field) || bytes[start] != '[') {
            reportKind(field, "an array");
            return List.of();
        }
        var values = new ArrayList<JsonSlice>();
        var scanner = new JsonScanner(bytes, start, ranges[2 * field + 1] - start);
        scanner.take('[');
        while (!scanner.take(']')) {
            if (values.size() == maxCount) {
                report(ErrorCode.LIMIT_EXCEEDED, names[field] + ": more than " + maxCount + " entries");
                return List.of();
            }
            scanner.peek();
            int first = scanner.position();
            scanner.skipValue(1);
            values.add(new JsonSlice(bytes, first, scanner.position() - first));
            scanner.take(',');
        }
        return values;
    }

    /** Returns a field's integer, if it is one that survives a double. */
    OptionalLong id(int field) {
        return has(field) ? integer(field, ranges[2 * field + 1]) : OptionalLong.empty();
    }

    /** Returns a field's integer as {@link #id} does, also where it is written with a fraction of zeros: {@code 4000.0}. */
    OptionalLong integer(int field) {
        if (!has(field)) {
            return OptionalLong.empty();
        }
        int end = ranges[2 * field + 1];
        while (bytes[end - 1] == '0') {
            end--;
        }
        return integer(field, bytes[end - 1] == '.' ? end - 1 : ranges[2 * field + 1]);
    }

    private OptionalLong integer(int field, int end) {
        int at = ranges[2 * field];
        boolean negative = bytes[at] == '-';
        long value = 0;
        for (int i = negative ? at + 1 : at; i < end; i++) {
            if (bytes[i] < '0' || bytes[i] > '9' || value > MAX_ID) {
                value = Long.MAX_VALUE;
                break;
            }
            value = value * 10 + (bytes[i] - '0');
        }
        if (value > MAX_ID) {
            reportKind(field, "an integer between -" + MAX_ID + " and " + MAX_ID);
            return OptionalLong.empty();
        }
        return OptionalLong.of(negative ? -value : value);
    }

    private void reportKind(int field, String expected) {
        String value = has(field) ? describe(bytes, ranges[2 * field], ranges[2 * field + 1]) : "missing";
        report(names[field] + ": " + value + " (expected: " + expected + ")");
    }

    /** Returns what a value is, or the value itself where it is short. */
    static String describe(byte[] bytes, int start, int end) {
        return switch (bytes[start]) {
            case '{' -> "an object";
            case '[' -> "an array";
            case '"' -> Names.shown(decode(bytes, start + 1, end - 1));
            case 't' -> "true";
            case 'f' -> "false";
            case 'n' -> "null";
            default -> "the number " + Names.cut(decode(bytes, start, end));
        };
    }

    private static boolean hasEscape(byte[] bytes, int start, int end) {
        for (int i = start; i < end; i++) {
            if (bytes[i] == '\\') {
                return true;
            }
        }
        return false;
    }

    /** Returns the text between the quotes of a string that the scanner has found to be good. */
    private static String decode(byte[] bytes, int start, int end) {
        if (!hasEscape(bytes, start, end)) {
            return new String(bytes, start, end - start, StandardCharsets.UTF_8);
        }
        var text = new StringBuilder(end - start);
        int copied = start;
        for (int i = start; i < end; i++) {
            if (bytes[i] == '\\') {
                text.append(new String(bytes, copied, i - copied, StandardCharsets.UTF_8));
                i++;
                switch (bytes[i]) {
                    case 'b' -> text.append('\b');
                    case 'f' -> text.append('\f');
                    case 'n' -> text.append('\n');
                    case 'r' -> text.append('\r');
                    case 't' -> text.append('\t');
                    case 'u' -> {
                        text.append((char) JsonScanner.hex(bytes, i + 1));
                        i += 4;
                    }
                    default -> text.append((char) bytes[i]);
                }
                copied = i + 1;
            }
        }
        return text.append(new String(bytes, copied, end - copied, StandardCharsets.UTF_8))
                .toString();
    }
}

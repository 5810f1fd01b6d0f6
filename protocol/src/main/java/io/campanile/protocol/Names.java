package io.campanile.protocol;

import java.util.Optional;

/** What the names of rooms, events and users may look like, and how a refused value is shown. */
final class Names {

    /*
     * One rule for rooms and events. Names end up in URLs, in the lines of an event stream, in logs and in subjects of
     * brokers, and two spellings of what looks the same must not be two rooms: hence a part of ASCII. A rule can be
     * loosened in a later version, but not tightened.
     */
    static final int MAX_CHARS = 128;

    static final int MAX_USER_CHARS = 256;
    static final int MAX_CONNECTION_CHARS = 64;

    private static final String NAME_RULE = "1 to " + MAX_CHARS + " of the characters A-Z a-z 0-9 _ - . : / @ = + ~";
    private static final boolean[] NAME_CHARS = new boolean[128];

    private static final int SHOWN_CHARS = 32;

    static {
        for (char c = 0; c < 128; c++) {
            NAME_CHARS[c] = (c >= 'A' && c <= 'Z')
                    || (c >= 'a' && c <= 'z')
                    || (c >= '0' && c <= '9')
                    || "_-.:/@=+~".indexOf(c) >= 0;
        }
    }

    private Names() {}

    static boolean isName(String name) {
        if (name.isEmpty() || name.length() > MAX_CHARS) {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c >= 128 || !NAME_CHARS[c]) {
                return false;
            }
        }
        return true;
    }

    static Optional<String> nameProblem(String field, String name) {
        return isName(name) ? Optional.empty() : Optional.of(refused(field, name, NAME_RULE));
    }

    /** Users are named by whoever issues the tokens: any text that can be shown on one line. */
    static Optional<String> userProblem(String field, String user) {
        return lineProblem(field, user, MAX_USER_CHARS);
    }

    /** Events are numbered by whoever publishes them; an id is a field of an event stream, and so it has one line. */
    static Optional<String> eventIdProblem(String field, String id) {
        return lineProblem(field, id, MAX_CHARS);
    }

    /** Tokens are numbered by whoever issues them. */
    static Optional<String> tokenIdProblem(String field, String id) {
        return lineProblem(field, id, MAX_USER_CHARS);
    }

    /** Says what is wrong with text that shall be shown on one line. */
    static Optional<String> lineProblem(String field, String text, int maxChars) {
        boolean good = !text.isEmpty() && text.length() <= maxChars;
        for (int i = 0; good && i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int c = text.codePointAt(i);
            good = !Character.isISOControl(c)
                    && Character.getType(c) != Character.SURROGATE
                    && c != 0x2028
                    && c != 0x2029;
        }
        return good
                ? Optional.empty()
                : Optional.of(refused(field, text, "1 to " + maxChars + " characters without control characters"));
    }

    static Optional<String> connectionProblem(String field, String id) {
        return id.length() <= MAX_CONNECTION_CHARS && isName(id)
                ? Optional.empty()
                : Optional.of(refused(field, id, "the id of a connection"));
    }

    static String refused(String field, String value, String expected) {
        return field + ": " + shown(value) + " (expected: " + expected + ")";
    }

    /** Returns a value in double quotes, cut short, with nothing in it that could break a line or hide in one. */
    static String shown(String value) {
        return '"' + cut(value) + '"';
    }

    static String cut(String value) {
        var shown = new StringBuilder();
        for (int i = 0; i < Math.min(value.length(), SHOWN_CHARS); i++) {
            char c = value.charAt(i);
            shown.append((c >= ' ' && c < 0x7f) ? c : '?');
        }
        return shown.append(value.length() > SHOWN_CHARS ? "..." : "").toString();
    }
}

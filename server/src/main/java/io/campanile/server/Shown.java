package io.campanile.server;

import java.util.Locale;

/** Puts what others have named and sent into a form that a person can read and a terminal does not obey. */
final class Shown {

    private Shown() {}

    /**
     * Returns text on one line. What could move the cursor, colour the screen or turn the direction of writing is shown
     * by its number, as JSON would write it.
     */
    static String line(String text) {
        if (text.codePoints().noneMatch(Shown::acts)) {
            return text;
        }
        var safe = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(c -> {
            if (acts(c)) {
                safe.append(String.format(Locale.ROOT, "\\u%04x", c));
            } else {
                safe.appendCodePoint(c);
            }
        });
        return safe.toString();
    }

    /** All of these are in the first plane, so that four digits are enough. */
    private static boolean acts(int c) {
        return Character.isISOControl(c)
                || (c >= 0x200e && c <= 0x200f)
                || (c >= 0x2028 && c <= 0x202e)
                || (c >= 0x2066 && c <= 0x2069)
                || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    }

    /** Returns {@code 1 connection} or {@code 2 connections}. */
    static String count(long number, String thing) {
        return number + " " + thing + (number == 1 ? "" : "s");
    }
}

package io.campanile.protocol;

import java.util.Optional;

/**
 * What a room may be called by those who reach it over the wire: 1 to 128 of the letters and digits of ASCII and
 * {@code _ - . : / @ = + ~}. Upper and lower case are different names.
 *
 * <p>The rule holds at the door. The registry itself takes any name that the application chooses.
 */
public final class RoomName {

    /** The most characters a room's name may have. */
    public static final int MAX_CHARS = Names.MAX_CHARS;

    private RoomName() {}

    /** Returns whether a room may have this name. */
    public static boolean isValid(String name) {
        return Names.isName(name);
    }

    /**
     * Returns what is wrong with a name.
     *
     * @param field what the name was given as, to begin the sentence with
     * @param name any text
     * @return a sentence for the client, or nothing if the name is good
     */
    public static Optional<String> problem(String field, String name) {
        return Names.nameProblem(field, name);
    }
}

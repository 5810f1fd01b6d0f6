package io.campanile.gateway;

import io.campanile.core.Claims;
import io.campanile.protocol.RoomName;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The names of some rooms. A pattern and a name are cut into segments at {@code . : /} and compared segment by segment, from
 * left to right and once: what a claim says stands for one whole segment, which has no separator by then, so no value of a
 * claim reaches into the next.
 */
final class RoomPattern {

    /** A part of a pattern between two separators. */
    private sealed interface Segment {
        /** This text. */
        record Text(String text) implements Segment {}

        /** Any text, but not none: {@code *}. */
        record Any() implements Segment {}

        /** The text of a claim: <code>{name}</code>. */
        record Claim(String name) implements Segment {}

        /** What is left of the name, separators included, but not nothing: {@code **}. */
        record Rest() implements Segment {}
    }

    private static final String SEPARATORS = ".:/";

    private final String text;
    private final List<Segment> segments = new ArrayList<>();
    /** Those behind each segment but the last. */
    private final List<Character> separators = new ArrayList<>();

    /**
     * Reads a pattern.
     *
     * @throws IllegalArgumentException if it is none, with a sentence that begins with it
     */
    RoomPattern(String text) {
        this.text = text;
        int at = 0;
        while (true) {
            boolean claim = text.startsWith("{", at);
            if (claim && text.indexOf('}', at) < 0) {
                throw wrong("{ without }");
            }
            int end = claim ? text.indexOf('}', at) + 1 : endOfSegment(text, at);
            segments.add(segment(text.substring(at, end)));
            if (end == text.length()) {
                break;
            }
            if (SEPARATORS.indexOf(text.charAt(end)) < 0) {
                throw wrong("a claim is a whole segment, such as user.{sub}.inbox");
            }
            if (segments.get(segments.size() - 1) instanceof Segment.Rest) {
                throw wrong("** is the last segment");
            }
            separators.add(text.charAt(end));
            at = end + 1;
        }
        if (text.isEmpty()) {
            throw wrong("empty");
        }
    }

    private Segment segment(String part) {
        if (part.equals("*")) {
            return new Segment.Any();
        }
        if (part.equals("**")) {
            return new Segment.Rest();
        }
        if (part.startsWith("{")) {
            String name = part.substring(1, part.length() - 1);
            if (name.isEmpty() || name.chars().anyMatch(c -> c <= ' ' || c == '{')) {
                throw wrong("{} names no claim");
            }
            return new Segment.Claim(name);
        }
        if (part.contains("*")) {
            throw wrong("* is a whole segment, such as chat.*");
        }
        if (!part.isEmpty() && !RoomName.isValid(part)) {
            throw wrong("rooms are named by letters, digits and _ - . : / @ = + ~");
        }
        return new Segment.Text(part);
    }

    private IllegalArgumentException wrong(String why) {
        return new IllegalArgumentException("\"" + text + "\" is no pattern of rooms: " + why);
    }

    /** Returns the pattern with {@code *} for each claim: patterns of one shape fit the same rooms, as claims may be. */
    String shape() {
        StringBuilder shape = new StringBuilder();
        for (int i = 0; i < segments.size(); i++) {
            Segment segment = segments.get(i);
            shape.append(
                    segment instanceof Segment.Text literal
                            ? literal.text()
                            : segment instanceof Segment.Rest ? "**" : "*");
            if (i < separators.size()) {
                shape.append(separators.get(i).charValue());
            }
        }
        return shape.toString();
    }

    /** Returns whether the pattern fits a room for some claims. */
    boolean fits(String room) {
        return fits(room, Optional.empty());
    }

    /** Returns whether the pattern fits a room for these claims. */
    boolean fits(String room, Claims claims) {
        return fits(room, Optional.of(claims));
    }

    private boolean fits(String room, Optional<Claims> claims) {
        int at = 0;
        for (int i = 0; i < segments.size(); i++) {
            Segment segment = segments.get(i);
            if (segment instanceof Segment.Rest) {
                return at < room.length();
            }
            int end = endOfSegment(room, at);
            if (!fits(segment, room, at, end, claims)) {
                return false;
            }
            boolean last = i == segments.size() - 1;
            if (last || end == room.length()) {
                return last && end == room.length();
            }
            if (room.charAt(end) != separators.get(i)) {
                return false;
            }
            at = end + 1;
        }
        throw new IllegalStateException("a pattern without a segment");
    }

    private static boolean fits(Segment segment, String room, int from, int to, Optional<Claims> claims) {
        if (segment instanceof Segment.Text literal) {
            return literal.text().length() == to - from && room.startsWith(literal.text(), from);
        }
        if (segment instanceof Segment.Claim claim && claims.isPresent()) {
            Optional<String> value = text(claims.get(), claim.name());
            return to > from && value.isPresent() && room.substring(from, to).equals(value.get());
        }
        return to > from;
    }

    private static int endOfSegment(String text, int from) {
        int end = from;
        while (end < text.length() && SEPARATORS.indexOf(text.charAt(end)) < 0) {
            end++;
        }
        return end;
    }

    /** Returns whether every room that the other pattern fits, for whatever claims, is one that this fits for some. */
    boolean covers(RoomPattern other) {
        for (int i = 0; i < segments.size(); i++) {
            if (i >= other.segments.size()) {
                return false;
            }
            Segment mine = segments.get(i);
            Segment theirs = other.segments.get(i);
            boolean theirsMayBeEmpty =
                    theirs instanceof Segment.Text literal && literal.text().isEmpty();
            if (mine instanceof Segment.Rest) {
                return !theirsMayBeEmpty || i < other.separators.size();
            }
            if (theirs instanceof Segment.Rest) {
                return false;
            }
            if (mine instanceof Segment.Text ? !mine.equals(theirs) : theirsMayBeEmpty) {
                return false;
            }
            boolean last = i == separators.size();
            if (last || i == other.separators.size()) {
                return last && i == other.separators.size();
            }
            if (!separators.get(i).equals(other.separators.get(i))) {
                return false;
            }
        }
        throw new IllegalStateException("a pattern without a segment");
    }

    /** Returns a claim as it may stand in the name of a room: text as it is, whole numbers, and truth values. */
    static Optional<String> text(Claims claims, String name) {
        if (name.equals("sub")) {
            return claims.subject();
        }
        return text(claims.values().get(name));
    }

    static Optional<String> text(@Nullable Object value) {
        if (value instanceof String
                || value instanceof Integer
                || value instanceof Long
                || value instanceof BigInteger
                || value instanceof Boolean) {
            return Optional.of(value.toString());
        }
        return Optional.empty();
    }

    @Override
    public String toString() {
        return text;
    }
}

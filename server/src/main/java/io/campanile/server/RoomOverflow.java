package io.campanile.server;

import io.campanile.core.OverflowPolicy;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * The overflow policy of some rooms.
 *
 * @param rooms the name of a room, or how the names begin and a {@code *}
 * @param policy what happens to a message there that does not fit
 */
record RoomOverflow(String rooms, OverflowPolicy policy) {

    private static final Pattern ROOMS = Pattern.compile("[A-Za-z0-9_.:/@=+~-]{0,128}\\*|[A-Za-z0-9_.:/@=+~-]{1,128}");

    /** Reads {@code prices.*=latest-per-key}; empty when it is not such a rule. */
    static Optional<RoomOverflow> read(String text) {
        int sign = text.lastIndexOf('='); // the name of a room may have one too
        if (sign < 0 || !ROOMS.matcher(text.substring(0, sign)).matches()) {
            return Optional.empty();
        }
        return OptionType.overflow()
                .read(text.substring(sign + 1))
                .map(policy -> new RoomOverflow(text.substring(0, sign), policy));
    }

    String text() {
        return rooms + "=" + OptionType.overflowText(policy);
    }

    boolean concerns(String room) {
        return rooms.endsWith("*") ? room.startsWith(prefix()) : room.equals(rooms);
    }

    /** Whether every room of the other rule is one of this rule too. */
    boolean covers(RoomOverflow other) {
        return rooms.equals(other.rooms) || (rooms.endsWith("*") && other.rooms.startsWith(prefix()));
    }

    private String prefix() {
        return rooms.substring(0, rooms.length() - 1);
    }

    /** Returns the policy of each room: of the first rule that concerns it, or the usual one. */
    static Function<String, OverflowPolicy> policies(List<RoomOverflow> rules, OverflowPolicy usual) {
        return room -> rules.stream()
                .filter(rule -> rule.concerns(room))
                .findFirst()
                .map(RoomOverflow::policy)
                .orElse(usual);
    }
}

package io.campanile.gateway;

import io.campanile.core.Claims;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What clients may do in some rooms. As text:
 *
 * <pre>
 *  chat.*            join publish
 *  user.{sub}.**     join
 *  {tenant}.admin    join members if role=admin
 *  secret.**         nothing
 * </pre>
 *
 * A pattern is cut into segments at {@code . : /}, and so is the name of a room. <code>*</code> is any one segment, {@code **}
 * as the last segment is all that is left, neither of them empty, and <code>{name}</code> is the value of the client's claim
 * of that name, literally; {@code sub} is its subject. A claim that is absent, or whose value has a separator in it, fits no
 * room. Upper and lower case differ.
 *
 * @param rooms the pattern
 * @param actions what it allows
 * @param claims the claims that the client must have: of this value, or lists that contain it
 */
public record RoomRule(String rooms, Set<Action> actions, Map<String, String> claims) {

    /** What clients do in rooms. */
    public enum Action {
        /** Become a member, or listen by a stream. */
        JOIN,
        /** Publish to the members. */
        PUBLISH,
        /** See who the members are. */
        MEMBERS;

        private String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final String NOTHING = "nothing";
    private static final String IF = "if";
    private static final String EXPECTED =
            " (expected: PATTERN ACTION… [if CLAIM=VALUE…], such as chat.* join publish if role=speaker)";

    /** Rejects what is no pattern. */
    public RoomRule {
        RoomPattern unused = new RoomPattern(rooms);
        actions = Set.copyOf(actions);
        claims = Map.copyOf(claims);
    }

    /**
     * Reads a rule: the pattern, the actions, or {@code nothing}, and claims behind {@code if}, with blanks between them.
     *
     * @throws IllegalArgumentException if the text is no rule, with a sentence that says why
     */
    public static RoomRule parse(String text) {
        List<String> words = Arrays.stream(text.strip().split("\\s+")).toList();
        Set<Action> actions = EnumSet.noneOf(Action.class);
        Map<String, String> claims = new LinkedHashMap<>();
        int condition = words.contains(IF) ? words.lastIndexOf(IF) : words.size();
        List<String> does = words.subList(Math.min(1, condition), condition);
        boolean nothing = does.equals(List.of(NOTHING));
        if (does.isEmpty() || condition == words.size() - 1) {
            throw new IllegalArgumentException("\"" + text + "\" is no rule" + EXPECTED);
        }
        for (String word : nothing ? List.<String>of() : does) {
            actions.add(Arrays.stream(Action.values())
                    .filter(action -> action.word().equals(word))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("\"" + text + "\": \"" + word
                            + "\" is no action (expected: join, publish and members, or nothing)")));
        }
        for (String claim : words.subList(Math.min(condition + 1, words.size()), words.size())) {
            int equals = claim.lastIndexOf('=');
            if (equals < 1 || equals == claim.length() - 1) {
                throw new IllegalArgumentException(
                        "\"" + text + "\": \"" + claim + "\" is no condition (expected: CLAIM=VALUE)");
            }
            claims.put(claim.substring(0, equals), claim.substring(equals + 1));
        }
        return new RoomRule(words.get(0), actions, claims);
    }

    /** Returns the text that reads as the same rule. */
    public String text() {
        String does = actions.isEmpty()
                ? NOTHING
                : actions.stream().sorted().map(Action::word).collect(Collectors.joining(" "));
        String when = claims.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(claim -> " " + claim.getKey() + "=" + claim.getValue())
                .collect(Collectors.joining());
        return rooms + " " + does + (when.isEmpty() ? "" : " " + IF + when);
    }

    /** Returns whether the claims are those that the rule asks for. */
    boolean holdsFor(Claims has) {
        return claims.entrySet().stream().allMatch(wanted -> hasClaim(has, wanted.getKey(), wanted.getValue()));
    }

    private static boolean hasClaim(Claims has, String name, String wanted) {
        if (has.values().get(name) instanceof Collection<?> list) {
            return list.stream().anyMatch(item -> RoomPattern.text(item).equals(Optional.of(wanted)));
        }
        return RoomPattern.text(has, name).equals(Optional.of(wanted));
    }

    @Override
    public String toString() {
        return text();
    }
}

package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.Claims;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionId;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which rules say what a client may do in a room. */
final class RoomRulesTest {

    private static final Claims ADA = Claims.of("ada", Map.of("tenant", "acme"));

    @ParameterizedTest
    @CsvSource({
        "lobby, lobby, true",
        "lobby, Lobby, false",
        "lobby, lobby2, false",
        "lobby, lobby.x, false",
        "chat.*, chat.de, true",
        "chat.*, chat., false",
        "chat.*, chat, false",
        "chat.*, chat.de.x, false",
        "chat.*, chat.de:x, false",
        "chat.*, chat:de, false",
        "chat.*.log, chat.de.log, true",
        "chat.*.log, chat..log, false",
        "chat.**, chat.de.x, true",
        "chat.**, chat.de, true",
        "chat.**, chat., false",
        "chat.**, chat, false",
        "chat.**, chats.de, false",
        "**, anything/at:all, true",
        "*, one, true",
        "*, one.two, false",
        "a/b:c.*, a/b:c.d, true",
        "a/b:c.*, a.b.c.d, false",
        "chat., chat., true",
        "user.{sub}, user.ada, true",
        "user.{sub}, user.bob, false",
        "user.{sub}, user.{sub}, false",
        "user.{sub}.**, user.ada.inbox, true",
        "user.{sub}.**, user.ada, false",
        "user.{sub}.**, user.adam.inbox, false",
        "{tenant}:{sub}, acme:ada, true",
        "{tenant}:{sub}, acme:acme, false",
        "{team}.x, .x, false",
        "{team}.x, {team}.x, false",
    })
    void fit(String pattern, String room, boolean fits) {
        assertThat(new RoomPattern(pattern).fits(room, ADA)).isEqualTo(fits);
    }

    /** What a client may call itself must not let it into rooms that are not its own. */
    @ParameterizedTest
    @ValueSource(strings = {"*", "**", "a.b", "a:b", "a/b", "", ".", "{sub}", "{tenant}", "..", "*.x", "ada.*"})
    void noNameEscapesItsPattern(String tenant) {
        Claims claims = Claims.of("eve", tenant.isEmpty() ? Map.of() : Map.of("tenant", tenant));
        RoomPattern pattern = new RoomPattern("t.{tenant}.x");

        for (String room :
                List.of("t.acme.x", "t.ada.x", "t." + tenant + ".x.x", "t.a.x", "t.b.x", "t..x", "t.a.b.x")) {
            assertThat(pattern.fits(room, claims)).as(room).isFalse();
        }
        if (tenant.chars().anyMatch(c -> ".:/".indexOf(c) >= 0) || tenant.isEmpty()) {
            assertThat(pattern.fits("t." + tenant + ".x", claims)).isFalse();
        }
    }

    @Test
    void takeClaimsThatAreTextOrWholeNumbersAndNoOthers() {
        RoomPattern pattern = new RoomPattern("t.{c}");

        assertThat(pattern.fits("t.7", Claims.of("a", Map.of("c", 7L)))).isTrue();
        assertThat(pattern.fits("t.7", Claims.of("a", Map.of("c", BigInteger.valueOf(7)))))
                .isTrue();
        assertThat(pattern.fits("t.7", Claims.of("a", Map.of("c", "7")))).isTrue();
        assertThat(pattern.fits("t.7", Claims.of("a", Map.of("c", 7.0)))).isFalse();
        assertThat(pattern.fits("t.7", Claims.of("a", Map.of("c", List.of("7")))))
                .isFalse();
        assertThat(new RoomPattern("u.{sub}").fits("u.7", Claims.anonymous())).isFalse();
        assertThat(new RoomPattern("u.{sub}").fits("u.7", Claims.of("a", Map.of("sub", "7"))))
                .isFalse();
    }

    @Test
    void allowNothingThatNoneOfThemAllows() {
        Authorizer authorizer = rules("chat.* join publish", "news join");

        assertThat(may(authorizer, ADA, "chat.de")).isEqualTo("join publish");
        assertThat(may(authorizer, ADA, "news")).isEqualTo("join");
        assertThat(may(authorizer, ADA, "other")).isEmpty();
        assertThat(may(rules(), ADA, "chat.de")).isEmpty();
        assertThat(authorizer.maySendDirect(connection(ADA))).isFalse();
    }

    @Test
    void ofTheFirstPatternThatFitsDecideAlone() {
        Authorizer authorizer = rules("secret.** join if role=admin", "user.{sub}.** join", "** join publish members");

        assertThat(may(authorizer, ADA, "secret.plans")).isEmpty();
        assertThat(may(authorizer, Claims.of("eve", Map.of("role", "admin")), "secret.plans"))
                .isEqualTo("join");
        assertThat(may(authorizer, ADA, "user.ada.inbox")).isEqualTo("join");
        assertThat(may(authorizer, ADA, "user.bob.inbox")).isEmpty();
        assertThat(may(authorizer, ADA, "user.ada")).isEqualTo("join publish members");
    }

    @Test
    void ofOneShapeAddUp() {
        Authorizer authorizer = rules(
                "user.{sub} join",
                "chat.* join",
                "user.* join members if role=admin",
                "chat.* publish if role=speaker");

        assertThat(may(authorizer, ADA, "user.bob")).isEmpty();
        assertThat(may(authorizer, Claims.of("eve", Map.of("role", "admin")), "user.bob"))
                .isEqualTo("join members");
        assertThat(may(authorizer, Claims.of("eve", Map.of("role", "speaker")), "chat.x"))
                .isEqualTo("join publish");
    }

    @Test
    void withConditionsNeedAllOfThem() {
        Authorizer authorizer = rules("a join if role=admin tenant=acme", "b join if vip=true", "c join if sub=ada");

        assertThat(may(authorizer, Claims.of("x", Map.of("role", "admin", "tenant", "acme")), "a"))
                .isEqualTo("join");
        assertThat(may(authorizer, Claims.of("x", Map.of("role", List.of("user", "admin"), "tenant", "acme")), "a"))
                .isEqualTo("join");
        assertThat(may(authorizer, Claims.of("x", Map.of("role", "admin")), "a"))
                .isEmpty();
        assertThat(may(authorizer, Claims.of("x", Map.of("role", "administrator", "tenant", "acme")), "a"))
                .isEmpty();
        assertThat(may(authorizer, Claims.of("x", Map.of("role", "user admin", "tenant", "acme")), "a"))
                .isEmpty();
        assertThat(may(authorizer, Claims.of("x", Map.of("vip", true)), "b")).isEqualTo("join");
        assertThat(may(authorizer, ADA, "c")).isEqualTo("join");
        assertThat(may(authorizer, Claims.anonymous(), "c")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "chat.* join",
                "chat.* join publish members",
                "secret.** nothing",
                "user.{sub}.** join if role=admin",
                "{https://example.com/tenant}.x join if https://example.com/role=admin tenant=acme",
            })
    void readAsTheyAreWritten(String text) {
        assertThat(RoomRule.parse(text).text()).isEqualTo(text);
        assertThat(RoomRule.parse("  " + text.replace(" ", "   ") + " ")).isEqualTo(RoomRule.parse(text));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | is no rule",
                "chat.* | is no rule",
                "chat.* if role=admin | is no rule",
                "chat.* join if | is no rule",
                "chat.* jump | \"jump\" is no action",
                "chat.* JOIN | \"JOIN\" is no action",
                "chat.* join nothing | \"nothing\" is no action",
                "chat.* join if role | \"role\" is no condition",
                "chat.* join if role= | \"role=\" is no condition",
                "chat.* join if =admin | \"=admin\" is no condition",
                "chat* join | * is a whole segment",
                "chat.*x join | * is a whole segment",
                "**.x join | ** is the last segment",
                "*** join | * is a whole segment",
                "user.{sub join | { without }",
                "user.{} join | names no claim",
                "user.{{a} join | names no claim",
                "user.{sub}x join | a claim is a whole segment",
                "user.x{sub} join | letters, digits",
                "user.ä join | letters, digits",
            })
    void thatAreNoneAreRefusedWithAReason(String text, String reason) {
        assertThatThrownBy(() -> RoomRule.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }

    @ParameterizedTest
    @CsvSource({
        "** join, chat.* join",
        "chat.** join, chat.de join",
        "chat.** join, chat.*.log join",
        "chat.* join, chat.de join",
        "user.{sub} join, user.ada join",
    })
    void thatNeverHoldAreRefused(String first, String second) {
        assertThatThrownBy(() -> rules(first, second))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("\"" + second + "\" never holds, since \"" + first
                        + "\" stands before it (expected: the narrower one first)");
    }

    @ParameterizedTest
    @CsvSource({
        "*.x join, {tenant}.x nothing",
        "chat.* join, chat.*.log join",
        "chat.de join, chat.* join",
        "chat.** join, chat. join",
    })
    void thatHoldSomewhereAreTaken(String first, String second) {
        assertThat(rules(first, second)).isNotNull();
    }

    /** Random patterns and every name of few segments over a small alphabet, by a model that compares lists. */
    @Test
    void fitAsASimplerMatcherSays() {
        Random random = new Random(20_261_126);
        Map<String, List<String>> names = new TreeMap<>();
        names().forEach(name -> names.put(name, pieces(name)));
        Claims claims = Claims.of("a", Map.of("c", "b", "d", "a.b", "e", "*"));
        for (int round = 0; round < 2_000; round++) {
            RoomPattern pattern = new RoomPattern(pattern(random));
            List<String> wanted = pieces(pattern.toString());
            List<String> wantedOfAny = pieces(pattern.shape());
            names.forEach((name, pieces) -> {
                if (pattern.fits(name, claims) != modelFits(wanted, pieces, claims)
                        || pattern.fits(name) != modelFits(wantedOfAny, pieces, claims)) {
                    throw new AssertionError(pattern + " and " + name);
                }
            });
        }
    }

    @Test
    void coverEachOtherAsTheirRoomsDo() {
        Random random = new Random(7);
        List<String> names = names();
        for (int round = 0; round < 3_000; round++) {
            RoomPattern wide = new RoomPattern(pattern(random));
            RoomPattern narrow = new RoomPattern(pattern(random));
            boolean allOfTheNarrow = names.stream().filter(narrow::fits).allMatch(wide::fits);
            if (wide.covers(narrow)) {
                assertThat(allOfTheNarrow).as("%s covers %s", wide, narrow).isTrue();
            } else {
                // Names of four segments tell all patterns of three apart.
                assertThat(allOfTheNarrow)
                        .as("%s does not cover %s", wide, narrow)
                        .isFalse();
            }
        }
    }

    /** A matcher that goes back would need ages for these. */
    @Test
    void takeTimeInProportionToTheLengthOfTheName() {
        String segments = "*.".repeat(63) + "**";
        RoomPattern pattern = new RoomPattern(segments);
        String almost = "a.".repeat(63);

        assertThat(pattern.fits(almost, ADA)).isFalse();
        assertThat(pattern.fits(almost + "a", ADA)).isTrue();
    }

    /** Compares segments and separators one by one. */
    private static boolean modelFits(List<String> wanted, List<String> given, Claims claims) {
        for (int i = 0; i < wanted.size(); i++) {
            String piece = wanted.get(i);
            if (piece.equals("**")) {
                return given.size() > i
                        && !String.join("", given.subList(i, given.size())).isEmpty();
            }
            if (i >= given.size()) {
                return false;
            }
            boolean same = switch (piece) {
                case "*" -> !given.get(i).isEmpty();
                case "{sub}" -> claims.subject().orElse("\u0000").equals(given.get(i));
                case "{c}", "{d}", "{e}", "{f}" ->
                    claims.values()
                            .getOrDefault(piece.substring(1, 2), "\u0000")
                            .equals(given.get(i));
                default -> piece.equals(given.get(i));
            };
            if (!same) {
                return false;
            }
        }
        return wanted.size() == given.size();
    }

    /** Cuts text at its separators, which are pieces too. */
    private static List<String> pieces(String text) {
        List<String> pieces = new ArrayList<>(List.of(""));
        for (String c : text.split("")) {
            if (c.matches("[.:/]")) {
                pieces.addAll(List.of(c, ""));
            } else {
                pieces.set(pieces.size() - 1, pieces.get(pieces.size() - 1) + c);
            }
        }
        return pieces;
    }

    private static String pattern(Random random) {
        String[] pieces = {"a", "b", "*", "{sub}", "{c}", "{d}", "{e}", "{f}", ""};
        StringBuilder text = new StringBuilder();
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "" : random.nextInt(4) == 0 ? ":" : ".");
            boolean rest = i == count - 1 && random.nextInt(4) == 0;
            text.append(rest ? "**" : pieces[random.nextInt(pieces.length)]);
        }
        return text.isEmpty() ? "a" : text.toString();
    }

    /** Returns all names of at most four segments of "", "a", "b" or "c", parted by dots or colons, and some odd ones. */
    private static List<String> names() {
        List<String> names = new ArrayList<>(List.of("a.*", "*", "{sub}", "a/b"));
        List<String> longest = List.of("");
        for (int segments = 1; segments <= 4; segments++) {
            List<String> longer = new ArrayList<>();
            for (String begin : longest) {
                for (String segment : List.of("", "a", "b", "c")) {
                    longer.add(begin + segment);
                }
            }
            longer.stream().filter(name -> !name.isEmpty()).forEach(names::add);
            List<String> parted = new ArrayList<>();
            longer.forEach(name -> {
                parted.add(name + ".");
                parted.add(name + ":");
            });
            longest = parted;
        }
        return names.stream().distinct().toList();
    }

    private static Authorizer rules(String... rules) {
        return Authorizer.rules(Arrays.stream(rules).map(RoomRule::parse).toList());
    }

    private static String may(Authorizer authorizer, Claims claims, String room) {
        Connection connection = connection(claims);
        List<String> may = new ArrayList<>();
        if (authorizer.mayJoin(connection, room)) {
            may.add("join");
        }
        if (authorizer.mayPublish(connection, room)) {
            may.add("publish");
        }
        if (authorizer.maySeeMembers(connection, room)) {
            may.add("members");
        }
        return String.join(" ", may);
    }

    private static Connection connection(Claims claims) {
        return new Connection() {
            @Override
            public ConnectionId id() {
                throw new AssertionError("rules do not depend on the id");
            }

            @Override
            public Claims claims() {
                return claims;
            }

            @Override
            public boolean isOpen() {
                return true;
            }
        };
    }
}

package io.campanile.server;

import io.campanile.auth.Algorithm;
import io.campanile.auth.ApiKeys;
import io.campanile.core.OverflowPolicy;
import io.campanile.core.Quota.WhenFull;
import io.campanile.gateway.RoomRule;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How the text of an option becomes a value.
 *
 * @param name what the reference calls the type
 * @param expected what a value looks like, to follow the word "expected"
 * @param isList whether the file gives it as a list, and other places with commas between the items
 * @param reader turns text into a value; empty when it is not one
 * @param writer turns a value back into text that reads as the same value
 */
record OptionType<T>(
        String name,
        String expected,
        boolean isList,
        Function<String, Optional<T>> reader,
        Function<T, String> writer) {

    private static final Pattern NUMBER_WITH_UNIT = Pattern.compile("([0-9]{1,12}) ?([A-Za-z]*)");

    Optional<T> read(String text) {
        return reader.apply(text);
    }

    String write(T value) {
        return writer.apply(value);
    }

    static OptionType<Integer> integer(int least, int most) {
        return new OptionType<>(
                "integer", least + " to " + most, false, text -> wholeNumber(text, least, most), n -> n.toString());
    }

    static OptionType<Boolean> bool() {
        return new OptionType<>(
                "boolean",
                "true or false",
                false,
                text -> switch (text) {
                    case "true" -> Optional.of(true);
                    case "false" -> Optional.of(false);
                    default -> Optional.empty();
                },
                b -> b.toString());
    }

    /** A number of bytes, written with a binary unit. */
    static OptionType<Integer> size(int least, int most) {
        return new OptionType<>(
                "size",
                "a size from " + sizeText(least) + " to " + sizeText(most) + ", such as 64KiB or 1MiB",
                false,
                text -> sizeOf(text).filter(n -> n >= least && n <= most).map(Long::intValue),
                OptionType::sizeText);
    }

    /** A number of bytes that may pass 2 GiB. */
    static OptionType<Long> largeSize(long least, long most) {
        return new OptionType<>(
                "size",
                "a size from " + sizeText(least) + " to " + sizeText(most) + ", such as 64MiB or 1GiB",
                false,
                text -> sizeOf(text).filter(n -> n >= least && n <= most),
                OptionType::sizeText);
    }

    static OptionType<Duration> duration(Duration least, Duration most) {
        return new OptionType<>(
                "duration",
                "a duration from " + durationText(least) + " to " + durationText(most) + ", such as 500ms, 10s or 2m",
                false,
                text -> durationOf(text).filter(d -> d.compareTo(least) >= 0 && d.compareTo(most) <= 0),
                OptionType::durationText);
    }

    /** A duration within limits, or none. */
    static OptionType<Duration> durationOrOff(Duration least, Duration most) {
        OptionType<Duration> on = duration(least, most);
        return new OptionType<>(
                on.name(),
                "0s, which is off, or " + on.expected(),
                false,
                text -> durationOf(text).filter(Duration::isZero).or(() -> on.read(text)),
                OptionType::durationText);
    }

    static <E extends Enum<E>> OptionType<E> oneOf(Class<E> type) {
        return choice(type, OptionType::enumText);
    }

    /** One of few values, each written in its own way. */
    static <E extends Enum<E>> OptionType<E> choice(Class<E> type, Function<E, String> textOf) {
        List<E> values = List.of(type.getEnumConstants());
        String names = values.stream().map(textOf).collect(Collectors.joining(", "));
        int last = names.lastIndexOf(", ");
        return new OptionType<>(
                "choice",
                last < 0 ? names : names.substring(0, last) + " or " + names.substring(last + 2),
                false,
                text -> values.stream()
                        .filter(v -> textOf.apply(v).equals(text))
                        .findFirst(),
                textOf);
    }

    /** What happens to connections that are too many. */
    static OptionType<WhenFull> whenFull() {
        return choice(WhenFull.class, kind -> kind == WhenFull.REFUSE_NEW ? "refuse" : "close-oldest");
    }

    /** What happens to messages that do not fit. */
    static OptionType<OverflowPolicy> overflow() {
        return choice(OverflowPolicy.class, OptionType::overflowText);
    }

    /** Text without control characters. */
    static OptionType<String> text(String expected, Pattern allowed) {
        return new OptionType<>(
                "text",
                expected,
                false,
                text -> allowed.matcher(text).matches() ? Optional.of(text) : Optional.empty(),
                text -> text);
    }

    /** Origins as browsers send them: scheme, host and port, nothing after. */
    static OptionType<List<String>> origins() {
        return new OptionType<>(
                "list",
                "origins such as https://www.example.com",
                true,
                OptionType::originsOf,
                list -> String.join(",", list));
    }

    /** Names without blanks. */
    static OptionType<List<String>> names() {
        return new OptionType<>(
                "list",
                "names of printable ASCII characters without spaces and commas",
                true,
                text -> listOf(text, name -> name.matches("[!-~&&[^,]]{1,512}") ? Optional.of(name) : Optional.empty()),
                list -> String.join(",", list));
    }

    /** Algorithms of tokens. */
    static OptionType<List<Algorithm>> algorithms() {
        return new OptionType<>(
                "list",
                Arrays.stream(Algorithm.values()).map(Algorithm::toString).collect(Collectors.joining(", ")),
                true,
                text -> listOf(text, Algorithm::of).filter(list -> !list.isEmpty()),
                list -> list.stream().map(Algorithm::toString).collect(Collectors.joining(",")));
    }

    /** Hashed keys of clients. */
    static OptionType<List<String>> clientKeys() {
        return new OptionType<>(
                "list",
                "hashes of keys with a user and claims: sha256:HASH USER [CLAIM=VALUE…]",
                true,
                text -> listOf(text, Optional::of).filter(list -> isValid(() -> ApiKeys.parse(list))),
                list -> String.join(",", list));
    }

    /** Rules of rooms. */
    static OptionType<List<RoomRule>> roomRules() {
        return new OptionType<>(
                "list",
                "rules such as chat.* join publish if role=speaker: a pattern, then join, publish and members, or"
                        + " nothing, then claims",
                true,
                text -> listOf(text, OptionType::roomRule),
                list -> list.stream().map(RoomRule::text).collect(Collectors.joining(",")));
    }

    private static Optional<RoomRule> roomRule(String text) {
        try {
            return Optional.of(RoomRule.parse(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static boolean isValid(Runnable reader) {
        try {
            reader.run();
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Overflow policies of rooms. */
    static OptionType<List<RoomOverflow>> roomOverflow() {
        return new OptionType<>(
                "list",
                "rooms and their policies such as prices.*=latest-per-key: a name, or how names begin and a *, then = and "
                        + overflow().expected(),
                true,
                text -> listOf(text, RoomOverflow::read),
                list -> list.stream().map(RoomOverflow::text).collect(Collectors.joining(",")));
    }

    /** Keys of the HTTP API. */
    static OptionType<List<ApiKey>> apiKeys() {
        return new OptionType<>(
                "list",
                ApiKey.EXPECTED,
                true,
                text -> listOf(text, ApiKey::read).flatMap(ApiKey::distinct),
                list -> list.stream().map(ApiKey::text).collect(Collectors.joining(",")));
    }

    private static <T> Optional<List<T>> listOf(String text, Function<String, Optional<T>> reader) {
        var items = new ArrayList<T>();
        for (String item : text.isBlank() ? List.<String>of() : List.of(text.split(",", -1))) {
            Optional<T> read = reader.apply(item.trim());
            if (read.isEmpty()) {
                return Optional.empty();
            }
            items.add(read.get());
        }
        return Optional.of(List.copyOf(items));
    }

    private static Optional<Integer> wholeNumber(String text, int least, int most) {
        if (!text.matches("-?[0-9]{1,10}")) {
            return Optional.empty();
        }
        long value = Long.parseLong(text);
        return value < least || value > most ? Optional.empty() : Optional.of((int) value);
    }

    private static Optional<Long> sizeOf(String text) {
        Matcher m = NUMBER_WITH_UNIT.matcher(text);
        if (!m.matches()) {
            return Optional.empty();
        }
        int shift = switch (m.group(2)) {
            case "", "B" -> 0;
            case "KiB" -> 10;
            case "MiB" -> 20;
            case "GiB" -> 30;
            default -> -1;
        };
        long number = Long.parseLong(m.group(1));
        return shift < 0 || number > Long.MAX_VALUE >> shift ? Optional.empty() : Optional.of(number << shift);
    }

    private static String sizeText(long bytes) {
        String[] units = {"B", "KiB", "MiB", "GiB"};
        int unit = 0;
        long number = bytes;
        while (unit < 3 && number >= 1024 && number % 1024 == 0) {
            number /= 1024;
            unit++;
        }
        return number + units[unit];
    }

    private static Optional<Duration> durationOf(String text) {
        Matcher m = NUMBER_WITH_UNIT.matcher(text);
        if (!m.matches() || m.group(1).length() > 9) {
            return Optional.empty();
        }
        long number = Long.parseLong(m.group(1));
        return switch (m.group(2)) {
            case "ms" -> Optional.of(Duration.ofMillis(number));
            case "s" -> Optional.of(Duration.ofSeconds(number));
            case "m" -> Optional.of(Duration.ofMinutes(number));
            case "h" -> Optional.of(Duration.ofHours(number));
            default -> Optional.empty();
        };
    }

    static String durationText(Duration d) {
        long millis = d.toMillis();
        if (millis % 1000 != 0) {
            return millis + "ms";
        }
        long seconds = millis / 1000;
        if (seconds != 0 && seconds % 3600 == 0) {
            return seconds / 3600 + "h";
        }
        return seconds != 0 && seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
    }

    static String overflowText(OverflowPolicy policy) {
        return enumText(policy).replace('_', '-');
    }

    static String enumText(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static Optional<List<String>> originsOf(String text) {
        if (text.isBlank()) {
            return Optional.of(List.of());
        }
        var origins = new ArrayList<String>();
        for (String item : Arrays.stream(text.split(",", -1)).map(String::trim).toList()) {
            if (!isOrigin(item)) {
                return Optional.empty();
            }
            origins.add(item);
        }
        return Optional.of(List.copyOf(origins));
    }

    private static boolean isOrigin(String text) {
        try {
            URI uri = new URI(text);
            return ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
                    && uri.getHost() != null
                    && uri.getRawUserInfo() == null
                    && uri.getRawPath().isEmpty()
                    && uri.getRawQuery() == null
                    && uri.getRawFragment() == null;
        } catch (URISyntaxException e) {
            return false;
        }
    }
}

package io.campanile.server;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A key of the HTTP API as the configuration names it: {@code shop:publish+read:KEY}, or {@code shop@2027-01-31:*:KEY} for
 * one that ends.
 *
 * @param name what logs and metrics call it
 * @param scopes what it is good for
 * @param lastDay the last day in UTC on which it is good; empty when it does not end
 * @param key what callers show
 */
record ApiKey(String name, Set<ApiScope> scopes, Optional<LocalDate> lastDay, String key) {

    /** Metrics have a counter for each. */
    static final int MAX_KEYS = 32;

    /** What the one key of {@code api.key} is called. */
    static final String DEFAULT_NAME = "default";

    /** What a caller that needs no key, in development mode, is called. */
    static final String DEVELOPMENT_NAME = "development";

    static final String EXPECTED =
            "keys such as shop:publish+read:KEY, each with a name of its own, behind it @2027-01-31 for"
                    + " one that ends, * or its scopes (publish, read, manage, revoke), and 16 to 256 printable ASCII characters"
                    + " without spaces and commas; at most " + MAX_KEYS;

    private static final String ALL = "*";
    private static final Pattern TEXT = Pattern.compile(
            "(?<name>[A-Za-z0-9_.-]{1,64})(@(?<day>\\d{4}-\\d{2}-\\d{2}))?:(?<scopes>\\*|[a-z+]+):(?<key>[!-+\\--~]{16,256})");

    /** Returns the key of {@code api.key}, which is good for everything. */
    static ApiKey ofEverything(String key) {
        return new ApiKey(DEFAULT_NAME, EnumSet.allOf(ApiScope.class), Optional.empty(), key);
    }

    /** Reads one key; empty when the text is none. */
    static Optional<ApiKey> read(String text) {
        Matcher m = TEXT.matcher(text);
        if (!m.matches()
                || m.group("name").equals(DEFAULT_NAME)
                || m.group("name").equals(DEVELOPMENT_NAME)) {
            return Optional.empty();
        }
        Set<ApiScope> scopes = EnumSet.noneOf(ApiScope.class);
        if (m.group("scopes").equals(ALL)) {
            scopes.addAll(EnumSet.allOf(ApiScope.class));
        } else {
            for (String name : m.group("scopes").split("\\+", -1)) {
                Optional<ApiScope> scope = OptionType.oneOf(ApiScope.class).read(name);
                if (scope.isEmpty()) {
                    return Optional.empty();
                }
                scopes.add(scope.get());
            }
        }
        try {
            Optional<LocalDate> lastDay = Optional.ofNullable(m.group("day")).map(LocalDate::parse);
            return Optional.of(new ApiKey(m.group("name"), scopes, lastDay, m.group("key")));
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    /** Returns the keys if each is unlike the others in name and key, and there are not too many. */
    static Optional<List<ApiKey>> distinct(List<ApiKey> keys) {
        boolean distinct = keys.stream().map(ApiKey::name).distinct().count() == keys.size()
                && keys.stream().map(ApiKey::key).distinct().count() == keys.size();
        return distinct && keys.size() <= MAX_KEYS ? Optional.of(keys) : Optional.empty();
    }

    /** Returns the text that reads as the same key. */
    String text() {
        var names = new ArrayList<String>();
        scopes.forEach(scope -> names.add(OptionType.enumText(scope)));
        return name + lastDay.map(day -> "@" + day).orElse("") + ":" + String.join("+", names) + ":" + key;
    }

    /** Tells everything but the key. */
    @Override
    public String toString() {
        return "ApiKey[" + name + ", " + scopes
                + lastDay.map(day -> ", until " + day).orElse("") + "]";
    }
}

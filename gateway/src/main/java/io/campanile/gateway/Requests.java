package io.campanile.gateway;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What HTTP calls and handshakes have in common. */
final class Requests {

    /** The scheme of RFC 6750, in a challenge and in front of a token. */
    static final String BEARER = "Bearer";

    private Requests() {}

    static Map<String, List<String>> copy(Map<String, List<String>> headers) {
        Map<String, List<String>> copy = new LinkedHashMap<>();
        headers.forEach((name, values) -> copy.put(name.toLowerCase(Locale.ROOT), List.copyOf(values)));
        return Collections.unmodifiableMap(copy);
    }

    static Optional<String> header(Map<String, List<String>> headers, String name) {
        List<String> values = headers.getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
        return values.stream().findFirst();
    }

    /** Values whose percent-encoding is broken are left out. */
    static List<String> parameters(String query, String name) {
        return rawParameters(query, name).stream().flatMap(Optional::stream).toList();
    }

    /** Returns all values of a parameter, empty for those whose percent-encoding is broken. */
    static List<Optional<String>> rawParameters(String query, String name) {
        List<Optional<String>> values = new ArrayList<>();
        int from = 0;
        while (from < query.length()) {
            int to = query.indexOf('&', from);
            if (to < 0) {
                to = query.length();
            }
            int equals = query.indexOf('=', from);
            if (equals < 0 || equals > to) {
                equals = to;
            }
            Optional<String> key = decode(query.substring(from, equals));
            if (key.isPresent() && key.get().equals(name)) {
                values.add(decode(query.substring(Math.min(equals + 1, to), to)));
            }
            from = to + 1;
        }
        return Collections.unmodifiableList(values);
    }

    /** Returns all values of a cookie (RFC 6265 section 4.2.1), without the quotes around them. */
    static List<String> cookies(Map<String, List<String>> headers, String name) {
        List<String> values = new ArrayList<>();
        for (String header : headers.getOrDefault("cookie", List.of())) {
            for (String pair : header.split(";", -1)) {
                int equals = pair.indexOf('=');
                if (equals >= 0 && pair.substring(0, equals).strip().equals(name)) {
                    String value = pair.substring(equals + 1).strip();
                    boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
                    values.add(quoted ? value.substring(1, value.length() - 1) : value);
                }
            }
        }
        return values;
    }

    /** Returns what a client says was the id of the last event it has seen, valid or not; what counts comes first. */
    static List<String> lastEventIds(Handshake handshake) {
        List<String> ids = new ArrayList<>();
        // Browsers write the header in UTF-8; as text, each of its bytes is a character.
        handshake.headers().getOrDefault("last-event-id", List.of()).forEach(id -> ids.add(utf8(id)));
        ids.addAll(handshake.parameters(StreamRules.LAST_EVENT_ID));
        return ids;
    }

    private static String utf8(String latin1) {
        return new String(latin1.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    private static Optional<String> decode(String text) {
        try {
            return Optional.of(URLDecoder.decode(text, StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    static boolean isToken(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean token = (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
            if (!token) {
                return false;
            }
        }
        return !text.isEmpty();
    }
}

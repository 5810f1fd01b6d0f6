package io.campanile.server;

import io.campanile.gateway.Admission;
import io.campanile.gateway.HttpAnswer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiPredicate;

/**
 * Decides who may call the HTTP API: whoever shows a key with the scope that the call needs. Without any key only programs
 * and own pages of this machine may, in development mode.
 */
final class ApiAccess {

    /** Either of the two below. */
    sealed interface Decision {}

    /** The call may go on. */
    record Granted(ApiCaller caller) implements Decision {}

    /** The call is refused. */
    record Refused(Admission.Refused refusal) implements Decision {

        HttpAnswer answer() {
            HttpAnswer problem = HttpAnswer.problem(refusal.status(), refusal.detail());
            return refusal.challenge()
                    .map(challenge -> problem.withHeader("www-authenticate", challenge))
                    .orElse(problem);
        }
    }

    private static final String BEARER = "Bearer ";
    private static final String NO_KEY = "no API key (expected: X-API-Key: KEY, or Authorization: Bearer KEY)";

    /*
     * Of a key only its hash is kept. All hashes are compared, each over its whole length and whatever the others said, so
     * the time that takes tells neither how much of a key was right nor which one.
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared as a record
    private record Known(byte[] hash, Set<ApiScope> scopes, Optional<LocalDate> lastDay, ApiCaller caller) {}

    private final Mode mode;
    private final List<Known> keys;
    private final ApiCaller development;
    private final InstantSource clock;
    private final BiPredicate<byte[], byte[]> equality;
    private final Map<String, LongAdder> refusals = new ConcurrentHashMap<>();

    /**
     * Begins with the keys that are known.
     *
     * @param perSecond the most that each caller may ask for in a second; 0 is without limit
     */
    ApiAccess(Mode mode, List<ApiKey> keys, int perSecond) {
        this(mode, keys, perSecond, InstantSource.system(), MessageDigest::isEqual);
    }

    /** For tests, which choose the day and watch the comparisons. */
    ApiAccess(Mode mode, List<ApiKey> keys, int perSecond, InstantSource clock, BiPredicate<byte[], byte[]> equality) {
        this.mode = mode;
        this.clock = clock;
        this.equality = equality;
        this.development = new ApiCaller(ApiKey.DEVELOPMENT_NAME, perSecond, System.nanoTime());
        this.keys = keys.stream()
                .map(key -> new Known(
                        sha256(key.key()),
                        key.scopes(),
                        key.lastDay(),
                        new ApiCaller(key.name(), perSecond, System.nanoTime())))
                .toList();
    }

    /** Decides about a call by its headers. */
    Decision decide(Map<String, List<String>> headers, ApiScope scope) {
        if (!keys.isEmpty()) {
            return byKey(headers, scope);
        }
        if (mode == Mode.CONFIGURED) {
            return refused(
                    "closed",
                    403,
                    "the HTTP API is closed on this server (to open it: set api.key or api.keys in its configuration)");
        }
        return Localhost.isOwn(headers)
                ? new Granted(development)
                : refused(
                        "foreign_page",
                        403,
                        "in development mode only this machine's own pages and programs may do this");
    }

    private Decision byKey(Map<String, List<String>> headers, ApiScope scope) {
        List<String> shown = shown(headers);
        if (shown.size() != 1) {
            return refused("no_key", 401, shown.isEmpty() ? NO_KEY : "more than one API key (expected: one)");
        }
        Optional<Known> known = find(sha256(shown.get(0)));
        if (known.isEmpty()) {
            return refused("wrong_key", 401, "the API key is none of this server's", "Bearer error=\"invalid_token\"");
        }
        Known key = known.get();
        LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
        if (key.lastDay().filter(today::isAfter).isPresent()) {
            return refused("expired_key", 401, "the API key has expired", "Bearer error=\"invalid_token\"");
        }
        if (!key.scopes().contains(scope)) {
            String needed = OptionType.enumText(scope);
            return refused(
                    "scope",
                    403,
                    "the API key lacks the scope " + needed,
                    "Bearer error=\"insufficient_scope\", scope=\"" + needed + "\"");
        }
        return new Granted(key.caller());
    }

    private Optional<Known> find(byte[] hash) {
        Optional<Known> found = Optional.empty();
        for (Known key : keys) {
            if (equality.test(key.hash(), hash)) {
                found = Optional.of(key);
            }
        }
        return found;
    }

    private static List<String> shown(Map<String, List<String>> headers) {
        var shown = new ArrayList<>(headers.getOrDefault("x-api-key", List.of()));
        for (String value : headers.getOrDefault("authorization", List.of())) {
            if (value.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
                shown.add(value.substring(BEARER.length()).strip());
            }
        }
        return shown;
    }

    private Refused refused(String reason, int status, String detail) {
        return refused(reason, new Admission.Refused(status, detail));
    }

    private Refused refused(String reason, int status, String detail, String challenge) {
        return refused(reason, new Admission.Refused(status, detail, Optional.of(challenge)));
    }

    private Refused refused(String reason, Admission.Refused refusal) {
        refusals.computeIfAbsent(reason, r -> new LongAdder()).increment();
        return new Refused(refusal);
    }

    /** Returns how often each caller was let through, by its name. */
    Map<String, Long> requests() {
        Map<String, Long> requests = new ConcurrentHashMap<>();
        keys.forEach(key -> requests.put(key.caller().name(), key.caller().requests()));
        if (keys.isEmpty()) {
            requests.put(development.name(), development.requests());
        }
        return requests;
    }

    /** Returns how often calls were refused, by the reason. */
    Map<String, Long> refusals() {
        Map<String, Long> counts = new ConcurrentHashMap<>();
        refusals.forEach((reason, count) -> counts.put(reason, count.sum()));
        long limited = development.limited()
                + keys.stream().mapToLong(key -> key.caller().limited()).sum();
        counts.put("rate", limited);
        return counts;
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}

package io.campanile.auth;

import io.campanile.core.Claims;
import io.campanile.gateway.Admission;
import io.campanile.gateway.TokenVerifier;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Verifies JSON Web Tokens (RFC 7519, with the advice of RFC 8725): signed ones, of at most 8 KiB, by the keys of their
 * issuer. Nothing in a token says which key or algorithm is right; it only picks among what is configured for its issuer.
 *
 * <p>A token must expire, unless configured otherwise. If it has an audience, that must be one which is configured; if one
 * is configured, it must have it. The claims of the connection expire when the token does, the clock skew included: it may
 * stay as long as it could come in. {@code sub} becomes the subject, {@code jti} the id of the token, and what else it says
 * the values.
 *
 * <p>Verifying takes some hundred microseconds at most and is done on the calling thread, except where keys have to be
 * loaded first.
 */
public final class JwtVerifier implements TokenVerifier {

    private static final Logger LOG = System.getLogger("io.campanile.auth");

    private static final int MAX_TOKEN_CHARS = 8 << 10;
    private static final int MAX_NAME_CHARS = 256;
    private static final Duration MAX_SKEW = Duration.ofMinutes(10);
    /** The end of the year 9999. */
    private static final BigDecimal LAST_SECOND = BigDecimal.valueOf(253_402_300_799L);

    /** What makes a token something else than a plain signed one: other rules would be needed to judge it. */
    private static final Set<String> REFUSED_HEADERS = Set.of("crit", "b64", "zip", "enc", "cty");

    private static final Set<String> TYPES = Set.of("jwt", "application/jwt", "at+jwt", "application/at+jwt");
    private static final Set<String> TYPED = Set.of("sub", "jti", "exp", "iat", "nbf");

    /** Why a token is refused, and what its client is told. */
    private enum Reason {
        MALFORMED("the token is malformed"),
        TOO_LARGE("the token is too large"),
        ALGORITHM("the token is signed in a way that is not taken here"),
        HEADER("the token is of a kind that is not taken here"),
        ISSUER("the token is of another issuer"),
        KEY("the token is signed with a key that is not known here"),
        SIGNATURE("the signature of the token does not hold"),
        EXPIRED("the token has expired"),
        NOT_YET("the token does not hold yet"),
        AUDIENCE("the token is for another audience"),
        CLAIMS("the token lacks a claim, or has one of the wrong type");

        private final String detail;

        Reason(String detail) {
            this.detail = detail;
        }

        Admission admission() {
            return Admission.tokenRefused(detail);
        }

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final Admission WITHOUT_KEYS =
            new Admission.Refused(503, "the keys that tokens are verified with cannot be had at the moment");

    private final Map<String, JwtKeys> issuers;
    private final Optional<JwtKeys> anyIssuer;
    private final Set<String> audiences;
    private final Set<Algorithm> algorithms;
    private final Duration skew;
    private final boolean mustExpire;
    private final Clock clock;
    private final Map<Reason, LongAdder> refusals = new EnumMap<>(Reason.class);
    private final LongAdder withoutKeys = new LongAdder();

    private JwtVerifier(Builder from) {
        this.issuers = Map.copyOf(from.issuers);
        this.anyIssuer = from.anyIssuer;
        this.audiences = Set.copyOf(from.audiences);
        this.algorithms = Set.copyOf(from.algorithms);
        this.skew = from.skew;
        this.mustExpire = from.mustExpire;
        this.clock = from.clock;
        for (Reason reason : Reason.values()) {
            refusals.put(reason, new LongAdder());
        }
    }

    /** Begins a verifier that takes no token yet. */
    public static Builder builder() {
        return new Builder();
    }

    /** What a verifier takes. */
    public static final class Builder {
        private final Map<String, JwtKeys> issuers = new LinkedHashMap<>();
        private Optional<JwtKeys> anyIssuer = Optional.empty();
        private Set<String> audiences = Set.of();
        private Set<Algorithm> algorithms = EnumSet.allOf(Algorithm.class);
        private Duration skew = Duration.ofSeconds(30);
        private boolean mustExpire = true;
        private Clock clock = Clock.systemUTC();

        private Builder() {}

        /**
         * Takes the tokens whose {@code iss} is this, verified with these keys and no others.
         *
         * @param name exactly as in the tokens
         */
        public Builder issuer(String name, JwtKeys keys) {
            if (name.isEmpty() || issuers.putIfAbsent(name, keys) != null) {
                throw new IllegalArgumentException("issuer: \"" + name + "\" (expected: a name, and each once)");
            }
            return this;
        }

        /** Takes the tokens of these keys, whatever they say of their issuer. */
        public Builder anyIssuer(JwtKeys keys) {
            anyIssuer = Optional.of(keys);
            return this;
        }

        /** Takes only tokens that are for one of these audiences. */
        public Builder audiences(Set<String> names) {
            audiences = Set.copyOf(names);
            return this;
        }

        /** Takes fewer algorithms than those that the keys are for. */
        public Builder algorithms(Set<Algorithm> some) {
            algorithms = Set.copyOf(some);
            return this;
        }

        /** Sets how far the clocks of issuers may be off, 30 seconds unless set, at most 10 minutes. */
        public Builder clockSkew(Duration value) {
            if (value.isNegative() || value.compareTo(MAX_SKEW) > 0) {
                throw new IllegalArgumentException("clockSkew: " + value + " (expected: PT0S to " + MAX_SKEW + ")");
            }
            skew = value;
            return this;
        }

        /** Takes tokens without {@code exp} too: who has one, has it for good. */
        public Builder withoutExpiryUnsafe() {
            mustExpire = false;
            return this;
        }

        /** Sets what tells the time. */
        public Builder clock(Clock value) {
            clock = value;
            return this;
        }

        /** Returns the verifier. */
        public JwtVerifier build() {
            if (issuers.isEmpty() == anyIssuer.isEmpty()) {
                throw new IllegalStateException(
                        issuers.isEmpty()
                                ? "no keys (expected: an issuer, or keys of any issuer)"
                                : "issuers, and keys of any issuer (expected: one of both)");
            }
            return new JwtVerifier(this);
        }
    }

    /** Loads the keys that are not there yet; completes when that is done or has failed, with whether all are there. */
    public CompletionStage<Boolean> load() {
        CompletionStage<Boolean> all = CompletableFuture.completedFuture(true);
        List<JwtKeys> sources = new ArrayList<>(issuers.values());
        anyIssuer.ifPresent(sources::add);
        for (JwtKeys keys : sources) {
            all = all.thenCombine(keys.load(), (before, now) -> before && now);
        }
        return all;
    }

    /** Returns how many tokens were refused so far, by reason, also by those that never were. */
    public Map<String, Long> refusals() {
        Map<String, Long> counts = new LinkedHashMap<>();
        refusals.forEach((reason, count) -> counts.put(reason.label(), count.sum()));
        counts.put("no_keys", withoutKeys.sum());
        return counts;
    }

    @Override
    public CompletionStage<Admission> verify(String token) {
        if (token.length() > MAX_TOKEN_CHARS) {
            return refused(Reason.TOO_LARGE);
        }
        Optional<ParsedToken> read = ParsedToken.read(token);
        if (read.isEmpty()) {
            return refused(Reason.MALFORMED);
        }
        ParsedToken parsed = read.get();
        Optional<Algorithm> algorithm = text(parsed.header().get("alg")).flatMap(Algorithm::of);
        if (algorithm.isEmpty() || !algorithms.contains(algorithm.get())) {
            return refused(Reason.ALGORITHM);
        }
        if (!isPlain(parsed.header())) {
            return refused(Reason.HEADER);
        }
        Optional<JwtKeys> keys =
                anyIssuer.or(() -> text(parsed.claims().get("iss")).map(issuers::get));
        if (keys.isEmpty()) {
            return refused(Reason.ISSUER);
        }
        return keys.get()
                .candidates(algorithm.get(), text(parsed.header().get("kid")))
                .thenCompose(candidates -> {
                    if (candidates.isEmpty()) {
                        withoutKeys.increment();
                        return CompletableFuture.completedFuture(WITHOUT_KEYS);
                    }
                    if (candidates.get().isEmpty()) {
                        return refused(Reason.KEY);
                    }
                    boolean verified = candidates.get().stream()
                            .anyMatch(key -> key.verifies(parsed.signed(), parsed.signature()));
                    return verified ? judge(parsed.claims()) : refused(Reason.SIGNATURE);
                });
    }

    private static boolean isPlain(Map<String, Object> header) {
        Object type = header.get("typ");
        Object id = header.get("kid");
        return header.keySet().stream().noneMatch(REFUSED_HEADERS::contains)
                && (!header.containsKey("typ")
                        || text(type)
                                .filter(t -> TYPES.contains(t.toLowerCase(Locale.ROOT)))
                                .isPresent())
                && (!header.containsKey("kid") || isName(id));
    }

    private CompletionStage<Admission> judge(Map<String, Object> claims) {
        for (String name : List.of("exp", "nbf", "iat")) {
            if (claims.containsKey(name) && time(claims, name).isEmpty()) {
                return refused(Reason.CLAIMS);
            }
        }
        for (String name : List.of("sub", "jti")) {
            if (claims.containsKey(name) && !isName(claims.get(name))) {
                return refused(Reason.CLAIMS);
            }
        }
        Optional<Instant> expiry = time(claims, "exp").map(time -> time.plus(skew));
        if (expiry.isEmpty() && mustExpire) {
            return refused(Reason.CLAIMS);
        }
        Instant now = clock.instant();
        if (expiry.isPresent() && !expiry.get().isAfter(now)) {
            return refused(Reason.EXPIRED);
        }
        Instant latest = now.plus(skew);
        if (time(claims, "nbf").filter(latest::isBefore).isPresent()
                || time(claims, "iat").filter(latest::isBefore).isPresent()) {
            return refused(Reason.NOT_YET);
        }
        if (!isForUs(claims)) {
            return refused(Reason.AUDIENCE);
        }
        return claimsOf(claims, expiry)
                .<CompletionStage<Admission>>map(
                        granted -> CompletableFuture.completedFuture(new Admission.Admitted(granted)))
                .orElseGet(() -> refused(Reason.CLAIMS));
    }

    /** An audience that is not ours must be refused, also when none is configured (RFC 7519 section 4.1.3). */
    private boolean isForUs(Map<String, Object> claims) {
        Object audience = claims.get("aud");
        List<?> named = audience instanceof List<?> list ? list : audience == null ? List.of() : List.of(audience);
        if (!claims.containsKey("aud")) {
            return audiences.isEmpty();
        }
        return named.stream().anyMatch(name -> name instanceof String text && audiences.contains(text));
    }

    private static Optional<Claims> claimsOf(Map<String, Object> claims, Optional<Instant> expiry) {
        Map<String, Object> values = new LinkedHashMap<>(claims);
        values.keySet().removeAll(TYPED);
        try {
            Claims made = text(claims.get("sub"))
                    .map(Claims::of)
                    .orElse(Claims.anonymous())
                    .withValues(withoutNulls(values));
            made = expiry.map(made::withExpiresAt).orElse(made);
            made = time(claims, "iat").map(made::withIssuedAt).orElse(made);
            return Optional.of(text(claims.get("jti")).map(made::withTokenId).orElse(made));
        } catch (IllegalArgumentException e) {
            // Nested too deep.
            return Optional.empty();
        }
    }

    private static Map<String, Object> withoutNulls(Map<?, ?> map) {
        Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach((name, value) -> {
            if (value != null) {
                copy.put(String.valueOf(name), withoutNulls(value));
            }
        });
        return copy;
    }

    private static Object withoutNulls(Object value) {
        if (value instanceof Map<?, ?> map) {
            return withoutNulls(map);
        }
        if (value instanceof List<?> list) {
            List<Object> copy = new ArrayList<>();
            for (Object item : list) {
                if (item != null) {
                    copy.add(withoutNulls(item));
                }
            }
            return copy;
        }
        return value;
    }

    /** Returns a moment in seconds since 1970, which may have a fraction (RFC 7519 section 2). */
    private static Optional<Instant> time(Map<String, Object> claims, String name) {
        if (!(claims.get(name) instanceof Number number)) {
            return Optional.empty();
        }
        try {
            BigDecimal seconds = number instanceof BigInteger whole
                    ? new BigDecimal(whole)
                    : number instanceof BigDecimal exact ? exact : new BigDecimal(number.toString());
            if (seconds.signum() < 0 || seconds.compareTo(LAST_SECOND) > 0) {
                return Optional.empty();
            }
            return Optional.of(Instant.ofEpochMilli(seconds.movePointRight(3).longValue()));
        } catch (NumberFormatException e) {
            // Not a number, or infinite.
            return Optional.empty();
        }
    }

    private static Optional<String> text(@Nullable Object value) {
        return value instanceof String text ? Optional.of(text) : Optional.empty();
    }

    private static boolean isName(@Nullable Object value) {
        return value instanceof String text
                && !text.isEmpty()
                && text.length() <= MAX_NAME_CHARS
                && text.codePoints().noneMatch(Character::isISOControl);
    }

    private CompletionStage<Admission> refused(Reason reason) {
        LongAdder count = refusals.get(reason);
        if (count != null) {
            count.increment();
        }
        LOG.log(Level.DEBUG, () -> "token refused reason=" + reason.label());
        return CompletableFuture.completedFuture(reason.admission());
    }

    @Override
    public String toString() {
        return "JwtVerifier"
                + Arrays.toString(issuers.keySet().stream().sorted().toArray());
    }
}

package io.campanile.examples.tradingfloor;

import io.campanile.auth.Jwt;
import io.campanile.auth.JwtKeys;
import io.campanile.auth.JwtVerifier;
import io.campanile.auth.SigningKey;
import io.campanile.core.Claims;
import io.campanile.examples.tradingfloor.Accounts.Account;
import io.campanile.gateway.Admission;
import io.campanile.gateway.TokenVerifier;
import java.math.BigInteger;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Who is signed in: a session is a token, signed with a secret of this process, until it expires or its user signs out.
 * With a restart all have to sign in anew.
 */
final class Sessions implements TokenVerifier {

    static final String DESKS = "desks";

    private static final int SECRET_BITS = 512;

    private final String secret =
            new BigInteger(SECRET_BITS, new SecureRandom()).setBit(SECRET_BITS).toString(36);
    private final SigningKey key = SigningKey.secret(secret);
    private final Clock clock;
    private final Duration lifetime;
    private final JwtVerifier verifier;

    /** Tokens that were signed out, by their ids, and when each would have expired. */
    private final Map<String, Instant> over = new ConcurrentHashMap<>();

    Sessions(Clock clock, Duration lifetime) {
        this.clock = clock;
        this.lifetime = lifetime;
        this.verifier = JwtVerifier.builder()
                .anyIssuer(JwtKeys.secret(secret))
                .clockSkew(Duration.ZERO)
                .clock(clock)
                .build();
    }

    Duration lifetime() {
        return lifetime;
    }

    /** Begins a session and returns its token. */
    String begin(Account account) {
        Instant now = clock.instant();
        return Jwt.sign(
                Claims.of(account.user(), Map.of(DESKS, account.desks()))
                        .withIssuedAt(now)
                        .withExpiresAt(now.plus(lifetime))
                        .withTokenId(UUID.randomUUID().toString()),
                key);
    }

    /** Ends a session: its token is good for nothing from now on. */
    void end(Claims claims) {
        Instant now = clock.instant();
        over.values().removeIf(now::isAfter);
        claims.tokenId().ifPresent(id -> over.put(id, claims.expiresAt().orElse(Instant.MAX)));
    }

    @Override
    public CompletionStage<Admission> verify(String token) {
        return verifier.verify(token)
                .thenApply(admission -> admission instanceof Admission.Admitted admitted
                                && admitted.claims()
                                        .tokenId()
                                        .filter(over::containsKey)
                                        .isPresent()
                        ? Admission.tokenRefused("the session is over")
                        : admission);
    }
}

package io.campanile.auth;

import com.nimbusds.jose.util.JSONObjectUtils;
import io.campanile.core.Claims;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Makes JSON Web Tokens.
 *
 * <pre>{@code
 * SigningKey key = SigningKey.secret(secret);
 * Claims claims = Claims.of("ada", Map.of("iss", "https://example.com", "role", "admin"))
 *     .withIssuedAt(now)
 *     .withExpiresAt(now.plus(Duration.ofMinutes(15)));
 * String token = Jwt.sign(claims, key);
 * }</pre>
 *
 * To judge one as a server would, ask a {@link JwtVerifier}: {@code verify(token)} answers with the same claims, or says
 * what is wrong.
 */
public final class Jwt {

    private Jwt() {}

    /**
     * Returns a token that says what the claims say: the subject as {@code sub}, the times as {@code iat} and {@code exp} in
     * whole seconds, the id of the token as {@code jti}, and each value by its name, such as {@code iss} and {@code aud}.
     */
    public static String sign(Claims claims, SigningKey key) {
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("alg", key.algorithm().toString());
        header.put("typ", "JWT");
        key.id().ifPresent(id -> header.put("kid", id));
        Map<String, Object> payload = new LinkedHashMap<>(claims.values());
        claims.subject().ifPresent(subject -> payload.put("sub", subject));
        claims.issuedAt().ifPresent(time -> payload.put("iat", time.getEpochSecond()));
        claims.expiresAt().ifPresent(time -> payload.put("exp", time.getEpochSecond()));
        claims.tokenId().ifPresent(id -> payload.put("jti", id));
        String signed = base64(JSONObjectUtils.toJSONString(header).getBytes(StandardCharsets.UTF_8))
                + "."
                + base64(JSONObjectUtils.toJSONString(payload).getBytes(StandardCharsets.UTF_8));
        return signed + "." + base64(key.sign(signed.getBytes(StandardCharsets.US_ASCII)));
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}

package io.campanile.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.Claims;
import io.campanile.gateway.Admission;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Which tokens are taken, and what they say then. */
final class JwtVerifierTest {

    private static final Instant NOW = Instant.parse("2026-11-26T12:00:00Z");
    private static final long SECOND = NOW.getEpochSecond();
    private static final SigningKey SECRET = SigningKey.secret(Keys.SECRET);

    static List<SigningKey> everyKind() {
        return List.of(SECRET, Keys.signing(Keys.RSA), Keys.signing(Keys.EC), Keys.signing(Keys.ED));
    }

    @ParameterizedTest
    @MethodSource("everyKind")
    void takesWhatWasSignedAndGivesTheSameClaims(SigningKey key) {
        Claims claims = Claims.of(
                        "ada",
                        Map.of(
                                "iss",
                                "https://example.com",
                                "aud",
                                List.of("other", "chat"),
                                "role",
                                List.of("admin", "user"),
                                "level",
                                7L,
                                "vip",
                                true,
                                "deep",
                                Map.of("a", List.of(Map.of("b", "ü€😀")))))
                .withIssuedAt(NOW.minusSeconds(10))
                .withExpiresAt(NOW.plusSeconds(60))
                .withTokenId("t-1");
        JwtVerifier verifier = verifier()
                .anyIssuer(keysOf(key))
                .audiences(Set.of("chat"))
                .clockSkew(Duration.ZERO)
                .build();

        assertThat(verify(verifier, Jwt.sign(claims, key))).isEqualTo(claims.toString());
        assertThat(admitted(verifier, Jwt.sign(claims, key))).isEqualTo(claims);
        assertThat(verifier.refusals().values()).containsOnly(0L);
    }

    @Test
    void endsWithTheTokenWhenTheClocksAreOff() {
        JwtVerifier verifier = verifier()
                .anyIssuer(keysOf(SECRET))
                .clockSkew(Duration.ofSeconds(30))
                .build();

        Claims late = admitted(verifier, signed("{\"sub\":\"ada\",\"exp\":" + (SECOND - 29) + "}"));
        assertThat(late.expiresAt()).contains(NOW.plusSeconds(1));
        assertThat(verify(verifier, signed("{\"exp\":" + (SECOND - 30) + "}"))).isEqualTo("the token has expired");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'exp':%d} + 1 | ",
                "{'exp':%d} + 0 | the token has expired",
                "{'exp':%d.5} + 0 | ",
                "{'exp':%d,'nbf':1} + 9 | ",
                "{'exp':%d,'nbf':%d} + 0 | the token has expired",
                "{'exp':99999999999,'nbf':%d} + 0 | ",
                "{'exp':99999999999,'nbf':%d} + 1 | the token does not hold yet",
                "{'exp':99999999999,'iat':%d} + 1 | the token does not hold yet",
                "{'exp':99999999999,'iat':%d.001} + 0 | the token does not hold yet",
            })
    void judgesTimesToTheMillisecond(String text, String refusal) {
        String[] parts = text.split(" \\+ ");
        String claims = parts[0].replace('\'', '"').replace("%d", String.valueOf(SECOND + Long.parseLong(parts[1])));
        JwtVerifier verifier =
                verifier().anyIssuer(keysOf(SECRET)).clockSkew(Duration.ZERO).build();

        assertThat(verify(verifier, signed(claims))).isEqualTo(refusal == null ? "Claims[anonymous]" : refusal);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'{}' | lacks a claim",
                "'{\"exp\":null}' | lacks a claim",
                "'{\"exp\":\"99999999999\"}' | lacks a claim",
                "'{\"exp\":[99999999999]}' | lacks a claim",
                "'{\"exp\":true}' | lacks a claim",
                "'{\"exp\":-1}' | lacks a claim",
                "'{\"exp\":1e400}' | malformed",
                "'{\"exp\":1e30}' | lacks a claim",
                "'{\"exp\":253402300800}' | lacks a claim",
                "'{\"exp\":9223372036854775808}' | lacks a claim",
                "'{\"exp\":99999999999,\"nbf\":\"0\"}' | lacks a claim",
                "'{\"exp\":99999999999,\"iat\":{}}' | lacks a claim",
                "'{\"exp\":99999999999,\"sub\":7}' | lacks a claim",
                "'{\"exp\":99999999999,\"sub\":\"\"}' | lacks a claim",
                "'{\"exp\":99999999999,\"sub\":\"a\\u0000b\"}' | lacks a claim",
                "'{\"exp\":99999999999,\"sub\":[\"ada\"]}' | lacks a claim",
                "'{\"exp\":99999999999,\"jti\":\"\"}' | lacks a claim",
                "'{\"exp\":99999999999,\"aud\":\"chat\"}' | another audience",
                "'{\"exp\":99999999999,\"aud\":[]}' | another audience",
                "'{\"exp\":99999999999,\"a\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}' | lacks a claim",
            })
    void refusesClaimsThatAreNotWhatTheyShouldBe(String claims, String refusal) {
        JwtVerifier verifier = verifier().anyIssuer(keysOf(SECRET)).build();

        assertThat(verify(verifier, signed(claims))).contains(refusal);
    }

    @Test
    void wantsAnAudienceWhereOneIsConfigured() {
        JwtVerifier verifier =
                verifier().anyIssuer(keysOf(SECRET)).audiences(Set.of("chat")).build();
        String others = ",\"exp\":99999999999}";

        assertThat(verify(verifier, signed("{\"aud\":\"chat\"" + others))).isEqualTo("Claims[anonymous]");
        assertThat(verify(verifier, signed("{\"aud\":[\"x\",\"chat\"]" + others)))
                .isEqualTo("Claims[anonymous]");
        for (String wrong : List.of("\"aud\":\"Chat\"", "\"aud\":[\"x\"]", "\"aud\":null", "\"aud\":7", "\"x\":1")) {
            assertThat(verify(verifier, signed("{" + wrong + others))).isEqualTo("the token is for another audience");
        }
    }

    @Test
    void takesTokensThatNeverExpireOnlyWhereItIsToldTo() {
        JwtVerifier verifier =
                verifier().anyIssuer(keysOf(SECRET)).withoutExpiryUnsafe().build();

        assertThat(admitted(verifier, signed("{\"sub\":\"ada\"}")).expiresAt()).isEmpty();
    }

    @Test
    void takesTheAlgorithmsThatItIsToldToOnly() {
        JwtVerifier verifier = verifier()
                .anyIssuer(keysOf(SECRET))
                .algorithms(Set.of(Algorithm.ES256))
                .build();

        assertThat(verify(verifier, signed("{\"exp\":99999999999}")))
                .isEqualTo("the token is signed in a way that is not taken here");
    }

    @Test
    void leavesNullsOut() {
        JwtVerifier verifier = verifier().anyIssuer(keysOf(SECRET)).build();

        assertThat(admitted(verifier, signed("{\"exp\":99999999999,\"a\":null,\"b\":[1,null],\"c\":{\"d\":null}}"))
                        .values())
                .isEqualTo(Map.of("b", List.of(1L), "c", Map.of()));
    }

    @Test
    void takesAKeyOfEachIssuerForItsOwnTokensOnly() {
        String a = "{\"iss\":\"a\",\"exp\":99999999999}";
        String b = "{\"iss\":\"b\",\"exp\":99999999999}";
        SigningKey keyOfA = Keys.signing(Keys.RSA).withId("k");
        SigningKey keyOfB = Keys.signing(Keys.OTHER_RSA).withId("k");
        JwtVerifier verifier = verifier()
                .issuer("a", JwtKeys.text(Keys.jwks(Keys.jwk(Keys.RSA, "k"))))
                .issuer("b", JwtKeys.text(Keys.jwks(Keys.jwk(Keys.OTHER_RSA, "k"))))
                .build();
        String header = "{\"alg\":\"RS256\",\"kid\":\"k\"}";

        assertThat(verify(verifier, Keys.sign(header, a, keyOfA))).isEqualTo("Claims[anonymous]");
        assertThat(verify(verifier, Keys.sign(header, b, keyOfB))).isEqualTo("Claims[anonymous]");
        assertThat(verify(verifier, Keys.sign(header, b, keyOfA)))
                .isEqualTo("the signature of the token does not hold");
        assertThat(verify(verifier, Keys.sign(header, a.replace("\"a\"", "\"c\""), keyOfA)))
                .isEqualTo("the token is of another issuer");
        assertThat(verify(verifier, Keys.sign(header, a.replace("\"a\"", "[\"a\"]"), keyOfA)))
                .isEqualTo("the token is of another issuer");
    }

    @Test
    void triesATokenWithFourKeysAndNotWithAFifth() {
        String elsewhere = Keys.jwk(Keys.OTHER_RSA, "k");
        String good = Keys.jwk(Keys.RSA, "k");
        String token = Keys.sign("{\"alg\":\"RS256\"}", "{\"exp\":99999999999}", Keys.signing(Keys.RSA));

        JwtKeys fourth = JwtKeys.text(Keys.jwks(elsewhere, elsewhere, elsewhere, good));
        JwtKeys fifth = JwtKeys.text(Keys.jwks(elsewhere, elsewhere, elsewhere, elsewhere, good));

        assertThat(verify(verifier().anyIssuer(fourth).build(), token)).isEqualTo("Claims[anonymous]");
        assertThat(verify(verifier().anyIssuer(fifth).build(), token))
                .isEqualTo("the signature of the token does not hold");
    }

    @Test
    void countsWhatItRefusesByReason() {
        JwtVerifier verifier = verifier().anyIssuer(keysOf(SECRET)).build();

        verify(verifier, "x");
        verify(verifier, "y");
        verify(verifier, "a".repeat(8_193));
        verify(verifier, signed("{\"exp\":1}"));

        assertThat(verifier.refusals())
                .containsEntry("malformed", 2L)
                .containsEntry("too_large", 1L)
                .containsEntry("expired", 1L)
                .containsEntry("signature", 0L)
                .containsEntry("no_keys", 0L);
    }

    @Test
    void takesATokenOf8KiBAndNoneOfOneByteMore() {
        JwtVerifier verifier = verifier().anyIssuer(keysOf(SECRET)).build();
        String claims = "{\"exp\":99999999999,\"x\":\"";
        int room = 8_192 - signed(claims + "\"}").length();
        String largest = signed(claims + "x".repeat(room * 3 / 4) + "\"}");

        assertThat(largest).hasSize(8_192);
        assertThat(verify(verifier, largest)).isEqualTo("Claims[anonymous]");
        assertThat(verify(verifier, largest + "A")).isEqualTo("the token is too large");
    }

    @Test
    void isNotBuiltOfWhatDoesNotGoTogether() {
        assertThatThrownBy(() -> JwtVerifier.builder().build())
                .hasMessage("no keys (expected: an issuer, or keys of any issuer)");
        assertThatThrownBy(() -> JwtVerifier.builder()
                        .issuer("a", keysOf(SECRET))
                        .anyIssuer(keysOf(SECRET))
                        .build())
                .hasMessage("issuers, and keys of any issuer (expected: one of both)");
        assertThatThrownBy(
                        () -> JwtVerifier.builder().issuer("a", keysOf(SECRET)).issuer("a", keysOf(SECRET)))
                .hasMessage("issuer: \"a\" (expected: a name, and each once)");
        assertThatThrownBy(() -> JwtVerifier.builder().clockSkew(Duration.ofMinutes(11)))
                .hasMessage("clockSkew: PT11M (expected: PT0S to PT10M)");
    }

    @Test
    void keysThatAreTooWeakOrOfAnotherKindAreRefused() throws Exception {
        assertThat(JwtKeys.secret("x".repeat(32))).isNotNull();
        assertThatThrownBy(() -> JwtKeys.secret("x".repeat(31)))
                .hasMessage("a secret of 31 bytes (expected: at least 32 for HS256)");
        assertThatThrownBy(() -> JwtKeys.text(Keys.pem(pair("RSA", 1_024).getPublic())))
                .hasMessage("an RSA key of 1024 bits (expected: 2048 to 8192)");
        KeyPairGenerator p384 = KeyPairGenerator.getInstance("EC");
        p384.initialize(new ECGenParameterSpec("secp384r1"));
        assertThatThrownBy(() -> JwtKeys.text(Keys.pem(p384.generateKeyPair().getPublic())))
                .hasMessage("a key of another kind (expected: an RSA, EC P-256 or Ed25519 public key)");
        assertThatThrownBy(() -> JwtKeys.text(Keys.pem(Keys.RSA.getPrivate())))
                .hasMessage("a private key (expected: BEGIN PUBLIC KEY, or BEGIN CERTIFICATE)");
        assertThatThrownBy(() -> JwtKeys.text("nothing"))
                .hasMessage("no key (expected: PEM, which begins with -----BEGIN)");
        assertThatThrownBy(() -> JwtKeys.text("{\"keys\":[]}"))
                .hasMessage("a JWK set without a key to verify tokens with: it is empty");
        String encryption = Keys.jwk(Keys.RSA, "k").replaceFirst("\\{", "{\"use\":\"enc\",");
        assertThatThrownBy(() -> JwtKeys.text(encryption)).hasMessageEndingWith("a key that is not for signatures");
        String other = Keys.jwk(Keys.RSA, "k").replaceFirst("\\{", "{\"alg\":\"PS256\",");
        assertThatThrownBy(() -> JwtKeys.text(other))
                .hasMessageEndingWith("a key for an algorithm that is not taken here");
    }

    @Test
    void keysOfASetThatAreOfNoUseArePassedOver() {
        String set =
                Keys.jwks("{\"kty\":\"XYZ\"}", "{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"}", Keys.jwk(Keys.ED, "k"), "{}");

        assertThat(KeySet.parse(set, KeySet.Secrets.ALLOWED).size()).isEqualTo(1);
        String secret = "{\"kty\":\"oct\",\"k\":\"" + Keys.base64("x".repeat(32)) + "\"}";
        assertThat(KeySet.parse(Keys.jwks(secret), KeySet.Secrets.ALLOWED).size())
                .isEqualTo(1);
        assertThatThrownBy(() -> KeySet.parse(Keys.jwks(secret), KeySet.Secrets.REFUSED))
                .hasMessageEndingWith("a secret in a set that anybody may read");
    }

    private static KeyPair pair(String kind, int bits) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(kind);
        generator.initialize(bits);
        return generator.generateKeyPair();
    }

    private static JwtVerifier.Builder verifier() {
        return JwtVerifier.builder().clock(Clock.fixed(NOW, ZoneOffset.UTC));
    }

    private static JwtKeys keysOf(SigningKey key) {
        return switch (key.algorithm()) {
            case HS256 -> JwtKeys.secret(Keys.SECRET);
            case RS256 -> JwtKeys.text(Keys.pem(Keys.RSA.getPublic()));
            case ES256 -> JwtKeys.text(Keys.jwks(Keys.jwk(Keys.EC, "k")));
            case EDDSA -> JwtKeys.text(Keys.jwks(Keys.jwk(Keys.ED, "k")));
        };
    }

    private static String signed(String claims) {
        return Keys.sign("{\"alg\":\"HS256\"}", claims, SECRET);
    }

    private static String verify(JwtVerifier verifier, String token) {
        Admission admission = verifier.verify(token).toCompletableFuture().join();
        return admission instanceof Admission.Refused refused
                ? refused.detail()
                : ((Admission.Admitted) admission).claims().toString();
    }

    private static Claims admitted(JwtVerifier verifier, String token) {
        return ((Admission.Admitted)
                        verifier.verify(token).toCompletableFuture().join())
                .claims();
    }
}

package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.MessageDigest;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which keys open what, until when, and what comparing them tells. */
final class ApiAccessTest {

    private static final String SHOP = "shop-key-0123456789";
    private static final String OPS = "ops-key-0123456789";
    private static final List<ApiKey> KEYS =
            keys("shop@2026-11-30:publish+read:" + SHOP, "ops:*:" + OPS, "audit:read:audit-key-0123456789");

    private Instant now = Instant.parse("2026-11-26T12:00:00Z");
    private int compared;
    private final ApiAccess access = new ApiAccess(Mode.CONFIGURED, KEYS, 0, () -> now, (a, b) -> {
        compared++;
        return MessageDigest.isEqual(a, b);
    });

    @Test
    void comparesWithEveryKeyWhicheverWasShown() {
        for (String shown : List.of(SHOP, OPS, "audit-key-0123456789", "nothing-like-it", "")) {
            compared = 0;

            decide(shown, ApiScope.READ);

            assertThat(compared).isEqualTo(KEYS.size());
        }
    }

    @Test
    void comparesHashesOfOneLengthInConstantTime() {
        var lengths = new HashSet<Integer>();
        var watching = new ApiAccess(Mode.CONFIGURED, KEYS, 0, InstantSource.system(), (a, b) -> {
            lengths.add(a.length);
            lengths.add(b.length);
            return Arrays.equals(a, b);
        });

        watching.decide(Map.of("x-api-key", List.of("short")), ApiScope.READ);
        watching.decide(Map.of("x-api-key", List.of("long".repeat(1_000))), ApiScope.READ);

        assertThat(lengths).containsExactly(32);
    }

    @Test
    void opensWhatTheScopesSayAndNoMore() {
        assertThat(status(SHOP, ApiScope.PUBLISH)).isEqualTo(200);
        assertThat(status(SHOP, ApiScope.READ)).isEqualTo(200);
        assertThat(status(SHOP, ApiScope.MANAGE)).isEqualTo(403);
        assertThat(status(SHOP, ApiScope.REVOKE)).isEqualTo(403);
        for (ApiScope scope : ApiScope.values()) {
            assertThat(status(OPS, scope)).isEqualTo(200);
        }
        assertThat(((ApiAccess.Refused) decide(SHOP, ApiScope.MANAGE)).answer().headers())
                .containsEntry("www-authenticate", "Bearer error=\"insufficient_scope\", scope=\"manage\"");
    }

    @Test
    void aKeyIsGoodThroughItsLastDay() {
        now = Instant.parse("2026-11-30T23:59:59.999Z");
        assertThat(status(SHOP, ApiScope.READ)).isEqualTo(200);

        now = Instant.parse("2026-12-01T00:00:00Z");
        assertThat(status(SHOP, ApiScope.READ)).isEqualTo(401);
        assertThat(access.refusals()).containsEntry("expired_key", 1L);
    }

    @Test
    void neverTellsAKey() {
        assertThat(KEYS.toString()).contains("shop").doesNotContain(SHOP);
    }

    @Test
    void readsKeysAsTheyAreWritten() {
        for (String good : List.of(
                "a:publish:0123456789abcdef",
                "a.b-c_d@2027-02-28:*:::::::::::::::::",
                "a:read+manage:0123456789abcde~")) {
            assertThat(ApiKey.read(good)).isPresent();
            assertThat(ApiKey.read(good).map(ApiKey::text).flatMap(ApiKey::read))
                    .isEqualTo(ApiKey.read(good));
        }
        for (String bad : List.of(
                "a:publish:0123456789abcde",
                "a:publish:0123456789 abcdef",
                "a:publish:0123456789,abcdef",
                "a:publish:" + "x".repeat(257),
                "a::0123456789abcdef",
                "a:all:0123456789abcdef",
                "a:publish+:0123456789abcdef",
                "a:PUBLISH:0123456789abcdef",
                "a b:publish:0123456789abcdef",
                "a@2027-02-30:publish:0123456789abcdef",
                "a@:publish:0123456789abcdef",
                ":publish:0123456789abcdef",
                "default:publish:0123456789abcdef",
                "development:publish:0123456789abcdef",
                "0123456789abcdef")) {
            assertThat(ApiKey.read(bad)).as(bad).isEmpty();
        }
    }

    private int status(String key, ApiScope scope) {
        return decide(key, scope) instanceof ApiAccess.Refused refused
                ? refused.answer().status()
                : 200;
    }

    private ApiAccess.Decision decide(String key, ApiScope scope) {
        return access.decide(Map.of("authorization", List.of("Bearer " + key)), scope);
    }

    private static List<ApiKey> keys(String... texts) {
        return Arrays.stream(texts).map(text -> ApiKey.read(text).orElseThrow()).toList();
    }
}

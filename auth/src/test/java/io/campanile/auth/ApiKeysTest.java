package io.campanile.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.Claims;
import io.campanile.gateway.Admission;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which keys of clients are known, and what they stand for. */
final class ApiKeysTest {

    private static final String KEY = "sensor-key-of-128-random-bits";

    @Test
    void standForTheirClaims() {
        ApiKeys keys = ApiKeys.parse(
                List.of(ApiKeys.hash("other") + " other", ApiKeys.hash(KEY) + "  sensor-7 role=device tenant=acme"));

        assertThat(keys.verify(KEY).toCompletableFuture().join())
                .isEqualTo(new Admission.Admitted(Claims.of("sensor-7", Map.of("role", "device", "tenant", "acme"))));
    }

    @Test
    void thatAreNotKnownAreRefused() {
        ApiKeys keys = ApiKeys.parse(List.of(ApiKeys.hash(KEY) + " sensor-7"));

        for (String wrong : List.of(
                KEY + "x",
                KEY.substring(1),
                "",
                ApiKeys.hash(KEY),
                ApiKeys.hash(KEY).substring(7))) {
            assertThat(keys.verify(wrong).toCompletableFuture().join())
                    .isEqualTo(Admission.tokenRefused("the key is not known here"));
        }
        assertThat(keys.toString()).isEqualTo("ApiKeys[1]");
    }

    @Test
    void thatAreWrittenWrongAreRefusedWithoutBeingShown() {
        String hash = ApiKeys.hash(KEY);

        refuses("a key without a subject (expected: sha256:HASH SUBJECT [CLAIM=VALUE…])", hash);
        refuses("a key without a subject (expected: sha256:HASH SUBJECT [CLAIM=VALUE…])", hash + " role=x");
        refuses("a key that is no hash (expected: sha256: and 64 hexadecimal digits)", KEY + " sensor");
        refuses("a key that is no hash (expected: sha256: and 64 hexadecimal digits)", hash + "0 sensor");
        refuses("\"role\" is no claim (expected: CLAIM=VALUE)", hash + " sensor role");
        refuses("the key of b is there twice (expected: each once)", hash + " a", hash + " b");
    }

    @Test
    void areAThousandAtMost() {
        Map<String, Claims> keys = new LinkedHashMap<>();
        for (int i = 0; i < 1_000; i++) {
            keys.put(ApiKeys.hash("key" + i), Claims.of("user" + i));
        }

        assertThat(ApiKeys.of(keys).verify("key999").toCompletableFuture().join())
                .isEqualTo(new Admission.Admitted(Claims.of("user999")));
        keys.put(ApiKeys.hash("one more"), Claims.of("user"));
        assertThatThrownBy(() -> ApiKeys.of(keys)).hasMessage("1001 keys (expected: at most 1000)");
    }

    private static void refuses(String message, String... lines) {
        assertThatThrownBy(() -> ApiKeys.parse(List.of(lines)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}

package io.campanile.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What claims hold, and that nobody changes them afterwards. */
final class ClaimsTest {

    @Test
    void holdWhatWasEstablished() {
        Claims claims = Claims.of("ann", Map.of("tenant", "acme", "level", 3, "admin", true))
                .withIssuedAt(Instant.ofEpochSecond(10))
                .withExpiresAt(Instant.ofEpochSecond(20))
                .withTokenId("t1");

        assertThat(claims.subject()).contains("ann");
        assertThat(claims.issuedAt()).contains(Instant.ofEpochSecond(10));
        assertThat(claims.expiresAt()).contains(Instant.ofEpochSecond(20));
        assertThat(claims.tokenId()).contains("t1");
        assertThat(claims.values())
                .containsOnly(Map.entry("tenant", "acme"), Map.entry("level", 3), Map.entry("admin", true));
    }

    @Test
    void establishNothingAboutAnAnonymousPeer() {
        Claims claims = Claims.anonymous();

        assertThat(claims.subject()).isEmpty();
        assertThat(claims.issuedAt()).isEmpty();
        assertThat(claims.expiresAt()).isEmpty();
        assertThat(claims.tokenId()).isEmpty();
        assertThat(claims.values()).isEmpty();
    }

    @Test
    void doNotChangeWithWhatTheyWereMadeOf() {
        List<Object> groups = new ArrayList<>(List.of("a", new HashMap<>(Map.of("of", "b"))));
        Map<String, Object> values = new HashMap<>(Map.of("groups", groups));
        Claims claims = Claims.of("ann", values);

        ((Map<?, ?>) groups.get(1)).clear();
        groups.clear();
        values.clear();

        assertThat(claims.values()).containsOnly(Map.entry("groups", List.of("a", Map.of("of", "b"))));
    }

    @Test
    @SuppressWarnings("unchecked")
    void areImmutableToTheBottom() {
        Claims claims = Claims.of("ann", Map.of("groups", new ArrayList<>(List.of(new HashMap<>(Map.of("of", "b"))))));
        List<Object> groups = (List<Object>) claims.values().getOrDefault("groups", List.of());

        assertThatThrownBy(() -> claims.values().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(groups::clear).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> ((Map<String, Object>) groups.get(0)).clear())
                .isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void refuseWhatOthersCouldChange() {
        assertThatThrownBy(() -> Claims.of("ann", Map.of("groups", List.of(new StringBuilder("secret")))))
                .hasMessage(
                        "values.groups: java.lang.StringBuilder (expected: a text, a number, a truth value, or a list"
                                + " or map of these, at most 16 deep)");
    }

    @Test
    void areAsDeepAsTheyMayBeAndNoDeeper() {
        assertThat(Claims.of("ann", Map.of("x", nested(14))).values()).hasSize(1);
        assertThatThrownBy(() -> Claims.of("ann", Map.of("x", nested(15)))).hasMessageContaining("at most 16 deep");
    }

    /** Returns lists around a list that is so much deeper than the first. */
    private static Object nested(int deeper) {
        return deeper == 0 ? List.of("leaf") : List.of(nested(deeper - 1));
    }

    @Test
    void nameTheSubjectOnlyWhenPrinted() {
        assertThat(Claims.of("ann", Map.of("secret", "x")).withTokenId("t")).hasToString("Claims[ann]");
        assertThat(Claims.anonymous()).hasToString("Claims[anonymous]");
    }
}

package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Which name is taken to be meant. */
final class NearestTest {

    @Test
    void countsSwappedNeighboursAsOneMistake() {
        assertThat(Nearest.distance("prot", "port")).isEqualTo(1);
        assertThat(Nearest.distance("port", "port")).isZero();
        assertThat(Nearest.distance("", "port")).isEqualTo(4);
        assertThat(Nearest.distance("kitten", "sitting")).isEqualTo(3);
    }

    @Test
    void takesTheNearestAndOfEquallyNearTheFirst() {
        assertThat(Nearest.to("serve", List.of("server", "serves", "config"))).contains("server");
        assertThat(Nearest.to("confg", List.of("server", "config"))).contains("config");
    }

    @Test
    void namesNothingWhenAllAreFar() {
        assertThat(Nearest.to("x", List.of("server", "config"))).isEmpty();
        assertThat(Nearest.hint("x", List.of("server"))).isEmpty();
    }
}

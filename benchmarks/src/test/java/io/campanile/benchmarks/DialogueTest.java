package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What clients say to become members, in each language. */
final class DialogueTest {
    private final List<String> said = new ArrayList<>();

    @Test
    void saysEachStepWhenTheOneBeforeWasAnswered() throws Exception {
        Dialogue dialogue = new Dialogue(Mode.SOCKETIO, Mode.SOCKETIO.joining("r"), said::add);
        assertThat(said).isEmpty();

        dialogue.hear("0{\"sid\":\"a\"}");
        assertThat(said).containsExactly("40");
        dialogue.hear("40{\"sid\":\"b\"}");
        assertThat(said).containsExactly("40", "420[\"join\",\"r\"]");
        assertThat(dialogue.isOver()).isFalse();
        dialogue.hear("430[]");
        assertThat(dialogue.isOver()).isTrue();
    }

    @Test
    void waitsForNoAnswerWhereThereIsNone() throws Exception {
        Dialogue dialogue = new Dialogue(Mode.STOMP, Mode.STOMP.joining("r"), said::add);

        dialogue.hear("CONNECTED\nversion:1.2\n\n\0");

        assertThat(said).last().isEqualTo("SUBSCRIBE\nid:0\ndestination:/topic/r\n\n\0");
        assertThat(dialogue.isOver()).isTrue();
    }

    @Test
    void ignoresWhatIsNoAnswer() throws Exception {
        Dialogue dialogue = new Dialogue(Mode.CAMPANILE, Mode.CAMPANILE.joining("r"), said::add);

        dialogue.hear("{\"event\":\"welcome\",\"data\":{\"connection\":\"1\",\"protocol\":1}}");

        assertThat(dialogue.isOver()).isFalse();
    }

    @Test
    void endsWithARefusal() {
        Dialogue dialogue = new Dialogue(Mode.CAMPANILE, Mode.CAMPANILE.joining("r"), said::add);
        String refusal = "{\"event\":\"error\",\"id\":1,\"data\":{\"code\":\"forbidden\"}}";

        assertThatThrownBy(() -> dialogue.hear(refusal))
                .isInstanceOf(Dialogue.RefusedException.class)
                .hasMessage(refusal);
    }

    @ParameterizedTest
    @EnumSource(
            value = Mode.class,
            names = {"CAMPANILE", "PLAIN", "ARCLY"})
    void publishesWhatIsAsLongAsItSays(Mode mode) {
        String delivered = mode == Mode.CAMPANILE
                ? "{\"event\":\"m\",\"room\":\"r\",\"data\":\"xyz\"}"
                : "{\"event\":\"m\",\"data\":\"xyz\"}";

        assertThat(delivered).hasSize(mode.overhead("r") + "xyz".length());
        assertThat(mode.publication("r", "xyz")).contains("xyz");
    }
}

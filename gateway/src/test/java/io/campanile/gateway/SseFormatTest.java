package io.campanile.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.CloseReason;
import io.campanile.core.CloseReason.ComeBack;
import io.campanile.core.Message;
import io.campanile.protocol.EnvelopeMessage;
import io.campanile.protocol.JsonSlice;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How messages look in an event stream. */
final class SseFormatTest {

    private static final Message CHAT = EnvelopeMessage.inRoom("lobby", "chat", JsonSlice.of("{\"n\":1.50}"));

    @Test
    void writesAnEventAsOneChunk() {
        assertThat(text(SseFormat.EVENTS.encode(CHAT)))
                .isEqualTo("1f\r\nevent: chat\ndata: {\"n\":1.50}\n\n\r\n"
                        .replace("1f", hex("event: chat\ndata: {\"n\":1.50}\n\n")));
    }

    @Test
    void writesTheWholeEnvelopeWhereThatIsAskedFor() {
        assertThat(content(SseFormat.ENVELOPES.encode(CHAT)))
                .isEqualTo("data: {\"event\":\"chat\",\"room\":\"lobby\",\"data\":{\"n\":1.50}}\n\n");
    }

    @Test
    void tellsTheIdOfAnEventThatHasOne() {
        Message message = EnvelopeMessage.event("price", JsonSlice.of("7")).withEventId("caf\u00e9 42");

        assertThat(content(SseFormat.EVENTS.encode(message))).isEqualTo("event: price\nid: café 42\ndata: 7\n\n");
        assertThat(content(SseFormat.ENVELOPES.encode(message)))
                .isEqualTo("id: café 42\ndata: {\"event\":\"price\",\"eventId\":\"café 42\",\"data\":7}\n\n");
    }

    @Test
    void writesTextWithoutAName() {
        assertThat(content(SseFormat.EVENTS.encode(Message.text("hé")))).isEqualTo("data: hé\n\n");
        assertThat(content(SseFormat.EVENTS.encode(Message.text("")))).isEqualTo("data: \n\n");
    }

    @ParameterizedTest
    @CsvSource({
        "'a\nb', 'data: a\ndata: b\n\n'",
        "'a\r\nb', 'data: a\ndata: b\n\n'",
        "'a\rb', 'data: a\ndata: b\n\n'",
        "'a\n\rb', 'data: a\ndata: \ndata: b\n\n'",
        "'a\r\n\r\nb', 'data: a\ndata: \ndata: b\n\n'",
        "'a\n', 'data: a\ndata: \n\n'",
        "'\r', 'data: \ndata: \n\n'",
        "' a', 'data:  a\n\n'",
        "'x\nevent: forged\n\ndata: y', 'data: x\ndata: event: forged\ndata: \ndata: data: y\n\n'"
    })
    void writesEachLineAsALineOfData(String message, String event) {
        assertThat(content(SseFormat.EVENTS.encode(Message.text(message)))).isEqualTo(event);
    }

    @Test
    void writesJsonOverSeveralLinesAsLinesOfData() {
        Message message = EnvelopeMessage.event("chat", JsonSlice.of("[1,\r\n 2,\n3]"));

        assertThat(content(SseFormat.EVENTS.encode(message)))
                .isEqualTo("event: chat\ndata: [1,\ndata:  2,\ndata: 3]\n\n");
    }

    @Test
    void keepsAStreamAliveWithACommentThatNobodyAnswers() {
        assertThat(SseFormat.EVENTS.keepAlive()).hasValueSatisfying(keepAlive -> {
            assertThat(content(keepAlive.frame())).isEqualTo(":\n\n");
            assertThat(keepAlive.isAnswered()).isFalse();
        });
    }

    @Test
    void hasNoFormForABinaryMessage() {
        assertThatThrownBy(() -> SseFormat.EVENTS.encode(Message.binary(new byte[1])))
                .hasMessage("a binary message (expected: text, streams have no other)");
    }

    @Test
    void endsWithTheReasonAndTheTimeToComeBack() {
        CloseReason reason = new CloseReason(1012, "restart", "a \"new\" one", ComeBack.YES)
                .withComeBackAfter(Duration.ofSeconds(7));

        String farewell = text(SseFormat.EVENTS.farewell(reason));

        assertThat(farewell).endsWith("\r\n0\r\n\r\n");
        assertThat(content(farewell.substring(0, farewell.length() - 5).getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("event: campanile.close\nretry: 7000\n"
                        + "data: {\"code\":1012,\"reason\":\"restart\",\"message\":\"a \\\"new\\\" one\"}\n\n");
    }

    @Test
    void leavesTheTimeToTheClientWhereTheReasonDoes() {
        assertThat(text(SseFormat.ENVELOPES.farewell(CloseReason.GOING_AWAY)))
                .doesNotContain("retry")
                .contains("data: {\"event\":\"campanile.close\",\"data\":{\"code\":1001,\"reason\":\"going_away\","
                        + "\"message\":\"the server is going away\"}}\n\n");
    }

    private static String hex(String content) {
        return Integer.toHexString(content.length());
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Returns what a chunk holds, having looked at its size. */
    private static String content(byte[] chunk) {
        String text = new String(chunk, StandardCharsets.ISO_8859_1);
        int head = text.indexOf("\r\n") + 2;
        String content = text.substring(head, text.length() - 2);
        assertThat(text).startsWith(hex(content) + "\r\n").endsWith("\r\n");
        return text(content.getBytes(StandardCharsets.ISO_8859_1));
    }
}

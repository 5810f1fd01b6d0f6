package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.slf4j.event.KeyValuePair;

/** How a log line looks. */
final class LogLayoutTest {

    @Test
    void textIsASentenceAndItsFields() {
        assertThat(layout(LogFormat.TEXT, "connection closed", "id", 42, "reason", "slow_client"))
                .isEqualTo("2026-11-23T15:40:00.123Z INFO  connection closed id=42 reason=slow_client\n");
    }

    @Test
    void textQuotesWhatHasSpaces() {
        assertThat(layout(LogFormat.TEXT, "handler failed", "at", "a \"b\"", "none", ""))
                .isEqualTo("2026-11-23T15:40:00.123Z INFO  handler failed at=\"a \\\"b\\\"\" none=\"\"\n");
    }

    @Test
    void textStaysOnItsLineWhateverItIsMadeOf() {
        assertThat(layout(LogFormat.TEXT, "a\nb\u2028", "c", "d\r\n\u001b[31m"))
                .isEqualTo("2026-11-23T15:40:00.123Z INFO  a?b? c=d???[31m\n");
    }

    @Test
    void jsonIsAnObjectWithNumbersAsNumbers() {
        assertThat(layout(LogFormat.JSON, "connection closed", "id", 42, "detail", "a \"b\"\n"))
                .isEqualTo("{\"time\":\"2026-11-23T15:40:00.123Z\",\"level\":\"INFO\",\"logger\":\"io.campanile\","
                        + "\"message\":\"connection closed\",\"id\":42,\"detail\":\"a \\\"b\\\"\\n\"}\n");
    }

    private static String layout(LogFormat format, String message, Object... pairs) {
        var event =
                new LoggingEvent("", new LoggerContext().getLogger("io.campanile"), Level.INFO, message, null, null);
        event.setInstant(Instant.parse("2026-11-23T15:40:00.123Z"));
        for (int i = 0; i < pairs.length; i += 2) {
            event.addKeyValuePair(new KeyValuePair(String.valueOf(pairs[i]), pairs[i + 1]));
        }
        return new LogLayout(format).doLayout(event);
    }
}

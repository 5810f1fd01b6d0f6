package io.campanile.server;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import io.campanile.protocol.JsonSlice;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.slf4j.event.KeyValuePair;

/**
 * One event, one line: {@code 2026-11-23T15:40:00.123Z INFO server started address=127.0.0.1:8080}. A stack trace
 * follows on lines of its own in text, and is a field in JSON.
 */
final class LogLayout extends LayoutBase<ILoggingEvent> {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    private final LogFormat format;

    LogLayout(LogFormat format) {
        this.format = format;
    }

    @Override
    public String doLayout(ILoggingEvent event) {
        return format == LogFormat.JSON ? json(event) : text(event);
    }

    private static String text(ILoggingEvent event) {
        var line = new StringBuilder(160)
                .append(TIME.format(Instant.ofEpochMilli(event.getTimeStamp())))
                .append(' ')
                .append(String.format("%-5s", event.getLevel()))
                .append(' ')
                .append(oneLine(event.getFormattedMessage()));
        if (event.getKeyValuePairs() != null) {
            for (KeyValuePair pair : event.getKeyValuePairs()) {
                line.append(' ').append(pair.key).append('=').append(quotedWhereNeeded(String.valueOf(pair.value)));
            }
        }
        line.append('\n');
        if (event.getThrowableProxy() != null) {
            line.append(ThrowableProxyUtil.asString(event.getThrowableProxy()));
        }
        return line.toString();
    }

    private static String json(ILoggingEvent event) {
        var line = new StringBuilder(200).append('{');
        field(line, "time", TIME.format(Instant.ofEpochMilli(event.getTimeStamp())));
        field(line, "level", event.getLevel().toString());
        field(line, "logger", event.getLoggerName());
        field(line, "message", event.getFormattedMessage());
        if (event.getKeyValuePairs() != null) {
            for (KeyValuePair pair : event.getKeyValuePairs()) {
                if (pair.value instanceof Number || pair.value instanceof Boolean) {
                    line.append(',')
                            .append(JsonSlice.string(pair.key).text())
                            .append(':')
                            .append(pair.value);
                } else {
                    field(line, pair.key, String.valueOf(pair.value));
                }
            }
        }
        if (event.getThrowableProxy() != null) {
            field(line, "exception", ThrowableProxyUtil.asString(event.getThrowableProxy()));
        }
        return line.append("}\n").toString();
    }

    private static void field(StringBuilder line, String name, String value) {
        if (line.length() > 1) {
            line.append(',');
        }
        line.append(JsonSlice.string(name).text())
                .append(':')
                .append(JsonSlice.string(value).text());
    }

    /** What a client chose may be part of a message: it must not be able to begin a line of its own. */
    private static String oneLine(String text) {
        return text.replaceAll("[\\p{Cntrl}\\u2028\\u2029]", "?");
    }

    private static String quotedWhereNeeded(String value) {
        String clean = oneLine(value);
        return clean.isEmpty() || clean.matches(".*[ \"=].*")
                ? '"' + clean.replace("\\", "\\\\").replace("\"", "\\\"") + '"'
                : clean;
    }
}

package io.campanile.gateway;

import io.campanile.core.CloseReason;
import io.campanile.core.Message;
import io.campanile.core.spi.KeepAlive;
import io.campanile.core.spi.WireFormat;
import io.campanile.protocol.EnvelopeMessage;
import io.campanile.protocol.JsonSlice;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Writes each message as one event of a stream (WHATWG HTML, section 9.2), and each event as one chunk of an HTTP/1.1
 * answer (RFC 9112 section 7.1). So the bytes are the same for all streams of a format, and a broadcast is encoded once.
 */
final class SseFormat implements WireFormat {

    /** Names the event in a field of its own; the data is what the publisher gave. */
    static final SseFormat EVENTS = new SseFormat(false);

    /** Gives the whole envelope as data, as over WebSocket: so it tells the room, and one handler hears all. */
    static final SseFormat ENVELOPES = new SseFormat(true);

    private static final byte[] EVENT = ascii("event: ");
    private static final byte[] DATA = ascii("data: ");
    private static final byte[] LAST_CHUNK = ascii("0\r\n\r\n");
    private static final Optional<KeepAlive> COMMENT = Optional.of(KeepAlive.unanswered(chunk(ascii(":\n\n"))));
    private static final byte[] NO_BYTES = {};

    private final boolean envelopes;

    private SseFormat(boolean envelopes) {
        this.envelopes = envelopes;
    }

    @Override
    public byte[] encode(Message message) {
        if (message.kind() == Message.Kind.BINARY) {
            throw new IllegalArgumentException("a binary message (expected: text, streams have no other)");
        }
        if (message instanceof EnvelopeMessage event) {
            byte[] id = event.eventId()
                    .map(own -> ("id: " + own + "\n").getBytes(StandardCharsets.UTF_8))
                    .orElse(NO_BYTES);
            return envelopes
                    ? chunk(event(NO_BYTES, id, message.payload()))
                    : chunk(event(ascii(event.event()), id, event.data().toByteArray()));
        }
        return chunk(event(NO_BYTES, NO_BYTES, message.payload()));
    }

    @Override
    public Optional<KeepAlive> keepAlive() {
        return COMMENT;
    }

    /** Returns what a stream begins with: how long the client shall wait before it comes again when the stream breaks. */
    static byte[] greeting(long retryMillis) {
        return chunk(ascii("retry: " + retryMillis + "\n\n"));
    }

    /** Returns the end of the stream, with the reason in an event before it. */
    byte[] farewell(CloseReason reason) {
        String event = "campanile.close";
        String data = "{\"code\":" + reason.code() + ",\"reason\":\"" + reason.label() + "\",\"message\":"
                + JsonSlice.string(reason.detail()).text() + "}";
        byte[] json = (envelopes ? "{\"event\":\"" + event + "\",\"data\":" + data + "}" : data)
                .getBytes(StandardCharsets.UTF_8);
        byte[] retry = reason.comeBackAfter().isZero()
                ? NO_BYTES
                : ascii("retry: " + reason.comeBackAfter().toMillis() + "\n");
        byte[] last = chunk(event(envelopes ? NO_BYTES : ascii(event), retry, json));
        byte[] all = new byte[last.length + LAST_CHUNK.length];
        System.arraycopy(last, 0, all, 0, last.length);
        System.arraycopy(LAST_CHUNK, 0, all, last.length, LAST_CHUNK.length);
        return all;
    }

    /**
     * Returns one event.
     *
     * @param name the event's name, without line breaks; empty for none
     * @param fields more fields, each with its line feed
     * @param text what becomes the data: a line of it for each of its lines, however they end
     */
    private static byte[] event(byte[] name, byte[] fields, byte[] text) {
        int size = (name.length == 0 ? 0 : EVENT.length + name.length + 1) + fields.length + 1;
        for (int line = 0; line <= text.length; ) {
            int lineEnd = lineEnd(text, line);
            size += DATA.length + lineEnd - line + 1;
            line = nextLine(text, lineEnd);
        }
        Bytes bytes = new Bytes(size);
        if (name.length > 0) {
            bytes.add(EVENT, 0, EVENT.length).add(name, 0, name.length).lineFeed();
        }
        bytes.add(fields, 0, fields.length);
        for (int line = 0; line <= text.length; ) {
            int lineEnd = lineEnd(text, line);
            bytes.add(DATA, 0, DATA.length).add(text, line, lineEnd - line).lineFeed();
            line = nextLine(text, lineEnd);
        }
        return bytes.lineFeed().array;
    }

    private static int lineEnd(byte[] text, int from) {
        int at = from;
        while (at < text.length && text[at] != '\n' && text[at] != '\r') {
            at++;
        }
        return at;
    }

    /** Returns where the line after a line's end begins; beyond the end of the text when there is none. */
    private static int nextLine(byte[] text, int lineEnd) {
        boolean pair = lineEnd + 1 < text.length && text[lineEnd] == '\r' && text[lineEnd + 1] == '\n';
        return lineEnd + (pair ? 2 : 1);
    }

    private static byte[] chunk(byte[] content) {
        byte[] size = ascii(Integer.toHexString(content.length));
        Bytes bytes = new Bytes(size.length + 2 + content.length + 2);
        bytes.add(size, 0, size.length).crLf().add(content, 0, content.length).crLf();
        return bytes.array;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** An array that is being filled. */
    private static final class Bytes {
        final byte[] array;
        private int length;

        Bytes(int size) {
            array = new byte[size];
        }

        Bytes add(byte[] from, int offset, int count) {
            System.arraycopy(from, offset, array, length, count);
            length += count;
            return this;
        }

        Bytes lineFeed() {
            array[length++] = '\n';
            return this;
        }

        Bytes crLf() {
            array[length++] = '\r';
            return lineFeed();
        }
    }
}

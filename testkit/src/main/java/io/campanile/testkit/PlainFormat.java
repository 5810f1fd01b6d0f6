package io.campanile.testkit;

import io.campanile.core.Message;
import io.campanile.core.spi.WireFormat;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A wire format that is easy to read back: one byte for the kind, four for the length, then the payload.
 *
 * <p>Messages are encoded once for each instance, so transports that shall share encodings share an instance.
 */
public final class PlainFormat implements WireFormat {

    /** How many bytes a frame has beside its payload. */
    public static final int OVERHEAD = 5;

    private static final byte TEXT = 1;
    private static final byte BINARY = 2;

    private static final PlainFormat SHARED = new PlainFormat();

    /** Begins a format of its own, which shares no encoding with others. */
    public PlainFormat() {}

    /** Returns the instance that everyone may share. */
    public static PlainFormat shared() {
        return SHARED;
    }

    @Override
    public byte[] encode(Message message) {
        return frame(message.kind(), message.payload());
    }

    /** Returns the frame of a payload. */
    public static byte[] frame(Message.Kind kind, byte[] payload) {
        return ByteBuffer.allocate(OVERHEAD + payload.length)
                .put(kind == Message.Kind.TEXT ? TEXT : BINARY)
                .putInt(payload.length)
                .put(payload)
                .array();
    }

    /**
     * Reads the messages back from what a peer received. The last frame may be incomplete and is then left out.
     *
     * @throws IllegalArgumentException when the bytes are not frames of this format
     */
    public static List<Message> parse(byte[] bytes) {
        List<Message> messages = new ArrayList<>();
        ByteBuffer rest = ByteBuffer.wrap(bytes);
        while (rest.remaining() >= OVERHEAD) {
            int kind = rest.get();
            int length = rest.getInt();
            if ((kind != TEXT && kind != BINARY) || length < 0) {
                throw new IllegalArgumentException("offset " + (rest.position() - OVERHEAD) + ": kind " + kind
                        + ", length " + length + " (expected: a frame)");
            }
            if (rest.remaining() < length) {
                break;
            }
            byte[] payload = new byte[length];
            rest.get(payload);
            messages.add(kind == TEXT ? Message.utf8(payload) : Message.binary(payload));
        }
        return messages;
    }
}

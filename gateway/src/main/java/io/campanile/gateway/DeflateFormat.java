package io.campanile.gateway;

import io.campanile.core.Message;
import io.campanile.core.spi.KeepAlive;
import io.campanile.core.spi.WireFormat;
import java.util.Optional;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * Writes messages compressed (RFC 7692 section 7.2.1) where that is worth it, and otherwise as {@link WebSocketFormat}
 * does. One instance for all connections of a gateway that agreed on the same window, so that a broadcast is compressed
 * once.
 */
final class DeflateFormat implements WireFormat {

    /** The window of clients that want less than the largest: of those smaller than 15 bits, zlib knows no smaller one. */
    static final int NARROW_BITS = 9;

    private static final int RSV1 = 0x40;

    /** What a flush ends with, and what is left out on the wire. */
    private static final int TAIL_BYTES = 4;

    /** More than a flush needs at its end, so that it is known to be complete when room is left. */
    private static final int SPARE_BYTES = 8;

    private final Compression compression;
    private final int pieceBytes;
    private final Deflaters deflaters;
    private final Counters counters;

    private DeflateFormat(Compression compression, int pieceBytes, Deflaters deflaters, Counters counters) {
        this.compression = compression;
        this.pieceBytes = pieceBytes;
        this.deflaters = deflaters;
        this.counters = counters;
    }

    /** Returns a format for clients that bear the largest window. */
    static DeflateFormat wide(Compression compression, Deflaters deflaters, Counters counters) {
        return new DeflateFormat(compression, Integer.MAX_VALUE, deflaters, counters);
    }

    /**
     * Returns a format for clients that keep no more than a window of {@link #NARROW_BITS}. Java's deflater always looks
     * back as far as it can, so it is given as much as fits in the window, and forgets it before the next piece.
     */
    static DeflateFormat narrow(Compression compression, Deflaters deflaters, Counters counters) {
        return new DeflateFormat(compression, 1 << NARROW_BITS, deflaters, counters);
    }

    /** Returns a message that is never compressed, with the same payload. */
    static Message uncompressed(Message message) {
        return new Uncompressed(message);
    }

    @Override
    public byte[] encode(Message message) {
        byte[] payload = message.payload();
        boolean worthIt = payload.length >= compression.minMessageBytes() && !(message instanceof Uncompressed);
        byte[] frame = worthIt ? compressed(message.kind(), payload) : null;
        // The plain frame is shared with connections that agreed on nothing.
        return frame == null ? message.encoded(WebSocketFormat.INSTANCE) : frame;
    }

    @Override
    public Optional<KeepAlive> keepAlive() {
        return WebSocketFormat.INSTANCE.keepAlive();
    }

    private byte @Nullable [] compressed(Message.Kind kind, byte[] payload) {
        byte[] deflated = new byte[payload.length + SPARE_BYTES];
        Deflater deflater = deflaters.take();
        int length;
        try {
            length = deflate(deflater, payload, deflated) - TAIL_BYTES;
        } finally {
            deflaters.giveBack(deflater);
        }
        boolean smaller = length < payload.length && isTail(deflated, length);
        counters.deflatedFrom.add(payload.length);
        counters.deflatedTo.add(smaller ? length : payload.length);
        return smaller ? WebSocketFormat.frame(RSV1 | WebSocketFormat.opcode(kind), deflated, length) : null;
    }

    /** Returns how many bytes there are, the tail included; as many as fit when it would be more. */
    private int deflate(Deflater deflater, byte[] payload, byte[] to) {
        int length = 0;
        int from = 0;
        do {
            int piece = Math.min(payload.length - from, pieceBytes);
            deflater.setInput(payload, from, piece);
            length += deflater.deflate(to, length, to.length - length, Deflater.FULL_FLUSH);
            from += piece;
        } while (from < payload.length && length < to.length);
        return length;
    }

    private static boolean isTail(byte[] bytes, int at) {
        return at > 0 && bytes[at] == 0 && bytes[at + 1] == 0 && bytes[at + 2] == -1 && bytes[at + 3] == -1;
    }

    private static final class Uncompressed extends Message {

        private final Message original;

        Uncompressed(Message original) {
            super(original.kind());
            this.original = original;
        }

        @Override
        protected byte[] compose() {
            return original.payload();
        }
    }
}

package io.campanile.core;

import io.campanile.core.spi.WireFormat;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What the application sends: a text or binary payload that passes through unchanged.
 *
 * <p>A message is encoded at most once for each wire format, and the finished frame is shared by all its recipients.
 * Other modules may extend this class to give a wire format more than the payload to work with. Immutable; may be
 * used from any thread and sent more than once.
 */
public abstract class Message {

    /** How a payload is to be understood. */
    public enum Kind {
        /** UTF-8 text. */
        TEXT,
        /** Bytes without further meaning. */
        BINARY
    }

    private final Kind kind;
    private volatile byte @Nullable [] payload;
    private volatile @Nullable Encoding encodings;

    /** The encodings made so far, newest first: as many as there are formats in use, so two or three. */
    private static final class Encoding {
        final WireFormat format;
        final byte[] frame;
        final @Nullable Encoding next;

        Encoding(WireFormat format, byte[] frame, @Nullable Encoding next) {
            this.format = format;
            this.frame = frame;
            this.next = next;
        }
    }

    /** Begins a message whose payload is made on demand. */
    protected Message(Kind kind) {
        this.kind = kind;
    }

    private Message(Kind kind, byte[] payload) {
        this.kind = kind;
        this.payload = payload;
    }

    /** Returns a text message. A surrogate without its partner is sent as a question mark. */
    public static Message text(String text) {
        return new Plain(Kind.TEXT, text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Returns a text message from its encoded form.
     *
     * @param utf8 valid UTF-8, which is not checked; copied
     */
    public static Message utf8(byte[] utf8) {
        return new Plain(Kind.TEXT, utf8.clone());
    }

    /**
     * Returns a binary message.
     *
     * @param bytes the payload; copied
     */
    public static Message binary(byte[] bytes) {
        return new Plain(Kind.BINARY, bytes.clone());
    }

    /** Returns whether the payload is text or binary. */
    public final Kind kind() {
        return kind;
    }

    /** Returns the payload's bytes, which the caller must not change. Computed on the first call. */
    public final byte[] payload() {
        byte[] known = payload;
        if (known == null) {
            payload = known = compose();
        }
        return known;
    }

    /**
     * Makes the payload of a message that was begun without one. Called at least once, on whichever thread asks first;
     * must give the same bytes each time.
     */
    protected abstract byte[] compose();

    /**
     * Returns the finished frame in a format, encoding it on the first call. The caller must not change the bytes.
     *
     * @throws RuntimeException whatever the format throws for a message it cannot encode
     */
    public final byte[] encoded(WireFormat format) {
        byte[] frame = find(encodings, format);
        return frame != null ? frame : encodeOnce(format);
    }

    // Shards that meet a format at the same time wait here for a pure computation, so that it is made once.
    private synchronized byte[] encodeOnce(WireFormat format) {
        byte[] frame = find(encodings, format);
        if (frame == null) {
            frame = format.encode(this);
            encodings = new Encoding(format, frame, encodings);
        }
        return frame;
    }

    private static byte @Nullable [] find(@Nullable Encoding first, WireFormat format) {
        for (Encoding e = first; e != null; e = e.next) {
            if (e.format == format) {
                return e.frame;
            }
        }
        return null;
    }

    private static final class Plain extends Message {
        Plain(Kind kind, byte[] payload) {
            super(kind, payload);
        }

        @Override
        protected byte[] compose() {
            return payload();
        }
    }
}

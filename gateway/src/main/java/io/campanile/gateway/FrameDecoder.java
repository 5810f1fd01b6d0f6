package io.campanile.gateway;

import io.campanile.core.CloseReason;
import io.campanile.core.CloseReason.ComeBack;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads the frames that one client sends (RFC 6455 section 5) and puts messages together from them. Strict: what the
 * RFC does not allow ends the input, at the first byte that shows it. Not safe for use by several threads.
 *
 * <p>Chunks may be cut anywhere. A message is handed over as soon as its last byte is there; text that is not UTF-8 is
 * refused as soon as the wrong byte is there, in the middle of a frame too, unless the message is compressed: then it is
 * judged when it is whole.
 */
final class FrameDecoder {

    /*
     * There is one buffer, and only while something is incomplete:
     *
     *     pending[0, messageBytes)                         the message so far, unmasked
     *     pending[messageBytes, messageBytes + heldBytes)  a frame header, or a whole control frame, that is not all there
     *
     * and the second part is empty while a data frame's payload is being read. The buffer grows as bytes come, never
     * because a header announces them:
     *
     *     pending.length <= min(2 * messageBytes, maxMessageBytes) + 2 * MAX_HELD
     *
     * with maxDeflatedBytes for a message that is compressed. Such a message is inflated when its last byte is there, and not
     * before: until then nothing is kept for it but what came.
     *
     * A callback is the last thing that happens for its frame, since it may call end(): nothing is touched after it.
     */

    /** Where frames go. A call must not keep the decoder's thread; it may call {@link FrameDecoder#end}. */
    interface Sink {

        /** A text message: valid UTF-8. The array belongs to the callee. */
        void text(byte[] utf8);

        /** A binary message. The array belongs to the callee. */
        void binary(byte[] bytes);

        /** A ping, which the RFC wants answered with the same payload. */
        void ping(byte[] payload);

        /** A pong. */
        void pong(byte[] payload);

        /**
         * The peer closes. Nothing is told afterwards.
         *
         * @param code the peer's code, or {@link ControlFrames#NO_STATUS} when it gave none
         * @param reason what the peer says; may be empty
         */
        void close(int code, String reason);

        /** The peer broke a rule or passed a limit. Told at most once, and nothing is told afterwards. */
        void fail(CloseReason reason);

        /**
         * Returns what inflates compressed messages, or null when messages are not taken any more, so that none is inflated
         * for nothing. Only asked where they may come: {@link Limits#withCompression}.
         */
        @Nullable
        Inflation inflation();

        /**
         * A message that was compressed is there, and is told next, unless this ends the decoder.
         *
         * @param from how many bytes came
         * @param to how many it has become
         */
        void inflated(int from, int to);
    }

    /**
     * How much a client may have the decoder keep.
     *
     * @param maxMessageBytes the most payload bytes of one message, over all its fragments
     * @param maxFragmentOverheadBytes the most bytes of overhead of one message, where each of its fragments counts
     *     {@value FrameDecoder#FRAGMENT_OVERHEAD_BYTES}
     * @param maxDeflatedBytes the most payload bytes of one compressed message, as they come; 0 where messages may not be
     *     compressed
     */
    record Limits(int maxMessageBytes, int maxFragmentOverheadBytes, int maxDeflatedBytes) {

        /** Rejects limits under which nothing could be received. */
        Limits {
            if (maxMessageBytes <= 0 || maxMessageBytes > MAX_MESSAGE_BYTES) {
                throw new IllegalArgumentException(
                        "maxMessageBytes: " + maxMessageBytes + " (expected: 1 to " + MAX_MESSAGE_BYTES + ")");
            }
            if (maxFragmentOverheadBytes < FRAGMENT_OVERHEAD_BYTES) {
                throw new IllegalArgumentException("maxFragmentOverheadBytes: " + maxFragmentOverheadBytes
                        + " (expected: at least " + FRAGMENT_OVERHEAD_BYTES + ")");
            }
        }

        /**
         * Returns limits that let the largest message come in fragments of 64 bytes, and any message in 1,024
         * fragments.
         */
        static Limits ofMessage(int maxMessageBytes) {
            int overhead = (int) Math.min(Math.max(1_024L * FRAGMENT_OVERHEAD_BYTES, 2L * maxMessageBytes), 1L << 30);
            return new Limits(maxMessageBytes, overhead, 0);
        }

        /**
         * Returns the same limits where messages may be compressed. What cannot be made smaller becomes larger: with the
         * least memory that zlib works with by an eighth and a 64th, besides the end of each flush.
         */
        Limits withCompression() {
            return new Limits(
                    maxMessageBytes,
                    maxFragmentOverheadBytes,
                    maxMessageBytes + maxMessageBytes / 4 + SPARE_DEFLATED_BYTES);
        }
    }

    /** What a fragment counts beside its payload: about what it costs to handle an empty one. */
    static final int FRAGMENT_OVERHEAD_BYTES = 128;

    /** Array sizes stay clear of what virtual machines refuse. */
    private static final int MAX_MESSAGE_BYTES = 1 << 30;

    static final int MAX_CONTROL_PAYLOAD = 125;

    /** The most bytes that are held of a frame: a control frame with its header. */
    static final int MAX_HELD = 6 + MAX_CONTROL_PAYLOAD;

    private static final int FIN = 0x80;
    private static final int RESERVED = 0x70;
    private static final int OPCODE = 0x0f;
    private static final int CONTINUATION = 0x0;
    private static final int TEXT = 0x1;
    private static final int BINARY = 0x2;
    private static final int CLOSE = 0x8;
    private static final int PING = 0x9;
    private static final int PONG = 0xa;

    private static final int RSV1 = 0x40;

    private static final int MASK_BYTES = 4;
    private static final int SPARE_DEFLATED_BYTES = 64;
    private static final int SMALLEST_BUFFER = 64;

    private static final CloseReason RESERVED_BIT = broken("a frame had a reserved bit set");
    private static final CloseReason RESERVED_OPCODE = broken("a frame had a reserved opcode");
    private static final CloseReason UNMASKED = broken("a frame was not masked");
    private static final CloseReason LONG_CONTROL = broken("a control frame was longer than 125 bytes");
    private static final CloseReason CUT_CONTROL = broken("a control frame was fragmented");
    private static final CloseReason NOT_MINIMAL = broken("a frame length was not in its shortest form");
    private static final CloseReason NEGATIVE = broken("a frame length had its highest bit set");
    private static final CloseReason NOTHING_TO_CONTINUE =
            broken("a continuation frame came outside a fragmented message");
    private static final CloseReason NOT_CONTINUED = broken("a new message began inside a fragmented one");
    private static final CloseReason HALF_CODE = broken("a close frame had one byte of payload");
    private static final CloseReason BAD_CODE = broken("a close frame had a code that may not be sent");
    static final CloseReason BAD_TEXT =
            new CloseReason(1007, "invalid_utf8", "a text message was not UTF-8", ComeBack.NO);
    private static final CloseReason BAD_REASON =
            new CloseReason(1007, "invalid_utf8", "a close reason was not UTF-8", ComeBack.NO);

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long HIGH_BITS = 0x8080808080808080L;
    private static final byte[] NO_BYTES = {};

    /** A data frame's payload is being read; else a header is next. */
    private static final int IN_FRAME = 1;
    /** The frame being read is the last of its message. */
    private static final int LAST = 1 << 1;
    /** A message has begun and not ended. */
    private static final int IN_MESSAGE = 1 << 2;
    /** The message that has begun is text. */
    private static final int IS_TEXT = 1 << 3;
    /** Nothing is told any more. */
    private static final int ENDED = 1 << 4;
    /** The message that has begun is compressed: what comes is not its text. */
    private static final int DEFLATED = 1 << 5;
    /** The message that has begun is compressed text. */
    private static final int DEFLATED_TEXT = 1 << 6;

    private final Limits limits;
    private byte @Nullable [] pending;
    private int messageBytes;
    private int overheadBytes;
    /** How much of the frame's payload is still to come. */
    private int remaining;
    /** The mask of the next payload byte in the lowest byte, of the one after it in the next, and so on. */
    private int mask;

    private byte flags;
    /** Where {@link Utf8} stands in the text so far; always at a complete character between messages. */
    private byte utf8;

    private short heldBytes;

    FrameDecoder(Limits limits) {
        this.limits = limits;
    }

    /**
     * Reads all the readable bytes of a chunk. Does not release it.
     *
     * @param sink must be the same each time
     */
    void decode(ByteBuf in, Sink sink) {
        while (!isEnded() && in.isReadable()) {
            if (is(IN_FRAME)) {
                payload(in, sink);
            } else if (heldBytes > 0) {
                resume(in, sink);
            } else if (!frame(in, sink)) {
                hold(in, in.readableBytes());
            }
        }
        in.skipBytes(in.readableBytes());
    }

    /** Forgets what is incomplete and ignores all further input. Idempotent. */
    void end() {
        flags = ENDED;
        pending = null;
        messageBytes = 0;
        heldBytes = 0;
    }

    /** Returns whether all further input is ignored. */
    boolean isEnded() {
        return is(ENDED);
    }

    /** Returns the size of what is kept for messages and frames that are incomplete. */
    int keptBytes() {
        byte[] buffer = pending;
        return buffer == null ? 0 : buffer.length;
    }

    /** Begins a data frame, or handles a control frame; returns false, having read nothing, when bytes are missing. */
    private boolean frame(ByteBuf in, Sink sink) {
        int needed = inspect(in, sink);
        if (needed > in.readableBytes()) {
            return false;
        }
        if (!isEnded()) {
            open(in, sink);
        }
        return true;
    }

    /**
     * Holds the beginning of a frame against the rules, as far as it is there.
     *
     * @return the number of bytes that must be there to go on: of the header, and of a control frame all; 0 after a
     *     failure
     */
    private int inspect(ByteBuf in, Sink sink) {
        int start = in.readerIndex();
        int there = in.readableBytes();
        int first = in.getByte(start);
        CloseReason wrong = wrongBeginning(first);
        if (wrong != null) {
            return fail(wrong, sink);
        }
        if (there < 2) {
            return 2;
        }
        int second = in.getByte(start + 1);
        if (second >= 0) {
            return fail(UNMASKED, sink);
        }
        int length = second & 0x7f;
        if (isControl(first)) {
            return length > MAX_CONTROL_PAYLOAD ? fail(LONG_CONTROL, sink) : 2 + MASK_BYTES + length;
        }
        int beforeMask = length < 126 ? 2 : length == 126 ? 4 : 10;
        if (there < beforeMask) {
            return beforeMask;
        }
        long announced = announced(in, start, length);
        if (announced < 0) {
            return fail(NEGATIVE, sink);
        }
        if (length >= 126 && announced < (length == 126 ? 126 : 1 << 16)) {
            return fail(NOT_MINIMAL, sink);
        }
        if (announced > limits.maxMessageBytes() - messageBytes && !mayBeDeflated(first, announced)) {
            return fail(messageTooBig(limits.maxMessageBytes()), sink);
        }
        return beforeMask + MASK_BYTES;
    }

    private @Nullable CloseReason wrongBeginning(int first) {
        if ((first & RESERVED) != 0 && !beginsDeflated(first)) {
            return RESERVED_BIT;
        }
        switch (first & OPCODE) {
            case CONTINUATION -> {
                if (!is(IN_MESSAGE)) {
                    return NOTHING_TO_CONTINUE;
                }
            }
            case TEXT, BINARY -> {
                if (is(IN_MESSAGE)) {
                    return NOT_CONTINUED;
                }
            }
            case CLOSE, PING, PONG -> {
                return (first & FIN) == 0 ? CUT_CONTROL : null;
            }
            default -> {
                return RESERVED_OPCODE;
            }
        }
        if (isFragment(first) && overheadBytes > limits.maxFragmentOverheadBytes() - FRAGMENT_OVERHEAD_BYTES) {
            return tooBig(
                    "too_many_fragments",
                    "a message had more than "
                            + limits.maxFragmentOverheadBytes() / FRAGMENT_OVERHEAD_BYTES
                            + " fragments");
        }
        return null;
    }

    /** Whether a frame with a reserved bit is the first of a compressed message (RFC 7692 section 6). */
    private boolean beginsDeflated(int first) {
        int opcode = first & OPCODE;
        return (first & RESERVED) == RSV1 && (opcode == TEXT || opcode == BINARY) && limits.maxDeflatedBytes() > 0;
    }

    /** Whether a frame that is too large for a message may be part of a compressed one. */
    private boolean mayBeDeflated(int first, long announced) {
        return (is(DEFLATED) || (first & RSV1) != 0) && announced <= limits.maxDeflatedBytes() - messageBytes;
    }

    private int mostBytes() {
        return is(DEFLATED) ? limits.maxDeflatedBytes() : limits.maxMessageBytes();
    }

    private static boolean isControl(int first) {
        return (first & CLOSE) != 0;
    }

    private static boolean isFragment(int first) {
        return (first & OPCODE) == CONTINUATION || (first & FIN) == 0;
    }

    private static long announced(ByteBuf in, int start, int length) {
        return length < 126 ? length : length == 126 ? in.getUnsignedShort(start + 2) : in.getLong(start + 2);
    }

    /** Reads a header that {@link #inspect} has found to be right and all there. */
    private void open(ByteBuf in, Sink sink) {
        int start = in.readerIndex();
        int first = in.getByte(start);
        int length = in.getByte(start + 1) & 0x7f;
        if (isControl(first)) {
            control(in, first & OPCODE, length, sink);
            return;
        }
        // The inspection has compared the length with the limit, so that it is an int.
        remaining = (int) announced(in, start, length);
        in.skipBytes(length < 126 ? 2 : length == 126 ? 4 : 10);
        mask = in.readIntLE();
        if (isFragment(first)) {
            overheadBytes += FRAGMENT_OVERHEAD_BYTES;
        }
        boolean text = (first & OPCODE) == TEXT;
        if ((first & RSV1) != 0) {
            set(text ? DEFLATED | DEFLATED_TEXT : DEFLATED);
        } else if (text) {
            set(IS_TEXT);
        }
        set(IN_MESSAGE | IN_FRAME | ((first & FIN) != 0 ? LAST : 0));
        if (remaining == 0) {
            endFrame(sink);
        }
    }

    private void payload(ByteBuf in, Sink sink) {
        int count = Math.min(remaining, in.readableBytes());
        // The end of a message is known in its last frame: then the buffer ends there too, and can be handed over.
        byte[] buffer = reserve(count, is(LAST) ? messageBytes + remaining : mostBytes());
        int from = messageBytes;
        in.readBytes(buffer, from, count);
        boolean ascii = unmask(buffer, from, from + count, mask);
        mask = Integer.rotateRight(mask, count << 3);
        messageBytes += count;
        remaining -= count;
        if (is(IS_TEXT) && !(ascii && utf8 == Utf8.COMPLETE)) {
            utf8 = (byte) Utf8.check(utf8, buffer, from, from + count);
            if (utf8 == Utf8.INVALID) {
                fail(BAD_TEXT, sink);
                return;
            }
        }
        if (remaining == 0) {
            endFrame(sink);
        }
    }

    private void endFrame(Sink sink) {
        clear(IN_FRAME);
        if (!is(LAST)) {
            return;
        }
        if (is(DEFLATED)) {
            inflate(sink);
            return;
        }
        if (utf8 != Utf8.COMPLETE) {
            fail(BAD_TEXT, sink);
            return;
        }
        byte[] buffer = pending;
        byte[] message = buffer == null
                ? NO_BYTES
                : buffer.length == messageBytes ? buffer : Arrays.copyOf(buffer, messageBytes);
        boolean text = is(IS_TEXT);
        flags = 0;
        pending = null;
        messageBytes = 0;
        overheadBytes = 0;
        if (text) {
            sink.text(message);
        } else {
            sink.binary(message);
        }
    }

    private void inflate(Sink sink) {
        byte[] deflated = pending == null ? NO_BYTES : pending;
        int length = messageBytes;
        boolean text = is(DEFLATED_TEXT);
        flags = 0;
        pending = null;
        messageBytes = 0;
        overheadBytes = 0;
        Inflation inflation = sink.inflation();
        if (inflation == null) {
            return;
        }
        CloseReason wrong = inflation.inflate(deflated, length, limits.maxMessageBytes(), text);
        if (wrong != null) {
            fail(wrong, sink);
            return;
        }
        byte[] message = inflation.take();
        sink.inflated(length, message.length);
        if (isEnded()) {
            return;
        }
        if (text) {
            sink.text(message);
        } else {
            sink.binary(message);
        }
    }

    private void control(ByteBuf in, int opcode, int length, Sink sink) {
        in.skipBytes(2);
        int key = in.readIntLE();
        byte[] payload = length == 0 ? NO_BYTES : new byte[length];
        in.readBytes(payload);
        unmask(payload, 0, length, key);
        switch (opcode) {
            case PING -> sink.ping(payload);
            case PONG -> sink.pong(payload);
            default -> close(payload, sink);
        }
    }

    private void close(byte[] payload, Sink sink) {
        if (payload.length == 0) {
            end();
            sink.close(ControlFrames.NO_STATUS, "");
            return;
        }
        if (payload.length == 1) {
            fail(HALF_CODE, sink);
            return;
        }
        int code = (payload[0] & 0xff) << 8 | (payload[1] & 0xff);
        if (!ControlFrames.mayBeSent(code)) {
            fail(BAD_CODE, sink);
            return;
        }
        if (Utf8.check(Utf8.COMPLETE, payload, 2, payload.length) != Utf8.COMPLETE) {
            fail(BAD_REASON, sink);
            return;
        }
        end();
        sink.close(code, new String(payload, 2, payload.length - 2, StandardCharsets.UTF_8));
    }

    /** Keeps the beginning of a frame until more of it comes. */
    private void hold(ByteBuf in, int count) {
        byte[] buffer = reserve(count, mostBytes() + MAX_HELD);
        in.readBytes(buffer, messageBytes + heldBytes, count);
        heldBytes += (short) count;
    }

    /** Goes on with a frame whose beginning is held. */
    private void resume(ByteBuf in, Sink sink) {
        // One step at a time, since each says how long the next is: two bytes, length, mask, a control frame's payload.
        int needed = inspect(held(), sink);
        while (needed > heldBytes && in.isReadable()) {
            hold(in, Math.min(needed - heldBytes, in.readableBytes()));
            needed = inspect(held(), sink);
        }
        if (isEnded() || needed > heldBytes) {
            return;
        }
        ByteBuf whole = held();
        heldBytes = 0;
        if (messageBytes == 0) {
            pending = null;
        }
        open(whole, sink);
    }

    private ByteBuf held() {
        byte[] buffer = pending;
        return buffer == null ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(buffer, messageBytes, heldBytes);
    }

    /** Makes room for further bytes after those that are kept. */
    private byte[] reserve(int count, int most) {
        int needed = messageBytes + heldBytes + count;
        byte[] buffer = pending;
        if (buffer == null) {
            pending = buffer = new byte[Math.max(needed, Math.min(SMALLEST_BUFFER, most))];
        } else if (buffer.length < needed) {
            pending = buffer = Arrays.copyOf(buffer, Math.max(needed, (int) Math.min(2L * buffer.length, most)));
        }
        return buffer;
    }

    /** Unmasks in place; returns whether all of it is ASCII. */
    private static boolean unmask(byte[] bytes, int from, int to, int mask) {
        long key = (mask & 0xffffffffL) << 32 | (mask & 0xffffffffL);
        long seen = 0;
        int i = from;
        for (; to - i >= Long.BYTES; i += Long.BYTES) {
            long clear = (long) LONGS.get(bytes, i) ^ key;
            LONGS.set(bytes, i, clear);
            seen |= clear;
        }
        for (; i < to; i++) {
            bytes[i] ^= (byte) key;
            key = Long.rotateRight(key, Byte.SIZE);
            seen |= bytes[i];
        }
        return (seen & HIGH_BITS) == 0;
    }

    private int fail(CloseReason reason, Sink sink) {
        end();
        sink.fail(reason);
        return 0;
    }

    private boolean is(int flag) {
        return (flags & flag) != 0;
    }

    private void set(int flag) {
        flags |= (byte) flag;
    }

    private void clear(int flag) {
        flags &= (byte) ~flag;
    }

    private static CloseReason broken(String rule) {
        return new CloseReason(1002, "protocol_error", rule, ComeBack.NO);
    }

    static CloseReason messageTooBig(int maxMessageBytes) {
        return tooBig("message_too_big", "a message was larger than " + maxMessageBytes + " bytes");
    }

    private static CloseReason tooBig(String label, String what) {
        return new CloseReason(1009, label, what, ComeBack.NO);
    }
}

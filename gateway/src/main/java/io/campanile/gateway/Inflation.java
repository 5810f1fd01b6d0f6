package io.campanile.gateway;

import io.campanile.core.CloseReason;
import io.campanile.core.CloseReason.ComeBack;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * Makes of compressed messages what they were (RFC 7692 section 7.2.2), one at a time and within limits. One for all
 * connections of an event loop, to whose thread it belongs; it knows of nothing between two messages.
 */
final class Inflation {

    /*
     * What a message may cost is bounded while it is worked on:
     *
     *     memory   count <= most + 1, and out.length <= max(FIRST_BYTES, 4 * length, 2 * count, most + 1)
     *     work     each byte is read once; a block that calls itself the last one, behind which the inflater is set up
     *              anew, may come once for every BYTES_PER_LAST_BLOCK on average
     */

    private static final CloseReason BAD_DATA =
            new CloseReason(1007, "invalid_deflate", "a compressed message was not deflate data", ComeBack.NO);

    /** What senders leave out. */
    private static final byte[] TAIL = {0, 0, -1, -1};

    /** A last block that holds nothing: where that ends the data, all blocks before it were whole. */
    private static final byte[] END = {3, 0};

    private static final byte[] NO_BYTES = {};
    private static final int FIRST_BYTES = 64;
    private static final int PIECE_BYTES = 16 << 10;
    private static final int BYTES_PER_LAST_BLOCK = 64;
    private static final int SPARE_LAST_BLOCKS = 4;

    private @Nullable Inflater inflater;
    private byte[] out = NO_BYTES;
    private int count;

    /**
     * Inflates one message, to be had by {@link #take}.
     *
     * @param deflated begins with the bytes that were sent
     * @param length how many there are
     * @param most the most bytes that the message may have
     * @param text whether it must be UTF-8
     * @return what is wrong with it, or null
     */
    @Nullable
    CloseReason inflate(byte[] deflated, int length, int most, boolean text) {
        Inflater worker = inflater;
        if (worker == null) {
            inflater = worker = new Inflater(true);
        }
        // A guess that real messages seldom pass, and that no message can make larger than what it has sent allows.
        out = new byte[(int) Math.min(most, Math.max(FIRST_BYTES, 4L * length))];
        count = 0;
        CloseReason wrong;
        try {
            wrong = run(worker, deflated, length, most, text);
        } catch (DataFormatException e) {
            wrong = BAD_DATA;
        } finally {
            worker.reset();
        }
        if (wrong != null) {
            take();
        }
        return wrong;
    }

    private @Nullable CloseReason run(Inflater worker, byte[] deflated, int length, int most, boolean text)
            throws DataFormatException {
        byte[] source = deflated;
        int end = length;
        int lastBlocks = SPARE_LAST_BLOCKS + length / BYTES_PER_LAST_BLOCK;
        int utf8 = Utf8.COMPLETE;
        worker.setInput(source, 0, end);
        while (true) {
            if (count == out.length) {
                // One byte more than there may be shows that there are too many.
                out = Arrays.copyOf(out, (int) Math.min(Math.max(FIRST_BYTES, 2L * count), most + 1L));
            }
            int more = worker.inflate(out, count, Math.min(PIECE_BYTES, out.length - count));
            count += more;
            if (source == END && more > 0) {
                return BAD_DATA;
            }
            if (count > most) {
                return FrameDecoder.messageTooBig(most);
            }
            if (text) {
                utf8 = Utf8.check(utf8, out, count - more, count);
                if (utf8 == Utf8.INVALID) {
                    return FrameDecoder.BAD_TEXT;
                }
            }
            if (worker.finished()) {
                int rest = worker.getRemaining();
                if (source == END && rest == 0) {
                    return utf8 == Utf8.COMPLETE ? null : FrameDecoder.BAD_TEXT;
                }
                if (lastBlocks-- == 0) {
                    return BAD_DATA;
                }
                worker.reset();
                worker.setInput(source, end - rest, rest);
            } else if (more == 0) {
                if (source == END || !worker.needsInput()) {
                    return BAD_DATA;
                }
                source = source == TAIL ? END : TAIL;
                end = source.length;
                worker.setInput(source);
            }
        }
    }

    /** Returns the message that was inflated last, and forgets it. */
    byte[] take() {
        byte[] message = out.length == count ? out : Arrays.copyOf(out, count);
        out = NO_BYTES;
        count = 0;
        return message;
    }

    /** Returns whether there is native memory to give back. */
    boolean isOpen() {
        return inflater != null;
    }

    /** Gives back native memory; to be called when the event loop has ended. */
    void release() {
        Inflater worker = inflater;
        inflater = null;
        if (worker != null) {
            worker.end();
        }
    }
}

package io.campanile.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The frames of one turn of a shard, one after another in one direct buffer. Confined to the shard. */
final class TurnLog {

    /*
     * What a connection has waiting in this turn is a list of ranges of this buffer; neighbours merge, so for the member
     * of one room it is a single range, and a single write, however many broadcasts the turn brought.
     *
     * `epoch` changes whenever the buffer is begun anew. An offset is good only within the epoch it was given in.
     */

    private static final int CAPACITY = 256 << 10;
    private static final int KEPT_CAPACITY = 4 << 20;

    private @Nullable ByteBuffer buffer;
    private int end;
    private int epoch;

    /** Returns whether a frame can be appended without beginning anew. */
    boolean fits(int length) {
        return buffer != null ? end + length <= buffer.capacity() : length <= CAPACITY;
    }

    boolean isEmpty() {
        return end == 0;
    }

    int epoch() {
        return epoch;
    }

    /** Appends a frame and returns its offset. An empty log takes any frame. */
    int append(byte[] frame) {
        ByteBuffer into = buffer;
        if (into == null || (end == 0 && frame.length > into.capacity())) {
            int size = frame.length <= CAPACITY ? CAPACITY : Integer.highestOneBit(frame.length - 1) << 1;
            buffer = into = ByteBuffer.allocateDirect(Math.max(size, frame.length));
        }
        int offset = end;
        into.put(offset, frame);
        end += frame.length;
        return offset;
    }

    /** Returns the buffer that offsets of this epoch refer to. */
    ByteBuffer buffer() {
        if (buffer == null) {
            throw new IllegalStateException("the log is empty");
        }
        return buffer;
    }

    /** Begins anew; the ranges given so far must be written. */
    void clear() {
        end = 0;
        epoch++;
        if (buffer != null && buffer.capacity() > KEPT_CAPACITY) {
            buffer = null;
        }
    }
}

package io.campanile.core;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/** The frames that wait for a connection whose transport is busy. Frames are shared, not copied. Confined to the shard. */
final class Backlog {

    private final ArrayDeque<byte[]> frames = new ArrayDeque<>();
    private int bytes;

    void add(byte[] frame) {
        frames.add(frame);
        bytes += frame.length;
    }

    int bytes() {
        return bytes;
    }

    int frames() {
        return frames.size();
    }

    boolean isEmpty() {
        return frames.isEmpty();
    }

    /** Returns how many bytes the first frame has; there must be one. */
    int firstLength() {
        return frames.getFirst().length;
    }

    /**
     * Moves as many whole frames as fit, so that the stream may always end behind them.
     *
     * @return how many frames were moved to the front of the buffer
     */
    int moveTo(ByteBuffer buffer) {
        int moved = 0;
        int at = 0;
        byte[] frame;
        while ((frame = frames.peekFirst()) != null && at + frame.length <= buffer.capacity()) {
            buffer.put(at, frame);
            at += frame.length;
            frames.removeFirst();
            moved++;
        }
        bytes -= at;
        return moved;
    }
}

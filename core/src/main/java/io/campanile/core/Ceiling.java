package io.campanile.core;

/** How much may wait for a connection, and how much of that may be messages which can be dropped. */
record Ceiling(int bytes, int frames, int droppableBytes, int droppableFrames) {

    /** A quarter is kept for everything else. */
    static Ceiling of(OutboundLimits limits) {
        int bytes = limits.maxBytes();
        int frames = Math.min(limits.maxFrames(), Outgoing.MOST_FRAMES);
        return new Ceiling(bytes, frames, bytes - (bytes + 3) / 4, frames - (frames + 3) / 4);
    }
}

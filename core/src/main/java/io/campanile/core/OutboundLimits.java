package io.campanile.core;

/**
 * How much may wait for one client. A frame that would pass a limit is not queued; what happens instead is its {@link
 * OverflowPolicy}: by default the connection is evicted with a close reason that names the limit. What the network takes
 * at once does not count.
 *
 * @param maxBytes the most bytes of encoded frames that may wait
 * @param maxFrames the most frames that may wait; more than 134,217,727 means that many
 */
public record OutboundLimits(int maxBytes, int maxFrames) {

    private static final OutboundLimits DEFAULTS = new OutboundLimits(1 << 20, 1_024);

    /** Rejects limits under which no frame could ever be sent. */
    public OutboundLimits {
        Checks.positive("maxBytes", maxBytes);
        Checks.positive("maxFrames", maxFrames);
    }

    /** Returns 1 MiB and 1,024 frames. */
    public static OutboundLimits defaults() {
        return DEFAULTS;
    }
}

package io.campanile.core;

/**
 * What happens when a message meets a client whose transport is still busy with earlier ones. Acts only on what waits
 * behind those: what the network takes at once is never dropped or replaced. A client is told of what it missed by a
 * notice that counts it, room by room, at the place of the first message lost.
 *
 * <p>Messages that may be dropped take up three quarters of {@link OutboundLimits} at most. The rest is kept for those that
 * may not, and for the notices.
 */
public enum OverflowPolicy {
    /** The message must not be lost: if it does not fit, the connection is closed. */
    EVICT,
    /** If it does not fit, it is dropped. */
    DROP_NEWEST,
    /**
     * If it does not fit, the oldest waiting messages of its room are dropped, if they may be dropped; if that is
     * not enough, the message itself is.
     */
    DROP_OLDEST,
    /**
     * It takes the place of the waiting message of its room that has the same key and this policy, and goes to the end of
     * what waits. If there is no such message and it does not fit, the connection is closed.
     */
    LATEST_PER_KEY
}

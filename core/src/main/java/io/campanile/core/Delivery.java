package io.campanile.core;

import java.util.Optional;

/**
 * How a message is to be delivered to a client that is slow to take what was sent to it before.
 *
 * @param overflow what to do; empty for what the room says, or for a message that comes through no room what the registry says
 * @param key which messages of the room {@link OverflowPolicy#LATEST_PER_KEY} replaces: those with the same key; at most
 *     {@value #MAX_KEY_CHARS} characters. Messages without a key have the empty one in common
 */
public record Delivery(Optional<OverflowPolicy> overflow, String key) {

    /** The most characters of a key. */
    public static final int MAX_KEY_CHARS = 256;

    private static final Delivery USUAL = new Delivery(Optional.empty(), "");

    /** A frame of the transport's own, which no policy may drop. */
    static final Delivery CONTROL = USUAL.withOverflow(OverflowPolicy.EVICT);

    /** Rejects keys that would make what waits for a client larger than its bytes say. */
    public Delivery {
        Checks.inRange("length of the key", key.length(), 0, MAX_KEY_CHARS);
    }

    /** Returns delivery as the room says, without a key. */
    public static Delivery usual() {
        return USUAL;
    }

    /** Returns the same with a policy of the message's own. */
    public Delivery withOverflow(OverflowPolicy value) {
        return new Delivery(Optional.of(value), key);
    }

    /** Returns the same with a key. */
    public Delivery withKey(String value) {
        return new Delivery(overflow, value);
    }
}

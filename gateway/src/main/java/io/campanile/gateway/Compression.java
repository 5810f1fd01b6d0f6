package io.campanile.gateway;

/**
 * How messages to WebSockets are compressed (permessage-deflate, RFC 7692) for clients that offer it. Each message stands
 * for itself, whoever sends it: nothing of one is used for the next, so a broadcast is compressed once for all its
 * recipients, and a connection keeps nothing for the sake of compression.
 *
 * @param level 1 to 9: 1 is the fastest, 9 makes messages smallest
 * @param minMessageBytes the smallest message that is compressed; smaller ones are sent as they are, as are those that
 *     would not become smaller
 */
public record Compression(int level, int minMessageBytes) {

    private static final Compression DEFAULTS = new Compression(1, 256);

    /** Rejects a level that there is not, and a negative size. */
    public Compression {
        Checks.inRange("level", level, 1, 9);
        Checks.inRange("minMessageBytes", minMessageBytes, 0, Integer.MAX_VALUE);
    }

    /** Returns level 1, for messages of at least 256 bytes. */
    public static Compression defaults() {
        return DEFAULTS;
    }

    /** Returns the same with another level. */
    public Compression withLevel(int value) {
        return new Compression(value, minMessageBytes);
    }

    /** Returns the same with another smallest message. */
    public Compression withMinMessageBytes(int value) {
        return new Compression(level, value);
    }
}

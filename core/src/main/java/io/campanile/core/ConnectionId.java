package io.campanile.core;

import java.util.Optional;

/**
 * Names one connection for the life of the process.
 *
 * <p>An id is never used twice by the registry that gave it: it names a shard, a slot of that shard and
 * the slot's generation, and a slot whose generations are used up is retired rather than begun again.
 * Registries of one process never share an id when they are built with different scopes ({@link
 * RegistryConfig#scope()}). The text form is short and opaque; a client may hold it as an address, but it is no secret.
 *
 * @param value the id as one word: 8 bits of scope, 8 of shard, 20 of slot, 28 of generation, from the top
 */
public record ConnectionId(long value) {

    static final int MAX_SCOPES = 1 << 8;
    static final int MAX_SHARDS = 1 << 8;
    static final int MAX_SLOTS = 1 << 20;
    static final int MAX_GENERATION = (1 << 28) - 1;

    private static final int RADIX = 36;

    static long pack(int scope, int shard, int slot, int generation) {
        return ((long) scope << 56) | ((long) shard << 48) | ((long) slot << 28) | generation;
    }

    static int scopeOf(long id) {
        return (int) (id >>> 56);
    }

    static int shardOf(long id) {
        return (int) (id >>> 48) & 0xff;
    }

    static int slotOf(long id) {
        return (int) (id >>> 28) & (MAX_SLOTS - 1);
    }

    static int generationOf(long id) {
        return (int) id & MAX_GENERATION;
    }

    /**
     * Reads the text form.
     *
     * @return the id, or empty when the text is not one that {@link #toString} writes
     */
    public static Optional<ConnectionId> parse(String text) {
        try {
            ConnectionId id = new ConnectionId(Long.parseUnsignedLong(text, RADIX));
            return id.toString().equals(text) ? Optional.of(id) : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** Returns the text form: at most 13 lower-case letters and digits. */
    @Override
    public String toString() {
        return Long.toUnsignedString(value, RADIX);
    }
}

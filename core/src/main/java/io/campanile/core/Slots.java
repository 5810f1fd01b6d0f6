package io.campanile.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** Where a shard's connections stand, found by the slot in their id. The shard changes it; any thread looks up. */
final class Slots {

    /*
     * Slots live in chunks that never move, so other threads may read and mark a slot while the table grows.
     *
     * Each slot has one word `seen`: the generation in its upper 28 bits and the tick of the last sign of life in the
     * lower 36. It is 0 while the slot is free. So one read answers whether an id is there, a sweep is a scan of packed
     * words, and marking is a compare-and-set that fails when the slot has passed to another generation: a late touch
     * never reaches another connection, and an older sign of life never replaces a newer one. Within one tick it is a read.
     *
     * A tick is 2^24 ns (about 17 ms) since the registry began, which lasts for 36 years.
     *
     * Beside it the owner keeps, for itself alone, when the slot's connection was last pinged, with two marks in the lowest
     * bits, its row among what is outgoing, and the tick in which it came, of which 32 bits do: ages are told apart up to two
     * years. So a scan reads no more than 24 bytes for each slot, one after another, and no object.
     *
     * Generations of a slot run from 1 to 2^28 - 1; a slot that has used its last one is not given out again, hence no
     * id comes twice.
     */

    private static final int CHUNK = 1 << 10;
    private static final int TICK_BITS = 36;
    private static final long TICK_MASK = (1L << TICK_BITS) - 1;
    private static final int NANOS_PER_TICK_BITS = 24;

    /** A ping that peers answer was sent, and is not answered. */
    static final long AWAITS_PONG = 1;
    /** No message has come since the connection did, and there is a deadline for it. */
    static final long AWAITS_MESSAGE = 2;

    private static final int MARK_BITS = 2;

    private static final VarHandle SEEN = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle CAME = MethodHandles.arrayElementVarHandle(int[].class);
    private static final VarHandle CONNECTION = MethodHandles.arrayElementVarHandle(LiveConnection[].class);

    private static final class Chunk {
        final LiveConnection[] connections = new LiveConnection[CHUNK];
        final long[] seen = new long[CHUNK];
        final int[] generations = new int[CHUNK];
        final long[] pinged = new long[CHUNK];
        final int[] came = new int[CHUNK];
        final int[] rows = new int[CHUNK];
    }

    private final AtomicReferenceArray<@Nullable Chunk> chunks;
    private final int capacity;
    private final int maxGeneration;

    /** Slots ever given out, which are the first ones. */
    private int used;

    private int[] free = new int[16];
    private int freeCount;

    Slots(int capacity, int maxGeneration) {
        this.capacity = capacity;
        this.maxGeneration = maxGeneration;
        this.chunks = new AtomicReferenceArray<>((capacity + CHUNK - 1) / CHUNK);
    }

    /** Takes a free slot, or returns -1 when there is none. By the owner, as all that changes the table. */
    int take() {
        if (freeCount > 0) {
            return free[--freeCount];
        }
        if (used == capacity) {
            return -1;
        }
        if (used % CHUNK == 0) {
            chunks.set(used / CHUNK, new Chunk());
        }
        return used++;
    }

    /** Begins the next generation of a slot that was taken, and returns it. */
    int nextGeneration(int slot) {
        return ++chunk(slot).generations[slot % CHUNK];
    }

    void put(int slot, LiveConnection connection, long tick, long marks) {
        Chunk chunk = chunk(slot);
        chunk.pinged[slot % CHUNK] = marks;
        chunk.came[slot % CHUNK] = (int) tick;
        chunk.rows[slot % CHUNK] = connection.row;
        CONNECTION.setRelease(chunk.connections, slot % CHUNK, connection);
        SEEN.setVolatile(chunk.seen, slot % CHUNK, word(connection.generation(), tick));
    }

    void free(int slot) {
        Chunk chunk = chunk(slot);
        SEEN.setVolatile(chunk.seen, slot % CHUNK, 0L);
        CONNECTION.setRelease(chunk.connections, slot % CHUNK, null);
        if (chunk.generations[slot % CHUNK] < maxGeneration) {
            if (freeCount == free.length) {
                free = Arrays.copyOf(free, freeCount * 2);
            }
            free[freeCount++] = slot;
        }
    }

    /** Returns the connection with the id, or null when it has left. Any thread. */
    @Nullable
    LiveConnection find(long id) {
        int slot = ConnectionId.slotOf(id);
        Chunk chunk = chunkOrNull(slot);
        if (chunk == null) {
            return null;
        }
        long word = (long) SEEN.getVolatile(chunk.seen, slot % CHUNK);
        if (word >>> TICK_BITS != ConnectionId.generationOf(id)) {
            return null; // asked of the same word as touch, so that the two agree at every moment
        }
        LiveConnection connection = (LiveConnection) CONNECTION.getAcquire(chunk.connections, slot % CHUNK);
        return connection != null && connection.value == id ? connection : null;
    }

    /** Marks the connection with the id as seen. Any thread. */
    boolean touch(long id, long tick) {
        int slot = ConnectionId.slotOf(id);
        Chunk chunk = chunkOrNull(slot);
        if (chunk == null) {
            return false;
        }
        int generation = ConnectionId.generationOf(id);
        if (generation == 0) {
            return false; // nobody's: it would match the word of a free slot
        }
        long now = word(generation, tick);
        while (true) {
            long before = (long) SEEN.getVolatile(chunk.seen, slot % CHUNK);
            if (before >>> TICK_BITS != generation) {
                return false;
            }
            if (before >= now || SEEN.compareAndSet(chunk.seen, slot % CHUNK, before, now)) {
                return true;
            }
        }
    }

    /** Returns the first slot that is not free and whose connection was last seen before the tick, or the end if there is none. */
    int firstSeenBefore(long tick, int from, int end) {
        int slot = from;
        while (slot < end) {
            long[] seen = chunk(slot).seen;
            int endOfChunk = Math.min(end, (slot / CHUNK + 1) * CHUNK);
            for (; slot < endOfChunk; slot++) {
                long word = (long) SEEN.getOpaque(seen, slot % CHUNK);
                if (word != 0 && seenTick(word) < tick) {
                    return slot;
                }
            }
        }
        return end;
    }

    /** Returns the slot's word, of which the methods below read parts; 0 when the slot is free. */
    long word(int slot) {
        return (long) SEEN.getOpaque(chunk(slot).seen, slot % CHUNK);
    }

    /** Returns the tick in which a connection was last seen. */
    static long seenTick(long word) {
        return word & TICK_MASK;
    }

    /** Returns slot and generation as one number, which no other connection of the shard has. */
    static long identity(int slot, long word) {
        return ((long) slot << (Long.SIZE - TICK_BITS)) | (word >>> TICK_BITS);
    }

    /** Returns the connection in a slot that is not free. By the owner, as all that follow. */
    LiveConnection connection(int slot) {
        return chunk(slot).connections[slot % CHUNK];
    }

    /** Returns the row of such a connection among what is outgoing. */
    int row(int slot) {
        return chunk(slot).rows[slot % CHUNK];
    }

    /** Returns when the slot's connection was last pinged, as {@link #pingedNanos} reads it, and its marks. */
    long pinged(int slot) {
        return chunk(slot).pinged[slot % CHUNK];
    }

    /** Notes a ping, keeping the mark of a message that is awaited. */
    void setPinged(int slot, long nanos, long marks) {
        long[] pinged = chunk(slot).pinged;
        pinged[slot % CHUNK] = (nanos << MARK_BITS) | (pinged[slot % CHUNK] & AWAITS_MESSAGE) | marks;
    }

    void clearMark(int slot, long mark) {
        chunk(slot).pinged[slot % CHUNK] &= ~mark;
    }

    static long pingedNanos(long pinged) {
        return pinged >>> MARK_BITS;
    }

    /** Returns how many ticks ago the slot's connection came. */
    long age(int slot, long tick) {
        return Integer.toUnsignedLong((int) tick - chunk(slot).came[slot % CHUNK]);
    }

    /** Returns how many ticks ago the connection with the id came, or -1 when it has left. Any thread. */
    long age(long id, long tick) {
        int slot = ConnectionId.slotOf(id);
        Chunk chunk = chunkOrNull(slot);
        if (chunk == null || find(id) == null) {
            return -1;
        }
        // What find has read was written behind the tick. If the slot has passed to another connection meanwhile, find
        // tells.
        int came = (int) CAME.getAcquire(chunk.came, slot % CHUNK);
        return find(id) == null ? -1 : Integer.toUnsignedLong((int) tick - came);
    }

    /** Returns the number of slots that a scan has to visit. */
    int used() {
        return used;
    }

    static long nanos(long ticks) {
        return ticks << NANOS_PER_TICK_BITS;
    }

    static long tick(long nanos) {
        return nanos >>> NANOS_PER_TICK_BITS;
    }

    private static long word(int generation, long tick) {
        return ((long) generation << TICK_BITS) | (tick & TICK_MASK);
    }

    private Chunk chunk(int slot) {
        Chunk chunk = chunkOrNull(slot);
        if (chunk == null) {
            throw new IllegalStateException("slot: " + slot + " (expected: one that was taken)");
        }
        return chunk;
    }

    private @Nullable Chunk chunkOrNull(int slot) {
        return slot / CHUNK < chunks.length() ? chunks.get(slot / CHUNK) : null;
    }
}

package io.campanile.core;

import java.util.concurrent.locks.ReentrantLock;

/** The locks that give the broadcasts to one group one same order on every shard. */
final class Sequencers {

    /*
     * Whoever places a broadcast on several shards' queues holds the stripe of each name it addresses, also of one that
     * no group has, and all stripes when it addresses everyone. Two broadcasts with a common name hold a common stripe, so one is on all its queues
     * before the other is on any: their common recipients see them in that order (G4). Stripes are taken in rising
     * order, so no two callers wait for each other; nothing but placing is done under them: no I/O, no foreign code,
     * not even the wake-up of a shard (G7).
     */

    static final long ALL = -1L;
    private static final int STRIPES = Long.SIZE;

    private final ReentrantLock[] locks = new ReentrantLock[STRIPES];

    Sequencers() {
        for (int i = 0; i < STRIPES; i++) {
            locks[i] = new ReentrantLock();
        }
    }

    static int stripe(int hash) {
        int mixed = hash * 0x9E3779B9;
        return mixed >>> (Integer.SIZE - 6);
    }

    /** Takes the stripes whose bits are set. */
    void lock(long stripes) {
        for (long rest = stripes; rest != 0; rest &= rest - 1) {
            locks[Long.numberOfTrailingZeros(rest)].lock();
        }
    }

    void unlock(long stripes) {
        for (long rest = stripes; rest != 0; rest &= rest - 1) {
            locks[Long.numberOfTrailingZeros(rest)].unlock();
        }
    }
}

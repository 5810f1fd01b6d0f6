package io.campanile.core;

import java.util.concurrent.atomic.AtomicLong;

/** The bytes that may wait for all clients of the node together. Shards lease from it in steps. Any thread. */
final class NodeBudget {

    /*
     *     sum of the bytes waiting on a shard  <=  what the shard has leased
     *     sum of all leases                    <=  limit
     *
     * hold at every instant: a shard leases before it queues, and gives back after it has let go. Within its lease a
     * shard counts with plain integers.
     */

    private final long limit;
    private final AtomicLong leased = new AtomicLong();

    NodeBudget(long limit) {
        this.limit = limit;
    }

    /** Leases the bytes, or nothing if they are not there. */
    boolean tryLease(long bytes) {
        long now;
        do {
            now = leased.get();
            if (now + bytes > limit) {
                return false;
            }
        } while (!leased.compareAndSet(now, now + bytes));
        return true;
    }

    void giveBack(long bytes) {
        leased.addAndGet(-bytes);
    }

    long limit() {
        return limit;
    }

    long leased() {
        return leased.get();
    }
}

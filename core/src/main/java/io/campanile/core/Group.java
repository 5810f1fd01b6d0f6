package io.campanile.core;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The connections that receive the same broadcasts: a room, or all connections of one user. */
final class Group {

    /*
     * `references` counts the memberships and the joins under way (of a user: registrations), over all shards. It starts at 1 for whoever made the
     * group and never rises again once it is 0, so a group that has died stays dead and is unlinked from the directory
     * by the one that took it to 0. Its upper half counts those that are silent: changes of claims under way, which keep the
     * group alive and are no connections of the user, whatever the same connection is by then. Both halves are one word,
     * so that the size is that of one moment.
     *
     * `interest[s]` counts the same for shard s. It is raised before the join is placed on the shard and lowered after
     * the membership is gone from members[s], so
     *
     *     interest[s] = 0  implies  no member on shard s, and no join placed on it
     *
     * and a broadcast that passes a shard by misses nobody. references is raised before and lowered after interest.
     *
     * `members[s]` is touched by shard s only.
     */

    final String name;

    /** What becomes of messages that do not fit, unless they say so themselves; null for a user. */
    final @Nullable OverflowPolicy overflow;

    private final AtomicLong references;
    private final AtomicIntegerArray interest;
    private final @Nullable Members[] members;

    /** A reference that is counted as a member. */
    static final long COUNTED = 1;
    /** A reference that is not. */
    static final long SILENT = (1L << 32) + 1;

    /** Begins the connections of a user. */
    Group(String name, int shards) {
        this(name, shards, null, COUNTED);
    }

    /** Begins a room, or with no policy the connections of a user; with a first reference of the given kind. */
    Group(String name, int shards, @Nullable OverflowPolicy overflow, long kind) {
        this.name = name;
        this.overflow = overflow;
        this.references = new AtomicLong(kind);
        this.interest = new AtomicIntegerArray(shards);
        this.members = new Members[shards];
    }

    /** Takes a reference, unless the group has died. */
    boolean tryReference() {
        return tryReference(COUNTED);
    }

    /** Takes a reference of a kind, unless the group has died. */
    boolean tryReference(long kind) {
        long now;
        do {
            now = references.get();
            if (now == 0) {
                return false;
            }
        } while (!references.compareAndSet(now, now + kind));
        return true;
    }

    /** Gives a reference back; true when the group has died of it. */
    boolean dereference() {
        return dereference(COUNTED);
    }

    boolean dereference(long kind) {
        return references.addAndGet(-kind) == 0;
    }

    /** Makes a silent reference one that is counted. */
    void count() {
        references.addAndGet(COUNTED - SILENT);
    }

    void raiseInterest(int shard) {
        interest.incrementAndGet(shard);
    }

    void lowerInterest(int shard) {
        interest.decrementAndGet(shard);
    }

    boolean interests(int shard) {
        return interest.get(shard) > 0;
    }

    /** Returns the number of members and of joins under way, as it was at one moment. */
    int size() {
        long now = references.get();
        return (int) now - (int) (now >>> 32);
    }

    /** Returns the members on a shard, or null when there has been none. By that shard only. */
    @Nullable
    Members on(int shard) {
        return members[shard];
    }

    /** Returns the members on a shard. By that shard only. */
    Members membersOn(int shard) {
        Members on = members[shard];
        if (on == null) {
            members[shard] = on = new Members();
        }
        return on;
    }
}

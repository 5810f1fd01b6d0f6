package io.campanile.core;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The groups of one kind by name, over all shards. Any thread. */
final class Directory {

    private final ConcurrentHashMap<String, Group> groups = new ConcurrentHashMap<>();
    private final int shards;
    private final int salt;
    private final @Nullable Function<String, OverflowPolicy> overflow;

    /**
     * Begins an empty directory.
     *
     * @param salt keeps the sequencers of two kinds of group apart
     */
    Directory(int shards, int salt) {
        this(shards, salt, null);
    }

    /**
     * Begins an empty directory of rooms.
     *
     * @param overflow the policy of a room by its name, asked when the room comes into being
     */
    Directory(int shards, int salt, @Nullable Function<String, OverflowPolicy> overflow) {
        this.shards = shards;
        this.salt = salt;
        this.overflow = overflow;
    }

    @Nullable
    Group find(String name) {
        return groups.get(name);
    }

    /** Returns the group, made if need be, with a reference and the shard's interest taken for a join under way. */
    Group reference(String name, int shard) {
        return reference(name, shard, Group.COUNTED);
    }

    /** Returns the group, made if need be, with a reference of a kind and the shard's interest. */
    Group reference(String name, int shard, long kind) {
        Group group = groups.get(name);
        if (group == null || !group.tryReference(kind)) {
            group = groups.compute(name, (key, found) -> {
                if (found != null && found.tryReference(kind)) {
                    return found;
                }
                // A group that has died is unlinked by whoever saw it die, with a conditional remove that spares this
                // one.
                return new Group(key, shards, overflow == null ? null : overflow.apply(key), kind);
            });
        }
        group.raiseInterest(shard);
        return group;
    }

    /** Gives back what {@link #reference} took, once the membership is gone or was not made. */
    void dereference(Group group, int shard) {
        dereference(group, shard, Group.COUNTED);
    }

    void dereference(Group group, int shard, long kind) {
        group.lowerInterest(shard);
        if (group.dereference(kind)) {
            groups.remove(group.name, group);
        }
    }

    /** Returns the stripes of the sequencers that order broadcasts to these names, whether there are such groups or not. */
    long stripes(List<String> names) {
        long stripes = 0;
        for (String name : names) {
            stripes |= 1L << Sequencers.stripe(name.hashCode() + salt);
        }
        return stripes;
    }

    int size() {
        return groups.size();
    }

    Set<String> names() {
        return Set.copyOf(groups.keySet());
    }
}

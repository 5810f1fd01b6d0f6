package io.campanile.core;

import java.util.Arrays;

/** The members of one group on one shard, in two parallel arrays without gaps. Confined to the shard. */
final class Members {

    /*
     * For i < size:  connections[i] == memberships[i].connection  and  memberships[i].index == i.
     * The first array is what a broadcast walks; the second is needed only when the last member moves into a gap.
     */

    private LiveConnection[] connections = new LiveConnection[4];
    private Membership[] memberships = new Membership[4];
    private int size;

    int size() {
        return size;
    }

    LiveConnection get(int index) {
        return connections[index];
    }

    void add(Membership membership) {
        if (size == connections.length) {
            connections = Arrays.copyOf(connections, size * 2);
            memberships = Arrays.copyOf(memberships, size * 2);
        }
        connections[size] = membership.connection;
        memberships[size] = membership;
        membership.index = size++;
    }

    /** Fills the gap with the last member. */
    @SuppressWarnings("NullAway") // behind size there is nothing
    void remove(Membership membership) {
        int gap = membership.index;
        int last = --size;
        Membership moved = memberships[last];
        connections[gap] = moved.connection;
        memberships[gap] = moved;
        moved.index = gap;
        connections[last] = null;
        memberships[last] = null;
        if (size < connections.length / 4 && connections.length > 16) {
            connections = Arrays.copyOf(connections, connections.length / 2);
            memberships = Arrays.copyOf(memberships, memberships.length / 2);
        }
    }
}

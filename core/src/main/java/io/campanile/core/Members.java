package io.campanile.core;

import java.util.Arrays;

/** The members of one group on one shard, in two parallel arrays without gaps. Confined to the shard. */
final class Members {

    /*
     * For i < size:  rows[i] == memberships[i].connection.row  and  memberships[i].index == i.
     * The first array is what a broadcast walks; the second is needed only when the last member moves into a gap.
     */

    private int[] rows = new int[4];
    private Membership[] memberships = new Membership[4];
    private int size;

    int size() {
        return size;
    }

    LiveConnection get(int index) {
        return memberships[index].connection;
    }

    /** Returns the member's row in the shard's {@link Outgoing}. */
    int row(int index) {
        return rows[index];
    }

    void add(Membership membership) {
        if (size == rows.length) {
            rows = Arrays.copyOf(rows, size * 2);
            memberships = Arrays.copyOf(memberships, size * 2);
        }
        rows[size] = membership.connection.row;
        memberships[size] = membership;
        membership.index = size++;
    }

    /** Fills the gap with the last member. */
    @SuppressWarnings("NullAway") // behind size there is nothing
    void remove(Membership membership) {
        int gap = membership.index;
        int last = --size;
        Membership moved = memberships[last];
        rows[gap] = rows[last];
        memberships[gap] = moved;
        moved.index = gap;
        memberships[last] = null;
        if (size < rows.length / 4 && rows.length > 16) {
            rows = Arrays.copyOf(rows, rows.length / 2);
            memberships = Arrays.copyOf(memberships, memberships.length / 2);
        }
    }
}

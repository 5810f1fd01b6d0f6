package io.campanile.core;

import java.util.Arrays;

/** Ranges of the turn log, in the order in which they are written; neighbours are one. Confined to the shard. */
final class Ranges {
    private int[] ranges = new int[8];
    private int count;

    void add(int offset, int length) {
        int at = 2 * count;
        if (count > 0 && ranges[at - 2] + ranges[at - 1] == offset) {
            ranges[at - 1] += length;
            return;
        }
        if (at == ranges.length) {
            ranges = Arrays.copyOf(ranges, at * 2);
        }
        ranges[at] = offset;
        ranges[at + 1] = length;
        count++;
    }

    /** Returns offset and length of each range, in turn; behind {@link #count} of them there is nothing. */
    int[] asArray() {
        return ranges;
    }

    int count() {
        return count;
    }
}

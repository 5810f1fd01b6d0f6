package io.campanile.core;

/** Rows that wait to be written to, first come first served, and since when. Confined to the shard. */
final class Line {

    /*
     * Those who came one after another because of one message have one time, which is kept once, with their number: a
     * broadcast to very many puts down a word for each.
     *
     *     rows      start .. end             in the order in which they came
     *     times     firstRun .. lastRun      times[i] holds for counts[i] of them, in turn; the counts add up to all
     */

    private int[] rows = new int[16];
    private int start;
    private int end;

    private long[] times = new long[4];
    private int[] counts = new int[4];
    private int firstRun;
    private int lastRun = -1;

    boolean isEmpty() {
        return start == end;
    }

    void add(int row, long since) {
        if (end == rows.length) {
            rows = moved(rows, start, end);
            end -= start;
            start = 0;
        }
        rows[end++] = row;
        if (lastRun < firstRun || times[lastRun] != since) {
            beginRun(since);
        }
        counts[lastRun]++;
    }

    private void beginRun(long since) {
        if (++lastRun == times.length) {
            counts = moved(counts, firstRun, lastRun);
            long[] kept = new long[counts.length];
            System.arraycopy(times, firstRun, kept, 0, lastRun - firstRun);
            times = kept;
            lastRun -= firstRun;
            firstRun = 0;
        }
        times[lastRun] = since;
        counts[lastRun] = 0;
    }

    /** Returns what there is from its beginning on, in an array of which at most half is taken. */
    private static int[] moved(int[] from, int start, int end) {
        int count = end - start;
        int[] to = new int[count > from.length / 2 ? from.length * 2 : from.length];
        System.arraycopy(from, start, to, 0, count);
        return to;
    }

    /** Returns since when the first waits; only when there is one. */
    long since() {
        return times[firstRun];
    }

    /** Takes out the first; only when there is one. */
    int take() {
        int row = rows[start++];
        if (start == end) {
            start = 0;
            end = 0;
            firstRun = 0;
            lastRun = -1;
        } else if (--counts[firstRun] == 0) {
            firstRun++;
        }
        return row;
    }
}

package io.campanile.benchmarks;

import java.util.Arrays;
import java.util.Locale;

/** The value in the middle, and how far the others are from it. */
record Spread(double median, double least, double most) {

    /** Describes at least one value; of an even number, the mean of the two in the middle is the median. */
    static Spread of(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], sorted[sorted.length - 1]);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.2f (%.2f..%.2f)", median, least, most);
    }
}

package io.campanile.benchmarks;

import java.util.LinkedHashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What is kept of a distribution of times, in microseconds.
 *
 * @param count how many values it was made of; with none, the others are 0
 */
record Percentiles(long count, double p50, double p99, double p999, double max) {

    /** Reads them off a histogram of nanoseconds. */
    static Percentiles ofNanos(Histogram histogram) {
        if (histogram.getTotalCount() == 0) {
            return new Percentiles(0, 0, 0, 0, 0);
        }
        return new Percentiles(
                histogram.getTotalCount(),
                histogram.getValueAtPercentile(50) / 1e3,
                histogram.getValueAtPercentile(99) / 1e3,
                histogram.getValueAtPercentile(99.9) / 1e3,
                histogram.getMaxValue() / 1e3);
    }

    Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("count", count);
        map.put("p50Micros", p50);
        map.put("p99Micros", p99);
        map.put("p999Micros", p999);
        map.put("maxMicros", max);
        return map;
    }
}

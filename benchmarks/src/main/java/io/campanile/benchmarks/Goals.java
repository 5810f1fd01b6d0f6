package io.campanile.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Figures that are held to bounds, each said in a line of its own. */
final class Goals {
    private final List<String> lines = new ArrayList<>();
    private boolean missed;

    /** Holds a figure to the greatest that it may be. */
    void atMost(String what, double figure, double most, String unit) {
        add(what, figure, figure <= most, String.format(Locale.ROOT, "at most %s", number(most)), unit);
    }

    /** Holds a figure to a range. */
    void within(String what, double figure, double least, double most, String unit) {
        add(
                what,
                figure,
                figure >= least && figure <= most,
                String.format(Locale.ROOT, "%s..%s", number(least), number(most)),
                unit);
    }

    private void add(String what, double figure, boolean met, String expected, String unit) {
        missed |= !met;
        lines.add((met ? "met     " : "MISSED  ") + what + ": " + (number(figure) + " " + unit).strip() + " (goal: "
                + expected + ")");
    }

    private static String number(double figure) {
        String pattern = Math.abs(figure) >= 100 ? "%,.0f" : "%.2f";
        return String.format(Locale.ROOT, pattern, figure);
    }

    /** Returns a line for each figure, in the order in which they were held to their bounds. */
    List<String> lines() {
        return List.copyOf(lines);
    }

    boolean isMissed() {
        return missed;
    }

    /** Prints the lines and returns the exit status: 1 when a goal was missed. */
    int conclude() {
        System.out.println();
        lines.forEach(System.out::println);
        return missed ? 1 : 0;
    }
}

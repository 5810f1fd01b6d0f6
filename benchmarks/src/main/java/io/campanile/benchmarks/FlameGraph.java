package io.campanile.benchmarks;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Samples of stacks as a flame graph: how wide a frame is says how much of the time it or what it calls was running. */
final class FlameGraph {
    private static final int WIDTH = 1_600;
    private static final int MARGIN = 10;
    private static final int ROW = 18;
    private static final int HEADER = 62;
    private static final int FONT = 12;
    private static final double LETTER = 7.3;
    private static final double LEAST_WIDTH = 0.5;

    /** What a frame's code is. */
    enum Kind {
        JAVA("Java", "#8fd18f", "_[j]"),
        INLINED("Java, inlined", "#8fd6d6", "_[i]"),
        COLD("Java, interpreted or compiled in haste", "#c5dd8b", "_[0]", "_[1]"),
        KERNEL("kernel", "#f4a460", "_[k]"),
        NATIVE("JVM and C", "#eddc70");

        private final String title;
        private final String color;
        private final List<String> suffixes;

        Kind(String title, String color, String... suffixes) {
            this.title = title;
            this.color = color;
            this.suffixes = List.of(suffixes);
        }

        static Kind of(String frame) {
            for (Kind kind : values()) {
                if (kind.suffixes.stream().anyMatch(frame::endsWith)) {
                    return kind;
                }
            }
            return NATIVE;
        }

        @Override
        public String toString() {
            return title;
        }
    }

    /** One frame below the same callers, with all that it calls. */
    private static final class Node {
        final String name;
        final Kind kind;
        final Map<String, Node> callees = new TreeMap<>();
        long samples;

        Node(String name, Kind kind) {
            this.name = name;
            this.kind = kind;
        }

        Node callee(String frame) {
            return callees.computeIfAbsent(frame, key -> new Node(plainName(key), Kind.of(key)));
        }

        /** Returns the frames above each other, those left out that are too narrow to be drawn. */
        int depth(double leastSamples) {
            return samples < leastSamples
                    ? 0
                    : 1
                            + callees.values().stream()
                                    .mapToInt(callee -> callee.depth(leastSamples))
                                    .max()
                                    .orElse(0);
        }
    }

    private final Node root = new Node("all", Kind.NATIVE);
    private final Map<String, Long> own = new TreeMap<>();
    private final Map<Kind, Long> kinds = new LinkedHashMap<>();

    /** Takes lines of frames from the outermost on, with semicolons between them, then a blank and a number. */
    FlameGraph(List<String> stacks) {
        for (Kind kind : Kind.values()) {
            kinds.put(kind, 0L);
        }
        for (String line : stacks) {
            int blank = line.lastIndexOf(' ');
            if (blank > 0) {
                add(line.substring(0, blank).split(";", -1), Long.parseLong(line.substring(blank + 1)));
            }
        }
    }

    private void add(String[] frames, long samples) {
        Node node = root;
        node.samples += samples;
        for (String frame : frames) {
            node = node.callee(frame);
            node.samples += samples;
        }
        kinds.merge(node.kind, samples, Long::sum);
        own.merge(node.name, samples, Long::sum);
    }

    /** Leaves out the mark of the kind, and all of a package but its last part. */
    static String plainName(String frame) {
        String name = frame.replaceFirst("_\\[[ijk01]\\]$", "");
        return name.replaceFirst("^(?:\\w+/)+(?=\\w+/)", "").replace('/', '.');
    }

    long samples() {
        return root.samples;
    }

    /** Returns for each kind of code which part of the samples ended in it. */
    Map<Kind, Double> shares() {
        Map<Kind, Double> shares = new LinkedHashMap<>();
        kinds.forEach((kind, samples) -> shares.put(kind, (double) samples / Math.max(1, root.samples)));
        return shares;
    }

    /** Returns the frames in which most samples ended, with their part of all, the greatest first. */
    Map<String, Double> hottest(int most) {
        Map<String, Double> hottest = new LinkedHashMap<>();
        own.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()))
                .limit(most)
                .forEach(entry -> hottest.put(entry.getKey(), (double) entry.getValue() / root.samples));
        return hottest;
    }

    /** Returns the drawing, callers below and what they call above them. */
    String svg(String title, String subtitle) {
        double perSample = (WIDTH - 2.0 * MARGIN) / Math.max(1, root.samples);
        int height = HEADER + (root.depth(LEAST_WIDTH / perSample) + 1) * ROW;
        StringBuilder out = new StringBuilder();
        out.append(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
                        + " font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"%d\">%n"
                        + "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>%n"
                        + "<text x=\"%d\" y=\"20\" font-size=\"16\" font-weight=\"bold\">%s</text>%n"
                        + "<text x=\"%d\" y=\"38\" fill=\"#555555\">%s</text>%n",
                WIDTH,
                height,
                WIDTH,
                height,
                FONT,
                MARGIN,
                escaped(title),
                MARGIN,
                escaped(subtitle)));
        legend(out);
        draw(out, root, MARGIN, height - 1.5 * ROW, perSample);
        return out.append("</svg>\n").toString();
    }

    private void legend(StringBuilder out) {
        double x = MARGIN;
        for (Map.Entry<Kind, Double> share : shares().entrySet()) {
            String text = String.format(Locale.ROOT, "%s %.0f %%", share.getKey(), 100 * share.getValue());
            out.append(String.format(
                    Locale.ROOT,
                    "<rect x=\"%.0f\" y=\"46\" width=\"12\" height=\"12\" fill=\"%s\"/><text x=\"%.0f\" y=\"56\">%s</text>%n",
                    x,
                    share.getKey().color,
                    x + 16,
                    text));
            x += 16 + (text.length() + 3) * LETTER;
        }
    }

    private void draw(StringBuilder out, Node node, double x, double y, double perSample) {
        double width = node.samples * perSample;
        if (width < LEAST_WIDTH) {
            return;
        }
        out.append(String.format(
                Locale.ROOT,
                "<g><title>%s: %.2f %%, %s</title><rect x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"%d\" fill=\"%s\""
                        + " stroke=\"#ffffff\" stroke-width=\"0.5\"/>",
                escaped(node.name),
                100.0 * node.samples / root.samples,
                node.kind,
                x,
                y,
                width,
                ROW - 1,
                node.kind.color));
        String label = label(node.name, width);
        if (!label.isEmpty()) {
            out.append(String.format(
                    Locale.ROOT, "<text x=\"%.1f\" y=\"%.0f\">%s</text>", x + 3, y + ROW - 5, escaped(label)));
        }
        out.append("</g>\n");
        double left = x;
        for (Node callee : node.callees.values()) {
            draw(out, callee, left, y - ROW, perSample);
            left += callee.samples * perSample;
        }
    }

    /** Returns as much of a name as fits, or nothing where it would say nothing. */
    private static String label(String name, double width) {
        int fits = (int) ((width - 6) / LETTER);
        if (fits >= name.length()) {
            return name;
        }
        return fits < 4 ? "" : name.substring(0, fits - 1) + "…";
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}

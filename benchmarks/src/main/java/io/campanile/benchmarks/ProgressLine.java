package io.campanile.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Says what a run is doing: one line that rewrites itself on a terminal, else a line every five seconds. */
final class ProgressLine implements LoadGenerator.Progress {
    private static final long PLAIN_NANOS = 5_000_000_000L;
    private static final String CLEAR_LINE = "\r\u001b[K";

    private final PrintStream out;
    private final boolean terminal;
    private String lastActivity = "";
    private long lastNanos;

    ProgressLine(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** Returns one for this process's standard error. */
    static ProgressLine onStandardError() {
        return new ProgressLine(System.err, standardErrorIsTerminal());
    }

    @Override
    public void update(String activity, double secondsLeft, double perSecond) {
        String line = secondsLeft > 0
                ? String.format(Locale.ROOT, "%s: %,.0f messages/s, %.0f s left", activity, perSecond, secondsLeft)
                : activity;
        if (terminal) {
            out.print(CLEAR_LINE + line);
            out.flush();
            return;
        }
        long now = System.nanoTime();
        if (!activity.equals(lastActivity) && secondsLeft > 0 || now - lastNanos >= PLAIN_NANOS) {
            out.println(line);
            lastActivity = activity;
            lastNanos = now;
        }
    }

    /** Leaves the line, so that other output starts on one of its own. */
    void end() {
        if (terminal) {
            out.print(CLEAR_LINE);
            out.flush();
        }
    }

    private static boolean standardErrorIsTerminal() {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }
}

package io.campanile.concurrency;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The long run: jcstress and Lincheck in turn, until the time is up or something is found. */
@Command(
        name = "stress",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Look for executions of the registry that break its promises.",
            "",
            "Runs the jcstress tests and the Lincheck models in turn, longer each round. Ends at the first finding with"
                    + " its report and exit code 1, or with 0 after the round in which the time is up; a round takes"
                    + " some minutes."
        })
public final class Stress implements Callable<Integer> {

    @Option(names = "--minutes", paramLabel = "N", defaultValue = "60", description = "how long to look (60)")
    private int minutes;

    @Option(
            names = "--tests",
            paramLabel = "REGEX",
            defaultValue = "io.campanile.core",
            description = "the jcstress tests to run (all)")
    private String tests = "";

    @Option(
            names = "--reports",
            paramLabel = "DIR",
            defaultValue = "target/stress",
            description = "where reports are written (target/stress)")
    private Path reports = Path.of("");

    /** Runs the command line and exits: 0 nothing was found, 1 something was, 2 wrong usage. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Stress()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        long end = System.nanoTime() + Duration.ofMinutes(minutes).toNanos();
        for (int round = 1; round == 1 || System.nanoTime() < end; round++) {
            if (!jcstress(round) || !lincheck(round)) {
                return 1;
            }
            long left = Duration.ofNanos(Math.max(0, end - System.nanoTime())).toMinutes();
            System.out.printf("round %d: nothing found, minutes left: %d%n", round, left);
        }
        return 0;
    }

    private boolean jcstress(int round) throws Exception {
        System.out.printf("round %d: jcstress%n", round);
        Duration each = Duration.ofMillis(500L * Math.min(round, 20));
        String failures = new JcstressRun(reports.resolve("round" + round), tests, each).failures(Duration.ofHours(2));
        if (!failures.isEmpty()) {
            System.out.println(failures);
        }
        return failures.isEmpty();
    }

    private static boolean lincheck(int round) {
        for (Linearizability model : Linearizability.values()) {
            System.out.printf("round %d: Lincheck %s%n", round, model);
            try {
                model.check(20 * Math.min(round, 10));
            } catch (AssertionError e) {
                System.out.println(e.getMessage());
                return false;
            }
        }
        return true;
    }
}

package io.campanile.benchmarks;

import io.campanile.benchmarks.Alternation.Variant;
import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Tells whether broadcasts have become dearer. */
@Command(
        name = "check",
        aliases = "--check",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Check that Campanile's processor time for a message is within its bounds, as a part of plain Netty's.",
            "",
            "The bounds are those of docs/benchmarks.md, for 1, 4 and 16 broadcasts in flight. Each round starts both servers,"
                    + " pinned to one processor, and puts the load on each for a second in turn, over and over. When the median"
                    + " of the ratios of all windows is over a bound, as many rounds are added, up to three times as many in all, before that counts.",
            ""
        },
        footer = {"", "Exit status: 0 within all bounds, 1 over one, or the run failed, 2 the options make no sense."})
final class CheckBench implements Callable<Integer> {

    /** By broadcasts in flight: the most of plain Netty's processor time for a message that Campanile may take. */
    static final Map<Integer, Double> BOUNDS = new TreeMap<>(Map.of(1, 0.85, 4, 0.32, 16, 0.11));

    private static final int MOST_REPEATS = 3;
    private static final Peer BASE = Peer.named("netty");

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--tolerance",
            defaultValue = "5",
            paramLabel = "PERCENT",
            description = "How far over a bound the median may be (default: ${DEFAULT-VALUE}).")
    private double tolerance;

    @Mixin
    private CampanileCommand campanile = new CampanileCommand();

    @Mixin
    private Alternation alternation = new Alternation();

    @Mixin
    private Place place = new Place();

    @Override
    public Integer call() throws IOException, InterruptedException, RunFailedException {
        List<Variant> variants = List.of(Variant.of(campanile.peer()), Variant.of(BASE));
        Place.require(
                BOUNDS.keySet().containsAll(alternation.inFlight()),
                "--in-flight: " + alternation.inFlight() + " (expected: of " + BOUNDS.keySet()
                        + ", for which there are bounds)");
        Place.require(tolerance >= 0, "--tolerance: " + tolerance + " (expected: >= 0)");
        alternation.check(place, variants);
        return place.run(spec, () -> {
            place.describe(spec);
            Windows windows = new Windows();
            for (int repeats = 0; repeats == 0 || repeats < MOST_REPEATS && isOver(windows); repeats++) {
                if (repeats > 0) {
                    System.err.printf("over a bound after %d windows; measuring more%n", windows.count());
                }
                alternation.measure(place, variants, windows);
            }
            System.out.print(windows.table(BASE.name()));
            Goals goals = held(windows);
            int status = goals.conclude();
            System.out.println(
                    status == 0
                            ? "Broadcasts cost no more than they may."
                            : "Broadcasts cost more than they may: see what is MISSED.");
            return status;
        });
    }

    private boolean isOver(Windows windows) {
        return held(windows).isMissed();
    }

    private Goals held(Windows windows) {
        return held(windows, alternation.inFlight(), tolerance);
    }

    /** Holds the median ratio of each load to its bound, with the tolerance in per cent. */
    static Goals held(Windows windows, List<Integer> inFlight, double tolerance) {
        Goals goals = new Goals();
        for (int load = 0; load < windows.loads(); load++) {
            goals.atMost(
                    windows.load(load),
                    windows.ratio(load, Peer.CAMPANILE.name(), BASE.name()).median(),
                    BOUNDS.getOrDefault(inFlight.get(load), 0.0) * (1 + tolerance / 100),
                    "of plain Netty's processor time");
        }
        return goals;
    }
}

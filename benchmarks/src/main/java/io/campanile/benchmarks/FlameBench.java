package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.benchmarks.LoadPlan.Stage;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows where the server's processor time goes under a load. */
@Command(
        name = "flame",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Draw where the server's processor time goes, as a flame graph.",
            "",
            "Starts the server on one processor and the generator on another, as compare does, samples the server's stacks"
                    + " with async-profiler while the load is measured, and writes an SVG. The kernel's part is in it for"
                    + " root, or where kernel.perf_event_paranoid is at most 1. --java must belong to a JDK.",
            ""
        },
        footer = {"", "Example: bench flame --netns --in-flight 16 --out flame-16.svg"})
final class FlameBench implements Callable<Integer> {

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Where the SVG goes.")
    private Path out = Path.of("");

    @Option(
            names = "--stacks",
            paramLabel = "FILE",
            description = "Write the samples here too: a stack and its number in each line.")
    private @Nullable Path stacks;

    @Option(
            names = "--in-flight",
            paramLabel = "W",
            defaultValue = "1",
            description = "Broadcasts in flight (default: ${DEFAULT-VALUE}).")
    private int inFlight;

    @Option(names = "--connections", defaultValue = "1000", description = "Receivers (default: ${DEFAULT-VALUE}).")
    private int connections;

    @Option(
            names = "--size",
            defaultValue = "128",
            description = "Payload bytes of a delivered message (default: ${DEFAULT-VALUE}).")
    private int size;

    @Option(names = "--warmup", defaultValue = "8", description = "Seconds of warm-up (default: ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(names = "--seconds", defaultValue = "10", description = "Seconds sampled (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(
            names = "--interval",
            paramLabel = "MICROS",
            defaultValue = "1000",
            description = "Processor time between two samples (default: ${DEFAULT-VALUE}).")
    private int interval;

    @Option(
            names = "--poll",
            paramLabel = "MICROS",
            defaultValue = "" + Bench.DEFAULT_POLL_MICROS,
            description = "As in bench (default: ${DEFAULT-VALUE}).")
    private int poll;

    @Mixin
    private CampanileCommand campanile = new CampanileCommand();

    @Mixin
    private Place place = new Place();

    @Override
    public Integer call() throws IOException, InterruptedException, RunFailedException {
        plan(OptionalLong.empty());
        return place.run(spec, this::measure);
    }

    private int measure() throws IOException, InterruptedException, RunFailedException {
        Peer server = campanile.peer();
        try (ServerProcess process = place.start(server, Profiler.JVM_OPTIONS);
                Profiler profiler = new Profiler(place.java(), process.pid())) {
            ProgressLine progress = ProgressLine.onStandardError();
            Sampling sampling = new Sampling(profiler, progress);
            try (LoadGenerator generator = new LoadGenerator(plan(OptionalLong.of(process.pid())), sampling)) {
                Measured measured = generator.run().stages().get(0);
                progress.end();
                draw(sampling.stop(), measured);
            }
        }
        return 0;
    }

    private void draw(List<String> lines, Measured measured) throws IOException, RunFailedException {
        FlameGraph graph = new FlameGraph(lines);
        if (graph.samples() == 0) {
            throw new RunFailedException("the profiler took no samples");
        }
        Map<String, String> machine = place.machine();
        Files.writeString(
                out,
                graph.svg(
                        String.format(
                                Locale.ROOT,
                                "Campanile: %,d receivers, %,d bytes, %d in flight, %.2f µs for each message",
                                connections,
                                size,
                                inFlight,
                                measured.serverMicrosPerMessage().orElse(Double.NaN)),
                        String.format(
                                Locale.ROOT,
                                "%,d samples; commit %s; %s; %s",
                                graph.samples(),
                                machine.get("commit"),
                                machine.get("JDK"),
                                machine.get("kernel"))));
        if (stacks != null) {
            Files.write(stacks, lines);
        }
        System.out.printf(
                Locale.ROOT,
                "%,d samples, %.2f µs for each message, the profiler's work included%n",
                graph.samples(),
                measured.serverMicrosPerMessage().orElse(Double.NaN));
        graph.shares().forEach((kind, share) -> System.out.printf(Locale.ROOT, "%6.1f %%  %s%n", 100 * share, kind));
        System.out.println("where most samples ended:");
        graph.hottest(25).forEach((name, share) -> System.out.printf(Locale.ROOT, "%6.1f %%  %s%n", 100 * share, name));
    }

    private LoadPlan plan(OptionalLong pid) {
        return LoadPlan.at(URI.create("ws://127.0.0.1:" + place.port() + "/ws"), Peer.CAMPANILE.mode())
                .connections(connections, 1)
                .size(size)
                .stages(List.of(new Stage.InFlight(inFlight)))
                .warmup(new Stage.InFlight(1), Duration.ofSeconds(warmup))
                .window(Duration.ofSeconds(2), Duration.ofSeconds(seconds))
                .serverPid(pid)
                .loops(1, Duration.ofNanos(poll * 1_000L))
                .build();
    }

    /** Samples from when the window has opened until the run is over; told about once a second. */
    private final class Sampling implements LoadGenerator.Progress {
        private final Profiler profiler;
        private final LoadGenerator.Progress next;
        private boolean started;
        private @Nullable RunFailedException failure;

        Sampling(Profiler profiler, LoadGenerator.Progress next) {
            this.profiler = profiler;
            this.next = next;
        }

        @Override
        public void update(String activity, double secondsLeft, double perSecond) {
            next.update(activity, secondsLeft, perSecond);
            if (!started && activity.startsWith("measuring")) {
                started = true;
                try {
                    profiler.start(interval);
                } catch (RunFailedException e) {
                    failure = e;
                }
            }
        }

        List<String> stop() throws IOException, RunFailedException {
            if (failure != null) {
                throw failure;
            }
            return profiler.stop();
        }
    }
}

package io.campanile.benchmarks;

import io.campanile.benchmarks.Alternation.Variant;
import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.core.Audience;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.Message;
import io.campanile.gateway.Endpoint;
import io.campanile.gateway.GatewayLimits;
import io.campanile.gateway.GatewayServer;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Measures whether it costs more to broadcast from a thread that is no event loop. */
@Command(
        name = "outside",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measure broadcasts from outside the event loops against those from inside.",
            "",
            "The server is a gateway that sends each text to everybody: from the handler, on the event loop, or from a thread"
                    + " of its own that the handler gives the text to. Each round starts both, pinned to one processor, and puts"
                    + " the load on each for a second in turn, over and over.",
            ""
        },
        footer = {
            "",
            "Exit status: 0 processor time for each message differs by at most 5 %, by the median of the ratios of all windows;"
                    + " 1 not so, or the run failed; 2 the options make no sense."
        })
final class OutsideBench implements Callable<Integer> {
    private static final Peer INSIDE = peer("inside", "from the event loop");
    private static final Peer OUTSIDE = peer("outside", "from a thread of its own");

    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private Alternation alternation = new Alternation();

    @Mixin
    private Place place = new Place();

    private static Peer peer(String name, String title) {
        return new Peer(
                name,
                title,
                Mode.PLAIN,
                "{java} {options} -cp {classpath} " + Everybody.class.getName() + " {port} " + name);
    }

    @Override
    public Integer call() throws IOException, InterruptedException, RunFailedException {
        List<Variant> variants = List.of(Variant.of(INSIDE), Variant.of(OUTSIDE));
        alternation.check(place, variants);
        return place.run(spec, () -> {
            Windows windows = alternation.show(place, spec, variants);
            Goals goals = new Goals();
            for (int load = 0; load < windows.loads(); load++) {
                goals.within(
                        "from outside, " + windows.load(load),
                        windows.ratio(load, OUTSIDE.name(), INSIDE.name()).median(),
                        0.95,
                        1.05,
                        "of the processor time from inside");
            }
            return goals.conclude();
        });
    }

    /** Sends each text to everybody. */
    static final class Everybody implements Endpoint {
        private final CompletableFuture<ConnectionRegistry> registry = new CompletableFuture<>();
        private final Executor broadcasting;

        Everybody(Executor broadcasting) {
            this.broadcasting = broadcasting;
        }

        @Override
        public void start(ConnectionRegistry started) {
            registry.complete(started);
        }

        @Override
        public void text(Connection connection, byte[] utf8) {
            broadcasting.execute(() -> registry.join().broadcast(Audience.all(), Message.utf8(utf8)));
        }

        /** Takes a port, and who broadcasts: inside or outside. Listens until the process is ended. */
        public static void main(String[] args) throws InterruptedException {
            Executor broadcasting = args[1].equals(OUTSIDE.name())
                    ? Executors.newSingleThreadExecutor(task -> new Thread(task, "broadcasts"))
                    : Runnable::run;
            GatewayServer.builder()
                    .host("127.0.0.1")
                    .port(Integer.parseInt(args[0]))
                    // One publisher sends what many would.
                    .limits(GatewayLimits.defaults().withMaxMessagesPerSecond(1_000_000))
                    .webSocket("/ws", new Everybody(broadcasting))
                    .start();
            TimeUnit.DAYS.sleep(1);
        }
    }
}

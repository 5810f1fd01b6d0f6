package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.benchmarks.LoadPlan.BadPlanException;
import io.campanile.benchmarks.LoadPlan.Stage;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.netty.util.internal.logging.JdkLoggerFactory;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The load generator's command line, and the way to everything else in this module. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        subcommands = {
            CheckBench.class,
            Compare.class,
            DrainBench.class,
            FeaturesBench.class,
            FlameBench.class,
            IdleBench.class,
            LivenessBench.class,
            MillionBench.class,
            OutsideBench.class,
            SlowBench.class,
            VersusBench.class,
            PlainNettyChat.class,
            JmhCommand.class
        },
        description = {
            "Put load on a WebSocket server and measure what a delivered message costs.",
            "",
            "Without a subcommand: opens --connections receivers, deals them to --rooms, publishes, and reports"
                    + " messages per second, latency and processor time. With --in-flight (closed loop) a fixed number"
                    + " of broadcasts is on its way in each room, and the next is sent when every receiver of the room"
                    + " has one; latency then says how long a broadcast takes under that load. With --rate (open loop)"
                    + " messages are sent on schedule whether or not the server keeps up, and latency is counted from"
                    + " the scheduled time, so waiting in line is part of it.",
            ""
        },
        footer = {
            "",
            "Exit status: 0 measured, 1 the run failed, 2 the options make no sense.",
            "",
            "Example: bench --url ws://127.0.0.1:8080/ws --connections 1000 --in-flight 1,4,16 --pid 4711"
        })
final class Bench implements Callable<Integer> {

    /** Held here, since a logger that nobody holds forgets its level. */
    private static final Logger NETTY_LOG = Logger.getLogger("io.netty");

    /** Short beside a broadcast to hundreds of receivers, long beside the time between two of its messages. */
    static final int DEFAULT_POLL_MICROS = 100;

    @Option(
            names = "--url",
            defaultValue = "ws://127.0.0.1:8080/ws",
            description = "The server's WebSocket URL (default: ${DEFAULT-VALUE}).")
    private URI url = URI.create("ws://127.0.0.1:8080/ws");

    @Option(
            names = "--mode",
            defaultValue = "campanile",
            description = "campanile: the JSON envelope (room.join, room.publish); plain: a server that sends each text"
                    + " frame to everybody, with several --rooms to everybody who connected with the same ?room=; arcly,"
                    + " socketio, stomp: as the servers in benchmarks/peers speak it (default: ${DEFAULT-VALUE}).")
    private Mode mode = Mode.CAMPANILE;

    @Option(names = "--connections", defaultValue = "1000", description = "Receivers (default: ${DEFAULT-VALUE}).")
    private int connections;

    @Option(
            names = "--rooms",
            defaultValue = "1",
            description = "Rooms the receivers are dealt to, one each (default: ${DEFAULT-VALUE}).")
    private int rooms;

    @Option(
            names = "--publishers",
            description = "Connections that publish, dealt to the rooms (default: one for each room).")
    private @Nullable Integer publishers;

    @Option(
            names = "--echo",
            arity = "0..1",
            defaultValue = "true",
            fallbackValue = "true",
            description = "true: publishers are among the receivers; false: they are further connections that join no"
                    + " room (default: ${DEFAULT-VALUE}).")
    private boolean echo;

    @Option(
            names = "--size",
            defaultValue = "128",
            description = "Payload bytes of a delivered message, envelope included (default: ${DEFAULT-VALUE}).")
    private int size;

    @ArgGroup
    private @Nullable LoadOptions load;

    /** One of the two, not both. */
    static final class LoadOptions {
        @Option(
                names = "--in-flight",
                split = ",",
                paramLabel = "W",
                description = "Closed loop: broadcasts in flight in each room; several numbers are measured one after"
                        + " another on the same connections (default: 1).")
        private @Nullable List<Integer> inFlight;

        @Option(
                names = "--rate",
                paramLabel = "N",
                description = "Open loop: messages published a second, over all rooms.")
        private @Nullable Double rate;
    }

    @Option(
            names = "--warmup",
            defaultValue = "8",
            description = "Seconds of load before anything is measured, at 1 in flight or at the rate (default:"
                    + " ${DEFAULT-VALUE}).")
    private double warmup;

    @Option(
            names = "--settle",
            defaultValue = "2",
            description = "Seconds each load runs before its window opens (default: ${DEFAULT-VALUE}).")
    private double settle;

    @Option(names = "--seconds", defaultValue = "10", description = "Seconds measured (default: ${DEFAULT-VALUE}).")
    private double seconds;

    @Option(
            names = "--pid",
            description = "The server's process; its processor time and memory are reported (same machine only).")
    private @Nullable Long pid;

    @Option(
            names = "--connect-rate",
            defaultValue = "0",
            description = "Connections opened a second; 0: as fast as the server takes them (default:"
                    + " ${DEFAULT-VALUE}).")
    private int connectRate;

    @Option(
            names = "--address-spread",
            defaultValue = "",
            paramLabel = "NETWORK",
            description = "Connect from addresses of this network in turn, such as 127.0.0.0/8; for more connections"
                    + " than one address has ports.")
    private String addressSpread = "";

    @Option(
            names = "--header",
            paramLabel = "LINE",
            description = "A header of the handshake, such as 'Authorization: Bearer …'; repeatable.")
    private List<String> headers = List.of();

    @Option(
            names = "--loops",
            defaultValue = "1",
            description = "Event loops of the generator (default: ${DEFAULT-VALUE}).")
    private int loops;

    @Option(
            names = "--poll",
            paramLabel = "MICROS",
            description = "Look at the sockets this often, instead of being woken for each message: the generator needs"
                    + " far less processor time, and the server is not charged for waking it, as it would not be with"
                    + " clients on other machines; latencies grow by about the interval. 0: be woken (default: 100 with"
                    + " --in-flight, 0 with --rate).")
    private @Nullable Integer poll;

    @Option(names = "--json", paramLabel = "FILE", description = "Write the result here too, as JSON.")
    private @Nullable Path json;

    /** Runs one command and ends the process with its status. */
    public static void main(String[] args) {
        System.exit(execute(new Bench(), args));
    }

    /** Runs a command of this module with its options, errors and exit status as documented. */
    static int execute(Object command, String... args) {
        return commandLine(command).execute(args);
    }

    static CommandLine commandLine(Object command) {
        // Not through SLF4J: the server's logging is on the class path and would speak up, at DEBUG when unconfigured.
        InternalLoggerFactory.setDefaultFactory(JdkLoggerFactory.INSTANCE);
        NETTY_LOG.setLevel(Level.SEVERE);
        return new CommandLine(command)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true)
                .setParameterExceptionHandler((e, arguments) -> {
                    CommandLine line = e.getCommandLine();
                    line.getErr().println(line.getCommandName() + ": " + e.getMessage());
                    line.getErr()
                            .println("(all options: " + line.getCommandSpec().qualifiedName() + " --help)");
                    return 2;
                })
                .setExecutionExceptionHandler((e, line, parsed) -> {
                    if (e instanceof BadPlanException || e instanceof RunFailedException || e instanceof IOException) {
                        line.getErr().println(line.getCommandName() + ": " + e.getMessage());
                        return e instanceof BadPlanException ? 2 : 1;
                    }
                    throw e;
                });
    }

    @Override
    public Integer call() throws RunFailedException, InterruptedException, IOException {
        LoadPlan plan = plan();
        ProgressLine progress = ProgressLine.onStandardError();
        LoadReport report;
        try (LoadGenerator generator = new LoadGenerator(plan, progress)) {
            try {
                report = generator.run();
            } catch (RunFailedException e) {
                progress.end();
                LoadReport partial = generator.report();
                if (!partial.stages().isEmpty()) {
                    System.out.print(partial.table());
                }
                throw e;
            }
        }
        progress.end();
        System.out.print(report.table());
        if (json != null) {
            Files.writeString(json, Json.write(report.toMap()));
        }
        return 0;
    }

    private LoadPlan plan() {
        List<Integer> inFlight = load == null || load.inFlight == null ? List.of(1) : load.inFlight;
        List<Stage> stages = load != null && load.rate != null
                ? List.of(new Stage.Rate(load.rate))
                : inFlight.stream().<Stage>map(Stage.InFlight::new).toList();
        Stage warmupStage = stages.get(0) instanceof Stage.InFlight ? new Stage.InFlight(1) : stages.get(0);
        int pollMicros = poll != null ? poll : warmupStage instanceof Stage.InFlight ? DEFAULT_POLL_MICROS : 0;
        return LoadPlan.at(url, mode)
                .connections(connections, rooms)
                .publishers(publishers == null ? rooms : publishers)
                .echo(echo)
                .size(size)
                .stages(stages)
                .warmup(warmupStage, seconds(warmup))
                .window(seconds(settle), seconds(seconds))
                .connectRate(connectRate)
                .headers(headers)
                .sources(Sources.of(addressSpread))
                .serverPid(pid == null ? OptionalLong.empty() : OptionalLong.of(pid))
                .loops(loops, Duration.ofNanos(1_000L * pollMicros))
                .build();
    }

    private static Duration seconds(double seconds) {
        return Duration.ofMillis((long) (seconds * 1_000));
    }
}

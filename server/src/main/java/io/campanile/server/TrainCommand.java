package io.campanile.server;

import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code train}: shows a JVM what a server does, so that what it records spares the next one the learning. */
final class TrainCommand implements Subcommand {

    private static final String SECONDS = "--seconds";
    private static final OptionType<Integer> SECONDS_TYPE = OptionType.integer(1, 600);
    private static final int USUAL_SECONDS = 30;

    private final Console console;

    TrainCommand(Console console) {
        this.console = console;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create()
                .addOption(ServerFlags.value(
                        SECONDS, "SECONDS", "How long; " + SECONDS_TYPE.expected() + ". Default: " + USUAL_SECONDS))
                .addOption(Commands.help());
        spec.usageMessage()
                .description(
                        "Runs a server on a free port of this machine, under a load of its own, and stops it.",
                        "",
                        "A JVM that records this in an AOT cache (Java 25 or newer) starts the server faster from then on, has less to"
                                + " compile, and needs less memory. ./campanile train does both.",
                        "")
                .footer(
                        "",
                        "Without the launcher:",
                        "java -XX:AOTCacheOutput=campanile.aot -cp 'lib/*' io.campanile.server.Main train",
                        "java -XX:AOTCache=campanile.aot -cp 'lib/*' io.campanile.server.Main serve",
                        "with the same JVM, class path and options. One that does not fit is not used, and the JVM says so.");
        return spec;
    }

    @Override
    public int run(ParseResult given) {
        LogSetup.apply(LogFormat.TEXT, LogLevel.WARN);
        int seconds = ServerFlags.read(given, SECONDS, SECONDS_TYPE).orElse(USUAL_SECONDS);
        try {
            long bytes = Training.run(Duration.ofSeconds(seconds));
            console.note("trained for " + seconds + " s; the server sent " + bytes / 1_000_000 + " MB");
            return Exit.DONE;
        } catch (IOException e) {
            throw CommandFailure.failed("the server failed in its training: " + e.getMessage());
        }
    }
}

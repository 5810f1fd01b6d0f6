package io.campanile.benchmarks;

import picocli.CommandLine.Option;

/** How Campanile is started to be measured. A mixin. */
final class CampanileCommand {

    @Option(
            names = "--campanile",
            paramLabel = "COMMAND",
            description = "How to start Campanile, separated by blanks. {java}, {options}, {classpath} and {port} are"
                    + " filled in (default: what serve does).")
    private String command = Peer.CAMPANILE.command();

    /** Returns Campanile, started so. */
    Peer peer() {
        return Peer.CAMPANILE.withCommand(command);
    }
}

package io.campanile.benchmarks;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** How the servers of a comparison are started. A mixin. */
final class Contenders {

    @Option(
            names = "--campanile",
            paramLabel = "COMMAND",
            description = "How to start Campanile, separated by blanks. {java}, {options}, {classpath} and {port} are"
                    + " filled in (default: what serve does).")
    private String campanile = Peer.CAMPANILE.command();

    @Option(
            names = "--peers-dir",
            paramLabel = "DIR",
            defaultValue = "benchmarks/peers",
            description = "Where peers were built (default: ${DEFAULT-VALUE}).")
    private Path peersDir = Path.of("");

    /** Returns Campanile first, then the peers of these names, each once. */
    List<Peer> withCampanile(List<String> names) {
        return Stream.concat(
                        Stream.of(Peer.CAMPANILE.withCommand(campanile)),
                        names.stream().distinct().map(Peer::named).map(peer -> peer.builtIn(peersDir)))
                .toList();
    }
}

package io.campanile.benchmarks;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How the servers of a comparison are started. A mixin. */
final class Contenders {

    @Mixin
    private CampanileCommand campanile = new CampanileCommand();

    @Option(
            names = "--peers-dir",
            paramLabel = "DIR",
            defaultValue = "benchmarks/peers",
            description = "Where peers were built (default: ${DEFAULT-VALUE}).")
    private Path peersDir = Path.of("");

    /** Returns Campanile first, then the peers of these names, each once. */
    List<Peer> withCampanile(List<String> names) {
        return Stream.concat(
                        Stream.of(campanile.peer()),
                        names.stream().distinct().map(Peer::named).map(peer -> peer.builtIn(peersDir)))
                .toList();
    }
}

package io.campanile.benchmarks;

import io.campanile.benchmarks.Alternation.Variant;
import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures Campanile and others side by side. */
@Command(
        name = "versus",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measure Campanile and other servers side by side, which finds differences of a few per cent.",
            "",
            "Each round starts all of them, pinned to one processor, and puts the load on each for a second in turn, over and"
                    + " over. The others may be another Campanile: an older one, or one with other options.",
            ""
        },
        footer = {
            "",
            "Exit status: 0 measured, 1 the run failed, 2 the options make no sense.",
            "",
            "Example: bench versus --netns --rounds 5 --other 'java -cp old/* io.campanile.server.Main serve --port {port}'"
        })
final class VersusBench implements Callable<Integer> {

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--peers",
            split = ",",
            paramLabel = "NAME",
            description = "Servers to measure against, as in compare, which builds them.")
    private List<String> peers = List.of();

    @Option(
            names = "--other",
            paramLabel = "COMMAND",
            description =
                    "Another Campanile to measure against, by how it is started; {java}, {options}, {classpath} and"
                            + " {port} are filled in. One publisher may send what many would, as with the first.")
    private List<String> others = List.of();

    @Mixin
    private Contenders contenders = new Contenders();

    @Mixin
    private Alternation alternation = new Alternation();

    @Mixin
    private Place place = new Place();

    @Override
    public Integer call() throws IOException, InterruptedException, RunFailedException {
        List<Variant> variants = variants();
        Place.require(variants.size() > 1, "--peers, --other: none given (expected: a server to measure against)");
        alternation.check(place, variants);
        return place.run(spec, () -> {
            alternation.show(place, spec, variants);
            return 0;
        });
    }

    private List<Variant> variants() {
        List<Variant> variants = new ArrayList<>();
        contenders.withCampanile(peers).forEach(peer -> variants.add(Variant.of(peer)));
        for (int i = 0; i < others.size(); i++) {
            String name = "other " + (i + 1);
            variants.add(Variant.of(new Peer(name, name, Peer.CAMPANILE.mode(), Peer.UNLIMITED + others.get(i))));
        }
        return variants;
    }
}

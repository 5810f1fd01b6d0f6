package io.campanile.benchmarks;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.openjdk.jmh.Main;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Hands everything over to JMH's own command line. */
@Command(
        name = "jmh",
        description = "Run the micro-benchmarks; all arguments are JMH's (try: bench jmh -- -h).",
        mixinStandardHelpOptions = true)
final class JmhCommand implements Callable<Integer> {

    @Parameters(paramLabel = "ARGUMENT", description = "JMH's arguments, after --")
    private List<String> arguments = List.of();

    @Override
    public Integer call() throws IOException {
        Main.main(arguments.toArray(String[]::new));
        return 0;
    }
}

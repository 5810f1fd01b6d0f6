package io.campanile.tests;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The programs of others that these tests use as clients. A test whose client is not here is skipped. */
final class Clients {

    /** Holds the scripts, and what they need once it is installed. */
    static final Path DIRECTORY = Path.of("clients").toAbsolutePath();

    private Clients() {}

    static String node() {
        String node = program("CAMPANILE_NODE", "node", "Node 20 or newer (on Debian: apt-get install nodejs npm)");
        require(
                Files.isDirectory(DIRECTORY.resolve("node_modules/ws")),
                "the Node clients: run ./campanile test, or npm ci in tests/clients");
        return node;
    }

    static String python() {
        Path own = DIRECTORY.resolve(".venv/bin/python");
        return program(
                "CAMPANILE_PYTHON",
                own.toString(),
                "the Python clients: run ./campanile test, or install tests/clients/requirements.txt in tests/clients/.venv");
    }

    /** Returns a Python that has a module. */
    static String python(String module) {
        String python = python();
        try (var asked = ExternalProcess.start(DIRECTORY, Map.of(), List.of(python, "-c", "import " + module))) {
            require(
                    asked.awaitExit() == 0,
                    "Python's " + module + ": run ./campanile test, or install tests/clients/requirements.txt for "
                            + python);
        }
        return python;
    }

    static String chromium() {
        return program("CAMPANILE_CHROMIUM", "chromium", "Chromium (on Debian: apt-get install chromium)");
    }

    static String curl() {
        return program("CAMPANILE_CURL", "curl", "curl (on Debian: apt-get install curl)");
    }

    private static String program(String variable, String usual, String what) {
        String wanted = Optional.ofNullable(System.getenv(variable))
                .filter(v -> !v.isBlank())
                .orElse(usual);
        Optional<Path> found = wanted.contains(File.separator)
                ? Optional.of(Path.of(wanted)).filter(Files::isExecutable)
                : Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                        .map(directory -> Path.of(directory, wanted))
                        .filter(Files::isExecutable)
                        .findFirst();
        require(found.isPresent(), what + ", or name it in " + variable);
        return found.map(Path::toString).orElse(wanted);
    }

    private static void require(boolean isHere, String what) {
        if (!isHere) {
            System.err.println("SKIPPED, missing: " + what);
        }
        assumeTrue(isHere, () -> "missing: " + what);
    }
}

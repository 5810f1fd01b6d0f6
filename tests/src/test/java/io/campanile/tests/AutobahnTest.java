package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Autobahn test suite against the server's diagnostic echo. What comes of each case must be what the list {@code
 * clients/autobahn.json} says. {@code ./campanile autobahn} runs all cases; here are all that are short, and a sample of
 * those with large messages and with compression.
 */
final class AutobahnTest {

    private static final String CASES =
            "1.*,2.*,3.*,4.*,5.*,6.*,7.*,9.1.6,9.2.6,9.4.1,9.5.1,9.7.1,9.8.6,10.*,12.1.1,13.1.1";

    @Test
    void theServerAnswersEachCaseAsTheListSays(@TempDir Path directory) {
        String python = Clients.python("kosoku");

        try (var server = ServerProcess.startCompressing(directory, "--echo-path", "/echo");
                var suite = ExternalProcess.start(
                        Clients.DIRECTORY,
                        Map.of(),
                        List.of(
                                python,
                                "autobahn.py",
                                "ws://" + server.origin().getAuthority() + "/echo",
                                "--cases",
                                CASES))) {
            assertThat(suite.awaitExit()).as(suite.output()).isZero();
            server.stop();
        }
    }
}

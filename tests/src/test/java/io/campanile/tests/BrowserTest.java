package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The demo page in a browser: chat, rooms, reload, a crowd, and a server that goes and comes back. */
final class BrowserTest {

    @Test
    @Timeout(240)
    void theDemoPageWorksInChromium() {
        String node = Clients.node();
        String chromium = Clients.chromium();
        Path screenshots = Path.of("target", "screenshots").toAbsolutePath();
        ServerProcess server = ServerProcess.start();
        String origin = server.origin().toString();

        try (var browser = ExternalProcess.start(
                Clients.DIRECTORY,
                Map.of(
                        "CAMPANILE_CHROMIUM",
                        chromium,
                        "CAMPANILE_SCREENSHOTS",
                        screenshots.toString(),
                        "CAMPANILE_RESTARTS",
                        "yes"),
                List.of(node, "browser.mjs", origin))) {
            browser.awaitLine("@stop", "@stop"::equals);
            server.stop();
            browser.send("stopped");
            browser.awaitLine("@start", "@start"::equals);
            server = ServerProcess.startOn(server.origin().getPort());
            browser.send("started");

            assertThat(browser.awaitExit()).as(browser.output()).isZero();
            server.stop();
        } finally {
            server.close();
        }
    }
}

package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The demo page and event streams in a browser, and a server that goes and comes back. */
final class BrowserTest {

    private static final String KEY = "0123456789abcdef";

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

    @Test
    @Timeout(240)
    void streamsWorkInChromium(@TempDir Path directory) throws IOException {
        String node = Clients.node();
        String chromium = Clients.chromium();
        HttpServer friend = blankPage();
        HttpServer stranger = blankPage();
        Path config = directory.resolve("campanile.yml");
        Files.writeString(config, "{api.key: " + KEY + ", websocket.allowed-origins: [\"" + originOf(friend) + "\"]}");
        ServerProcess server = ServerProcess.start("--config", config.toString());

        try (var browser = ExternalProcess.start(
                Clients.DIRECTORY,
                Map.of("CAMPANILE_CHROMIUM", chromium),
                List.of(
                        node,
                        "eventsource.mjs",
                        server.origin().toString(),
                        KEY,
                        originOf(friend),
                        originOf(stranger)))) {
            browser.awaitLine("@stop", "@stop"::equals);
            server.stop();
            browser.send("stopped");
            browser.awaitLine("@start", "@start"::equals);
            server = ServerProcess.startOn(server.origin().getPort(), "--config", config.toString());
            browser.send("started");

            assertThat(browser.awaitExit()).as(browser.output()).isZero();
            server.stop();
        } finally {
            server.close();
            friend.stop(0);
            stranger.stop(0);
        }
    }

    @Test
    @Timeout(240)
    void messagesAreCompressedForChromium(@TempDir Path directory) {
        String node = Clients.node();
        String chromium = Clients.chromium();

        try (var server = ServerProcess.startCompressing(directory);
                var browser = ExternalProcess.start(
                        Clients.DIRECTORY,
                        Map.of("CAMPANILE_CHROMIUM", chromium),
                        List.of(node, "compression.mjs", server.origin().toString()))) {
            assertThat(browser.awaitExit()).as(browser.output()).isZero();
            server.stop();
        }
    }

    private static HttpServer blankPage() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", exchange -> {
            exchange.getResponseHeaders().set("content-type", "text/html");
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        server.start();
        return server;
    }

    private static String originOf(HttpServer server) {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }
}

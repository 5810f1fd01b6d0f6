package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.examples.tradingfloor.TradingFloor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The page of examples/trading-floor in a browser. */
final class TradingFloorPageTest {

    @Test
    @Timeout(180)
    void worksInChromium() {
        String node = Clients.node();
        String chromium = Clients.chromium();
        Path screenshots = Path.of("target", "screenshots").toAbsolutePath();

        try (var floor = new TradingFloor(0, Duration.ofMinutes(15));
                var browser = ExternalProcess.start(
                        Clients.DIRECTORY,
                        Map.of("CAMPANILE_CHROMIUM", chromium, "CAMPANILE_SCREENSHOTS", screenshots.toString()),
                        List.of(node, "trading-floor.mjs", "http://127.0.0.1:" + floor.port()))) {
            String line = browser.awaitLine("a price, or the last check", TradingFloorPageTest::isOfInterest);
            while (line.startsWith("@price ")) {
                String[] words = line.split(" ");
                floor.price(words[1], Double.parseDouble(words[2]));
                browser.send("told");
                line = browser.awaitLine("a price, or the last check", TradingFloorPageTest::isOfInterest);
            }

            assertThat(browser.awaitExit()).as(browser.output()).isZero();
        }
    }

    private static boolean isOfInterest(String line) {
        return line.startsWith("@price ") || line.contains("the console stayed quiet");
    }
}

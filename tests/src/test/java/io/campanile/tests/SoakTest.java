package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The node stays what its clients made it, while they misbehave. For three minutes, or {@code soak.minutes}; for hours by
 * {@code ./campanile soak}.
 */
final class SoakTest {

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void registryFollowsItsClientsThroughChurnAndReturnsToNothing() {
        var command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "--enable-native-access=ALL-UNNAMED",
                "-Dio.netty.leakDetection.level=" + System.getProperty("io.netty.leakDetection.level", "paranoid"),
                "-cp",
                System.getProperty("java.class.path"),
                SoakMain.class.getName(),
                "--minutes",
                System.getProperty("soak.minutes", "3"),
                "--seed",
                System.getProperty("soak.seed", Long.toString(System.nanoTime())));
        try (var soak = ExternalProcess.start(Path.of("."), Map.of(), command)) {
            String line = "";
            while (!line.contains(" passed ") && !line.contains(" failed ")) {
                line = soak.awaitLine("how it goes", said -> said.startsWith("soak "));
                System.out.println(line);
            }
            assertThat(soak.awaitExit()).as(soak.output()).isZero();
            // Neither buffers that nobody released, nor warnings.
            assertThat(soak.output().lines())
                    .allSatisfy(said -> assertThat(said).startsWith("soak "));
        }
    }
}

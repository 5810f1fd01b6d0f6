package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Plugins on the class path of the standalone server. */
final class PluginsFoundTest {

    @RegisterExtension
    final RunningServer server = new RunningServer();

    @Test
    void areStartedWithTheirSettingsAndShowTheirFigures() throws Exception {
        server.start("plugins:\n  probe:\n    url: https://example.com\n    retry:\n      times: 3\n");

        assertThat(ProbePlugin.CONFIGS.poll(30, TimeUnit.SECONDS))
                .isEqualTo(Map.of("url", "https://example.com", "retry.times", "3"));
        assertThat(server.get("/metrics").body())
                .contains("campanile_plugin_probe_starts_total 1.0", "campanile_plugin_probe_level 2.5");
    }

    @Test
    void oneThatIsSetButNotThereIsAMistake() {
        assertThatThrownBy(() -> server.start("plugins.prob.url: x\n"))
                .isInstanceOf(StartFailure.class)
                .hasMessage("plugins.prob: there is no such plugin on the class path (expected: one of [probe]);"
                        + " did you mean probe?");
    }

    @Test
    void oneThatFailsKeepsTheServerFromStarting() {
        assertThatThrownBy(() -> server.start("plugins:\n  probe:\n    fail: no disk\n"))
                .isInstanceOf(StartFailure.class)
                .hasMessageContaining("plugin probe failed to start")
                .hasMessageEndingWith("no disk");
    }

    @Test
    void settingsThatArePartOfNothingAreMistakes() {
        assertThatThrownBy(() -> server.start("plugins: 3\n"))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("plugins: expected settings below it, got \"3\"");
        assertThatThrownBy(() -> server.start("plugins:\n  probe:\n    urls: [a, b]\n"))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("plugins.probe.urls: expected a text, a number or a truth value, got a list");
    }
}

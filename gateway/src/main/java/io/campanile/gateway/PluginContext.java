package io.campanile.gateway;

import io.campanile.core.ConnectionRegistry;
import java.util.Map;

/**
 * What a plugin gets to work with. May be kept, and used from any thread.
 *
 * @param registry where the connections live: publish through it, from any thread
 * @param config the plugin's own settings by key; unmodifiable, empty when there are none
 * @param metrics where the plugin shows figures
 */
public record PluginContext(ConnectionRegistry registry, Map<String, String> config, PluginMetrics metrics) {

    /** Copies the settings. */
    public PluginContext {
        config = Map.copyOf(config);
    }
}

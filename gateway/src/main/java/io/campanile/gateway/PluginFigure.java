package io.campanile.gateway;

import java.util.function.DoubleSupplier;

/**
 * A figure that a plugin has registered.
 *
 * @param plugin the plugin's name
 * @param name the figure's name, once only for a plugin
 * @param meaning what it is, in a few words
 * @param kind whether it only grows
 * @param value reads it now; from any thread
 */
public record PluginFigure(String plugin, String name, String meaning, Kind kind, DoubleSupplier value) {

    /** How a figure moves. */
    public enum Kind {
        /** It only grows. */
        COUNTER,
        /** It goes up and down. */
        GAUGE
    }
}

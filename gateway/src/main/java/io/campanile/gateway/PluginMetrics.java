package io.campanile.gateway;

import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;

/**
 * The figures that one plugin shows; the server exports them to Prometheus as {@code campanile_plugin_NAME_FIGURE}.
 * Names are fixed when a figure is registered, so no client can make more of them: 1 to 64 of the characters
 * {@code a-z 0-9 _}, a letter first, each used once, and at most 64 figures for a plugin. A name ends in its unit, if it
 * has one. Any thread.
 */
public interface PluginMetrics {

    /**
     * Registers something that is counted.
     *
     * @param meaning what is counted, in a few words
     * @return the count, to be raised from any thread
     */
    LongAdder counter(String name, String meaning);

    /**
     * Registers something that is read.
     *
     * @param meaning what is read, in a few words
     * @param value reads it; called by the thread that gathers figures, so it must not wait
     */
    void gauge(String name, String meaning, DoubleSupplier value);
}

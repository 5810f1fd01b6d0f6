package io.campanile.gateway;

/**
 * A part of the application that lives as long as the gateway: it may publish through the registry, keep jobs of its own
 * and show figures.
 *
 * <pre>
 *  start ──► (connections come and go) ──► draining ──► (connections have ended) ──► stop
 *    └─► threw: those started before are stopped in reverse, and the gateway does not start
 * </pre>
 *
 * Plugins are started in the order they were added, before the first connection, and stopped in reverse order after the
 * last. Each method is called once. {@link #draining} and {@link #stop} run on a thread of their own, a virtual one where
 * there are any, and have a budget of time: one that exceeds it is named in a warning, interrupted and passed by, and
 * one that throws is logged; the others are called all the same.
 *
 * <pre>{@code
 * final class Clock implements Plugin {
 *     private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
 *
 *     public void start(PluginContext context) {
 *         timer.scheduleAtFixedRate(() -> context.registry().broadcast("clock", "tick"), 1, 1, TimeUnit.SECONDS);
 *     }
 *
 *     public void stop() {
 *         timer.shutdown();
 *     }
 * }
 * }</pre>
 */
public interface Plugin {

    /**
     * Returns what the plugin is called in logs, metrics and settings: 1 to 32 of the characters {@code a-z 0-9 -},
     * a letter first. Asked once. By default the class's own name in lower case.
     */
    default String name() {
        return getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT);
    }

    /**
     * Begins the work. Called on the thread that starts the gateway, which listens only when all plugins have started.
     *
     * @throws Exception if the gateway should not start
     */
    default void start(PluginContext context) throws Exception {}

    /** The gateway begins to drain: no new connections will come, and those there are will be told to go. */
    default void draining() throws Exception {}

    /** Ends the work; all connections have ended. Interrupted when it takes longer than its budget. */
    default void stop() throws Exception {}
}

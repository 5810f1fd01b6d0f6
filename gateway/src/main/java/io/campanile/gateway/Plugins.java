package io.campanile.gateway;

import io.campanile.core.ConnectionRegistry;
import java.lang.System.Logger.Level;
import java.lang.reflect.InvocationTargetException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The plugins of one gateway: started in order, stopped in reverse, each within its budget. One thread at a time. */
final class Plugins {

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,31}");
    private static final Pattern FIGURE = Pattern.compile("[a-z][a-z0-9_]{0,63}");
    private static final int MAX_FIGURES = 64;

    /** A plugin under the name that it gave. */
    record Named(String name, Plugin plugin, Map<String, String> config) {

        static Named of(Plugin plugin, Map<String, String> config) {
            String name = plugin.name();
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("plugin name: \"" + name + "\" of "
                        + plugin.getClass().getName() + " (expected: 1 to 32 of a-z 0-9 -, a letter first)");
            }
            return new Named(name, plugin, Map.copyOf(config));
        }
    }

    private interface Call {
        void run() throws Exception;
    }

    private final Duration budget;
    private final Deque<Named> started = new ArrayDeque<>();
    private final List<PluginFigure> figures = new CopyOnWriteArrayList<>();

    Plugins(Duration budget) {
        this.budget = budget;
    }

    /** Starts all in order; when one fails, stops those before it and throws. */
    void start(List<Named> all, ConnectionRegistry registry) {
        for (Named next : all) {
            try {
                next.plugin().start(new PluginContext(registry, next.config(), new Figures(next.name())));
            } catch (Exception | LinkageError e) {
                stop(budget.multipliedBy(started.size()));
                throw new IllegalStateException(
                        "plugin " + next.name() + " failed to start (expected: start returns, see the cause)", e);
            }
            started.push(next);
            Gateway.LOG.log(Level.INFO, "plugin started name={0}", next.name());
        }
    }

    Duration budget() {
        return budget;
    }

    int count() {
        return started.size();
    }

    /** Tells all, in the order of their start, that the gateway drains; together they have one budget. */
    void draining() {
        long deadline = System.nanoTime() + budget.toNanos();
        started.descendingIterator()
                .forEachRemaining(next -> call(next.name(), "draining", next.plugin()::draining, deadline));
    }

    /** Stops all in reverse order of start; returns the names of those that were passed by. */
    List<String> stop(Duration within) {
        long deadline = System.nanoTime() + within.toNanos();
        List<String> passedBy = new ArrayList<>();
        while (!started.isEmpty()) {
            Named next = started.pop();
            if (!call(next.name(), "stop", next.plugin()::stop, deadline)) {
                passedBy.add(next.name());
            }
        }
        return passedBy;
    }

    /** Calls a plugin on a thread of its own; false when its time was over before it returned. */
    private boolean call(String name, String what, Call call, long deadline) {
        long nanos = Math.max(0, Math.min(budget.toNanos(), deadline - System.nanoTime()));
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = start("campanile-plugin-" + name, () -> {
            try {
                call.run();
                done.complete(null);
            } catch (Throwable e) {
                done.completeExceptionally(e);
            }
        });
        try {
            done.get(nanos, TimeUnit.NANOSECONDS);
            return true;
        } catch (ExecutionException e) {
            Gateway.LOG.log(Level.WARNING, () -> "plugin failed name=" + name + " at=" + what, e.getCause());
            return true;
        } catch (TimeoutException e) {
            Gateway.LOG.log(
                    Level.WARNING,
                    "plugin passed by name={0} at={1} budget={2}ms",
                    name,
                    what,
                    Long.toString(TimeUnit.NANOSECONDS.toMillis(nanos)));
            thread.interrupt();
            return false;
        } catch (InterruptedException e) {
            // Whoever interrupts is in a hurry: the others get their moment, and no more.
            thread.interrupt();
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static Thread start(String name, Runnable task) {
        Thread thread = startVirtual(task);
        if (thread == null) {
            thread = new Thread(task, name);
            thread.setDaemon(true);
            thread.start();
        }
        return thread;
    }

    /** Starts a virtual thread; null where there are none, before Java 21. */
    private static @Nullable Thread startVirtual(Runnable task) {
        try {
            return (Thread)
                    Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, task);
        } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
            return null;
        }
    }

    /** Returns what plugins show, in the order it was registered. Any thread. */
    List<PluginFigure> figures() {
        return List.copyOf(figures);
    }

    private final class Figures implements PluginMetrics {
        private final String plugin;
        private final Set<String> names = new HashSet<>();

        Figures(String plugin) {
            this.plugin = plugin;
        }

        @Override
        public LongAdder counter(String name, String meaning) {
            LongAdder count = new LongAdder();
            add(name, meaning, PluginFigure.Kind.COUNTER, count::sum);
            return count;
        }

        @Override
        public void gauge(String name, String meaning, DoubleSupplier value) {
            add(name, meaning, PluginFigure.Kind.GAUGE, value);
        }

        private synchronized void add(String name, String meaning, PluginFigure.Kind kind, DoubleSupplier value) {
            if (!FIGURE.matcher(name).matches()) {
                throw new IllegalArgumentException("figure of plugin " + plugin + ": \"" + name
                        + "\" (expected: 1 to 64 of a-z 0-9 _, a letter first)");
            }
            if (names.size() == MAX_FIGURES) {
                throw new IllegalStateException("figures of plugin " + plugin + ": \"" + name + "\" is one more than "
                        + MAX_FIGURES + " (expected: names that are few and fixed)");
            }
            if (!names.add(name)) {
                throw new IllegalArgumentException(
                        "figure of plugin " + plugin + ": \"" + name + "\" (expected: one of that name)");
            }
            figures.add(new PluginFigure(plugin, name, meaning, kind, value));
        }
    }
}

package io.campanile.server;

import io.campanile.gateway.Plugin;
import io.campanile.server.StartFailure.Blame;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;

/** The plugins on the class path, as {@link ServiceLoader} finds them. */
final class PluginsFound {

    private PluginsFound() {}

    /** Returns all, in the order of their names, which is the order in which they start. */
    static List<Plugin> all() {
        List<Plugin> found = new ArrayList<>();
        try {
            ServiceLoader.load(Plugin.class).forEach(found::add);
        } catch (ServiceConfigurationError e) {
            throw new StartFailure(Blame.USAGE, "a plugin cannot be loaded: " + e.getMessage(), e);
        }
        found.sort(Comparator.comparing(Plugin::name));
        return found;
    }

    /** Returns the same plugins, if there is one for everything that is set below {@code plugins}. */
    static List<Plugin> check(Settings settings, List<Plugin> found) {
        Set<String> names = new TreeSet<>();
        found.forEach(plugin -> names.add(plugin.name()));
        for (String name : settings.pluginNames()) {
            if (!names.contains(name)) {
                throw new StartFailure(
                        Blame.USAGE,
                        "plugins." + name + ": there is no such plugin on the class path (expected: one of " + names
                                + ")" + Nearest.hint(name, names));
            }
        }
        return found;
    }

    /** Says what kept a plugin from starting. */
    static StartFailure explain(IllegalStateException failure) {
        Throwable cause = failure.getCause();
        return new StartFailure(Blame.MACHINE, failure.getMessage() + (cause == null ? "" : ": " + cause), failure);
    }
}

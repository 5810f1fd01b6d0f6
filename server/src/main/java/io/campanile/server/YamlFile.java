package io.campanile.server;

import io.campanile.server.SettingsLoader.Given;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/** Reads a configuration file into the options it sets, each with its line and column. */
final class YamlFile {

    /** The section in which plugins have their settings. */
    private static final String PLUGINS = "plugins";

    private final String name;
    private final List<String> problems;
    private final Map<Option<?>, Given> given = new LinkedHashMap<>();
    private final Map<String, Map<String, String>> plugins;
    private final Set<String> sections = Options.sections();

    private YamlFile(String name, Map<String, Map<String, String>> plugins, List<String> problems) {
        this.name = name;
        this.plugins = plugins;
        this.problems = problems;
    }

    /**
     * Reads the content of a file.
     *
     * @param name how messages name the file
     * @param plugins gets the settings of plugins: what stands below {@code plugins.NAME}
     * @param problems gets a sentence for each thing that is wrong, beginning with file, line and column
     */
    static Map<Option<?>, Given> read(
            String name, String content, Map<String, Map<String, String>> plugins, List<String> problems) {
        var file = new YamlFile(name, plugins, problems);
        try {
            var settings = LoadSettings.builder().setLabel(name).build();
            var parser = new ParserImpl(settings, new StreamReader(settings, content));
            new Composer(settings, parser).getSingleNode().ifPresent(file::readRoot);
        } catch (MarkedYamlEngineException e) {
            problems.add(e.getProblemMark().map(file::at).orElse(name) + ": is not YAML: " + e.getProblem());
        } catch (YamlEngineException e) {
            problems.add(name + ": is not YAML: " + e.getMessage());
        }
        return file.given;
    }

    private void readRoot(Node root) {
        if (root instanceof MappingNode mapping) {
            readSection("", mapping);
        } else if (!isNothing(root)) {
            problems.add(at(root) + ": expected options such as server: and below it port: 8080, got " + shown(root));
        }
    }

    private void readSection(String prefix, MappingNode section) {
        for (NodeTuple entry : section.getValue()) {
            if (entry.getKeyNode() instanceof ScalarNode keyNode) {
                readEntry(prefix + keyNode.getValue(), keyNode, entry.getValueNode());
            } else {
                problems.add(
                        at(entry.getKeyNode()) + ": expected the name of an option, got " + shown(entry.getKeyNode()));
            }
        }
    }

    private void readEntry(String key, Node keyNode, Node value) {
        Optional<Option<?>> option = Options.byKey(key);
        if (key.equals(PLUGINS) || key.startsWith(PLUGINS + ".")) {
            readPlugins(key, value);
        } else if (option.isPresent()) {
            readValue(option.get(), keyNode, value);
        } else if (!sections.contains(key)) {
            var known = new TreeSet<>(sections);
            Options.all().forEach(o -> known.add(o.key()));
            problems.add(at(keyNode) + ": " + printable(key) + ": unknown option" + Nearest.hint(key, known));
        } else if (value instanceof MappingNode inner) {
            readSection(key + ".", inner);
        } else if (!isNothing(value)) {
            problems.add(at(value) + ": " + key + ": expected options below it, got " + shown(value));
        }
    }

    /** Takes what only the plugin itself understands; deeper levels are joined with dots. */
    private void readPlugins(String key, Node value) {
        if (value instanceof MappingNode inner) {
            for (NodeTuple entry : inner.getValue()) {
                if (entry.getKeyNode() instanceof ScalarNode keyNode) {
                    readPlugins(key + "." + keyNode.getValue(), entry.getValueNode());
                } else {
                    problems.add(at(entry.getKeyNode()) + ": " + key + ": expected a name, got "
                            + shown(entry.getKeyNode()));
                }
            }
            return;
        }
        String[] path = key.split("\\.", 3);
        if (isNothing(value) && path.length < 3) {
            return;
        }
        if (path.length < 3 || !(value instanceof ScalarNode scalar) || isNothing(value)) {
            problems.add(at(value) + ": " + printable(key) + ": expected "
                    + (path.length < 3 ? "settings below it" : "a text, a number or a truth value") + ", got "
                    + shown(value));
        } else if (plugins.computeIfAbsent(path[1], plugin -> new LinkedHashMap<>())
                        .putIfAbsent(path[2], scalar.getValue())
                != null) {
            problems.add(at(value) + ": " + printable(key) + ": set twice");
        }
    }

    private void readValue(Option<?> option, Node keyNode, Node value) {
        Given earlier = given.get(option);
        if (earlier != null) {
            problems.add(at(keyNode) + ": " + option.key() + ": set twice (first at " + earlier.where() + ")");
            return;
        }
        if (value instanceof ScalarNode scalar && !option.type().isList() && !isNothing(value)) {
            given.put(option, new Given(scalar.getValue(), at(value)));
        } else if (value instanceof SequenceNode sequence && option.type().isList()) {
            readList(option, sequence);
        } else {
            String expected = option.type().isList()
                    ? "a list of " + option.type().expected()
                    : option.type().expected();
            String got = option.secret() ? "something else" : shown(value);
            problems.add(at(value) + ": " + option.key() + ": expected " + expected + ", got " + got);
        }
    }

    private void readList(Option<?> option, SequenceNode sequence) {
        var items = new java.util.ArrayList<String>();
        for (Node item : sequence.getValue()) {
            if (item instanceof ScalarNode scalar
                    && option.type().read(scalar.getValue()).isPresent()) {
                items.add(scalar.getValue());
            } else {
                problems.add(at(item) + ": " + option.key() + ": expected "
                        + option.type().expected() + ", got "
                        + (option.secret() ? "something else" : shown(item)));
            }
        }
        given.put(option, new Given(String.join(",", items), at(sequence)));
    }

    private static boolean isNothing(Node node) {
        return node.getTag().equals(Tag.NULL);
    }

    private static String shown(Node node) {
        if (isNothing(node)) {
            return "nothing";
        }
        return switch (node.getNodeType()) {
            case SEQUENCE -> "a list";
            case MAPPING -> "a mapping";
            default -> node instanceof ScalarNode scalar ? SettingsLoader.quoted(scalar.getValue()) : "something else";
        };
    }

    private static String printable(String key) {
        String quoted = SettingsLoader.quoted(key);
        return quoted.substring(1, quoted.length() - 1);
    }

    private String at(Node node) {
        return node.getStartMark().map(this::at).orElse(name);
    }

    private String at(Mark mark) {
        return name + ":" + (mark.getLine() + 1) + ":" + (mark.getColumn() + 1);
    }
}

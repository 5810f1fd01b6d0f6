package io.campanile.server;

import java.util.stream.Collectors;

/** The options as text: what is in force, a file with all defaults, and the table of the reference page. */
final class ConfigText {

    private static final String MASK = "********";

    private ConfigText() {}

    /** Returns one line for each option, with where its value came from. */
    static String inForce(Settings settings) {
        var text = new StringBuilder();
        text.append(
                settings.mode() == Mode.DEVELOPMENT
                        ? "# development mode: no configuration file\n"
                        : "# with a configuration file\n");
        int widest = Options.all().stream()
                .mapToInt(option -> assignment(settings, option).length())
                .max()
                .orElse(0);
        for (Option<?> option : Options.all()) {
            String assignment = assignment(settings, option);
            text.append(assignment)
                    .append(" ".repeat(Math.max(0, Math.min(widest, 56) - assignment.length())))
                    .append("  # ")
                    .append(settings.origin(option))
                    .append('\n');
        }
        return text.toString();
    }

    private static <T> String assignment(Settings settings, Option<T> option) {
        String value = settings.find(option)
                .map(v -> option.secret()
                        ? MASK
                        : yaml(option.type(), option.type().write(v)))
                .orElse("");
        return (option.key() + ": " + value).stripTrailing();
    }

    /** Returns a configuration file that says nothing new, with every option explained. */
    static String defaults() {
        var text =
                new StringBuilder("# Every option of Campanile with its default for a server with a configuration file."
                        + "\n# Without one, in development mode, some defaults differ; it is said where.\n");
        String section = "";
        for (Option<?> option : Options.all()) {
            int dot = option.key().lastIndexOf('.');
            if (!option.key().substring(0, dot).equals(section)) {
                section = option.key().substring(0, dot);
                text.append('\n').append(section).append(":\n");
            } else {
                text.append('\n');
            }
            appendDefault(text, option, option.key().substring(dot + 1));
        }
        return text.toString();
    }

    private static <T> void appendDefault(StringBuilder text, Option<T> option, String name) {
        text.append("  # ").append(option.meaning()).append('\n');
        text.append("  # Value: ").append(option.type().expected()).append(".");
        if (!option.developmentValue().equals(option.value())) {
            text.append(" In development mode: ")
                    .append(option.defaultText(Mode.DEVELOPMENT).orElse("unset"))
                    .append('.');
        }
        text.append('\n');
        text.append(option.defaultText(Mode.CONFIGURED)
                        .map(value -> "  " + name + ": " + yaml(option.type(), value))
                        .orElse("  # " + name + ":"))
                .append('\n');
    }

    /** Returns the table of the reference page in Markdown. */
    static String reference() {
        var text = new StringBuilder(
                "| option | value | default | environment, flag | meaning |\n| --- | --- | --- | --- | --- |\n");
        for (Option<?> option : Options.all()) {
            text.append("| `")
                    .append(option.key())
                    .append("` | ")
                    .append(option.type().isList() ? "list of " : "")
                    // The page says above the table how sizes and durations are written.
                    .append(option.type().expected().replaceFirst(", such as .*", ""))
                    .append(" | ")
                    .append(defaultCell(option))
                    .append(" | `")
                    .append(option.env())
                    .append('`')
                    .append(
                            option.secret()
                                    ? " or, naming a file, `" + option.env() + Option.ENV_FILE_SUFFIX + "`"
                                    : "")
                    .append(option.flag().map(flag -> ", `" + flag + "`").orElse(""))
                    .append(" | ")
                    .append(option.meaning())
                    .append(" |\n");
        }
        return text.toString();
    }

    private static String defaultCell(Option<?> option) {
        String value = cell(option, Mode.CONFIGURED);
        String development = cell(option, Mode.DEVELOPMENT);
        return value.equals(development) ? value : value + "; in development mode " + development;
    }

    private static String cell(Option<?> option, Mode mode) {
        return option.defaultText(mode)
                .map(text -> text.isEmpty() ? "none" : "`" + text + "`")
                .orElse("unset");
    }

    private static String yaml(OptionType<?> type, String text) {
        if (!type.isList()) {
            return text;
        }
        return text.isEmpty()
                ? "[]"
                : java.util.Arrays.stream(text.split(","))
                        .map(item -> '"' + item + '"')
                        .collect(Collectors.joining(", ", "[", "]"));
    }
}

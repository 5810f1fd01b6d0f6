package io.campanile.server;

import java.util.List;

/** Says all that is wrong with a configuration, one sentence for each thing. */
final class SettingsException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient List<String> problems;

    SettingsException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = List.copyOf(problems);
    }

    List<String> problems() {
        return problems;
    }
}

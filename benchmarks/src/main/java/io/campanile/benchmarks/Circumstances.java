package io.campanile.benchmarks;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How figures were taken, and which there are none of.
 *
 * @param machine where and with what
 * @param command how to take them again
 * @param rounds how often each server was measured
 * @param failures what kept a server from the end, by its name
 */
record Circumstances(Map<String, String> machine, String command, int rounds, Map<String, String> failures) {

    /** Returns them for people. */
    String table() {
        StringBuilder out = new StringBuilder();
        machine.forEach((name, value) -> out.append(String.format("%-20s%s%n", name, value)));
        return out.append(String.format("%-20s%s%n%n", "command", command)).toString();
    }

    /** Returns what failed, for people, a line each. */
    String failureLines() {
        StringBuilder out = new StringBuilder();
        failures.forEach((server, why) -> out.append(String.format("%s did not come to the end: %s%n", server, why)));
        return out.toString();
    }

    /** Returns the list below a title of a Markdown page. */
    String markdown() {
        StringBuilder out = new StringBuilder();
        machine.forEach((name, value) -> out.append(String.format("- %s: %s%n", name, value)));
        out.append(String.format(
                "- rounds: %d%s%n- command: `%s`%n",
                rounds, rounds == 1 ? "" : ", of which the medians are shown (least..most in brackets)", command));
        failures.forEach((server, why) -> out.append(String.format(
                "- `%s` did not come to the end: %s%n",
                server, why.lines().findFirst().orElse(""))));
        return out.append(System.lineSeparator()).toString();
    }

    Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>(machine);
        map.put("command", command);
        map.put("failures", failures);
        return map;
    }
}

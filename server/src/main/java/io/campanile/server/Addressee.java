package io.campanile.server;

import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * Whom a command is about: all connections of a user, or one connection.
 *
 * @param field what the API calls it
 */
record Addressee(String field, String name) {

    private static final String USER = "--user";
    private static final String CONNECTION = "--connection";

    static CommandSpec addTo(CommandSpec spec, String what) {
        return spec.addOption(ServerFlags.value(USER, "NAME", what + " all connections of this user"))
                .addOption(ServerFlags.value(CONNECTION, "ID", what + " this one connection"));
    }

    /** Returns the one that was named, if any. */
    static Optional<Addressee> find(ParseResult given) {
        Optional<Addressee> user = ServerFlags.text(given, USER).map(name -> new Addressee("user", name));
        Optional<Addressee> connection = ServerFlags.text(given, CONNECTION).map(id -> new Addressee("connection", id));
        if (user.isPresent() && connection.isPresent()) {
            throw CommandFailure.misused(USER + ", " + CONNECTION + ": both are given (expected: one of them)");
        }
        return user.or(() -> connection);
    }

    static Addressee required(ParseResult given) {
        return find(given)
                .orElseThrow(() -> CommandFailure.misused(
                        "nobody is named (expected: " + USER + " NAME or " + CONNECTION + " ID)"));
    }

    Map<String, String> parameter() {
        return Map.of(field, name);
    }

    boolean isUser() {
        return field.equals("user");
    }

    @Override
    public String toString() {
        return field + " " + Shown.line(name);
    }
}

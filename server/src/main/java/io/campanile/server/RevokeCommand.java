package io.campanile.server;

import io.campanile.server.ApiClient.Answer;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code revoke}: makes tokens worthless before they expire. */
final class RevokeCommand implements Subcommand {

    private static final String USER = "--user";
    private static final String TOKEN_ID = "--token-id";
    private static final String ISSUED_BEFORE = "--issued-before";

    private final Console console;

    RevokeCommand(Console console) {
        this.console = console;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create()
                .addOption(ServerFlags.value(USER, "NAME", "All tokens of this user."))
                .addOption(ServerFlags.value(TOKEN_ID, "ID", "The one token with this id (its claim jti)."))
                .addOption(ServerFlags.value(
                        ISSUED_BEFORE,
                        "TIME",
                        "Only what was issued before: now, a time such as 2026-11-26T02:00:00Z, or seconds since 1970."
                                + " So the user can log in anew."));
        ServerFlags.addTo(spec, "Print the answer as JSON: {\"closed\":1}.");
        spec.usageMessage()
                .description(
                        "Revokes tokens: nobody connects with them again, and connections that did are closed.", "")
                .footer("", "Exit codes: " + ApiCommands.EXIT_CODES);
        return spec;
    }

    @Override
    public int run(ParseResult given) {
        Optional<String> user = ServerFlags.text(given, USER);
        Optional<String> token = ServerFlags.text(given, TOKEN_ID);
        if (user.isPresent() == token.isPresent()) {
            throw CommandFailure.misused(
                    user.isPresent()
                            ? USER + ", " + TOKEN_ID + ": both are given (expected: one of them)"
                            : "nothing is named (expected: " + USER + " NAME or " + TOKEN_ID + " ID)");
        }
        var body = new LinkedHashMap<String, Object>();
        user.ifPresent(name -> body.put("user", name));
        token.ifPresent(id -> body.put("tokenId", id));
        ServerFlags.text(given, ISSUED_BEFORE).ifPresent(text -> body.put("issuedBefore", seconds(text)));

        Answer answer = ServerFlags.client(given, console.env()).post("/api/revoke", body, Map.of());
        console.out()
                .println(
                        ServerFlags.json(given)
                                ? Json.text(answer.body())
                                : "revoked "
                                        + user.map(name -> "the tokens of user " + Shown.line(name))
                                                .orElseGet(() -> "token " + Shown.line(token.orElse("")))
                                        + "; closed " + Shown.count(answer.number("closed"), "connection"));
        return Exit.DONE;
    }

    private static long seconds(String text) {
        if (text.equals("now")) {
            return Instant.now().getEpochSecond();
        }
        try {
            return text.matches("[0-9]{1,12}")
                    ? Long.parseLong(text)
                    : Instant.parse(text).getEpochSecond();
        } catch (DateTimeParseException e) {
            throw CommandFailure.misused(ISSUED_BEFORE + ": " + SettingsLoader.quoted(text)
                    + " (expected: now, a time such as 2026-11-26T02:00:00Z, or seconds since 1970)");
        }
    }
}

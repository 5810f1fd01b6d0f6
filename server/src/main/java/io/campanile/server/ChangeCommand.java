package io.campanile.server;

import io.campanile.server.ApiClient.Answer;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code join}, {@code leave} and {@code disconnect}: change what connections are in, or that they are. */
final class ChangeCommand implements Subcommand {

    private static final String ROOM = "ROOM";
    private static final String CODE = "--code";
    private static final String REASON = "--reason";

    private final Console console;
    private final Change change;

    /** What changes. */
    enum Change {
        JOIN("Makes connections members of a room.", "Join", "joined"),
        LEAVE("Makes connections leave a room.", "Take out", "left"),
        DISCONNECT(
                "Closes connections. Unless the code says otherwise their clients do not connect again.",
                "Close",
                "closed");

        private final String meaning;
        private final String verb;

        /** What the answer calls the number of those that changed. */
        private final String done;

        Change(String meaning, String verb, String done) {
            this.meaning = meaning;
            this.verb = verb;
            this.done = done;
        }

        private boolean hasRoom() {
            return this != DISCONNECT;
        }
    }

    ChangeCommand(Console console, Change change) {
        this.console = console;
        this.change = change;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create();
        if (change.hasRoom()) {
            spec.addPositional(PositionalParamSpec.builder()
                    .index("0")
                    .arity("1")
                    .required(true)
                    .paramLabel(ROOM)
                    .type(String.class)
                    .description("The room.")
                    .build());
        }
        Addressee.addTo(spec, change.verb);
        if (!change.hasRoom()) {
            spec.addOption(ServerFlags.value(
                            CODE,
                            "CODE",
                            "Close code, 4000 to 4999 for those of your application. Default: the server's."))
                    .addOption(ServerFlags.value(REASON, "TEXT", "A short sentence that the client is told."));
        }
        ServerFlags.addTo(spec, "Print the answer as JSON: {\"matched\":1,\"" + change.done + "\":1}.");
        spec.usageMessage()
                .description(change.meaning, "")
                .footer(
                        "",
                        "That nobody is there to be changed is no failure.",
                        "Exit codes: " + ApiCommands.EXIT_CODES);
        return spec;
    }

    @Override
    public int run(ParseResult given) {
        Addressee whom = Addressee.required(given);
        var body = new LinkedHashMap<String, Object>(whom.parameter());
        String what = change.done;
        if (change.hasRoom()) {
            String room = given.matchedPositionalValue(0, "");
            body.put("room", room);
            what += " " + Shown.line(room);
        } else {
            ServerFlags.read(given, CODE, OptionType.integer(1000, 4999)).ifPresent(code -> body.put("code", code));
            ServerFlags.text(given, REASON).ifPresent(reason -> body.put("reason", reason));
        }
        String path = "/api/" + given.commandSpec().name();
        Answer answer = ServerFlags.client(given, console.env()).post(path, body, Map.of());
        console.out().println(ServerFlags.json(given) ? Json.text(answer.body()) : sentence(whom, what, answer));
        return answer.count("refused") == 0 ? Exit.DONE : Exit.FAILED;
    }

    private String sentence(Addressee whom, String what, Answer answer) {
        long matched = answer.number("matched");
        if (matched == 0) {
            return whom.isUser() ? "no connection of " + whom : "no " + whom;
        }
        long done = answer.number(change.done);
        String sentence = whom.isUser()
                ? what + ": " + done + " of " + Shown.count(matched, "connection") + " of " + whom
                : what + ": " + (done == 0 ? "not " : "") + whom;
        if (answer.count("alreadyIn") > 0) {
            sentence += ", " + answer.count("alreadyIn") + " there already";
        }
        if (answer.count("refused") > 0) {
            sentence += ", " + answer.count("refused") + " in as many rooms as client.max-rooms lets";
        }
        return sentence;
    }
}

package io.campanile.server;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code connections}: who is connected. */
final class ConnectionsCommand implements Subcommand {

    private final Console console;

    ConnectionsCommand(Console console) {
        this.console = console;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = Addressee.addTo(CommandSpec.create(), "Only");
        ServerFlags.addTo(spec, "Print one JSON document: {\"connections\":[...]}.");
        spec.usageMessage()
                .description("Lists connections, their users, and of one user or one connection the rooms.", "")
                .footer("", "Exit codes: " + ApiCommands.EXIT_CODES);
        return spec;
    }

    @Override
    public int run(ParseResult given) {
        Optional<Addressee> whom = Addressee.find(given);
        new PagedTable(
                        "connections",
                        whom.isPresent() ? List.of("connection", "user", "rooms") : List.of("connection", "user"),
                        whom.map(who -> who.isUser() ? "no connection of " + who : "no " + who)
                                .orElse("nobody is connected"))
                .print(
                        ServerFlags.client(given, console.env()),
                        "/api/connections",
                        whom.map(Addressee::parameter).orElse(Map.of()),
                        ServerFlags.json(given),
                        console.out());
        return Exit.DONE;
    }
}

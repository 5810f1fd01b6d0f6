package io.campanile.server;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code rooms}: which rooms there are, or who is in one. */
final class RoomsCommand implements Subcommand {

    private static final String MEMBERS = "--members";
    private static final String PREFIX = "--prefix";

    private final Console console;

    RoomsCommand(Console console) {
        this.console = console;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create()
                .addOption(ServerFlags.value(MEMBERS, "ROOM", "List who is in this room instead."))
                .addOption(ServerFlags.value(PREFIX, "TEXT", "Only rooms whose names begin so."));
        ServerFlags.addTo(spec, "Print one JSON document: {\"rooms\":[...]} or {\"members\":[...]}.");
        spec.usageMessage()
                .description("Lists the rooms that have members, and how many; or the members of one room.", "")
                .footer("", "Exit codes: " + ApiCommands.EXIT_CODES);
        return spec;
    }

    @Override
    public int run(ParseResult given) {
        Optional<String> room = ServerFlags.text(given, MEMBERS);
        Optional<String> prefix = ServerFlags.text(given, PREFIX);
        if (room.isPresent() && prefix.isPresent()) {
            throw CommandFailure.misused(MEMBERS + ", " + PREFIX + ": both are given (expected: one of them)");
        }
        Map<String, String> parameters = new LinkedHashMap<>();
        room.ifPresent(name -> parameters.put("room", name));
        prefix.ifPresent(text -> parameters.put("prefix", text));
        PagedTable listing = room.isPresent()
                ? new PagedTable("members", List.of("connection", "user"), "nobody is in " + Shown.line(room.get()))
                : new PagedTable(
                        "rooms",
                        List.of("members", "room"),
                        prefix.map(text -> "no room with a member begins with " + Shown.line(text))
                                .orElse("no room has a member"));
        listing.print(
                ServerFlags.client(given, console.env()),
                room.isPresent() ? "/api/rooms/members" : "/api/rooms",
                parameters,
                ServerFlags.json(given),
                console.out());
        return Exit.DONE;
    }
}

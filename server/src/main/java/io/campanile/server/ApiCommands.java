package io.campanile.server;

import io.campanile.server.ChangeCommand.Change;
import java.util.LinkedHashMap;
import java.util.Map;

/** The commands beside those that run a server, by name and in the order of the help. */
final class ApiCommands {

    static final String EXIT_CODES =
            "0 done, 1 failed or refused, 2 wrong usage, 3 no answer or too busy (may do later).";

    private ApiCommands() {}

    static Map<String, Subcommand> all(Console console) {
        var commands = new LinkedHashMap<String, Subcommand>();
        commands.put("publish", new PublishCommand(console));
        commands.put("tail", new TailCommand(console));
        commands.put("rooms", new RoomsCommand(console));
        commands.put("connections", new ConnectionsCommand(console));
        commands.put("join", new ChangeCommand(console, Change.JOIN));
        commands.put("leave", new ChangeCommand(console, Change.LEAVE));
        commands.put("disconnect", new ChangeCommand(console, Change.DISCONNECT));
        commands.put("revoke", new RevokeCommand(console));
        commands.put("train", new TrainCommand(console));
        commands.put("token make", new TokenMakeCommand(console));
        commands.put("token check", new TokenCheckCommand(console));
        return commands;
    }
}

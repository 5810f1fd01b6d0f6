package io.campanile.server;

import io.campanile.protocol.JsonSlice;
import io.campanile.server.ApiClient.Answer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code publish}: sends one message to a room, several, a user or everyone. */
final class PublishCommand implements Subcommand {

    private static final String ROOMS = "--rooms";
    private static final String USER = "--user";
    private static final String ALL = "--all";
    private static final String EXCEPT = "--except";
    private static final String EXCEPT_ROOMS = "--except-rooms";
    private static final String DATA_FILE = "--data-file";
    private static final String TEXT = "--text";
    private static final String KEY = "--key";
    private static final String EVENT_ID = "--event-id";
    private static final String IDEMPOTENCY_KEY = "--idempotency-key";
    private static final String STDIN = "-";
    private static final Pattern HEADER = Pattern.compile("[!-~]+");

    private final Console console;

    PublishCommand(Console console) {
        this.console = console;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create()
                .addPositional(PositionalParamSpec.builder()
                        .index("0..*")
                        .arity("0..*")
                        .paramLabel("ROOM EVENT [DATA]")
                        .hideParamSyntax(true)
                        .type(List.class)
                        .auxiliaryTypes(String.class)
                        .description(
                                "The room, unless a flag names others; the event's name; and its data in JSON, or - to"
                                        + " read them from standard input. Without data: null.")
                        .build())
                .addOption(ServerFlags.values(ROOMS, "ROOM", "To the members of these rooms, one copy each."))
                .addOption(ServerFlags.value(USER, "NAME", "To all connections of this user."))
                .addOption(ServerFlags.flag(ALL, "To every connection."))
                .addOption(ServerFlags.values(EXCEPT, "ID", "But not to these connections."))
                .addOption(ServerFlags.values(EXCEPT_ROOMS, "ROOM", "But not to members of these rooms."))
                .addOption(ServerFlags.value(DATA_FILE, "FILE", "Read the data from a file."))
                .addOption(ServerFlags.flag(
                        TEXT,
                        "The data are text and no JSON: they become a JSON string. Of what is read, a last line feed is left"
                                + " out."))
                .addOption(ServerFlags.value(
                        KEY,
                        "KEY",
                        "Which earlier messages this one outdates: those with the same key, in rooms with"
                                + " latest-per-key."))
                .addOption(ServerFlags.value(EVENT_ID, "ID", "A name for this one event, which its recipients see."))
                .addOption(ServerFlags.value(
                        IDEMPOTENCY_KEY,
                        "KEY",
                        "Do it once: a repeat with the same key sends nothing and gets the first answer again."));
        ServerFlags.addTo(spec, "Print the receipt as JSON.");
        spec.usageMessage()
                .customSynopsis(
                        "campanile publish [options] ROOM EVENT [DATA | -]",
                        "       campanile publish [options] --user=NAME | --rooms=ROOM,... | --all EVENT [DATA | -]")
                .description("", "Sends a message and says for how many connections it was queued.", "")
                .footer(
                        "",
                        "Examples:",
                        "  campanile publish lobby chat '{\"text\":\"hello\"}'",
                        "  campanile publish lobby chat --text 'hello'",
                        "  date | campanile publish lobby time --text -",
                        "  campanile publish --user ann paid '{\"order\":7}' --idempotency-key order-7",
                        "",
                        "Put -- before data that begin with a minus: campanile publish lobby temperature -- -5",
                        "Exit codes: " + ApiCommands.EXIT_CODES);
        return spec;
    }

    @Override
    public int run(ParseResult given) {
        List<String> words = new ArrayList<>(given.matchedPositionalValue(0, List.<String>of()));
        var body = new LinkedHashMap<String, Object>();
        String target = target(given, words, body);
        if (words.isEmpty()) {
            throw CommandFailure.misused("EVENT: missing (expected: the name of an event, such as chat)");
        }
        body.put("event", words.remove(0));
        if (words.size() > 1) {
            throw CommandFailure.misused(
                    SettingsLoader.quoted(words.get(1)) + ": unexpected argument; put data with spaces into quotes");
        }
        putAll(given, body);
        // Last, since it may wait for a person to type.
        body.put("data", data(given, words.stream().findFirst()));
        Map<String, String> headers = ServerFlags.text(given, IDEMPOTENCY_KEY)
                .map(PublishCommand::header)
                .map(key -> Map.of("idempotency-key", key))
                .orElse(Map.of());

        Answer answer = ServerFlags.client(given, console.env()).post("/api/publish", body, headers);
        boolean replayed = answer.headers().firstValue("idempotency-replayed").isPresent();
        if (ServerFlags.json(given)) {
            var document = new LinkedHashMap<Object, Object>(answer.body());
            document.put("replayed", replayed);
            console.out().println(Json.text(document));
        } else {
            console.out()
                    .println(
                            sentence(target, answer) + (replayed ? " (the first answer again; nothing was sent)" : ""));
        }
        return Exit.DONE;
    }

    /** Puts into the body whom it is for, and returns how to call them. Takes the room off the words. */
    private static String target(ParseResult given, List<String> words, Map<String, Object> body) {
        List<String> rooms = ServerFlags.texts(given, ROOMS);
        Optional<String> user = ServerFlags.text(given, USER);
        if (!rooms.isEmpty()) {
            body.put("rooms", rooms);
        }
        user.ifPresent(name -> body.put("user", name));
        if (ServerFlags.isSet(given, ALL)) {
            body.put("all", true);
        }
        if (body.size() > 1) {
            throw CommandFailure.misused(
                    body.keySet().stream().map(name -> "--" + name).collect(Collectors.joining(", "))
                            + ": given together (expected: one of them)");
        }
        if (body.isEmpty()) {
            if (words.size() < 2) {
                throw CommandFailure.misused(
                        (words.isEmpty() ? "ROOM" : "EVENT") + ": missing (expected: ROOM EVENT [DATA])");
            }
            body.put("room", words.remove(0));
            return Shown.line(String.valueOf(body.get("room")));
        }
        return user.map(name -> "user " + Shown.line(name))
                .orElseGet(() -> rooms.isEmpty() ? "everyone" : Shown.line(String.join(", ", rooms)));
    }

    private static void putAll(ParseResult given, Map<String, Object> body) {
        List<String> except = ServerFlags.texts(given, EXCEPT);
        List<String> exceptRooms = ServerFlags.texts(given, EXCEPT_ROOMS);
        if (!except.isEmpty()) {
            body.put("except", except);
        }
        if (!exceptRooms.isEmpty()) {
            body.put("exceptRooms", exceptRooms);
        }
        ServerFlags.text(given, KEY).ifPresent(key -> body.put("key", key));
        ServerFlags.text(given, EVENT_ID).ifPresent(id -> body.put("eventId", id));
    }

    private JsonSlice data(ParseResult given, Optional<String> argument) {
        Optional<String> file = ServerFlags.text(given, DATA_FILE);
        if (file.isPresent() && argument.isPresent()) {
            throw CommandFailure.misused("DATA, " + DATA_FILE + ": both are given (expected: one of them)");
        }
        boolean text = ServerFlags.isSet(given, TEXT);
        String origin = file.isPresent() ? DATA_FILE : "DATA";
        Optional<String> read = file.map(PublishCommand::contentOf)
                .or(() -> argument.filter(STDIN::equals).map(dash -> standardInput()))
                .map(content -> text && content.endsWith("\n") ? content.substring(0, content.length() - 1) : content)
                .or(() -> argument);
        try {
            return read.map(content -> text ? JsonSlice.string(content) : JsonSlice.of(content))
                    .orElse(JsonSlice.NULL);
        } catch (IllegalArgumentException e) {
            throw CommandFailure.misused(origin + ": "
                    + SettingsLoader.quoted(read.orElse("").strip())
                    + " is not JSON: "
                    + String.valueOf(e.getMessage()).replaceFirst("^json: ", "").replaceFirst(" \\(expected: .*", "")
                    + " (expected: JSON such as '{\"text\":\"hello\"}'); to send it as text add " + TEXT);
        }
    }

    private static String contentOf(String file) {
        try {
            return utf8(Files.readAllBytes(Path.of(file)), DATA_FILE);
        } catch (IOException | IllegalArgumentException e) {
            throw CommandFailure.misused(DATA_FILE + ": cannot read " + SettingsLoader.quoted(file)
                    + " (expected: a file that holds the data)");
        }
    }

    private String standardInput() {
        try {
            return utf8(console.in().readAllBytes(), "standard input");
        } catch (IOException e) {
            throw CommandFailure.misused("standard input: cannot be read: " + e.getMessage());
        }
    }

    private static String utf8(byte[] bytes, String origin) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw CommandFailure.misused(origin + ": is not text (expected: UTF-8)");
        }
    }

    private static String header(String key) {
        if (!HEADER.matcher(key).matches()) {
            throw CommandFailure.misused(IDEMPOTENCY_KEY + ": " + SettingsLoader.quoted(key)
                    + " (expected: a word in ASCII, such as order-7)");
        }
        return key;
    }

    private static String sentence(String target, Answer answer) {
        long matched = answer.number("matched");
        if (matched == 0) {
            return "published to " + target + ": nobody was there";
        }
        var sentence = new StringBuilder("published to " + target + ": queued for " + answer.number("queued") + " of "
                + Shown.count(matched, "connection"));
        if (answer.number("dropped") > 0) {
            sentence.append(", dropped for ").append(answer.number("dropped"));
        }
        if (answer.number("evicted") > 0) {
            sentence.append(", ").append(answer.number("evicted")).append(" evicted for reading too slowly");
        }
        return sentence.toString();
    }
}

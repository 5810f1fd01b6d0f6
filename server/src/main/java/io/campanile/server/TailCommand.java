package io.campanile.server;

import io.campanile.protocol.EnvelopeCodec;
import io.campanile.protocol.Inbound;
import io.campanile.protocol.Inbound.Request;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code tail}: prints the messages of rooms as they come, and connects again when the connection breaks. */
final class TailCommand implements Subcommand {

    private static final String COUNT = "--count";
    private static final String SILENCE = "--silence";
    private static final OptionType<Duration> SILENCE_TYPE =
            OptionType.durationOrOff(Duration.ofMillis(10), Duration.ofDays(1));
    private static final Duration DEFAULT_SILENCE = Duration.ofMinutes(2);
    private static final long FIRST_WAIT_MILLIS = 1_000;
    private static final long LONGEST_WAIT_MILLIS = 30_000;
    private static final List<Integer> TEMPORARY = List.of(1001, 1006, 1011, 1012, 1013);
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");

    private final Console console;

    TailCommand(Console console) {
        this.console = console;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create()
                .addPositional(PositionalParamSpec.builder()
                        .index("0..*")
                        .arity("1..*")
                        .required(true)
                        .paramLabel("ROOM")
                        .type(List.class)
                        .auxiliaryTypes(String.class)
                        .description("The rooms to listen to.")
                        .build())
                .addOption(ServerFlags.value(COUNT, "N", "End after so many messages. Default: never."))
                .addOption(ServerFlags.value(
                        SILENCE,
                        "TIME",
                        "Longest silence before the connection is taken for lost; longer than client.ping-interval of the"
                                + " server, which sends something that often. 0s waits forever. Default: "
                                + OptionType.durationText(DEFAULT_SILENCE)));
        ServerFlags.addTo(spec, "Print each message as it came, in JSON, one a line.");
        spec.usageMessage()
                .description(
                        "Prints the messages of rooms as they come: time, room, event, data.",
                        "When the connection breaks it connects again, and says so on standard error. What was published"
                                + " meanwhile is not printed.",
                        "")
                .footer(
                        "",
                        "Ends with Ctrl-C (exit code 130), when the reader of its output goes (0), or when the server says that"
                                + " there is no coming back (1).",
                        "Exit codes: " + ApiCommands.EXIT_CODES);
        return spec;
    }

    @Override
    public int run(ParseResult given) {
        List<String> rooms = given.matchedPositionalValue(0, List.<String>of());
        long count = ServerFlags.read(given, COUNT, OptionType.integer(1, Integer.MAX_VALUE))
                .map(Integer::longValue)
                .orElse(Long.MAX_VALUE);
        Duration silence = ServerFlags.read(given, SILENCE, SILENCE_TYPE).orElse(DEFAULT_SILENCE);
        ApiClient client = ServerFlags.client(given, console.env());
        String target = rooms.stream()
                .map(room -> "room=" + ApiClient.encoded(room))
                .collect(Collectors.joining("&", "/api/tail?", "&envelope=true"));
        return new Listener(
                        client, target, Shown.line(String.join(", ", rooms)), silence, ServerFlags.json(given), count)
                .run();
    }

    /** Returns a time to wait: any up to a ceiling that doubles, so that those who lost one server come back one by one. */
    static long waitMillis(int failures, double random) {
        long ceiling =
                failures > 10 ? LONGEST_WAIT_MILLIS : Math.min(LONGEST_WAIT_MILLIS, FIRST_WAIT_MILLIS << failures);
        return (long) (random * ceiling);
    }

    private final class Listener {
        private final ApiClient client;
        private final String target;
        private final String rooms;
        private final Duration silence;
        private final boolean json;
        private long left;

        private boolean wasConnected;
        private String lastEventId = "";

        /** How long the server asks to wait before the next attempt; -1 when it does not. */
        private long retryMillis = -1;

        private int failures;

        Listener(ApiClient client, String target, String rooms, Duration silence, boolean json, long count) {
            this.client = client;
            this.target = target;
            this.rooms = rooms;
            this.silence = silence;
            this.json = json;
            this.left = count;
        }

        int run() {
            while (true) {
                String lost;
                try {
                    Optional<Integer> exit = listen();
                    if (exit.isPresent()) {
                        return exit.get();
                    }
                    lost = "the stream ended";
                } catch (IOException e) {
                    lost = "the connection was lost: " + Shown.line(String.valueOf(e.getMessage()));
                } catch (CommandFailure e) {
                    if (!wasConnected || e.exit() != Exit.UNAVAILABLE) {
                        throw e;
                    }
                    lost = e.sentence();
                }
                long wait = retryMillis >= 0
                        ? retryMillis
                        : waitMillis(failures, ThreadLocalRandom.current().nextDouble());
                retryMillis = -1;
                failures++;
                console.note(lost + "; connecting again in " + OptionType.durationText(Duration.ofMillis(wait)));
                sleep(wait);
            }
        }

        /** Returns the exit code; empty when it is better to connect again. */
        private Optional<Integer> listen() throws IOException {
            Map<String, String> headers = lastEventId.isEmpty() ? Map.of() : Map.of("last-event-id", lastEventId);
            try (var lines = new BufferedReader(
                    new InputStreamReader(client.stream(target, headers, silence), StandardCharsets.UTF_8))) {
                console.note((wasConnected ? "listening again to " : "listening to ") + rooms);
                wasConnected = true;
                failures = 0;
                var data = new StringBuilder();
                Optional<String> id = Optional.empty();
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    String value = line.substring(line.indexOf(':') + 1);
                    value = value.startsWith(" ") ? value.substring(1) : value;
                    if (line.startsWith("data:")) {
                        data.append(data.isEmpty() ? "" : "\n").append(value);
                    } else if (line.startsWith("id:")) {
                        id = Optional.of(value);
                    } else if (line.startsWith("retry:") && value.matches("[0-9]{1,9}")) {
                        retryMillis = Long.parseLong(value);
                    } else if (line.isEmpty() && !data.isEmpty()) {
                        lastEventId = id.orElse(lastEventId);
                        // A line break in JSON is white space: those in strings are escaped.
                        Optional<Integer> exit = hear(data.toString().replace('\n', ' '));
                        if (exit.isPresent()) {
                            return exit;
                        }
                        data.setLength(0);
                        id = Optional.empty();
                    }
                }
                return Optional.empty();
            }
        }

        /** Takes one envelope; returns the exit code when it was the last. */
        private Optional<Integer> hear(String envelope) {
            Inbound message = EnvelopeCodec.decode(envelope.getBytes(StandardCharsets.UTF_8));
            if (!(message instanceof Request event)) {
                throw ApiClient.unlike("an event that is no envelope");
            }
            switch (event.event()) {
                case "welcome" -> {
                    return Optional.empty();
                }
                case "campanile.close" -> {
                    return ended(event);
                }
                case "campanile.gap" -> {
                    if (!json) {
                        console.note(
                                "messages are missing here: " + event.data().text());
                        return Optional.empty();
                    }
                }
                default -> {}
            }
            console.out().println(Shown.line(json ? envelope : text(event)));
            // Tells, too, that whoever read the output has gone.
            return console.out().checkError() || --left == 0 ? Optional.of(Exit.DONE) : Optional.empty();
        }

        private String text(Request event) {
            return LocalTime.now(ZoneId.systemDefault()).format(TIME) + "  "
                    + event.room().orElse("-") + "  " + event.event() + "  "
                    + event.data().text();
        }

        private Optional<Integer> ended(Request event) {
            Map<?, ?> reason = Json.object(event.data().toByteArray()).orElse(Map.of());
            int code = reason.get("code") instanceof Integer number ? number : 1006;
            String sentence = "the server closed the stream: " + Shown.line(String.valueOf(reason.get("message")))
                    + " (" + code + " " + Shown.line(String.valueOf(reason.get("reason"))) + ")";
            if (code < 3000 ? !TEMPORARY.contains(code) : code >= 3500) {
                throw CommandFailure.failed(sentence);
            }
            console.note(sentence);
            return Optional.empty();
        }
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw CommandFailure.failed("interrupted");
        }
    }
}

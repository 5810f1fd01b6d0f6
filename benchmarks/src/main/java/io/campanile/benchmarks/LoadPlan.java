package io.campanile.benchmarks;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What the generator is to do, checked as a whole.
 *
 * @param url the server's WebSocket URL, {@code ws://} only
 * @param mode the language the server speaks
 * @param connections how many receivers are opened; each is a member of one room, dealt round robin
 * @param rooms how many rooms they are dealt to
 * @param publishers how many connections publish, dealt to the rooms round robin
 * @param echo whether publishers are receivers too, or connections of their own that join no room
 * @param size about how many bytes of payload each delivered message has
 * @param stages what is measured, one after another, on the same connections
 * @param warmup how long the load of {@code warmupStage} runs before anything is measured
 * @param warmupStage the load during warm-up
 * @param settle how long each stage runs before its window opens
 * @param window how long each stage is measured
 * @param connectRate connections opened a second; 0 is as many as the server takes
 * @param headers lines added to each handshake, such as {@code Authorization: Bearer …}
 * @param sources the local addresses to connect from; empty leaves that to the kernel
 * @param serverPid whose processor time is reported, if anybody's
 * @param loops event loops of the generator
 * @param poll how often the generator looks at its sockets; zero lets the kernel wake it for each event
 * @param stalled how many further members, dealt to the rooms round robin, read until the first window opens and nothing
 *     from then on
 * @param inspection how closely receivers look at what they get
 */
record LoadPlan(
        URI url,
        Mode mode,
        int connections,
        int rooms,
        int publishers,
        boolean echo,
        int size,
        List<Stage> stages,
        Stage warmupStage,
        Duration warmup,
        Duration settle,
        Duration window,
        int connectRate,
        List<String> headers,
        List<String> sources,
        OptionalLong serverPid,
        int loops,
        Duration poll,
        int stalled,
        Inspection inspection) {

    /** How closely receivers look at what they get. */
    enum Inspection {
        /** About 50 of them measure latency; the others count. */
        SAMPLED,
        /** Each one measures the latency of each message, and sees to it that none is missing, twice there or early. */
        EVERY_MESSAGE
    }

    /** How messages are sent. */
    sealed interface Stage {

        /** A fixed number of broadcasts is in flight in each room; the next is sent when all receivers have one. */
        record InFlight(int broadcasts) implements Stage {
            @Override
            public String toString() {
                return broadcasts + " in flight";
            }
        }

        /** Messages are sent at a fixed rate over all rooms, whether or not the server keeps up. */
        record Rate(double perSecond) implements Stage {
            @Override
            public String toString() {
                return perSecond == Math.rint(perSecond) ? (long) perSecond + "/s" : perSecond + "/s";
            }
        }

        /** So many clients come, join, leave and go at a time, and come again. */
        record Visits(int clients) implements Stage {
            @Override
            public String toString() {
                return clients + " at a time";
            }
        }
    }

    /** The plan makes no sense; the message names the setting, its value and what was expected. */
    static final class BadPlanException extends IllegalArgumentException {
        private static final long serialVersionUID = 1;

        BadPlanException(String message) {
            super(message);
        }
    }

    private static final int MAX_SIZE = 1 << 20;
    private static final int MAX_IN_FLIGHT = 4_096;
    private static final Duration MAX_POLL = Duration.ofMillis(10);

    /** Begins a plan for a server at an address. What is not said is as each method has it. */
    static Builder at(URI url, Mode mode) {
        return new Builder(url, mode);
    }

    /** Gathers a plan. Not thread-safe. */
    static final class Builder {
        private final URI url;
        private final Mode mode;
        private int connections = 1;
        private int rooms = 1;
        private @Nullable Integer publishers;
        private boolean echo = true;
        private int size = 128;
        private List<Stage> stages = List.of(new Stage.InFlight(1));
        private @Nullable Stage warmupStage;
        private Duration warmup = Duration.ZERO;
        private Duration settle = Duration.ZERO;
        private Duration window = Duration.ofSeconds(1);
        private int connectRate;
        private List<String> headers = List.of();
        private List<String> sources = List.of();
        private OptionalLong serverPid = OptionalLong.empty();
        private int loops = 1;
        private Duration poll = Duration.ZERO;
        private int stalled;
        private Inspection inspection = Inspection.SAMPLED;

        private Builder(URI url, Mode mode) {
            this.url = url;
            this.mode = mode;
        }

        /** Receivers, one unless said, and the rooms they are dealt to. */
        Builder connections(int count, int inRooms) {
            connections = count;
            rooms = inRooms;
            return this;
        }

        /** Further members that stop reading; none unless said. */
        Builder stalled(int count) {
            stalled = count;
            return this;
        }

        /** How many publish; one in each room unless said. */
        Builder publishers(int count) {
            publishers = count;
            return this;
        }

        /** Whether publishers are among the receivers, as they are unless said. */
        Builder echo(boolean value) {
            echo = value;
            return this;
        }

        /** Payload bytes; 128 unless said. */
        Builder size(int bytes) {
            size = bytes;
            return this;
        }

        /** What is measured; one broadcast in flight unless said. */
        Builder stages(List<? extends Stage> inTurn) {
            stages = List.copyOf(inTurn);
            return this;
        }

        /** The load before that, and how long it lasts; the first stage, and no time, unless said. */
        Builder warmup(Stage stage, Duration time) {
            warmupStage = stage;
            warmup = time;
            return this;
        }

        /** How long each stage runs before it is measured, no time unless said, and how long it is, a second unless said. */
        Builder window(Duration settling, Duration measured) {
            settle = settling;
            window = measured;
            return this;
        }

        /** Connections opened a second; as many as the server takes unless said. */
        Builder connectRate(int perSecond) {
            connectRate = perSecond;
            return this;
        }

        /** Lines of the handshake; none unless said. */
        Builder headers(List<String> lines) {
            headers = lines;
            return this;
        }

        /** Where to connect from; left to the kernel unless said. */
        Builder sources(List<String> addresses) {
            sources = addresses;
            return this;
        }

        /** Whose processor time is reported; nobody's unless said. */
        Builder serverPid(OptionalLong pid) {
            serverPid = pid;
            return this;
        }

        /** Event loops of the generator, one unless said, and how often they look; when they are woken unless said. */
        Builder loops(int count, Duration every) {
            loops = count;
            poll = every;
            return this;
        }

        /** Has each receiver look at every message. */
        Builder inspecting() {
            inspection = Inspection.EVERY_MESSAGE;
            return this;
        }

        /** Returns the plan; throws BadPlanException when it makes no sense. */
        LoadPlan build() {
            Stage first = warmupStage != null || stages.isEmpty() ? warmupStage : stages.get(0);
            return new LoadPlan(
                    url,
                    mode,
                    connections,
                    rooms,
                    publishers == null ? rooms : publishers,
                    echo,
                    size,
                    stages,
                    first == null ? new Stage.InFlight(1) : first,
                    warmup,
                    settle,
                    window,
                    connectRate,
                    headers,
                    sources,
                    serverPid,
                    loops,
                    poll,
                    stalled,
                    inspection);
        }
    }

    LoadPlan {
        stages = List.copyOf(stages);
        headers = List.copyOf(headers);
        sources = List.copyOf(sources);
        require(
                "ws".equals(url.getScheme()) && url.getHost() != null,
                "--url: " + url + " (expected: ws://host:port/path; TLS is not supported)");
        range("--connections", connections, 1, 1_000_000);
        range("--rooms", rooms, 1, connections);
        range("--publishers", publishers, 1, echo ? connections : 1_000_000);
        range("--loops", loops, 1, 256);
        range("--stalled", stalled, 0, 1_000_000);
        require(
                inspection == Inspection.SAMPLED || publishers == rooms,
                "--publishers: " + publishers
                        + " (expected: one for each room, since the messages of several have no order to look for)");
        range("--connect-rate", connectRate, 0, 1_000_000);
        require(
                mode == Mode.CAMPANILE || echo,
                "--echo: false (expected: true with --mode " + mode.name().toLowerCase(Locale.ROOT) + ")");
        range("--size", size, leastSize(mode, rooms), MAX_SIZE);
        require(!stages.isEmpty(), "--in-flight: empty (expected: at least one number)");
        Class<?> kind = stages.get(0).getClass();
        require(
                stages.stream().allMatch(stage -> stage.getClass() == kind)
                        && (warmupStage.getClass() == kind || warmupStage instanceof Stage.InFlight),
                "--in-flight, --rate: both given (expected: one of them)");
        for (Stage stage : stages) {
            if (stage instanceof Stage.InFlight inFlight) {
                range("--in-flight", inFlight.broadcasts(), 1, MAX_IN_FLIGHT);
                require(
                        publishers >= rooms,
                        "--publishers: " + publishers + ", --rooms: " + rooms
                                + " (expected: a publisher for each room with --in-flight)");
            } else if (stage instanceof Stage.Rate rate) {
                require(
                        rate.perSecond() > 0 && rate.perSecond() <= 1e6,
                        "--rate: " + rate.perSecond() + " (expected: > 0 and <= 1000000)");
            }
        }
        require(!warmup.isNegative(), "--warmup: " + warmup + " (expected: >= 0)");
        require(!settle.isNegative(), "--settle: " + settle + " (expected: >= 0)");
        require(
                window.compareTo(Duration.ofSeconds(1)) >= 0,
                "--seconds: " + window.toMillis() / 1e3
                        + " (expected: >= 1; processor time is counted in steps of 10 ms)");
        require(
                !poll.isNegative() && poll.compareTo(MAX_POLL) <= 0,
                "--poll: " + poll.toNanos() / 1_000 + " (expected: 0..10000 microseconds)");
        for (String header : headers) {
            require(
                    header.indexOf(':') > 0 && header.indexOf('\r') < 0 && header.indexOf('\n') < 0,
                    "--header: expected one line such as 'Name: value'");
        }
    }

    /** Returns how many connections are opened in all. */
    int allConnections() {
        return (echo ? connections : connections + publishers) + stalled;
    }

    /** Returns the name of a room. */
    static String roomName(int room) {
        return "bench-" + room;
    }

    /** Returns the URL that a member of a room connects to. */
    URI urlFor(int room) {
        return rooms == 1 ? url : mode.address(url, roomName(room));
    }

    private static int leastSize(Mode mode, int rooms) {
        return Stamp.LENGTH + mode.overhead(roomName(rooms - 1));
    }

    private static void range(String name, long value, long least, long most) {
        require(value >= least && value <= most, name + ": " + value + " (expected: " + least + ".." + most + ")");
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new BadPlanException(message);
        }
    }
}

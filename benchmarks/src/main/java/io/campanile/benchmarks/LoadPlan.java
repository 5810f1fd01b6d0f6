package io.campanile.benchmarks;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

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

    /** A plan in which nobody stalls and receivers are sampled. */
    LoadPlan(
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
            Duration poll) {
        this(
                url,
                mode,
                connections,
                rooms,
                publishers,
                echo,
                size,
                stages,
                warmupStage,
                warmup,
                settle,
                window,
                connectRate,
                headers,
                sources,
                serverPid,
                loops,
                poll,
                0,
                Inspection.SAMPLED);
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
        require(
                stages.stream().allMatch(stage -> stage.getClass() == warmupStage.getClass()),
                "--in-flight, --rate: both given (expected: one of them)");
        require(!stages.isEmpty(), "--in-flight: empty (expected: at least one number)");
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

    /** Returns the same plan for other numbers of connections. */
    LoadPlan withConnections(int count) {
        return new LoadPlan(
                url,
                mode,
                count,
                rooms,
                publishers,
                echo,
                size,
                stages,
                warmupStage,
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

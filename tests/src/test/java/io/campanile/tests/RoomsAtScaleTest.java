package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Many real connections in many rooms, and everyone hears the same. Sizes are system properties: {@code
 * scale.connections}, {@code scale.rooms}, {@code scale.publishers}, {@code scale.seconds}, {@code scale.rate} in messages
 * a second from each publisher, and {@code scale.seed}.
 */
final class RoomsAtScaleTest {

    private static final int CONNECTIONS = Integer.getInteger("scale.connections", 5_000);
    private static final int ROOMS = Integer.getInteger("scale.rooms", 500);
    private static final int PUBLISHERS = Integer.getInteger("scale.publishers", 20);
    private static final int SECONDS = Integer.getInteger("scale.seconds", 60);
    private static final int RATE = Integer.getInteger("scale.rate", 10);
    private static final long SEED = Long.getLong("scale.seed", System.nanoTime());

    /** Each connection is in this many rooms, so that rooms overlap. */
    private static final int ROOMS_EACH = 2;

    /** Handshakes under way at once, so that the listener's backlog is not what is tested. */
    private static final int CONNECTING = 256;

    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private static final int[] MEMBERS_OF = new int[ROOMS];

    static {
        for (int member = 0; member < CONNECTIONS; member++) {
            for (int room : roomsOf(member)) {
                MEMBERS_OF[room]++;
            }
        }
    }

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void everyMemberHearsEachMessageOfItsRoomsOnceAndInOneOrder() throws Exception {
        long descriptors = ManagementFactory.getPlatformMXBean(UnixOperatingSystemMXBean.class)
                .getMaxFileDescriptorCount();
        if (descriptors < CONNECTIONS + PUBLISHERS + 500) {
            String why = "SKIPPED: " + CONNECTIONS + " connections need more descriptors than " + descriptors
                    + " (ulimit -n " + (CONNECTIONS + PUBLISHERS + 500) + ")";
            System.err.println(why);
            Assumptions.abort(why);
        }
        try (var server = ServerProcess.start()) {
            var address = new InetSocketAddress("127.0.0.1", server.origin().getPort());
            try (var swarm = new Swarm(address, 2)) {
                run(server, swarm);
            }
            server.stop();
        }
    }

    private static void run(ServerProcess server, Swarm swarm) throws Exception {
        say("seed " + SEED + ": " + CONNECTIONS + " connections in " + ROOMS + " rooms, " + PUBLISHERS
                + " publishers of " + RATE + " messages a second for " + SECONDS + " s");
        long begun = System.nanoTime();
        List<Member> members = connectMembers(swarm);
        List<Publisher> publishers = connectPublishers(swarm);
        awaitFigure(server, "connections", CONNECTIONS + PUBLISHERS);
        awaitFigure(server, "rooms", ROOMS);
        say("all joined after " + secondsSince(begun) + " s");

        publish(publishers);
        long expected = publishers.stream().mapToLong(Publisher::deliveries).sum();
        awaitDeliveries(expected);
        say("all " + expected + " deliveries of "
                + publishers.stream().mapToLong(p -> p.rooms.length).sum()
                + " messages after " + secondsSince(begun) + " s");

        // Half of them leave their rooms first; the others just close.
        List<Member> leavers = members.stream().filter(m -> m.index % 2 == 0).toList();
        leavers.forEach(Member::leave);
        await("leaves", leavers.stream().map(m -> m.left).toList());
        members.forEach(member -> member.client().close(1000));
        publishers.forEach(publisher -> publisher.client().close(1000));
        await("closes", members.stream().map(m -> m.closed).toList());
        await("closes", publishers.stream().map(p -> p.closed).toList());
        awaitFigure(server, "connections", 0);
        awaitFigure(server, "rooms", 0);
        awaitFigure(server, "waiting_bytes", 0);

        assertThat(members).allSatisfy(member -> assertThat(member.end).isEqualTo(new SwarmClient.End(1000, "")));
        assertThat(members).allSatisfy(member -> assertThat(member.surprises).isEmpty());
        assertThat(publishers)
                .allSatisfy(publisher -> assertThat(publisher.surprises).isEmpty());
        compare(members, publishers);
        say("everyone heard the same; took " + secondsSince(begun) + " s");
    }

    private static List<Member> connectMembers(Swarm swarm) throws InterruptedException {
        var connecting = new Semaphore(CONNECTING);
        List<Member> members = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            if (!connecting.tryAcquire(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("no handshake ended for " + PATIENCE + " after " + i + " connections");
            }
            var member = new Member(i, connecting);
            members.add(member);
            member.client = swarm.connect("/ws", member);
        }
        await("joins", members.stream().map(m -> m.joined).toList());
        return members;
    }

    private static List<Publisher> connectPublishers(Swarm swarm) throws InterruptedException {
        var random = new Random(SEED);
        List<Publisher> publishers = new ArrayList<>();
        for (int i = 0; i < PUBLISHERS; i++) {
            int[] rooms = random.ints(RATE * SECONDS, 0, ROOMS).toArray();
            var publisher = new Publisher(i, rooms);
            publishers.add(publisher);
            publisher.client = swarm.connect("/ws", publisher);
        }
        await("handshakes", publishers.stream().map(p -> p.opened).toList());
        return publishers;
    }

    private static void publish(List<Publisher> publishers) throws InterruptedException {
        var timer = Executors.newSingleThreadScheduledExecutor();
        try {
            long periodMicros = 1_000_000 / RATE;
            for (Publisher publisher : publishers) {
                timer.scheduleAtFixedRate(
                        publisher::publishNext,
                        periodMicros * publisher.index / publishers.size(),
                        periodMicros,
                        TimeUnit.MICROSECONDS);
            }
            await(
                    Duration.ofSeconds(SECONDS).plus(PATIENCE),
                    "acks",
                    publishers.stream().map(p -> p.answered).toList());
        } finally {
            timer.shutdownNow();
        }
    }

    /** Waits as long as there is progress. */
    private static void awaitDeliveries(long expected) {
        long[] last = {-1};
        while (Member.HEARD.get() < expected) {
            last[0] = Member.HEARD.get();
            Await.until(
                    PATIENCE,
                    () -> Member.HEARD.get() > last[0],
                    () -> Member.HEARD.get() + " deliveries of " + expected + ", and no more came");
        }
    }

    /** Compares what was heard in each room: all of it once, in one order, and each publisher's in its own. */
    private static void compare(List<Member> members, List<Publisher> publishers) {
        for (int room = 0; room < ROOMS; room++) {
            int[] expected = expected(publishers, room);
            int[] order = null;
            for (Member member : members) {
                int place = member.placeOf(room);
                if (place >= 0) {
                    int[] heard = member.heard[place].toArray();
                    if (order == null) {
                        order = heard;
                        int[] sorted = heard.clone();
                        Arrays.sort(sorted);
                        assertThat(sorted).as("what room %s heard", room).isEqualTo(expected);
                        assertEachPublisherInOrder(heard, room);
                    }
                    assertThat(heard)
                            .as("what member %s heard in room %s", member.index, room)
                            .isEqualTo(order);
                }
            }
            assertThat(order).as("the members of room %s", room).isNotNull();
        }
    }

    private static int[] expected(List<Publisher> publishers, int room) {
        var expected = new Sequence();
        for (Publisher publisher : publishers) {
            for (int i = 0; i < publisher.rooms.length; i++) {
                if (publisher.rooms[i] == room) {
                    expected.add(number(publisher.index, i));
                }
            }
        }
        int[] sorted = expected.toArray();
        Arrays.sort(sorted);
        return sorted;
    }

    private static void assertEachPublisherInOrder(int[] heard, int room) {
        int[] last = new int[PUBLISHERS];
        Arrays.fill(last, -1);
        for (int number : heard) {
            int publisher = number / (RATE * SECONDS);
            assertThat(number)
                    .as("message of publisher %s in room %s", publisher, room)
                    .isGreaterThan(last[publisher]);
            last[publisher] = number;
        }
    }

    /** Returns what identifies the message of a publisher. */
    private static int number(int publisher, int index) {
        return publisher * RATE * SECONDS + index;
    }

    /** Returns the rooms of a member: rooms get equally many, but no two the same. */
    private static int[] roomsOf(int member) {
        int first = member % ROOMS;
        // Another group of rooms for each round, and never the same room twice.
        int second = (first + 1 + member / ROOMS * 37 % (ROOMS - 1)) % ROOMS;
        return new int[] {first, second};
    }

    private static long membersOf(int room) {
        return MEMBERS_OF[room];
    }

    private static void awaitFigure(ServerProcess server, String name, int expected) {
        String[] last = {""};
        Await.until(
                PATIENCE,
                () -> {
                    last[0] = figure(server, name);
                    return last[0].equals(expected + ".0");
                },
                () -> name + " is " + last[0] + " (expected: " + expected + ")");
    }

    private static String figure(ServerProcess server, String name) {
        try {
            var request = HttpRequest.newBuilder(URI.create(server.origin() + "/metrics"))
                    .timeout(PATIENCE)
                    .build();
            String text =
                    HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body();
            Matcher line = Pattern.compile("(?m)^campanile_" + name + " (.*)$").matcher(text);
            return line.find() ? line.group(1) : "not in the metrics";
        } catch (IOException e) {
            return String.valueOf(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void await(String what, List<CountDownLatch> latches) throws InterruptedException {
        await(PATIENCE, what, latches);
    }

    private static void await(Duration patience, String what, List<CountDownLatch> latches)
            throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        for (CountDownLatch latch : latches) {
            if (!latch.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                long missing = latches.stream().filter(l -> l.getCount() > 0).count();
                throw new AssertionError(
                        what + ": " + missing + " of " + latches.size() + " missing after " + patience);
            }
        }
    }

    private static void say(String line) {
        System.out.println("rooms at scale: " + line);
    }

    private static long secondsSince(long nanos) {
        return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - nanos);
    }

    /** A growing list of numbers. */
    private static final class Sequence {
        private int[] numbers = new int[16];
        private int size;

        void add(int number) {
            if (size == numbers.length) {
                numbers = Arrays.copyOf(numbers, 2 * size);
            }
            numbers[size++] = number;
        }

        int[] toArray() {
            return Arrays.copyOf(numbers, size);
        }
    }

    /** What members and publishers have in common. Fields are the client's loop's, until the latch says they are done. */
    private abstract static class Peer implements SwarmClient.Receiver {
        final int index;
        final CountDownLatch closed = new CountDownLatch(1);
        final List<String> surprises = new ArrayList<>();
        SwarmClient.@Nullable End end;
        volatile @Nullable SwarmClient client;

        Peer(int index) {
            this.index = index;
        }

        final SwarmClient client() {
            SwarmClient connected = client;
            if (connected == null) {
                throw new IllegalStateException("not connected");
            }
            return connected;
        }

        @Override
        public final void text(SwarmClient from, String text) {
            if (!text.startsWith("{\"event\":\"welcome\",") && !understands(from, text)) {
                surprises.add(text);
            }
        }

        abstract boolean understands(SwarmClient from, String text);

        @Override
        public void closed(SwarmClient from, SwarmClient.End how) {
            end = how;
            closed.countDown();
        }
    }

    /** A client that joins its rooms and remembers what it heard in each. */
    private static final class Member extends Peer {
        static final AtomicLong HEARD = new AtomicLong();

        private static final Pattern MESSAGE =
                Pattern.compile("\\{\"event\":\"m\",\"room\":\"room-(\\d+)\",\"data\":\\[(\\d+),(\\d+)]}");

        private final int[] rooms;
        final Sequence[] heard = new Sequence[ROOMS_EACH];
        final CountDownLatch joined = new CountDownLatch(ROOMS_EACH);
        final CountDownLatch left = new CountDownLatch(ROOMS_EACH);
        private final Semaphore connecting;

        Member(int index, Semaphore connecting) {
            super(index);
            this.connecting = connecting;
            rooms = roomsOf(index);
            Arrays.setAll(heard, i -> new Sequence());
        }

        int placeOf(int room) {
            return rooms[0] == room ? 0 : rooms[1] == room ? 1 : -1;
        }

        @Override
        public void opened(SwarmClient opened) {
            connecting.release();
            for (int room : rooms) {
                opened.send("{\"event\":\"room.join\",\"id\":1,\"data\":{\"room\":\"room-" + room + "\"}}");
            }
        }

        void leave() {
            for (int room : rooms) {
                client().send("{\"event\":\"room.leave\",\"id\":2,\"data\":{\"room\":\"room-" + room + "\"}}");
            }
        }

        @Override
        boolean understands(SwarmClient from, String text) {
            if (text.startsWith("{\"event\":\"ack\",\"id\":1,")) {
                joined.countDown();
                return true;
            }
            if (text.startsWith("{\"event\":\"ack\",\"id\":2,")) {
                left.countDown();
                return true;
            }
            Matcher message = MESSAGE.matcher(text);
            if (!message.matches()) {
                return false;
            }
            int place = placeOf(Integer.parseInt(message.group(1)));
            if (place < 0) {
                return false;
            }
            heard[place].add(number(Integer.parseInt(message.group(2)), Integer.parseInt(message.group(3))));
            HEARD.incrementAndGet();
            return true;
        }
    }

    /** A client that publishes to one room after another, and takes the acks. */
    private static final class Publisher extends Peer {
        private static final Pattern ACK = Pattern.compile(
                "\\{\"event\":\"ack\",\"id\":(\\d+),\"data\":\\{\"matched\":(\\d+),\"queued\":(\\d+),\"dropped\":0,\"evicted\":0}}");

        final int[] rooms;
        final CountDownLatch opened = new CountDownLatch(1);
        final CountDownLatch answered;
        private final BitSet acked = new BitSet();

        /** The timer's. */
        private int next;

        Publisher(int index, int[] rooms) {
            super(index);
            this.rooms = rooms;
            answered = new CountDownLatch(rooms.length);
        }

        long deliveries() {
            return Arrays.stream(rooms).mapToLong(RoomsAtScaleTest::membersOf).sum();
        }

        @Override
        public void opened(SwarmClient from) {
            opened.countDown();
        }

        void publishNext() {
            if (next < rooms.length) {
                int number = next++;
                client().send("{\"event\":\"room.publish\",\"id\":" + number + ",\"data\":{\"room\":\"room-"
                        + rooms[number] + "\",\"event\":\"m\",\"data\":[" + index + "," + number + "]}}");
            }
        }

        @Override
        boolean understands(SwarmClient from, String text) {
            Matcher ack = ACK.matcher(text);
            if (!ack.matches()) {
                return false;
            }
            int number = Integer.parseInt(ack.group(1));
            if (acked.get(number)) {
                return false;
            }
            acked.set(number);
            answered.countDown();
            String members = String.valueOf(membersOf(rooms[number]));
            return ack.group(2).equals(members) && ack.group(3).equals(members);
        }
    }
}

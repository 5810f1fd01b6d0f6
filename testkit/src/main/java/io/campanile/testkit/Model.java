package io.campanile.testkit;

import io.campanile.core.ClaimsOutcome;
import io.campanile.core.CloseOutcome;
import io.campanile.core.CloseReason;
import io.campanile.core.ConnectionId;
import io.campanile.core.Delivery;
import io.campanile.core.JoinOutcome;
import io.campanile.core.LeaveOutcome;
import io.campanile.core.Liveness;
import io.campanile.core.Message;
import io.campanile.core.OverflowPolicy;
import io.campanile.core.Receipt;
import io.campanile.core.Registration;
import io.campanile.core.RegistryConfig;
import io.campanile.core.SendOutcome;
import io.campanile.core.spi.KeepAlive;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a registry should do, in maps and lists. Knows the commands in the order in which they were placed on each shard,
 * and what was seen from outside while they ran: what listeners were told, what formats were asked to encode and what
 * transports were called with. Goes through both together and says where they part.
 */
final class Model {

    /*
     * Per shard there are two lists, both in the order of real time:
     *
     *     commands   what was placed; those before `ran` have been gone through, those before `mark` must have run
     *     events     what was seen of the shard since; all are gone through when the world is between two steps
     *
     * A command takes its events from the front of the list. What a transport is called with may stand between those of
     * any command, since a turn may end there; it is checked against the state of that moment.
     *
     * What waits for a client, in the model:   expected[released ..], and expected[written ..] is not given yet. While its
     * transport is busy the latter is its backlog, on which overflow policies act.
     *
     * What becomes of a message for a client is decided when it is encoded if the transport is busy then, since only a
     * command of its own can end that; else when the next write shows whether the message came before it or after, or when
     * the command is over.
     */

    /** How long a tick of the registry's notion of "last heard" may be; a documented tolerance of the sweep. */
    private static final long TICK_NANOS = 1L << 24;

    static final byte[] PING = PlainFormat.frame(Message.Kind.BINARY, new byte[] {'p', 'i', 'n', 'g'});

    /** What a posted message may count beside its payload. */
    private static final int MAX_POST_OVERHEAD = 256;

    enum State {
        NEW,
        REGISTERING,
        REFUSED,
        OPEN,
        CLOSING,
        CLOSED
    }

    /** One client, and all that is known of it. */
    static final class Client {
        final int number;
        final int shard;

        @Nullable
        String user;

        final InMemoryTransport transport;
        final Optional<KeepAlive> keepAlive;
        State state = State.NEW;

        @Nullable
        ConnectionId id;

        final Set<String> rooms = new LinkedHashSet<>();

        /** Where it was when it was evicted for the limit of the node. */
        List<String> roomsWhenShed = List.of();

        final List<Frame> expected = new ArrayList<>();
        int written;
        int released;

        /** Writes that the transport held, and those behind them: where they end, and whether they were taken at once. */
        final ArrayDeque<Write> writes = new ArrayDeque<>();

        boolean everHeld;

        /** Whether callers know its id. */
        boolean known;

        int writables;
        long came;
        long heard;

        /** When it was last heard before the step in hand, in the middle of which it may have been heard again. */
        long heardBefore;

        /** When it was last pinged: some time from the first to the second, which is negative when it never was. */
        long pingedFrom;

        long pingedTo = -1;
        boolean awaitsPong;
        boolean spoke;

        @Nullable
        CloseReason reason;

        boolean evicted;
        boolean closingTold;
        boolean closeTold;
        boolean aborted;
        boolean threw;

        /** Whether it left while its shard drained, and whether it was the drain that told it. */
        boolean leftWhileDraining;

        boolean drained;

        /** The message that is being delivered to it; null when there is none. */
        @Nullable
        Offer offer;

        /** How many messages were delivered to it through each room, lost ones included. */
        final Map<String, Integer> offered = new HashMap<>();

        Client(
                int number,
                int shard,
                @Nullable String user,
                InMemoryTransport transport,
                Optional<KeepAlive> keepAlive) {
            this.number = number;
            this.shard = shard;
            this.user = user;
            this.transport = transport;
            this.keepAlive = keepAlive;
        }

        /** Its answer is awaited, rather than its socket's taking the bytes. */
        boolean answers() {
            return keepAlive.isPresent() && keepAlive.get().isAnswered();
        }

        /** Returns when there was last a sign of life, as late as it can have been. */
        long alive() {
            return keepAlive.isPresent() && !answers() ? Math.max(heard, pingedTo) : heard;
        }

        long waitingBytes() {
            long bytes = 0;
            for (int i = released; i < expected.size(); i++) {
                bytes += expected.get(i).size;
            }
            return bytes;
        }

        int waitingFrames() {
            return expected.size() - released;
        }

        /** Its transport holds what it was given. */
        boolean isBusy() {
            return !writes.isEmpty();
        }

        void settle() {
            while (!writes.isEmpty() && (writes.element().taken || writables > 0)) {
                Write write = writes.remove();
                writables -= write.taken ? 0 : 1;
                released = Math.max(released, write.end); // less than what was lost with a transport that threw
            }
        }

        void forgetUnwritten() {
            expected.subList(written, expected.size()).clear();
        }

        void releaseAll() {
            forgetUnwritten();
            released = expected.size();
            writes.clear();
        }

        @Override
        public String toString() {
            return "client " + number;
        }
    }

    private record Write(int end, boolean taken) {}

    /** A frame as it must arrive, and the call it comes from; or a notice of what was missed, and the call that began it. */
    static final class Frame {
        Operation of;
        byte[] bytes;

        /** What it counts for: of a notice that is not written yet, as much as it may come to. */
        int size;

        String room = "";
        OverflowPolicy policy = OverflowPolicy.EVICT;
        String key = "";

        /** Which of the messages of its room it is, or of a notice how many were missed; 0 for the transport's own. */
        int number;

        int missed;

        /** Whether it is a notice that counts on until it is written. */
        boolean gap;

        Frame(Operation of, byte[] bytes) {
            this.of = of;
            this.bytes = bytes;
            this.size = bytes.length;
        }

        void becomeGap(Operation cause) {
            of = cause;
            gap = true;
            policy = OverflowPolicy.EVICT;
            missed = 1;
            size = notice(room, Long.MAX_VALUE).length;
        }

        /** Returns the bytes to be seen on the wire. */
        byte[] wire() {
            return gap ? notice(room, missed) : bytes;
        }

        static byte[] notice(String room, long missed) {
            String text = InMemoryTransport.gapText(room, missed);
            return PlainFormat.frame(Message.Kind.TEXT, text.getBytes(StandardCharsets.UTF_8));
        }
    }

    private enum Fate {
        UNDECIDED,
        QUEUED,
        DROPPED,
        TOO_MANY_BYTES,
        TOO_MANY_FRAMES
    }

    /** A message on its way to one client. */
    static final class Offer {
        final Operation op;
        final String room;
        final OverflowPolicy policy;
        final int number;
        Fate fate = Fate.UNDECIDED;
        int displaced;

        Offer(Operation op, String room, OverflowPolicy policy, int number) {
            this.op = op;
            this.room = room;
            this.policy = policy;
            this.number = number;
        }

        Frame frame() {
            Frame frame = new Frame(op, op.frame);
            frame.room = room;
            frame.policy = policy;
            frame.key = op.delivery.key();
            frame.number = number;
            return frame;
        }
    }

    enum Kind {
        REGISTER,
        JOIN,
        LEAVE,
        CHANGE_CLAIMS,
        SEND,
        BROADCAST,
        CLOSE,
        CLOSE_ALL,
        SHUT_DOWN,
        SWEEP,
        BEAT,
        DRAIN,
        HURRY,
        MEMBERS,
        ROOMS_OF,
        ENDED,
        WRITABLE,
        CONTROL,
        PONG,
        SPOKE
    }

    /** One call, placed on one shard or on all. */
    static final class Operation {
        final Kind kind;
        final String who;
        int number;

        /** The shard it goes to, or -1 for all. */
        int shard = -1;

        @Nullable
        Client client;

        String room = "";

        @Nullable
        CloseReason reason;

        // Messages.
        int payload;
        byte[] frame = {};
        boolean malformed;
        Delivery delivery = Delivery.usual();
        boolean everyone;
        List<String> rooms = List.of();
        List<String> exceptRooms = List.of();

        @Nullable
        String user;

        @Nullable
        Client except;

        // Sweeps and beats.
        long now;
        Duration maxIdle = Duration.ZERO;

        /** The user of other claims; empty for none. */
        String claimed = "";

        // What the model says.
        final Set<Integer> placedOn = new HashSet<>();
        int gone;
        int parts;

        @Nullable
        Object predicted;

        int matched;
        int dropped;
        int evicted;
        int displaced;

        /** How many were shed for the node's limit, before or after it was their turn, and what was displaced at those. */
        int unclear;

        int unclearDisplaced;
        final List<ConnectionId> ids = new ArrayList<>();

        /** Of a sweep: those that it ended or a beat beside it did. */
        final Set<ConnectionId> eitherWay = new HashSet<>();

        /** Those of whom it cannot be told whether they left before or behind it. */
        final Set<ConnectionId> perhaps = new HashSet<>();

        int count;

        // What the registry said.
        boolean asked;
        boolean answered;

        @Nullable
        Object answer;

        @Nullable
        Throwable failure;

        Operation(Kind kind, String who) {
            this.kind = kind;
            this.who = who;
        }

        @Override
        public String toString() {
            return kind.name().toLowerCase(Locale.ROOT) + " #" + number + " of " + who;
        }
    }

    enum Seen {
        ATTACHED,
        OPENED,
        JOINED,
        LEFT,
        CHANGED,
        CLOSED,
        PINGED,
        ROUND_TRIP,
        ENCODED,
        WROTE,
        CLOSING,
        CLOSE,
        ABORT
    }

    /** Something seen from outside. */
    static final class Event {
        final Seen seen;
        final @Nullable Client client;
        String room = "";

        @Nullable
        CloseReason reason;

        @Nullable
        Operation of;

        byte[] bytes = {};

        /** Of a write: all was taken. Of a leave: the connection was still open. Else: unused. */
        boolean flag;

        boolean threw;

        /** When it was seen, and when the client had last been heard by then. */
        long now;

        long heard;

        /** Of a round trip: what the registry measured. */
        long took;

        Event(Seen seen, @Nullable Client client) {
            this.seen = seen;
            this.client = client;
        }

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder();
            if (client != null) {
                text.append(client).append(' ');
            }
            text.append(seen.name().toLowerCase(Locale.ROOT));
            if (!room.isEmpty()) {
                text.append(' ').append(room).append(flag ? "" : " with the connection");
            }
            if (reason != null) {
                text.append(' ').append(reason.label());
                if (reason.code() == CloseReason.SLOW_CLIENT_CODE) {
                    text.append(" (").append(reason.detail()).append(')');
                }
            }
            if (of != null) {
                text.append(" for ").append(of);
            }
            if (bytes.length > 0) {
                text.append(' ').append(bytes.length).append(flag ? " bytes" : " bytes, some held");
            }
            return threw ? text + ", and threw" : text.toString();
        }
    }

    private static final class Lane {
        final List<Operation> commands = new ArrayList<>();
        int ran;
        int mark;
        final List<Event> events = new ArrayList<>();
        int at;
        boolean closed;
        int retired;

        // The last beat, and since when the shard is awake: some time from the first to the second.
        long beatFrom;
        long beatTo;
        long awakeFrom;
        long awakeTo;
        boolean shedding;

        /** The most that transports held and backlogs had at any time since the last step. */
        long mostOwed;
    }

    final RegistryConfig config;
    private final Schedule schedule;
    private final int slots;
    private final int generations;
    private final Lane[] lanes;
    final DrainModel drain;
    final List<Client> clients = new ArrayList<>();
    private final Set<ConnectionId> ids = new HashSet<>();
    private final List<Operation> unchecked = new ArrayList<>();
    private final List<Client> shed = new ArrayList<>();
    private int operations;

    /** Connections registered or being registered. */
    int count;

    boolean closed;
    long opened;
    long left;

    /** When all that is gone through has happened, at the earliest and at the latest. */
    private long since;

    private long now;

    Model(Schedule schedule) {
        this.config = schedule.config();
        this.schedule = schedule;
        this.slots = schedule.slots();
        this.generations = schedule.generations();
        this.lanes = new Lane[schedule.shards()];
        this.drain = new DrainModel(schedule.shards());
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = new Lane();
        }
    }

    // Placing, running, seeing.

    int next() {
        return ++operations;
    }

    /** The operation is placed on the shard's queue, behind all that was placed there before. */
    void place(Operation op, int shard) {
        if (op.placedOn.add(shard)) {
            if (op.placedOn.size() == 1) {
                op.parts = op.shard < 0 ? lanes.length : 1;
                unchecked.add(op);
            }
            if (mayConcern(op, lanes[shard], shard, lanes[shard].commands.size())) {
                lanes[shard].commands.add(op);
            } else {
                op.parts--;
            }
        }
    }

    /** The operation is placed on those shards that are known, and on no other. */
    void placedWhereItIs(Operation op) {
        op.parts -= lanes.length - op.placedOn.size();
    }

    /** Returns whether a broadcast can have recipients on a shard; if not, the registry may pass the shard by. */
    private boolean mayConcern(Operation op, Lane lane, int s, int end) {
        if (op.kind != Kind.BROADCAST || concerns(op, s)) {
            return true;
        }
        for (int i = lane.ran; i < end; i++) {
            Operation before = lane.commands.get(i);
            if (before.kind == Kind.JOIN && op.rooms.contains(before.room)) {
                return true;
            }
            if (before.kind == Kind.CHANGE_CLAIMS && before.claimed.equals(op.user)) {
                return true;
            }
            if (before.kind == Kind.REGISTER && op.user != null && op.user.equals(client(before).user)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Forgets broadcasts that the registry has rightly not placed on a shard: when they were placed in the model, it had not
     * gone through all that had happened.
     */
    void passBy(int s) {
        Lane lane = lanes[s];
        for (int i = lane.ran; i < lane.commands.size(); i++) {
            Operation op = lane.commands.get(i);
            if (!mayConcern(op, lane, s, i)) {
                lane.commands.remove(i--);
                op.parts--;
            }
        }
    }

    /** All that has been placed on the shard so far has run, or is sure to run before the step ends. */
    void ranAll(int shard) {
        lanes[shard].mark = lanes[shard].commands.size();
    }

    void see(int shard, Event event) {
        lanes[shard].events.add(event);
    }

    boolean hasUnran(int shard) {
        return lanes[shard].mark < lanes[shard].commands.size();
    }

    /** Goes through what has run, on every shard. */
    void settle(long until) {
        since = now;
        now = until;
        for (int s = 0; s < lanes.length; s++) {
            lanes[s].mostOwed = 0;
            noteOwed(lanes[s], s);
        }
        for (int s = 0; s < lanes.length; s++) {
            Lane lane = lanes[s];
            while (lane.ran < lane.mark) {
                // Whether a turn ended before or behind a command that leaves no event, only its answer can tell.
                sides(lane);
                apply(lane, lane.commands.get(lane.ran++), s);
                lane.commands.get(lane.ran - 1).parts--;
            }
            Event rest = strict(lane);
            if (rest != null) {
                throw unexpected(rest, "nothing was placed that explains it");
            }
            lane.events.clear();
            lane.at = 0;
        }
        checkShed();
        for (Client c : clients) {
            c.heardBefore = c.heard;
        }
        unchecked.removeIf(op -> {
            if (op.parts > 0) {
                return false;
            }
            checkAnswer(op);
            return true;
        });
    }

    /** Returns whether the answer shows that nothing came of the operation before the turn that ended its client. */
    private static boolean wasBeforeTurn(Operation op, Client c) {
        return switch (op.kind) {
            case JOIN -> op.answer == JoinOutcome.ALREADY_IN || op.answer == JoinOutcome.REFUSED;
            case LEAVE -> op.answer == LeaveOutcome.NOT_IN;
            case ROOMS_OF ->
                Set.copyOf(c.roomsWhenShed).equals(op.answer instanceof List<?> list ? new HashSet<>(list) : null);
            default -> false;
        };
    }

    private void apply(Lane lane, Operation op, int s) {
        Client c = op.client;
        if (c != null && shed.contains(c) && wasBeforeTurn(op, c)) {
            op.predicted = op.answer;
            return;
        }
        switch (op.kind) {
            case REGISTER -> register(lane, op, s);
            case JOIN -> {
                if (c == null || c.state != State.OPEN) {
                    op.predicted = JoinOutcome.GONE;
                } else if (c.rooms.contains(op.room)) {
                    op.predicted = JoinOutcome.ALREADY_IN;
                } else if (c.rooms.size() >= config.maxRoomsPerConnection()) {
                    op.predicted = JoinOutcome.REFUSED;
                } else {
                    op.predicted = JoinOutcome.JOINED;
                    expect(lane, op, Seen.JOINED, c, op.room);
                    c.rooms.add(op.room);
                }
            }
            case LEAVE -> {
                if (c == null || c.state != State.OPEN) {
                    op.predicted = LeaveOutcome.GONE;
                } else if (c.rooms.remove(op.room)) {
                    op.predicted = LeaveOutcome.LEFT;
                    expect(lane, op, Seen.LEFT, c, op.room);
                } else {
                    op.predicted = LeaveOutcome.NOT_IN;
                }
            }
            case CHANGE_CLAIMS -> {
                if (c == null || c.state != State.OPEN) {
                    op.predicted = ClaimsOutcome.GONE;
                } else {
                    op.predicted = ClaimsOutcome.CHANGED;
                    expect(lane, op, Seen.CHANGED, c, op.claimed);
                    c.user = op.claimed.isEmpty() ? null : op.claimed;
                }
            }
            case SEND -> {
                if (c == null || c.state != State.OPEN) {
                    op.predicted = SendOutcome.GONE;
                } else {
                    deliver(lane, op, List.of(c), s);
                    op.predicted = op.dropped > 0
                            ? SendOutcome.DROPPED
                            : op.evicted > 0
                                    ? SendOutcome.EVICTED
                                    : op.displaced > 0 ? SendOutcome.DISPLACED : SendOutcome.QUEUED;
                }
            }
            case BROADCAST -> deliver(lane, op, recipients(op, s), s);
            case CONTROL -> {
                if (c != null && c.state == State.OPEN) {
                    deliver(lane, op, List.of(c), s);
                }
            }
            case CLOSE -> {
                if (c == null || c.state != State.OPEN) {
                    op.predicted = CloseOutcome.GONE;
                } else {
                    op.predicted = CloseOutcome.CLOSED;
                    expectClosed(lane, op, c, op.reason);
                }
            }
            case CLOSE_ALL, SHUT_DOWN -> {
                lane.closed |= op.kind == Kind.SHUT_DOWN;
                Set<Client> here = new LinkedHashSet<>(open(s));
                op.count += here.size();
                while (true) {
                    Event next = strict(lane);
                    here.removeAll(shed); // what was written for one may have ended another
                    if (here.isEmpty()) {
                        break;
                    }
                    Client gone = next == null ? null : next.client;
                    if (gone == null || !here.remove(gone)) {
                        throw missing(op, next, "the end of " + here);
                    }
                    expectClosed(lane, op, gone, op.reason);
                }
            }
            case SWEEP -> sweep(lane, op, s);
            case BEAT -> {
                drainOn(lane, op, s);
                beat(lane, op, s);
            }
            case HURRY -> drainOn(lane, op, s);
            case DRAIN -> {
                lane.closed = true;
                if (shed.stream().anyMatch(gone -> gone.shard == s)) {
                    drain.becomeVague(); // whether they left before it or behind it
                }
                drain.begin(s, open(s).size(), Math.max(op.now, since), now);
                drainOn(lane, op, s);
            }
            case PONG -> {
                if (c != null && c.state == State.OPEN && c.awaitsPong) {
                    c.awaitsPong = false;
                    Event event = take(lane, op, Seen.ROUND_TRIP, c);
                    if (event.took < Math.max(op.now, since) - c.pingedTo || event.took > event.now - c.pingedFrom) {
                        throw new Violation(Guarantee.LIVENESS, c + " answered a ping in " + event.took + " ns");
                    }
                }
            }
            case SPOKE -> {
                if (c != null) {
                    c.spoke = true;
                }
            }
            case MEMBERS -> {
                open(s).stream()
                        .filter(member -> member.rooms.contains(op.room))
                        .forEach(member -> op.ids.add(id(member)));
                shed.stream()
                        .filter(gone -> gone.shard == s && gone.roomsWhenShed.contains(op.room))
                        .forEach(gone -> op.perhaps.add(id(gone)));
            }
            case ROOMS_OF -> op.predicted = c == null || c.state != State.OPEN ? List.of() : List.copyOf(c.rooms);
            case ENDED -> {
                if (c != null && c.state != State.CLOSED && c.state != State.REFUSED) {
                    if (c.state == State.OPEN) {
                        expectClosed(lane, op, c, op.reason);
                    }
                    sides(lane);
                    c.state = State.CLOSED;
                    c.releaseAll();
                    drain.ended(c);
                }
            }
            case WRITABLE -> {
                if (c != null && c.state != State.CLOSED) {
                    c.writables++;
                    c.settle();
                }
            }
        }
    }

    /** Goes through what a shard has done about a drain: whom it told, and whom it cut. */
    private void drainOn(Lane lane, Operation op, int s) {
        if (!drain.hasBegun(s)) {
            return;
        }
        long from = Math.max(op.now, since);
        int due = drain.due(s, open(s).size(), from, now);
        int told = 0;
        while (told != due) {
            Event next = strict(lane);
            Client c = next == null ? null : next.client;
            CloseReason reason = closing(lane);
            if (next == null || c == null || next.flag || !drain.gives(reason)) {
                break;
            }
            expectClosed(lane, op, c, reason);
            String wrong = drain.told(s, c, from, now);
            if (wrong != null) {
                throw new Violation(Guarantee.DRAIN, c + " was told too soon: " + wrong);
            }
            told++;
        }
        if (due >= 0 && told != due) {
            throw new Violation(Guarantee.DRAIN, op + " told " + told + " instead of " + due);
        }
        if (due >= 0 && drain.gives(closing(lane)) && !runsLater(lane, Kind.HURRY) && !runsLater(lane, Kind.BEAT)) {
            throw new Violation(Guarantee.DRAIN, op + " told more than " + due);
        }
        if (drain.mustCut(from) && !open(s).isEmpty()) {
            throw new Violation(Guarantee.DRAIN, open(s) + " were not told by the deadline");
        }
        sides(lane);
        for (Client c : clients) {
            if (c.shard == s && c.leftWhileDraining && c.state == State.CLOSING && drain.mayCut(now)) {
                if (c.aborted) {
                    drain.cut(c, drain.mustCut(from));
                    c.state = State.CLOSED;
                } else if (drain.mustCut(from)) {
                    throw new Violation(Guarantee.DRAIN, c + " was not cut at the deadline");
                }
            }
        }
    }

    private void register(Lane lane, Operation op, int s) {
        Client c = client(op);
        CloseReason refusal = lane.closed
                ? CloseReason.GOING_AWAY
                : open(s).size() + lane.retired >= slots || isRefusedBeforeTurn(op, s) ? CloseReason.NODE_FULL : null;
        if (refusal == null) {
            Event attached = take(lane, op, Seen.ATTACHED, c);
            ConnectionId id = id(c);
            if (!ids.add(id)) {
                throw new Violation(Guarantee.IDENTITY, c + " has an id that was used before: " + id);
            }
            if (attached.threw) {
                refusal = CloseReason.INTERNAL_ERROR;
                retire(lane, id);
            }
        }
        if (refusal != null) {
            c.state = State.REFUSED;
            count--;
            op.predicted = refusal;
            return;
        }
        Event event = take(lane, op, Seen.OPENED, c);
        c.state = State.OPEN;
        c.came = event.now;
        // It may have been heard since, in the middle of the step that opened it.
        c.heard = Math.max(c.heard, event.now);
        c.heardBefore = event.now;
        opened++;
        op.predicted = id(c);
    }

    private boolean isRefusedBeforeTurn(Operation op, int s) {
        return shed.stream().anyMatch(c -> c.shard == s)
                && op.answer instanceof Registration.Refused refused
                && refused.reason().equals(CloseReason.NODE_FULL);
    }

    /** A slot that has had its last generation is not used again. */
    private void retire(Lane lane, ConnectionId id) {
        if ((id.value() & ((1L << 28) - 1)) == generations) {
            lane.retired++;
        }
    }

    private void sweep(Lane lane, Operation op, int s) {
        long edge = op.now - op.maxIdle.toNanos();
        while (true) {
            Event next = strict(lane);
            Client c = next == null ? null : next.client;
            if (next == null || c == null || next.flag || !CloseReason.IDLE.equals(closing(lane))) {
                break;
            }
            boolean byLater = op.answer instanceof List<?> swept
                    ? !swept.contains(id(c))
                    : c.heard / TICK_NANOS >= edge / TICK_NANOS
                            && (runsLater(lane, Kind.SWEEP) || runsLater(lane, Kind.BEAT));
            if (byLater) {
                break;
            }
            if (c.heard >= edge) {
                throw new Violation(
                        Guarantee.LIVENESS,
                        c + " was swept although it was heard " + (op.now - c.heard) + " ns before, within "
                                + op.maxIdle);
            }
            expectClosed(lane, op, c, CloseReason.IDLE);
            op.ids.add(id(c));
            if (runsLater(lane, Kind.BEAT)) {
                op.eitherWay.add(id(c));
            }
            if (c.alive() >= edge - 2 * TICK_NANOS && !(op.answer instanceof List<?>)) {
                // So close to the edge that it may have been spared here, and ended by a sweep behind this one.
                for (Operation later : lane.commands.subList(lane.ran, lane.mark)) {
                    if (later.kind == Kind.SWEEP) {
                        op.eitherWay.add(id(c));
                        later.eitherWay.add(id(c));
                    }
                }
            }
        }
        for (Client c : open(s)) {
            if (c.alive() < edge - 2 * TICK_NANOS) {
                throw new Violation(
                        Guarantee.LIVENESS,
                        c + " was not swept although it was not heard for " + (op.now - c.heard) + " ns, " + op.maxIdle
                                + " being allowed");
            }
        }
    }

    /**
     * Goes through what a beat has done, and looks for what it has not done. When exactly it ran is not seen where time
     * passes in the middle of a step: what it did must be right for some moment of these, and what it did not do, wrong for
     * some.
     */
    private void beat(Lane lane, Operation op, int s) {
        Liveness times = config.liveness();
        long from = Math.max(op.now, since);
        long gap = shortestSilence(times) / 4;
        if (now - lane.beatFrom > gap) {
            lane.awakeTo = now;
            if (from - lane.beatTo > gap) {
                lane.awakeFrom = from;
            }
        }
        lane.beatFrom = from;
        lane.beatTo = now;
        while (true) {
            Event next = strict(lane);
            Client c = next == null ? null : next.client;
            if (next == null || c == null) {
                break;
            }
            if (next.seen == Seen.PINGED) {
                pinged(lane, op, next, c);
                continue;
            }
            Event end = closingEvent(lane);
            CloseReason reason = end == null ? null : end.reason;
            if (end == null || reason == null || next.flag || !WATCHED.contains(reason) || isSwept(lane, c)) {
                break;
            }
            String wrong = tooSoon(lane, times, end, c, reason);
            if (wrong != null) {
                if (runsLater(lane, Kind.SWEEP)) {
                    break;
                }
                throw new Violation(Guarantee.LIVENESS, c + " was closed with " + reason.label() + ", but " + wrong);
            }
            expectClosed(lane, op, c, reason);
            if (reason.equals(CloseReason.IDLE)) {
                lane.commands.subList(lane.ran, lane.mark).forEach(later -> later.eitherWay.add(id(c)));
            }
        }
        for (Client c : open(s)) {
            String wrong = overdue(lane, times, from, c);
            if (wrong != null) {
                throw new Violation(Guarantee.LIVENESS, c + wrong + ", and a beat left it as it was");
            }
        }
    }

    private static final Set<CloseReason> WATCHED =
            Set.of(CloseReason.IDLE, CloseReason.NO_PONG, CloseReason.NO_MESSAGE, CloseReason.LIFETIME);

    private void pinged(Lane lane, Operation op, Event event, Client c) {
        lane.at++;
        Liveness times = config.liveness();
        long least = times.pingInterval().toNanos() / 5 * 4;
        long silent = event.now - c.heardBefore;
        String wrong = null;
        if (c.state != State.OPEN || c.keepAlive.isEmpty() || least == 0) {
            wrong = "though it is not to be pinged";
        } else if (c.isBusy()) {
            wrong = "though its transport is busy";
        } else if (silent < least) {
            wrong = "though it was silent for " + silent + " ns only";
        } else if (c.pingedTo >= 0 && event.now - c.pingedFrom < least) {
            wrong = "though it was pinged " + (event.now - c.pingedFrom) + " ns before";
        }
        if (wrong != null) {
            throw new Violation(Guarantee.LIVENESS, c + " was pinged " + wrong);
        }
        c.expected.add(new Frame(op, PING));
        c.pingedFrom = Math.max(op.now, since);
        c.pingedTo = event.now;
        c.awaitsPong = c.answers();
    }

    /** Returns what speaks against the end of a client at a beat, or null. */
    private static @Nullable String tooSoon(Lane lane, Liveness times, Event end, Client c, CloseReason reason) {
        long awake = end.now - lane.awakeFrom;
        if (reason.equals(CloseReason.NO_PONG)) {
            return !c.awaitsPong
                    ? "no ping is unanswered"
                    : end.heard >= c.pingedTo
                            ? "it was heard since it was pinged"
                            : isShort(
                                    Math.min(awake, end.now - c.pingedFrom), times.pongTimeout(), "the ping was sent");
        }
        if (reason.equals(CloseReason.IDLE)
                && !c.answers()
                && c.pingedTo >= 0
                && !c.isBusy()
                && isAtRest(lane, c)
                && end.now - c.pingedFrom < times.idleTimeout().toNanos() - 2 * TICK_NANOS) {
            return "its socket took a keep-alive " + (end.now - c.pingedFrom) + " ns before";
        }
        if (reason.equals(CloseReason.IDLE)) {
            return isShort(Math.min(awake, end.now - end.heard), times.idleTimeout(), "it was heard");
        }
        if (reason.equals(CloseReason.NO_MESSAGE)) {
            return c.spoke
                    ? "it sent a message"
                    : isShort(Math.min(awake, end.now - c.came), times.firstMessageTimeout(), "it came");
        }
        return isShort(end.now - c.came, times.maxLifetime().dividedBy(10).multipliedBy(9), "it came");
    }

    private static @Nullable String isShort(long nanos, Duration least, String since) {
        return !least.isZero() && nanos >= least.toNanos()
                ? null
                : since + ", or the process stood still, " + nanos + " ns before, " + least + " being allowed";
    }

    /** Returns what a beat should have done to a client, or null. */
    private @Nullable String overdue(Lane lane, Liveness times, long at, Client c) {
        long awake = at - lane.awakeTo;
        if (c.awaitsPong
                && c.heard < c.pingedFrom - TICK_NANOS
                && isOver(Math.min(awake, at - c.pingedTo), times.pongTimeout(), 0)) {
            return " has not answered a ping for " + (at - c.pingedTo) + " ns";
        }
        if (isOver(Math.min(awake, at - c.alive()), times.idleTimeout(), 2)) {
            return " was not heard for " + (at - c.alive()) + " ns";
        }
        if (!c.spoke && isOver(Math.min(awake, at - c.came), times.firstMessageTimeout(), 3)) {
            return " has sent no message for " + (at - c.came) + " ns";
        }
        if (isOver(at - c.came, times.maxLifetime(), 3)) {
            return " is " + (at - c.came) + " ns old";
        }
        boolean mayBePinged = c.keepAlive.isPresent()
                && PING.length <= config.outbound().maxBytes()
                && config.maxWaitingBytes() >= Schedule.PLENTY
                && !c.isBusy()
                && isAtRest(lane, c);
        if (mayBePinged && isOver(at - Math.max(c.heard, c.pingedTo), times.pingInterval(), 2)) {
            return " was neither heard nor pinged for " + (at - Math.max(c.heard, c.pingedTo)) + " ns";
        }
        return null;
    }

    /** Returns whether nothing was written of late, so that if nothing waits now, nothing did. */
    private static boolean isAtRest(Lane lane, Client c) {
        return lane.events.stream().noneMatch(event -> event.client == c && event.seen == Seen.WROTE);
    }

    private static boolean isOver(long nanos, Duration most, int ticks) {
        return !most.isZero() && nanos > most.toNanos() + ticks * TICK_NANOS;
    }

    private static long shortestSilence(Liveness times) {
        long shortest = Long.MAX_VALUE;
        for (Duration time : List.of(times.pongTimeout(), times.idleTimeout(), times.firstMessageTimeout())) {
            shortest = time.isZero() ? shortest : Math.min(shortest, time.toNanos());
        }
        return shortest;
    }

    /** Returns whether a sweep that runs later says that it was the one to end the client. */
    private static boolean isSwept(Lane lane, Client c) {
        return lane.commands.subList(lane.ran, lane.mark).stream()
                .anyMatch(op -> op.kind == Kind.SWEEP && op.answer instanceof List<?> swept && swept.contains(id(c)));
    }

    /** Returns the reason with which the next client ends, looking past its rooms. */
    private static @Nullable CloseReason closing(Lane lane) {
        Event event = closingEvent(lane);
        return event == null ? null : event.reason;
    }

    private static @Nullable Event closingEvent(Lane lane) {
        for (int i = lane.at; i < lane.events.size(); i++) {
            Event event = lane.events.get(i);
            if (event.seen == Seen.CLOSED) {
                return event;
            }
            if (event.seen != Seen.LEFT || event.flag) {
                return null;
            }
        }
        return null;
    }

    private List<Client> recipients(Operation op, int s) {
        return open(s).stream()
                .filter(c -> op.everyone
                        || op.rooms.stream().anyMatch(c.rooms::contains)
                        || (op.user != null && op.user.equals(c.user)))
                .filter(c -> c != op.except)
                .filter(c -> op.exceptRooms.stream().noneMatch(c.rooms::contains))
                .toList();
    }

    private void deliver(Lane lane, Operation op, List<Client> recipients, int s) {
        if (recipients.isEmpty()) {
            return;
        }
        op.matched += recipients.size();
        if (op.kind != Kind.CONTROL) {
            Event next = strict(lane);
            if (next == null || next.seen != Seen.ENCODED || next.of != op) {
                throw missing(op, next, "its delivery to " + recipients);
            }
        }
        if (op.kind == Kind.CONTROL) {
            if (op.frame.length > config.outbound().maxBytes()) {
                return;
            }
            recipients.forEach(c -> c.expected.add(new Frame(op, op.frame)));
        } else {
            recipients.forEach(c -> offer(c, op));
        }
        noteOwed(lane, s);
        while (true) {
            Event next = strict(lane);
            if (next != null && next.seen == Seen.ENCODED && next.of == op) {
                lane.at++; // another format
                continue;
            }
            Client c = next == null ? null : next.client;
            CloseReason reason = closing(lane);
            if (next == null || c == null || reason == null || reason.code() != CloseReason.SLOW_CLIENT_CODE) {
                break;
            }
            String justified = justify(reason, c, op);
            if (justified != null) {
                if (runsLater(lane, Kind.CONTROL)) {
                    break; // what comes behind may explain it
                }
                throw new Violation(
                        Guarantee.EVICTION,
                        c + " was evicted (" + reason.detail() + ") by " + op + ", but " + justified);
            }
            expectClosed(lane, op, c, reason);
            c.evicted = true;
            c.forgetUnwritten();
        }
        for (Client c : recipients) {
            Offer offer = c.offer;
            if (offer != null) {
                if (offer.fate == Fate.UNDECIDED) {
                    decide(c, isBusy(c));
                }
                count(op, c, offer);
                c.offer = null;
            }
            checkBounds(c);
        }
    }

    private static void count(Operation op, Client c, Offer offer) {
        op.displaced += offer.displaced;
        if (offer.fate == Fate.DROPPED) {
            op.dropped++;
        } else if (offer.fate != Fate.QUEUED) {
            op.evicted++;
            if (c.state == State.OPEN) {
                throw new Violation(
                        Guarantee.BOUNDS, op + " is too much for " + c + ", which was not evicted: " + offer.fate);
            }
        }
    }

    // Overflow.

    private void offer(Client c, Operation op) {
        String room = op.rooms.stream().filter(c.rooms::contains).findFirst().orElse("");
        OverflowPolicy policy = op.delivery.overflow().orElse(schedule.overflow(room));
        Offer offer = new Offer(op, room, policy, c.offered.merge(room, 1, Integer::sum));
        c.offer = offer;
        if (isBusy(c)) {
            decide(c, true);
        }
    }

    private static boolean isUndecided(Client c) {
        return c.offer != null && c.offer.fate == Fate.UNDECIDED;
    }

    private static boolean isBusy(Client c) {
        return !c.writes.isEmpty();
    }

    private void decide(Client c, boolean busy) {
        Offer offer = Objects.requireNonNull(c.offer);
        boolean undeliverable =
                offer.op.malformed || offer.op.frame.length > config.outbound().maxBytes();
        if (busy) {
            offer.fate = undeliverable ? miss(c, offer) : queue(c, offer);
        } else if (undeliverable) {
            Frame notice = new Frame(offer.op, Frame.notice(offer.room, 1));
            notice.room = offer.room;
            notice.missed = 1;
            c.expected.add(notice);
            offer.fate = Fate.DROPPED;
        } else {
            c.expected.add(offer.frame());
            offer.fate = Fate.QUEUED;
        }
    }

    private Fate queue(Client c, Offer offer) {
        int length = offer.op.frame.length;
        switch (offer.policy) {
            case DROP_NEWEST -> {
                if (!fitsDroppable(c, length)) {
                    return miss(c, offer);
                }
            }
            case DROP_OLDEST -> {
                List<Frame> older = backlog(c, offer.room, OverflowPolicy.DROP_NEWEST);
                older.addAll(backlog(c, offer.room, OverflowPolicy.DROP_OLDEST));
                older.sort(java.util.Comparator.comparingInt(frame -> frame.number));
                int bytes = older.stream().mapToInt(frame -> frame.size).sum();
                if (c.waitingBytes() - bytes + length
                        <= droppable(config.outbound().maxBytes())) {
                    for (Frame oldest : older) {
                        if (!fitsDroppable(c, length)) {
                            lose(c, oldest, offer);
                        }
                    }
                }
                if (!fitsDroppable(c, length)) {
                    return miss(c, offer);
                }
            }
            case LATEST_PER_KEY ->
                backlog(c, offer.room, OverflowPolicy.LATEST_PER_KEY).stream()
                        .filter(frame -> frame.key.equals(offer.op.delivery.key()))
                        .forEach(older -> lose(c, older, offer));
            case EVICT -> {}
        }
        return append(c, offer.frame());
    }

    private static int droppable(int limit) {
        return limit - (limit + 3) / 4;
    }

    private boolean fitsDroppable(Client c, int length) {
        return c.waitingBytes() + length <= droppable(config.outbound().maxBytes())
                && c.waitingFrames() < droppable(config.outbound().maxFrames());
    }

    private static List<Frame> backlog(Client c, String room, OverflowPolicy policy) {
        List<Frame> found = new ArrayList<>();
        for (Frame frame : c.expected.subList(c.written, c.expected.size())) {
            if (frame.room.equals(room) && frame.policy == policy && frame.missed == 0) {
                found.add(frame);
            }
        }
        return found;
    }

    private static @Nullable Frame gap(Client c, String room) {
        for (Frame frame : c.expected.subList(c.written, c.expected.size())) {
            if (frame.gap && frame.room.equals(room)) {
                return frame;
            }
        }
        return null;
    }

    private Fate append(Client c, Frame frame) {
        c.expected.add(frame);
        return beyond(c);
    }

    private Fate beyond(Client c) {
        return c.waitingBytes() > config.outbound().maxBytes()
                ? Fate.TOO_MANY_BYTES
                : c.waitingFrames() > config.outbound().maxFrames() ? Fate.TOO_MANY_FRAMES : Fate.QUEUED;
    }

    private Fate miss(Client c, Offer offer) {
        Frame gap = gap(c, offer.room);
        if (gap == null) {
            gap = new Frame(offer.op, new byte[0]);
            gap.room = offer.room;
            gap.becomeGap(offer.op);
            c.expected.add(gap);
        } else {
            gap.missed++;
        }
        Fate fate = beyond(c);
        return fate == Fate.QUEUED ? Fate.DROPPED : fate;
    }

    private static void lose(Client c, Frame frame, Offer offer) {
        offer.displaced++;
        Frame gap = gap(c, frame.room);
        if (gap == null) {
            frame.becomeGap(offer.op);
        } else {
            gap.missed++;
            c.expected.remove(frame);
        }
    }

    /** Checks the model itself: of each room, what was delivered is in order, and with what was missed it is all. */
    static void checkSum(Client c) {
        if (c.state != State.OPEN || c.threw || c.written < c.expected.size()) {
            return;
        }
        Map<String, Integer> sums = new HashMap<>();
        Map<String, Integer> last = new HashMap<>();
        for (Frame frame : c.expected) {
            if (frame.missed > 0) {
                sums.merge(frame.room, frame.missed, Integer::sum);
            } else if (frame.number > 0) {
                sums.merge(frame.room, 1, Integer::sum);
                Integer before = last.put(frame.room, frame.number);
                if (before != null && before >= frame.number) {
                    throw new Violation(Guarantee.ROOM_ORDER, c + " got " + frame.of + " too late");
                }
            }
        }
        if (!sums.equals(c.offered)) {
            throw new Violation(
                    Guarantee.NO_SILENT_LOSS, c + " got or was told of " + sums + " messages, of " + c.offered);
        }
    }

    /**
     * Goes through the end of a client for the limit of the node, which may come wherever a turn is written. Returns
     * whether that is what comes next.
     */
    private boolean sheds(Lane lane, Client c) {
        CloseReason reason = closing(lane);
        if (lane.shedding || reason == null || !isOfNode(reason)) {
            return false;
        }
        if (c.writes.isEmpty()) {
            throw new Violation(
                    Guarantee.EVICTION,
                    c + " was evicted (" + reason.detail()
                            + "), but its transport holds nothing, and would have taken what waited");
        }
        Operation op = new Operation(Kind.WRITABLE, "the turn");
        Offer offer = c.offer;
        if (offer != null) {
            op = offer.op;
            op.unclear++;
            op.unclearDisplaced += offer.displaced;
            c.offer = null;
        }
        // Nothing tells when a frame of a transport's own is queued, and it may be the one that did not fit.
        lane.mostOwed += lane.commands.subList(lane.ran, lane.mark).stream()
                .filter(later -> later.kind == Kind.CONTROL)
                .mapToInt(later -> later.frame.length)
                .sum();
        c.roomsWhenShed = List.copyOf(c.rooms);
        lane.shedding = true;
        expectClosed(lane, op, c, reason);
        lane.shedding = false;
        c.evicted = true;
        c.forgetUnwritten();
        shed.add(c);
        return true;
    }

    private boolean isOfNode(CloseReason reason) {
        return reason.code() == CloseReason.SLOW_CLIENT_CODE
                && reason.detail().endsWith("limit of " + config.maxWaitingBytes() + " bytes for all clients together");
    }

    /** Checks that the node was short of memory when it shed somebody. Shards keep a part in reserve, at most half. */
    private void checkShed() {
        if (shed.isEmpty()) {
            return;
        }
        long all = Arrays.stream(lanes).mapToLong(lane -> lane.mostOwed).sum() + lanes.length;
        if (all <= config.maxWaitingBytes() / 2) {
            throw new Violation(
                    Guarantee.EVICTION,
                    shed + " evicted for the limit of the node, but no more than " + all + " bytes were kept for all");
        }
        shed.clear();
    }

    private void noteOwed(Lane lane, int s) {
        if (config.maxWaitingBytes() < Schedule.PLENTY) {
            lane.mostOwed = Math.max(lane.mostOwed, owedBytes(s));
        }
    }

    private static boolean runsLater(Lane lane, Kind kind) {
        return lane.commands.subList(lane.ran, lane.mark).stream().anyMatch(op -> op.kind == kind);
    }

    /** Returns what speaks against the eviction, or null when the limit that it names was passed. */
    private @Nullable String justify(CloseReason reason, Client c, Operation op) {
        String detail = reason.detail();
        boolean ofBytes = detail.endsWith("limit of " + config.outbound().maxBytes() + " bytes");
        boolean ofFrames = detail.endsWith("limit of " + config.outbound().maxFrames() + " frames");
        if ((ofBytes || ofFrames) && c.writes.isEmpty()) {
            return "its transport holds nothing, and would have taken what waited";
        }
        if (ofBytes || ofFrames) {
            Fate right = ofBytes ? Fate.TOO_MANY_BYTES : Fate.TOO_MANY_FRAMES;
            Offer offer = c.offer;
            Fate fate = op.kind == Kind.CONTROL && c == op.client
                    ? beyond(c)
                    : offer == null || offer.op != op ? Fate.QUEUED : offer.fate;
            return fate == right
                    ? null
                    : c.waitingBytes() + " bytes and " + c.waitingFrames() + " frames waited, the message is to be "
                            + fate;
        }
        return "the reason names no limit";
    }

    private void checkBounds(Client c) {
        if (c.state == State.OPEN
                && (c.waitingBytes() > config.outbound().maxBytes()
                        || c.waitingFrames() > config.outbound().maxFrames())) {
            throw new Violation(
                    Guarantee.BOUNDS,
                    c + " has " + c.waitingBytes() + " bytes and " + c.waitingFrames() + " frames waiting, beyond "
                            + config.outbound());
        }
    }

    // Events.

    private void expectClosed(Lane lane, Operation op, Client c, @Nullable CloseReason reason) {
        Set<String> rooms = new HashSet<>(c.rooms);
        while (!rooms.isEmpty()) {
            Event next = take(lane, op, Seen.LEFT, c);
            if (next.flag || !rooms.remove(next.room)) {
                throw unexpected(next, op + " ends " + c + ", which is in " + c.rooms);
            }
        }
        Event next = take(lane, op, Seen.CLOSED, c);
        if (!Objects.equals(next.reason, reason)) {
            throw new Violation(Guarantee.LIFE_CYCLE, c + " was closed with " + next.reason + " instead of " + reason);
        }
        c.state = State.CLOSING;
        c.leftWhileDraining = drain.hasBegun(c.shard);
        c.reason = next.reason;
        c.rooms.clear();
        count--;
        left++;
        retire(lane, id(c));
    }

    private void expect(Lane lane, Operation op, Seen seen, Client client, String room) {
        Event next = take(lane, op, seen, client);
        if (!next.room.equals(room)) {
            throw unexpected(next, op + " is about " + room);
        }
    }

    private Event take(Lane lane, Operation op, Seen seen, Client client) {
        Event next = strict(lane);
        if (next == null || next.seen != seen || next.client != client) {
            throw missing(op, next, "that " + client + " " + seen.name().toLowerCase(Locale.ROOT));
        }
        lane.at++;
        return next;
    }

    /** Returns the next event that only a command can explain; goes through what transports were called with before it. */
    private @Nullable Event strict(Lane lane) {
        sides(lane);
        return lane.at < lane.events.size() ? lane.events.get(lane.at) : null;
    }

    private void sides(Lane lane) {
        while (lane.at < lane.events.size()) {
            Event event = lane.events.get(lane.at);
            Client c = event.client;
            if (c == null) {
                return;
            }
            switch (event.seen) {
                case WROTE -> {
                    if (!wrote(lane, c, event)) {
                        return;
                    }
                    noteOwed(lane, c.shard);
                }
                case CLOSING -> {
                    if (c.state == State.OPEN || c.closingTold || !Objects.equals(event.reason, c.reason)) {
                        throw new Violation(Guarantee.TRANSPORT_CONTRACT, "closing out of turn: " + event);
                    }
                    c.closingTold = true;
                }
                case CLOSE -> close(c, event);
                case ABORT -> {
                    if (!c.everHeld && !c.threw && !(c.leftWhileDraining && drain.mayCut(now))) {
                        throw new Violation(Guarantee.TRANSPORT_CONTRACT, "abort while nothing is held: " + event);
                    }
                    c.aborted = true;
                    c.releaseAll();
                }
                case LEFT, CLOSED -> {
                    if (!sheds(lane, c)) {
                        return;
                    }
                    continue;
                }
                default -> {
                    return;
                }
            }
            c.threw |= event.threw;
            lane.at++;
        }
    }

    private void close(Client c, Event event) {
        if (!c.closingTold || c.closeTold || !Objects.equals(event.reason, c.reason)) {
            throw new Violation(Guarantee.TRANSPORT_CONTRACT, "close out of turn: " + event);
        }
        c.closeTold = true;
        if (!c.evicted && !c.threw && c.state != State.CLOSED && c.written < c.expected.size()) {
            throw new Violation(
                    Guarantee.CALLER_ORDER,
                    c + " was closed before what waited for it was written: " + (c.expected.size() - c.written)
                            + " frames");
        }
    }

    /** Takes note of a write; false when it belongs behind a command that comes later, since it has that one's frame. */
    private boolean wrote(Lane lane, Client c, Event event) {
        if (c.closeTold || c.aborted) {
            throw new Violation(
                    c.evicted ? Guarantee.EVICTION : Guarantee.TRANSPORT_CONTRACT, "written after its end: " + event);
        }
        int at = 0;
        int frames = c.written;
        while (at < event.bytes.length) {
            int length = frameLength(event.bytes, at);
            if (length < 0 || at + length > event.bytes.length) {
                throw new Violation(Guarantee.VERBATIM, c + " was given part of a frame: " + event);
            }
            byte[] frame = Arrays.copyOfRange(event.bytes, at, at + length);
            if (frames == c.expected.size() && isUndecided(c)) {
                decide(c, false); // it was gathered before
            }
            if (frames == c.expected.size()
                    || !Arrays.equals(c.expected.get(frames).wire(), frame)) {
                if (comesFromLater(lane, c, frame)) {
                    return false;
                }
                c.written = frames;
                throw wrongFrame(c, frame);
            }
            Frame given = c.expected.get(frames++);
            given.bytes = frame;
            given.size = length;
            given.gap = false;
            at += length;
        }
        c.written = frames;
        c.everHeld |= !event.flag;
        c.writes.add(new Write(c.written, event.flag));
        c.settle();
        if (event.threw) {
            c.released = c.written; // lost with the transport, so nobody keeps it
        }
        if (isUndecided(c)) {
            decide(c, isBusy(c)); // it comes behind what had to be written to make room for it
        }
        return true;
    }

    private static boolean comesFromLater(Lane lane, Client c, byte[] frame) {
        for (int i = lane.ran; i < lane.mark; i++) {
            Operation op = lane.commands.get(i);
            if (op.kind == Kind.CONTROL && op.client == c && Arrays.equals(op.frame, frame)) {
                return true;
            }
        }
        return false;
    }

    private static int frameLength(byte[] bytes, int at) {
        if (at + PlainFormat.OVERHEAD > bytes.length) {
            return -1;
        }
        int payload = ByteBuffer.wrap(bytes, at + 1, 4).getInt();
        return payload < 0 ? -1 : PlainFormat.OVERHEAD + payload;
    }

    private static Violation wrongFrame(Client c, byte[] frame) {
        Frame next = c.written < c.expected.size() ? c.expected.get(c.written) : null;
        boolean notice = frame[0] == PlainFormat.frame(Message.Kind.TEXT, new byte[0])[0];
        if (notice || (next != null && next.missed > 0)) {
            String told = notice ? '"' + text(frame) + '"' : "something else";
            return new Violation(
                    Guarantee.NO_SILENT_LOSS,
                    c + " was told " + told + " instead of "
                            + (next == null
                                    ? "nothing"
                                    : next.missed > 0 ? '"' + text(next.wire()) + '"' : "a message"));
        }
        for (int i = 0; i < c.written; i++) {
            if (Arrays.equals(c.expected.get(i).bytes, frame)) {
                return new Violation(Guarantee.ONCE, c + " got " + c.expected.get(i).of + " twice");
            }
        }
        for (int i = c.written; i < c.expected.size(); i++) {
            if (Arrays.equals(c.expected.get(i).bytes, frame)) {
                Operation late = c.expected.get(i).of;
                Operation early = c.expected.get(c.written).of;
                return new Violation(
                        late.who.equals(early.who) ? Guarantee.CALLER_ORDER : Guarantee.ROOM_ORDER,
                        c + " got " + late + " before " + early);
            }
        }
        return new Violation(
                c.evicted ? Guarantee.EVICTION : Guarantee.ONCE, c + " got a frame that is not for it, or was changed");
    }

    private static String text(byte[] frame) {
        return new String(frame, PlainFormat.OVERHEAD, frame.length - PlainFormat.OVERHEAD, StandardCharsets.UTF_8);
    }

    private static Violation unexpected(Event event, String why) {
        Guarantee guarantee = switch (event.seen) {
            case OPENED, CLOSED, ATTACHED -> Guarantee.LIFE_CYCLE;
            case PINGED, ROUND_TRIP -> Guarantee.LIVENESS;
            case ENCODED -> Guarantee.ONCE;
            default -> Guarantee.NOTHING_STALE;
        };
        return new Violation(guarantee, "seen: " + event + ", but " + why);
    }

    private Violation missing(Operation op, @Nullable Event next, String what) {
        if (next == null) {
            return new Violation(Guarantee.PROGRESS, op + " has run, but not seen: " + what);
        }
        Operation of = next.of;
        Guarantee guarantee = Guarantee.CALLER_ORDER;
        if (of != null && of.who.equals(op.who)) {
            guarantee = Guarantee.CALLER_ORDER;
        } else if (of != null) {
            guarantee = Guarantee.ROOM_ORDER;
        } else if (next.seen == Seen.CLOSED || next.seen == Seen.OPENED) {
            guarantee = Guarantee.LIFE_CYCLE;
        } else if (op.kind == Kind.BROADCAST || op.kind == Kind.SEND) {
            guarantee = Guarantee.ONCE;
        }
        return new Violation(guarantee, op + " should come next (" + what + "), but seen: " + next);
    }

    // Answers.

    private void checkAnswer(Operation op) {
        if (!op.asked) {
            return;
        }
        Throwable failure = op.failure;
        if (failure != null) {
            throw new Violation(Guarantee.PROGRESS, op + " failed: " + failure);
        }
        if (!op.answered) {
            throw new Violation(Guarantee.PROGRESS, op + " has run but was not answered");
        }
        Object answer = op.answer;
        switch (op.kind) {
            case REGISTER -> checkRegistration(op, answer);
            case BROADCAST -> checkReceipt(op, (Receipt) Objects.requireNonNull(answer));
            case CLOSE_ALL -> same(op, Guarantee.NOTHING_STALE, op.count, answer);
            case SWEEP -> {
                Set<Object> predicted = new HashSet<>(op.ids);
                Set<Object> got = asSet(op, answer);
                predicted.removeAll(op.eitherWay);
                got.removeAll(op.eitherWay);
                same(op, Guarantee.LIVENESS, predicted, got);
            }
            case MEMBERS -> {
                Set<Object> members = asSet(op, answer);
                members.removeAll(op.perhaps);
                same(op, Guarantee.NOTHING_STALE, new HashSet<>(op.ids), members);
            }
            case SEND -> {
                if (op.unclear == 0) {
                    same(op, Guarantee.NO_SILENT_LOSS, op.predicted, answer);
                } else if (answer == SendOutcome.GONE || answer == SendOutcome.OVERLOADED) {
                    same(op, Guarantee.NO_SILENT_LOSS, SendOutcome.EVICTED, answer);
                }
            }
            case JOIN, LEAVE, CHANGE_CLAIMS, CLOSE, ROOMS_OF ->
                same(
                        op,
                        "GONE".equals(String.valueOf(op.predicted)) ? Guarantee.IDENTITY : Guarantee.NOTHING_STALE,
                        op.predicted,
                        answer);
            case SHUT_DOWN, BEAT, DRAIN, HURRY, ENDED, WRITABLE, CONTROL, PONG, SPOKE -> {}
        }
    }

    private static Set<Object> asSet(Operation op, @Nullable Object answer) {
        List<?> list = (List<?>) Objects.requireNonNull(answer);
        Set<Object> set = new HashSet<>(list);
        if (set.size() < list.size()) {
            throw new Violation(Guarantee.NOTHING_STALE, op + " was answered with doubles: " + list);
        }
        return set;
    }

    private static void same(Operation op, Guarantee guarantee, @Nullable Object predicted, @Nullable Object answer) {
        if (!Objects.equals(predicted, answer)) {
            throw new Violation(guarantee, op + " was answered " + answer + " instead of " + predicted);
        }
    }

    private static void checkRegistration(Operation op, @Nullable Object answer) {
        Object got = answer instanceof Registration.Registered registered
                ? registered.connection().id()
                : answer instanceof Registration.Refused refused ? refused.reason() : null;
        same(op, Guarantee.LIMIT, op.predicted, got);
    }

    private static void checkReceipt(Operation op, Receipt r) {
        int queued = op.matched - op.dropped - op.evicted;
        boolean adds = r.matched() == r.queued() + r.dropped() + r.evicted();
        boolean right = op.unclear == 0
                ? r.matched() == op.matched
                        && r.queued() == queued
                        && r.dropped() == op.dropped
                        && r.evicted() == op.evicted
                        && r.displaced() == op.displaced
                : r.matched() <= op.matched
                        && r.matched() >= op.matched - op.unclear
                        && r.queued() <= queued
                        && r.queued() >= queued - op.unclear
                        && r.evicted() >= op.evicted
                        && r.evicted() <= op.evicted + op.unclear
                        && r.dropped() >= op.dropped
                        && r.dropped() <= op.dropped + op.unclear
                        && r.displaced() >= op.displaced
                        && r.displaced() <= op.displaced + op.unclearDisplaced;
        if (!adds || !right) {
            throw new Violation(
                    Guarantee.NO_SILENT_LOSS,
                    op + " was answered " + r + ", but matched " + op.matched + ", queued " + queued + ", dropped "
                            + op.dropped + ", evicted " + op.evicted + ", displaced " + op.displaced
                            + (op.unclear > 0 ? ", give or take " + op.unclear : ""));
        }
    }

    // Looking.

    List<Client> open(int s) {
        return clients.stream()
                .filter(c -> c.shard == s && c.state == State.OPEN)
                .toList();
    }

    /** Returns the number of members of a room, and of joins under way. */
    int members(String room) {
        int members = 0;
        for (Client c : clients) {
            if (c.state == State.OPEN && c.rooms.contains(room)) {
                members++;
            }
        }
        for (Lane lane : lanes) {
            for (int i = lane.ran; i < lane.commands.size(); i++) {
                Operation op = lane.commands.get(i);
                if (op.kind == Kind.JOIN && op.room.equals(room)) {
                    members++;
                }
            }
        }
        return members;
    }

    /** Returns the number of connections of a user, and of registrations under way. */
    int connections(String user) {
        int connections = 0;
        for (Client c : clients) {
            if ((c.state == State.OPEN || c.state == State.REGISTERING) && user.equals(c.user)) {
                connections++;
            }
        }
        return connections;
    }

    /** Returns whether somebody is about to get the claims of a user, which keeps the user's group alive. */
    boolean isClaimed(String user) {
        for (Lane lane : lanes) {
            for (int i = lane.ran; i < lane.commands.size(); i++) {
                Operation op = lane.commands.get(i);
                if (op.kind == Kind.CHANGE_CLAIMS && op.claimed.equals(user)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Returns the bytes that transports of the shard hold, and those behind them. */
    private long owedBytes(int s) {
        long bytes = 0;
        for (Client c : clients) {
            if (c.shard == s && !c.writes.isEmpty()) {
                bytes += c.waitingBytes();
            }
        }
        return bytes;
    }

    /** Returns the bytes that are kept for clients whose transport does not take them. */
    long owedBytes() {
        long bytes = 0;
        for (int s = 0; s < lanes.length; s++) {
            bytes += owedBytes(s);
        }
        return bytes;
    }

    /** Returns whether something of the message is known to go to the shard; other shards may be passed by. */
    private boolean concerns(Operation op, int s) {
        if (op.shard >= 0) {
            return op.shard == s;
        }
        return op.everyone
                || open(s).stream()
                        .anyMatch(c -> op.rooms.stream().anyMatch(c.rooms::contains)
                                || (op.user != null && op.user.equals(c.user)));
    }

    /** Checks that a message that was accepted, and is not placed in the model yet, fits what callers may post. */
    void checkAccepted(Operation op) {
        for (int s = 0; s < lanes.length; s++) {
            long posted = posted(s, 0, true);
            if (concerns(op, s) && posted > 0 && posted + op.payload > config.maxPostedBytes()) {
                throw new Violation(
                        Guarantee.BOUNDS, op + " was accepted although " + posted + " bytes are posted already");
            }
        }
    }

    void checkOverloaded(Operation op) {
        for (int s = 0; s < lanes.length; s++) {
            long posted = posted(s, MAX_POST_OVERHEAD, false);
            if ((op.shard < 0 || op.shard == s)
                    && posted > 0
                    && posted + op.payload + MAX_POST_OVERHEAD > config.maxPostedBytes()) {
                return;
            }
        }
        throw new Violation(Guarantee.BOUNDS, op + " was answered OVERLOADED although there is room");
    }

    private long posted(int s, int overhead, boolean surely) {
        long posted = 0;
        Lane lane = lanes[s];
        for (int i = lane.ran; i < lane.commands.size(); i++) {
            Operation op = lane.commands.get(i);
            if ((op.kind == Kind.SEND || op.kind == Kind.BROADCAST) && (!surely || concerns(op, s))) {
                posted += op.payload + overhead;
            }
        }
        return posted;
    }

    static ConnectionId id(Client c) {
        ConnectionId id = c.id;
        if (id == null) {
            throw new IllegalStateException(c + " has no id");
        }
        return id;
    }

    private static Client client(Operation op) {
        Client c = op.client;
        if (c == null) {
            throw new IllegalStateException(op + " has no client");
        }
        return c;
    }
}

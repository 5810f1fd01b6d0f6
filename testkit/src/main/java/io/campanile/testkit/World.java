package io.campanile.testkit;

import io.campanile.core.Audience;
import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionId;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.DrainPlan;
import io.campanile.core.JoinOutcome;
import io.campanile.core.Message;
import io.campanile.core.Posted;
import io.campanile.core.Receipt;
import io.campanile.core.Registration;
import io.campanile.core.RegistryListener;
import io.campanile.core.RegistryStats;
import io.campanile.core.SendOutcome;
import io.campanile.core.spi.KeepAlive;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.ShardExecutor;
import io.campanile.core.spi.Transport;
import io.campanile.core.spi.WireFormat;
import io.campanile.testkit.Model.Client;
import io.campanile.testkit.Model.Event;
import io.campanile.testkit.Model.Kind;
import io.campanile.testkit.Model.Operation;
import io.campanile.testkit.Model.Seen;
import io.campanile.testkit.Model.State;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Carries out one schedule: the registry under test, its clients, loops, clock and listener, and everybody who calls it,
 * all on one thread. Whatever the registry calls is a pause, at which others may do something.
 */
final class World {

    /*
     * A frame is somebody in the middle of something. Frames nest: at a pause of one, another begins and ends. So of two
     * calls that overlap the later one always ends first; that is the price of running on one thread.
     *
     * The registry asks a shard's executor whether it is the owner right after it has placed something on the shard. That
     * is how the model learns the order of placing; with calling threads, which ask nobody, a call is placed before
     * anything else can happen.
     */
    private static final class Frame {
        final String who;

        /** The shard whose thread this is, or -1. */
        final int owner;

        final @Nullable Step step;
        int pauses;

        /** The call under way. */
        @Nullable
        Operation op;

        /** The shard that the call runs there and then, or -1. */
        int inline = -1;

        Frame(String who, int owner, @Nullable Step step) {
            this.who = who;
            this.owner = owner;
            this.step = step;
        }
    }

    private static final int MAX_FRAMES = 6;

    private static final Optional<KeepAlive> PING = Optional.of(KeepAlive.answered(Model.PING));
    private static final Optional<KeepAlive> COMMENT = Optional.of(KeepAlive.unanswered(Model.PING));

    private final Schedule schedule;
    private final Model model;
    private final ManualClock clock = new ManualClock(0);
    private final ConnectionRegistry registry;
    private final Loop[] loops;
    private final boolean[] running;
    private final WireFormat[] formats;
    private final ArrayDeque<Frame> frames = new ArrayDeque<>();
    private final IdentityHashMap<Message, Operation> messages = new IdentityHashMap<>();
    private final Set<Message> notices = Collections.newSetFromMap(new IdentityHashMap<>());
    private final @Nullable Client[] clients = new Client[Schedule.CLIENTS];
    private final IdentityHashMap<Client, Wire> wires = new IdentityHashMap<>();
    private final List<Client> mustHaveLeft = new ArrayList<>();
    private final @Nullable StringBuilder trace;
    private @Nullable Violation violation;
    private int listenerThrows;
    private long thrown;
    private int chosenShard;

    World(Schedule schedule, Registries registries, @Nullable StringBuilder trace) {
        this.schedule = schedule;
        this.model = new Model(schedule);
        this.trace = trace;
        this.loops = new Loop[schedule.shards()];
        this.running = new boolean[schedule.shards()];
        this.formats = new WireFormat[schedule.shards()];
        List<ShardExecutor> executors = new ArrayList<>();
        for (int s = 0; s < loops.length; s++) {
            loops[s] = new Loop(s);
            formats[s] = new Format(s, PING);
            executors.add(schedule.threadless() ? ShardExecutor.callingThreads() : loops[s]);
        }
        this.registry = registries.create(
                schedule.config(),
                executors,
                clock,
                (RandomGenerator) () -> (long) chosenShard << 32,
                new Listener(),
                schedule::overflow,
                schedule.slots(),
                schedule.generations());
    }

    /** Carries out all steps, then brings everything to its end. */
    void run() {
        try {
            for (Step step : schedule.steps()) {
                perform(step);
                check();
            }
            finish();
        } catch (Violation e) {
            throw e;
        } catch (RuntimeException e) {
            throw new IllegalStateException("the simulation itself failed", e);
        }
    }

    private void check() {
        if (violation != null) {
            throw violation;
        }
        if (schedule.threadless()) {
            for (int s = 0; s < loops.length; s++) {
                model.ranAll(s);
            }
        }
        model.settle(clock.nanos());
        for (Client c : mustHaveLeft) {
            expect(c.state != State.OPEN, Guarantee.IDENTITY, c + " was said to have left, but has not");
        }
        mustHaveLeft.clear();
        for (int s = 0; s < loops.length; s++) {
            if (loops[s].tasks.isEmpty()) {
                model.passBy(s);
            }
            expect(
                    !model.hasUnran(s) || !loops[s].tasks.isEmpty(),
                    Guarantee.PROGRESS,
                    "commands wait on shard " + s + ", and nobody is going to run them");
        }
        same(Guarantee.LIMIT, "connectionCount", model.count, registry.connectionCount());
        expect(model.count <= schedule.config().maxConnections(), Guarantee.LIMIT, "too many connections");
        int rooms = 0;
        for (int i = 0; i < Step.ROOMS; i++) {
            int members = model.members(Step.room(i));
            same(
                    Guarantee.NOTHING_STALE,
                    "memberCount of " + Step.room(i),
                    members,
                    registry.memberCount(Step.room(i)));
            rooms += members > 0 ? 1 : 0;
        }
        same(Guarantee.NOTHING_STALE, "roomCount", rooms, registry.roomCount());
        int users = 0;
        for (int i = 1; i <= Schedule.USERS; i++) {
            String user = String.valueOf(i);
            int connections = model.connections(user);
            same(
                    Guarantee.NOTHING_STALE,
                    "userConnectionCount of " + user,
                    connections,
                    registry.userConnectionCount(user));
            users += connections > 0 || model.isClaimed(user) ? 1 : 0;
        }
        RegistryStats stats = registry.stats();
        same(Guarantee.NOTHING_STALE, "users", users, stats.users());
        same(Guarantee.BOUNDS, "waitingBytes", model.owedBytes(), stats.waitingBytes());
        expect(
                stats.waitingBytes() <= schedule.config().maxWaitingBytes(),
                Guarantee.BOUNDS,
                stats.waitingBytes() + " bytes are kept for clients that do not take them, beyond "
                        + schedule.config().maxWaitingBytes());
        same(Guarantee.LIFE_CYCLE, "failures", thrown, stats.listenerFailures());
        for (Client c : model.clients) {
            checkClient(c);
        }
        String wrong = model.drain.wrongReport(model.clients);
        expect(wrong == null, Guarantee.DRAIN, String.valueOf(wrong));
    }

    private void checkClient(Client c) {
        ConnectionId id = c.id;
        if (id != null) {
            same(
                    Guarantee.IDENTITY,
                    "find of " + c,
                    c.state == State.OPEN,
                    registry.find(id).isPresent());
        }
        if (c.state == State.OPEN || (c.state == State.CLOSING && !c.evicted)) {
            boolean idle = loops[c.shard].tasks.isEmpty() && !model.hasUnran(c.shard);
            expect(
                    !idle || c.threw || !c.writes.isEmpty() || c.written == c.expected.size(),
                    Guarantee.NO_SILENT_LOSS,
                    c + " has frames waiting that nobody is going to write");
        }
        if (c.state == State.CLOSING && c.evicted) {
            expect(
                    c.threw || (c.closingTold && (c.closeTold || c.aborted)),
                    Guarantee.EVICTION,
                    c + " was evicted, but its transport was not closed");
        }
    }

    private void finish() {
        quiesce();
        for (Client c : List.copyOf(model.clients)) {
            c.transport.resume();
            check();
        }
        quiesce();
        for (Client c : model.clients) {
            expect(
                    c.threw || c.transport.isEnded() || c.transport.heldBytes() == 0,
                    Guarantee.TRANSPORT_CONTRACT,
                    c + " holds bytes though its peer reads");
            expect(
                    c.state != State.CLOSING || c.threw || c.transport.isEnded(),
                    Guarantee.EVICTION,
                    c + " has left and its peer reads, but its transport was not closed");
        }
        model.clients.forEach(Model::checkSum);
        if (trace != null) {
            line("at the end, the registry is closed");
        }
        call(new Step(Step.Kind.SHUT_DOWN, 0, 0, 0, 0, 0, List.of()));
        check();
        quiesce();
        for (Client c : List.copyOf(model.clients)) {
            expect(
                    c.state == State.REFUSED || c.closeTold || c.aborted || c.transport.isEnded(),
                    Guarantee.EVICTION,
                    c + " has left, but its transport was neither closed nor aborted");
            c.transport.expire();
            check();
        }
        quiesce();
        RegistryStats stats = registry.stats();
        same(Guarantee.NOTHING_STALE, "connections at the end", 0, stats.connections());
        same(Guarantee.NOTHING_STALE, "rooms at the end", 0, stats.rooms());
        same(Guarantee.NOTHING_STALE, "users at the end", 0, stats.users());
        same(Guarantee.BOUNDS, "waiting bytes at the end", 0L, stats.waitingBytes());
        same(Guarantee.LIFE_CYCLE, "opened", model.opened, stats.opened());
        same(
                Guarantee.LIFE_CYCLE,
                "closed",
                model.left,
                stats.closed().values().stream().mapToLong(Long::longValue).sum());
    }

    private void quiesce() {
        for (int round = 0; round < 1_000; round++) {
            boolean ran = false;
            for (int s = 0; s < loops.length; s++) {
                if (loops[s].runNext()) {
                    ran = true;
                    check();
                }
            }
            if (!ran) {
                return;
            }
        }
        throw new Violation(Guarantee.PROGRESS, "the shards find no end");
    }

    private static void expect(boolean condition, Guarantee guarantee, String otherwise) {
        if (!condition) {
            throw new Violation(guarantee, otherwise);
        }
    }

    private static void same(Guarantee guarantee, String what, Object expected, Object actual) {
        if (!expected.equals(actual)) {
            throw new Violation(guarantee, what + " is " + actual + " instead of " + expected);
        }
    }

    /** Keeps a violation that was noticed while the registry is on the stack, which would swallow it. */
    private void report(Guarantee guarantee, String what) {
        if (violation == null) {
            violation = new Violation(guarantee, what);
        }
    }

    // Frames and pauses.

    private void perform(Step step) {
        if (trace != null) {
            line(step.toString());
        }
        switch (step.kind()) {
            case RUN -> loops[step.a() % loops.length].runNext(step);
            case RUN_ALL -> {
                for (int s = 0; s < loops.length; s++) {
                    loops[s].runAll(step);
                }
            }
            case PASS_TIME -> clock.advance(Duration.ofMillis(Schedule.millis(step.a())));
            case JUMP -> clock.advance(Schedule.jump(step.a()));
            case BEATS -> beats(step);
            case LISTENER_THROWS -> listenerThrows = 1 + Math.floorMod(step.a(), 3);
            default -> call(step);
        }
    }

    /** Beats as a loop that is never busy would. In the middle of something else, where loops cannot run, it is one. */
    private void beats(Step step) {
        Step beat = new Step(Step.Kind.BEAT, step.actor(), step.client(), 0, 0, 0, step.inside());
        for (int i = frames.isEmpty() ? Schedule.beats(step.a()) : 1; i > 0; i--) {
            clock.advance(schedule.beatInterval());
            call(beat);
            if (frames.isEmpty()) {
                for (Loop loop : loops) {
                    loop.runAll(step.with(List.of()));
                }
                check();
            }
        }
    }

    private void call(Step step) {
        Frame outer = frames.peek();
        int owner = -1;
        String who = "caller " + step.actor();
        if (step.actor() == Step.CALLBACK) {
            owner = outer == null ? -1 : outer.owner;
            who = outer == null ? "caller 0" : outer.who;
        } else if (step.actor() >= Step.ON_SHARD && !schedule.threadless()) {
            int shard = (step.actor() - Step.ON_SHARD) % loops.length;
            if (!running[shard]) {
                owner = shard;
                who = "shard " + shard;
            }
        }
        String caller = who;
        if (step.actor() != Step.CALLBACK && frames.stream().anyMatch(f -> f.who.equals(caller))) {
            return; // is in the middle of something else
        }
        boolean takesShard = owner >= 0 && !running[owner];
        if (takesShard) {
            running[owner] = true;
        }
        Frame frame = new Frame(who, owner, step);
        frames.push(frame);
        try {
            act(step, frame);
            endInline(frame);
        } finally {
            frames.pop();
            if (takesShard) {
                running[owner] = false;
            }
        }
    }

    private void endInline(Frame frame) {
        if (frame.inline >= 0) {
            model.ranAll(frame.inline);
            frame.inline = -1;
        }
    }

    /** Foreign code was called: others may do something before it returns. */
    private void pause() {
        Frame frame = frames.peek();
        Step step = frame == null ? null : frame.step;
        if (frame == null || step == null || step.inside().isEmpty() || frames.size() >= MAX_FRAMES) {
            return;
        }
        int now = frame.pauses++;
        for (Step inside : step.inside()) {
            if (inside.at() == now) {
                perform(inside);
            }
        }
    }

    private boolean isRunning(int shard) {
        for (Frame frame : frames) {
            if (frame.inline == shard) {
                return true;
            }
        }
        return loops[shard].inTask;
    }

    private final class Loop implements ShardExecutor {
        final int shard;
        final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        final List<Wire> putOff = new ArrayList<>();
        boolean inTask;
        private int turns;

        Loop(int shard) {
            this.shard = shard;
        }

        @Override
        public boolean isOwner() {
            Frame frame = frames.peek();
            if (frame == null) {
                return false;
            }
            Operation op = frame.op;
            if (op != null) {
                placed(op, shard);
            }
            if (frame.inline >= 0 && frame.inline != shard) {
                endInline(frame);
            }
            if (frame.owner != shard) {
                pause();
                return false;
            }
            pause();
            if (!isRunning(shard)) {
                frame.inline = shard;
            }
            return true;
        }

        @Override
        public void execute(Runnable task) {
            pause();
            tasks.add(task);
        }

        /** So few that laps take several turns. */
        @Override
        public int writesPerTurn() {
            return 1 + turns++ % 3;
        }

        /** Writes for all of them, and only then tells of those that hold something. */
        @Override
        public void flush() {
            List<Wire> all = List.copyOf(putOff);
            putOff.clear();
            for (Wire wire : all) {
                wire.writeNow();
            }
            for (Wire wire : all) {
                wire.tellHeld();
            }
        }

        boolean runNext() {
            return runNext(new Step(Step.Kind.RUN, 0, 0, shard, 0, 0, List.of()));
        }

        boolean runNext(Step step) {
            if (running[shard] || tasks.isEmpty()) {
                return false;
            }
            Runnable task = tasks.remove();
            running[shard] = true;
            inTask = true;
            frames.push(new Frame("shard " + shard, shard, step));
            try {
                task.run();
                model.ranAll(shard);
            } finally {
                frames.pop();
                inTask = false;
                running[shard] = false;
            }
            return true;
        }

        void runAll(Step step) {
            for (int i = 0; i < 100 && runNext(i == 0 ? step : step.with(List.of())); i++) {
                // until there is none
            }
        }
    }

    /** A call has placed its command. */
    private void placed(Operation op, int shard) {
        if (op.shard < 0 && op.kind == Kind.BROADCAST) {
            for (int s = 0; s < loops.length; s++) {
                model.place(op, s);
            }
        } else if (op.shard < 0 || op.shard == shard) {
            model.place(op, shard);
        }
    }

    /** Something was seen of a shard: a call that runs shards by itself has placed its command before. */
    private void see(int shard, Event event) {
        if (schedule.threadless()) {
            Frame frame = frames.peek();
            Operation op = frame == null ? null : frame.op;
            if (op != null) {
                for (int s = op.shard < 0 ? 0 : shard; s <= shard; s++) {
                    placed(op, s); // one that goes to all shards goes there one after another
                }
            }
        }
        if (trace != null) {
            line("  " + event);
        }
        model.see(shard, event);
    }

    private void line(String text) {
        StringBuilder to = trace;
        if (to != null) {
            to.append("  ".repeat(frames.size() + 1)).append(text).append('\n');
        }
    }

    // Calls.

    private Operation operation(Kind kind, Frame frame) {
        Operation op = new Operation(kind, frame.who);
        op.number = model.next();
        return op;
    }

    private void act(Step step, Frame frame) {
        Client c = clients[step.client()];
        switch (step.kind()) {
            case REGISTER -> register(step, frame);
            case JOIN -> {
                if (c != null && c.known) {
                    Operation op = on(Kind.JOIN, frame, c);
                    op.room = Step.room(step.a());
                    ask(frame, op, () -> registry.join(Model.id(c), op.room));
                }
            }
            case LEAVE -> {
                if (c != null && c.known) {
                    Operation op = on(Kind.LEAVE, frame, c);
                    op.room = Step.room(step.a());
                    ask(frame, op, () -> registry.leave(Model.id(c), op.room));
                }
            }
            case CHANGE_CLAIMS -> {
                if (c != null && c.known) {
                    Operation op = on(Kind.CHANGE_CLAIMS, frame, c);
                    op.claimed = Step.user(step.b());
                    Claims claims = op.claimed.isEmpty() ? Claims.anonymous() : Claims.of(op.claimed);
                    ask(frame, op, () -> registry.changeClaims(Model.id(c), claims));
                }
            }
            case SEND -> {
                if (c != null && c.known) {
                    send(step, frame, c);
                }
            }
            case TO_ROOM, TO_ROOMS, TO_USER, TO_ALL -> broadcast(step, frame);
            case CLOSE -> {
                if (c != null && c.known) {
                    Operation op = on(Kind.CLOSE, frame, c);
                    CloseReason reason = step.a() % 2 == 0 ? CloseReason.NORMAL : CloseReason.GOING_AWAY;
                    op.reason = reason;
                    ask(frame, op, () -> registry.close(Model.id(c), reason));
                }
            }
            case CLOSE_ALL -> {
                Operation op = operation(Kind.CLOSE_ALL, frame);
                op.reason = CloseReason.NORMAL;
                ask(frame, op, () -> registry.closeAll(CloseReason.NORMAL));
            }
            case SHUT_DOWN -> {
                Operation op = operation(Kind.SHUT_DOWN, frame);
                op.reason = CloseReason.GOING_AWAY;
                model.closed = true;
                tell(frame, op, registry::close);
            }
            case SWEEP -> {
                Operation op = operation(Kind.SWEEP, frame);
                op.now = clock.nanos();
                op.maxIdle = Duration.ofMillis(Schedule.millis(step.a()));
                ask(frame, op, () -> registry.sweepIdle(op.maxIdle));
            }
            case DRAIN -> drain(step, frame);
            case HURRY -> hurry(frame);
            case BEAT -> {
                Operation op = operation(Kind.BEAT, frame);
                op.now = clock.nanos();
                frame.op = op;
                try {
                    registry.beat();
                } finally {
                    frame.op = null;
                }
                if (schedule.threadless()) {
                    placeAll(op);
                } else {
                    model.placedWhereItIs(op); // a shard that has not taken up the last beat is passed by
                }
            }
            case MEMBERS -> {
                if (step.inside()
                        .isEmpty()) { // a room that dies and begins anew in the middle has two lists of members
                    Operation op = operation(Kind.MEMBERS, frame);
                    op.room = Step.room(step.a());
                    if (frames.size() == 1 && model.members(op.room) == 0) {
                        hear(op, registry.members(op.room));
                        if (!List.of().equals(op.answer)) {
                            report(Guarantee.NOTHING_STALE, op + " of an empty room was answered " + op.answer);
                        }
                    } else if (frames.size() == 1) {
                        ask(frame, op, () -> registry.members(op.room));
                    }
                }
            }
            case ROOMS_OF -> {
                if (c != null && c.known) {
                    ask(frame, on(Kind.ROOMS_OF, frame, c), () -> registry.rooms(Model.id(c)));
                }
            }
            case TOUCH -> {
                if (c != null && c.known) {
                    touched(c, registry.touch(Model.id(c)), true);
                }
            }
            case FORGED -> forged(step, frame, c);
            default -> {
                if (c != null) {
                    transport(step, c);
                }
            }
        }
    }

    private void transport(Step step, Client c) {
        Wire wire = wires.get(c);
        if (wire == null) {
            return;
        }
        switch (step.kind()) {
            case HEAR -> c.transport.hear();
            case STALL -> c.transport.stall(Math.floorMod(step.a(), 64));
            case RESUME -> c.transport.resume();
            case READ -> c.transport.read(Math.floorMod(step.a(), 64));
            case LOSE -> c.transport.lose();
            case EXPIRE -> c.transport.expire();
            case FAIL_NEXT -> wire.failing.add(Schedule.call(step.a()));
            case CONTROL -> wire.control(Schedule.payload(step.a()));
            case PONG ->
                wire.tellLink(
                        Kind.PONG,
                        link -> {
                            link.touch();
                            touched(c, link.isOpen(), false);
                        },
                        Link::pong);
            case SPEAK -> wire.tellLink(Kind.SPOKE, link -> {}, Link::firstMessage);
            default -> throw new AssertionError(step);
        }
    }

    private void drain(Step step, Frame frame) {
        DrainPlan plan = Schedule.drainPlan(step.a());
        if (model.drain.isAsked()) {
            registry.drain(plan); // gets the report of the first
            return;
        }
        Operation op = operation(Kind.DRAIN, frame);
        op.now = clock.nanos();
        model.drain.ask(plan, registry.connectionCount(), op.now);
        tell(frame, op, () -> registry.drain(plan).whenComplete((report, failure) -> model.drain.report = report));
    }

    private void hurry(Frame frame) {
        if (!model.drain.isAsked()) {
            registry.hurry();
            return;
        }
        model.drain.hurry(frames.size() > 1);
        Operation op = operation(Kind.HURRY, frame);
        op.now = clock.nanos();
        tell(frame, op, registry::hurry);
    }

    private Operation on(Kind kind, Frame frame, Client c) {
        Operation op = operation(kind, frame);
        op.client = c;
        op.shard = c.shard;
        return op;
    }

    /** Makes a call that is answered later. */
    private void ask(Frame frame, Operation op, Supplier<CompletionStage<?>> call) {
        op.asked = true;
        frame.op = op;
        CompletionStage<?> stage;
        try {
            stage = call.get();
        } finally {
            frame.op = null;
        }
        placeAll(op);
        hear(op, stage);
    }

    private static void hear(Operation op, CompletionStage<?> stage) {
        stage.whenComplete((answer, failure) -> {
            op.answered = true;
            op.answer = answer;
            op.failure = failure;
        });
    }

    private void tell(Frame frame, Operation op, Runnable call) {
        frame.op = op;
        try {
            call.run();
        } finally {
            frame.op = null;
        }
        placeAll(op);
    }

    private void placeAll(Operation op) {
        for (int s = 0; s < loops.length; s++) {
            placed(op, s);
        }
    }

    private void register(Step step, Frame frame) {
        Client before = clients[step.client()];
        if (before != null && (before.state == State.OPEN || before.state == State.REGISTERING)) {
            return;
        }
        int shard = Math.floorMod(step.a(), loops.length);
        boolean any = step.a() / 8 % 3 == 0;
        boolean ownFormat = step.a() / 32 % 4 == 0;
        WireFormat format = ownFormat
                ? new Format(
                        shard,
                        List.of(PING, COMMENT, Optional.<KeepAlive>empty()).get(step.a() / 128 % 3))
                : formats[shard];
        InMemoryTransport inner = new InMemoryTransport(any ? Transport.ANY_SHARD : shard, format);
        String user = step.b() == 0 ? null : String.valueOf(step.b());
        Client c = new Client(model.clients.size(), shard, user, inner, format.keepAlive());
        Wire wire = new Wire(c);
        if (step.a() / 256 % 16 == 0) {
            wire.failing.add(InMemoryTransport.Call.ATTACH);
        }
        clients[step.client()] = c;
        wires.put(c, wire);
        Operation op = on(Kind.REGISTER, frame, c);
        boolean exact = frames.size() == 1;
        boolean full = model.count >= schedule.config().maxConnections();
        boolean wasClosed = model.closed || model.drain.isAsked();
        chosenShard = any ? randomFor(shard) : 0;
        if (!wasClosed && !(exact && full)) {
            model.count++;
            c.state = State.REGISTERING;
        }
        op.asked = true;
        frame.op = op;
        CompletionStage<Registration> stage;
        try {
            stage = registry.register(wire, user == null ? Claims.anonymous() : Claims.of(user));
        } finally {
            frame.op = null;
        }
        hear(op, stage);
        model.clients.add(c);
        boolean refusedAtOnce =
                op.answered && op.placedOn.isEmpty() && op.answer instanceof Registration.Refused && c.id == null;
        if (refusedAtOnce && !(schedule.threadless() && !wasClosed && !full && exact)) {
            if (c.state == State.REGISTERING) {
                model.count--;
            }
            c.state = State.REFUSED;
            CloseReason reason = ((Registration.Refused) Objects.requireNonNull(op.answer)).reason();
            if (exact) {
                CloseReason right = wasClosed ? CloseReason.GOING_AWAY : CloseReason.NODE_FULL;
                if (!(wasClosed || full) || !reason.equals(right)) {
                    report(
                            Guarantee.LIMIT,
                            c + " was refused with " + reason.label() + ", connections: " + model.count);
                }
            }
            return;
        }
        if (exact && (wasClosed || full)) {
            report(
                    Guarantee.LIMIT,
                    c + " was accepted beyond the limit of " + schedule.config().maxConnections());
            return;
        }
        placeAll(op);
    }

    /** Returns what makes nextInt(bound) of the source of chance give the number. */
    private int randomFor(int number) {
        int bound = loops.length;
        // RandomGenerator.nextInt(bound) takes the upper half of nextLong: masked for powers of two, else a remainder.
        return (bound & (bound - 1)) == 0 ? number : number << 1;
    }

    private void send(Step step, Frame frame, Client c) {
        Operation op = on(Kind.SEND, frame, c);
        Message message = message(op, step);
        boolean exact = frames.size() == 1;
        boolean closed = model.closed;
        State before = c.state;
        post(step, frame, op, exact && !closed, message.payload().length, receipt -> {
            if (receipt) {
                return registry.sendWithReceipt(Model.id(c), message, op.delivery);
            }
            return registry.send(Model.id(c), message, op.delivery);
        });
        if (op.answer == Posted.GONE) {
            if (exact && before == State.OPEN) {
                report(Guarantee.IDENTITY, op + " was answered GONE, but " + c + " is open");
            } else if (!closed) {
                mustHaveLeft.add(c);
            }
        }
    }

    private interface Post {
        Object call(boolean receipt);
    }

    private void post(Step step, Frame frame, Operation op, boolean exact, int payload, Post post) {
        boolean receipt = Schedule.wantsReceipt(step.a());
        boolean tooLarge = payload > schedule.config().outbound().maxBytes();
        boolean closed = model.closed;
        frame.op = op;
        Object answer;
        try {
            answer = post.call(receipt);
        } finally {
            frame.op = null;
        }
        Posted posted;
        if (answer instanceof Posted at) {
            posted = at;
        } else {
            hear(op, (CompletionStage<?>) answer);
            posted = op.placedOn.isEmpty() && op.answered ? refusal(op, closed, tooLarge) : Posted.ACCEPTED;
        }
        if (closed) {
            if (posted != Posted.CLOSED) {
                report(Guarantee.LIFE_CYCLE, op + " was answered " + posted + " though the registry is closed");
            }
        } else if (posted == Posted.TOO_LARGE || tooLarge) {
            if (posted != Posted.TOO_LARGE || !tooLarge) {
                report(Guarantee.BOUNDS, op + " of " + payload + " bytes was answered " + posted);
            }
        } else if (posted == Posted.OVERLOADED) {
            guarded(() -> model.checkOverloaded(op));
        } else if (posted == Posted.ACCEPTED) {
            if (exact && op.placedOn.isEmpty() && !schedule.threadless()) {
                guarded(() -> model.checkAccepted(op));
            }
            op.asked = receipt;
            placeAll(op);
            return;
        }
        op.answered = true;
        op.answer = posted;
    }

    /** Tells why nothing was placed, when the receipt came at once. */
    private Posted refusal(Operation op, boolean closed, boolean tooLarge) {
        Object answer = op.answer;
        if (answer instanceof Receipt receipt) {
            return receipt.posted();
        }
        if (closed) {
            return Posted.CLOSED;
        }
        if (answer == SendOutcome.OVERLOADED) {
            return Posted.OVERLOADED;
        }
        if (tooLarge) {
            return Posted.TOO_LARGE;
        }
        Client c = op.client;
        boolean left = answer == SendOutcome.GONE && (!schedule.threadless() || c == null || c.state != State.OPEN);
        return left ? Posted.GONE : Posted.ACCEPTED;
    }

    private void guarded(Runnable check) {
        try {
            check.run();
        } catch (Violation e) {
            if (violation == null) {
                violation = e;
            }
        }
    }

    private void broadcast(Step step, Frame frame) {
        Operation op = operation(Kind.BROADCAST, frame);
        Audience audience = switch (step.kind()) {
            case TO_ROOM -> {
                op.rooms = List.of(Step.room(step.b()));
                yield Audience.room(op.rooms.get(0));
            }
            case TO_ROOMS -> {
                op.rooms = List.of(Step.room(step.b()), Step.room(step.b() + 1));
                yield Audience.rooms(op.rooms);
            }
            case TO_USER -> {
                String user = String.valueOf(1 + Math.floorMod(step.b(), Schedule.USERS));
                op.user = user;
                yield Audience.user(user);
            }
            default -> {
                op.everyone = true;
                yield Audience.all();
            }
        };
        if (step.kind() == Step.Kind.TO_ROOMS || step.kind() == Step.Kind.TO_ALL) {
            Client except = clients[step.client()];
            if (Schedule.exceptsClient(step.a()) && except != null && except.known) {
                op.except = except;
                audience = audience.except(Model.id(except));
            }
            if (Schedule.exceptsRoom(step.a())) {
                op.exceptRooms = List.of(Step.room(step.b() + 2));
                audience = audience.exceptRooms(op.exceptRooms.get(0));
            }
        }
        Message message = message(op, step);
        Audience whom = audience;
        post(
                step,
                frame,
                op,
                frames.size() == 1,
                message.payload().length,
                receipt -> receipt
                        ? registry.broadcastWithReceipt(whom, message, op.delivery)
                        : registry.broadcast(whom, message, op.delivery));
    }

    private Message message(Operation op, Step step) {
        op.payload = Schedule.payload(step.a());
        op.malformed = Schedule.isMalformed(step.a());
        op.delivery = Schedule.delivery(step.a());
        Message message = Message.binary(payload(op, op.payload));
        op.frame = PlainFormat.frame(Message.Kind.BINARY, message.payload());
        messages.put(message, op);
        return message;
    }

    private static byte[] payload(Operation op, int length) {
        byte[] bytes = new byte[Math.max(4, length)];
        Arrays.fill(bytes, (byte) op.number);
        ByteBuffer.wrap(bytes).putInt(op.number);
        return bytes;
    }

    /** Uses an id that nobody has, or that belongs to another registry. */
    private void forged(Step step, Frame frame, @Nullable Client c) {
        long real = c == null || c.id == null ? 0 : Model.id(c).value();
        long value = switch (Math.floorMod(step.a(), 8)) {
            case 0 -> real ^ (1L << 56); // another scope
            case 1 -> real | (0xffL << 48); // a shard that is not there
            case 2 -> real | (0xfffffL << 28); // a slot that is not there
            case 3 -> real + (1L << 27); // a generation to come
            case 4 -> real & ~0xfffffffL; // before the first generation
            case 5 -> real + (1L << 28) * 3 + (1L << 20); // a slot nearby, at a generation to come
            case 6 -> -1L;
            default -> 0L;
        };
        ConnectionId id = new ConnectionId(value);
        for (Client other : model.clients) {
            if (id.equals(other.id)) {
                return;
            }
        }
        if (registry.touch(id) || registry.find(id).isPresent()) {
            report(Guarantee.IDENTITY, "a forged id was found: " + id);
        }
        if (!model.closed && registry.send(id, Message.text("?")) != Posted.GONE) {
            report(Guarantee.IDENTITY, "a message to a forged id was accepted: " + id);
        }
        int shard = (int) (value >>> 48) & 0xff;
        Operation op = operation(Kind.JOIN, frame);
        op.room = Step.room(step.b());
        if ((int) (value >>> 56) == schedule.config().scope() && shard < loops.length) {
            op.shard = shard;
            ask(frame, op, () -> registry.join(id, op.room));
        } else {
            hear(op, registry.join(id, op.room));
            if (op.answer != JoinOutcome.GONE) {
                report(Guarantee.IDENTITY, "a join with a forged id was answered " + op.answer);
            }
        }
    }

    private void touched(Client c, boolean there, boolean asked) {
        if (there) {
            if (c.state == State.CLOSING || c.state == State.CLOSED) {
                report(Guarantee.IDENTITY, c + " has left and was touched");
            }
            c.heard = clock.nanos();
        } else if (asked && c.state == State.OPEN && frames.size() == 1) {
            report(Guarantee.IDENTITY, c + " is open and was not touched");
        }
    }

    // What the registry calls.

    private Client of(Connection connection) {
        for (Wire wire : wires.values()) {
            if (connection.id().equals(wire.client.id)) {
                return wire.client;
            }
        }
        throw new IllegalStateException("unknown: " + connection);
    }

    private final class Listener implements RegistryListener {
        @Override
        public void opened(Connection connection) {
            Client c = of(connection);
            c.known = true;
            Event event = new Event(Seen.OPENED, c);
            heard(c, event);
        }

        @Override
        public void joined(Connection connection, String room) {
            Client c = of(connection);
            Event event = new Event(Seen.JOINED, c);
            event.room = room;
            event.flag = connection.isOpen();
            heard(c, event);
        }

        @Override
        public void left(Connection connection, String room) {
            Client c = of(connection);
            Event event = new Event(Seen.LEFT, c);
            event.room = room;
            event.flag = connection.isOpen();
            heard(c, event);
        }

        @Override
        public void claimsChanged(Connection connection, Claims before) {
            Client c = of(connection);
            Event event = new Event(Seen.CHANGED, c);
            event.room = connection.claims().subject().orElse("");
            heard(c, event);
        }

        @Override
        public void closed(Connection connection, CloseReason reason) {
            Client c = of(connection);
            Event event = new Event(Seen.CLOSED, c);
            event.reason = reason;
            if (registry.find(connection.id()).isPresent()) {
                report(Guarantee.NOTHING_STALE, c + " is found while it is said to have left");
            }
            heard(c, event);
        }

        @Override
        public void pinged(Connection connection) {
            Client c = of(connection);
            heard(c, new Event(Seen.PINGED, c));
        }

        @Override
        public void roundTrip(Connection connection, long nanos) {
            Client c = of(connection);
            Event event = new Event(Seen.ROUND_TRIP, c);
            event.took = nanos;
            heard(c, event);
        }

        private void heard(Client c, Event event) {
            event.now = clock.nanos();
            event.heard = c.heard;
            event.threw = listenerThrows > 0;
            see(c.shard, event);
            pause();
            if (event.threw && listenerThrows > 0) {
                listenerThrows--;
            }
            if (event.threw) {
                thrown++;
                throw new IllegalStateException("the listener was told to throw");
            }
        }
    }

    /** The format of the transports of one shard: being asked to encode tells that a message is being delivered there. */
    private final class Format implements WireFormat {
        private final int shard;
        private final Optional<KeepAlive> keepAlive;

        Format(int shard, Optional<KeepAlive> keepAlive) {
            this.shard = shard;
            this.keepAlive = keepAlive;
        }

        @Override
        public Optional<KeepAlive> keepAlive() {
            return keepAlive;
        }

        @Override
        public byte[] encode(Message message) {
            if (notices.remove(message)) {
                return PlainFormat.frame(message.kind(), message.payload());
            }
            Operation op = messages.get(message);
            if (op == null) {
                throw new IllegalStateException("unknown message");
            }
            Event event = new Event(Seen.ENCODED, null);
            event.of = op;
            event.threw = op.malformed;
            see(shard, event);
            if (op.malformed) {
                thrown++;
                throw new IllegalStateException("the format was told to throw");
            }
            return op.frame.clone();
        }
    }

    /** The transport as the registry knows it, in front of the one in memory. */
    private final class Wire implements Transport {
        final Client client;
        final Set<InMemoryTransport.Call> failing = EnumSet.noneOf(InMemoryTransport.Call.class);
        private @Nullable Link link;
        private boolean broken;

        /** What is to be written when the loop flushes; null when nothing was put off. */
        private @Nullable ByteBuffer late;

        private final int[] lateRange = new int[2];
        private boolean lateTaken;

        Wire(Client client) {
            this.client = client;
        }

        @Override
        public int shard() {
            return client.transport.shard();
        }

        @Override
        public WireFormat format() {
            return client.transport.format();
        }

        @Override
        public Message gapNotice(Optional<String> room, long missed) {
            Message notice = client.transport.gapNotice(room, missed);
            notices.add(notice);
            return notice;
        }

        @Override
        public void attach(Link attached) {
            link = attached;
            client.id = attached.id();
            client.transport.attach(new Ear(client, attached));
            Event event = new Event(Seen.ATTACHED, client);
            boolean fails = fails(InMemoryTransport.Call.ATTACH);
            event.threw = fails;
            see(client.shard, event);
            pause();
            if (fails) {
                thrown++;
                throw new IllegalStateException("the transport was told to throw");
            }
        }

        @Override
        public boolean write(ByteBuffer source, int offset, int length) {
            return write(source, new int[] {offset, length}, 1);
        }

        /** Every other client's transport puts its writes off, and so do none that are about to throw. */
        @Override
        public boolean writeSoon(ByteBuffer source, int offset, int length) {
            if (schedule.threadless() || client.number % 2 == 0 || failing.contains(InMemoryTransport.Call.WRITE)) {
                return write(source, offset, length);
            }
            isNotPutOff();
            late = source;
            lateRange[0] = offset;
            lateRange[1] = length;
            loops[client.shard].putOff.add(this);
            return true;
        }

        private void writeNow() {
            ByteBuffer source = late;
            late = null;
            lateTaken = source == null || write(source, lateRange, 1);
        }

        private void tellHeld() {
            Link to = link;
            if (!lateTaken && to != null) {
                to.held();
            }
        }

        private void isNotPutOff() {
            if (late != null) {
                report(Guarantee.TRANSPORT_CONTRACT, client + " was asked for something while it had a write put off");
            }
        }

        @Override
        public boolean write(ByteBuffer source, int[] ranges, int count) {
            isNotPutOff();
            Event event = new Event(Seen.WROTE, client);
            int length = 0;
            for (int i = 0; i < count; i++) {
                length += ranges[2 * i + 1];
            }
            event.bytes = new byte[length];
            int at = 0;
            for (int i = 0; i < count; i++) {
                source.duplicate().clear().get(ranges[2 * i], event.bytes, at, ranges[2 * i + 1]);
                at += ranges[2 * i + 1];
            }
            boolean fails = fails(InMemoryTransport.Call.WRITE);
            boolean taken = false;
            if (!fails) {
                try {
                    taken = client.transport.write(source, ranges, count);
                } catch (IllegalStateException e) {
                    report(
                            client.evicted ? Guarantee.EVICTION : Guarantee.TRANSPORT_CONTRACT,
                            client + ": " + e.getMessage());
                }
            }
            event.flag = taken;
            event.threw = fails;
            see(client.shard, event);
            pause();
            failIf(fails);
            return taken;
        }

        @Override
        public void closing(CloseReason reason) {
            boolean fails = seeEnd(Seen.CLOSING, InMemoryTransport.Call.CLOSING, reason);
            client.transport.closing(reason);
            pause();
            failIf(fails);
        }

        @Override
        public void close(CloseReason reason) {
            boolean fails = seeEnd(Seen.CLOSE, InMemoryTransport.Call.CLOSE, reason);
            if (reason.code() != CloseReason.SLOW_CLIENT_CODE && client.transport.heldBytes() > 0 && !broken) {
                World.this.report(Guarantee.CALLER_ORDER, client + " was closed while its transport held bytes");
            }
            if (!fails) {
                client.transport.close(reason);
            }
            pause();
            failIf(fails);
        }

        @Override
        public void abort() {
            boolean fails = seeEnd(Seen.ABORT, InMemoryTransport.Call.ABORT, null);
            if (!fails) {
                client.transport.abort();
            }
            pause();
            failIf(fails);
        }

        private boolean seeEnd(Seen seen, InMemoryTransport.Call call, @Nullable CloseReason reason) {
            isNotPutOff();
            Event event = new Event(seen, client);
            event.reason = reason;
            event.threw = fails(call);
            see(client.shard, event);
            return event.threw;
        }

        private boolean fails(InMemoryTransport.Call call) {
            return failing.remove(call);
        }

        /** Throws if so; the registry takes the transport for lost, in order with what is placed on the shard. */
        private void failIf(boolean fails) {
            if (fails) {
                broken = true;
                Operation op = new Operation(Kind.ENDED, "the registry");
                op.number = model.next();
                op.client = client;
                op.shard = client.shard;
                op.reason = CloseReason.TRANSPORT_LOST;
                model.place(op, client.shard);
                thrown++;
                throw new IllegalStateException("the transport was told to throw");
            }
        }

        /** Tells the link something that is a command of the shard. */
        void tellLink(Kind kind, Consumer<Link> before, Consumer<Link> call) {
            Link to = link;
            Frame frame = frames.peek();
            if (to != null && frame != null) {
                before.accept(to);
                Operation op = on(kind, frame, client);
                op.now = clock.nanos();
                tell(frame, op, () -> call.accept(to));
            }
        }

        void control(int payload) {
            Link to = link;
            Frame frame = frames.peek();
            // Nothing tells when such a frame is queued. Where somebody may be evicted for the whole node, it is
            // therefore not
            // placed behind others' messages, which might as well be the reason.
            boolean clear = schedule.config().maxWaitingBytes() >= Schedule.PLENTY
                    || (frames.size() == 1 && !model.hasUnran(client.shard));
            if (to != null && frame != null && clear) {
                Operation op = on(Kind.CONTROL, frame, client);
                op.frame = PlainFormat.frame(Message.Kind.BINARY, payload(op, payload));
                tell(frame, op, () -> to.control(op.frame));
            }
        }
    }

    /** What the transport in memory reports, on its way to the registry. */
    private final class Ear implements Link {
        private final Client client;
        private final Link link;

        Ear(Client client, Link link) {
            this.client = client;
            this.link = link;
        }

        @Override
        public void touch() {
            link.touch();
            touched(client, registry.find(link.id()).isPresent(), false);
        }

        @Override
        public void pong() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void firstMessage() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void held() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void writable() {
            touched(client, registry.find(link.id()).isPresent(), false);
            report(Kind.WRITABLE, null, link::writable);
        }

        @Override
        public void closed(CloseReason reason) {
            report(Kind.ENDED, reason, () -> link.closed(reason));
        }

        private void report(Kind kind, @Nullable CloseReason reason, Runnable call) {
            Frame outer = frames.peek();
            Frame frame = new Frame(outer == null ? "the network" : outer.who, outer == null ? -1 : outer.owner, null);
            Operation op = on(kind, frame, client);
            op.reason = reason;
            if (trace != null) {
                line("  the link of " + client + " is told " + kind);
            }
            frames.push(frame);
            try {
                tell(frame, op, call);
                endInline(frame);
            } finally {
                frames.pop();
            }
        }

        @Override
        public void control(byte[] frame) {
            throw new UnsupportedOperationException();
        }

        @Override
        public ConnectionId id() {
            return link.id();
        }

        @Override
        public Claims claims() {
            return link.claims();
        }

        @Override
        public boolean isOpen() {
            return link.isOpen();
        }
    }
}

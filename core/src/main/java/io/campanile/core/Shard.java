package io.campanile.core;

import io.campanile.core.LiveConnection.State;
import io.campanile.core.spi.Clock;
import io.campanile.core.spi.KeepAlive;
import io.campanile.core.spi.ShardExecutor;
import io.campanile.core.spi.Transport;
import io.campanile.core.spi.WireFormat;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A part of the connections and the members of each group among them. Plain data, confined to one owner at a time. */
final class Shard {

    /*
     * OWNERSHIP. All state below `busy` belongs to whoever set busy from false to true. Any thread places commands on
     * the queue and then wakes the shard, either by running it (when it may: on the shard's own thread, or with an
     * executor without threads) or by scheduling one task that does. The runner takes commands until there are none,
     * clears busy, and looks again:
     *
     *     producer:  link command; then try busy (or see `scheduled` and schedule)
     *     runner:    clear busy;   then look for a linked command
     *
     * Both steps of each are volatile, so one of the two sees the other: no command is left behind (the wake-up cannot
     * be lost), and nobody waits. `scheduled` is cleared before the queue is looked at, for the same reason.
     *
     * ORDER. Commands take effect in queue order, whichever thread runs them, also when the shard's own thread placed
     * them: it joins the queue and then runs it. A command placed from inside a command runs after it.
     *
     * TURNS. Frames for connections that are not busy are gathered in the turn log and written when the turn ends: when
     * the executor comes to the flush that the first frame asked for, or, without threads, when the queue is empty.
     * Earlier for all when the log is full, earlier for one when its limits are.
     *
     * LAPS. Where very many are to be written to, the executor says how many a turn writes to, and the others wait in the
     * line for the next turns. Whoever is written to again stands at its end. So in a lap each connection is
     * written to once, with all that came since the last time; a message that comes in mid-lap travels with the one before
     * it to whoever was not served yet, and reaches the rest in the next lap, rather than wait for a lap of its own:
     *
     *     line      ->  d e f g h | a b c        |: the message came here
     *     they get      1+2 ......  2 ....
     *
     * What is gathered stays where it is in the log until the line is empty, or the log is full, which empties the line.
     *
     * BUDGET. Between two steps
     *
     *     owed = sum of what transports hold and of all backlogs  <=  leased,   see NodeBudget
     *
     * What a turn has gathered is not owed: it stands once in the turn log, however many get it, and most of it is never
     * kept for anybody. A write is tried first; what the transport then holds is leased, and when that fails the largest
     * debtor goes. So nobody for whom nothing waits is ever evicted for the node's limit.
     */

    /** After so many commands an event loop gets to do other things. */
    private static final int COMMANDS_PER_RUN = 1_024;

    private static final int SWEEP_SLICE = 4_096;
    private static final int CHUNK_BYTES = 64 << 10;

    /** What a caller's post costs beside its payload. */
    static final int POST_OVERHEAD = 128;

    final int index;

    private final ShardedRegistry registry;
    private final ShardExecutor executor;
    private final boolean threadless;
    private final Clock clock;
    private final Counters counters;
    private final Listeners listeners;
    /** What holds for a connection whose transport has no limits of its own. */
    private final Ceiling usual;

    private final CommandQueue queue = new CommandQueue();
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final AtomicLong postedBytes = new AtomicLong();
    private final AtomicBoolean beatPlaced = new AtomicBoolean();
    private final AtomicBoolean busy = new AtomicBoolean();

    final Slots slots;
    final Outgoing outgoing = new Outgoing(0);
    private final Watch watch;

    /** The rows of all who are open. */
    private int[] rows = new int[16];

    private volatile int connectionCount;
    private boolean closed;

    /** This shard's part of a drain; null while there is none. */
    private Drain.@Nullable OnShard drain;

    private final TurnLog log = new TurnLog();
    /**
     * Those the turn has gathered something for. Who was written to out of turn stands in it still, and again with what came
     * since; and so may a row that has passed to another.
     */
    private final Line line = new Line();

    private boolean flushScheduled;

    /** What was written and is not yet among the counters. */
    private long writtenBytes;

    private long commandPosted;
    private Delivery commandDelivery = Delivery.CONTROL;

    /** Older messages that the command has dropped or replaced. */
    private int commandDisplaced;

    private @Nullable ByteBuffer chunk;

    private LiveConnection[] debtors = new LiveConnection[4];
    private int debtorCount;

    private final long leaseStep;
    private final long leaseFloor;
    private long leased;
    private long owed;

    /** What {@link #owed} was when the shard was last left; for other threads to read. */
    private volatile long owedShown;

    /** The encodings of the message in hand, one for each format met so far. */
    private Encoded[] encodings = {new Encoded(), new Encoded()};

    private int encodingCount;

    /** A notice for a connection that is not busy. */
    private final Encoded singleNotice = new Encoded();

    /** A message in one format, and where it stands in the turn log. */
    private static final class Encoded {
        @Nullable
        WireFormat format;

        byte @Nullable [] frame;

        /** Where the frame stands in the turn log, if it has this epoch. */
        int epoch;

        int offset;
        int length;
    }

    Shard(int index, ShardedRegistry registry, ShardExecutor executor, int slotCapacity, int maxGeneration) {
        this.index = index;
        this.registry = registry;
        this.executor = executor;
        this.threadless = executor == ShardExecutor.callingThreads();
        this.clock = registry.clock;
        this.counters = registry.counters;
        this.listeners = registry.listeners;
        this.usual = Ceiling.of(registry.config.outbound());
        this.slots = new Slots(slotCapacity, maxGeneration);
        this.watch = new Watch(this, registry.config.liveness());
        // The floor stays with the shard, so that others' debts cannot starve it.
        long share = registry.config.maxWaitingBytes() / registry.shardCount();
        this.leaseFloor = Math.min(64 << 10, share / 2);
        this.leaseStep = Math.max(1, Math.min(1 << 20, share / 8));
        if (registry.budget.tryLease(leaseFloor)) {
            leased = leaseFloor;
        }
    }

    // Placing and running.

    /** Places a command and sees to it that it is run. Any thread. */
    void submit(Command command) {
        queue.offer(command);
        wake();
    }

    /** Places a command; the caller must {@link #wake} the shard afterwards. Any thread. */
    void place(Command command) {
        queue.offer(command);
    }

    void wake() {
        if (executor.isOwner()) {
            run();
        } else {
            schedule();
        }
    }

    private void schedule() {
        if (!scheduled.getAndSet(true)) {
            execute(this::runScheduled);
        }
    }

    private void runScheduled() {
        scheduled.set(false);
        run();
    }

    private void run() {
        do {
            if (!busy.compareAndSet(false, true)) {
                return; // the holder looks again after it has cleared busy
            }
            boolean more;
            try {
                more = takeUp();
            } finally {
                owedShown = owed;
                busy.set(false);
            }
            if (more) {
                schedule();
                return;
            }
        } while (queue.hasNext());
    }

    /** Runs what is placed; true when it stopped before the end. */
    private boolean takeUp() {
        int left = threadless ? Integer.MAX_VALUE : COMMANDS_PER_RUN;
        Command command;
        while (left-- > 0) {
            command = queue.poll();
            if (command == null) {
                if (threadless) {
                    endTurn();
                } else {
                    giveBackLease(); // what waited may have been let go without a turn to end
                }
                return false;
            }
            try {
                command.run(this);
            } catch (Throwable e) {
                listeners.failed("command failed", e);
                command.failed(e);
            }
        }
        return true;
    }

    /** Runs the task on the executor; one that has ended has no thread to disturb, so then it is run here. */
    private void execute(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException e) {
            task.run();
        }
    }

    /** Takes room for a post of a caller, or nothing if callers are too far ahead. Any thread. */
    boolean tryReserve(long bytes) {
        long before = postedBytes.getAndAdd(bytes);
        if (before > 0 && before + bytes > registry.config.maxPostedBytes()) {
            postedBytes.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    void release(long bytes) {
        postedBytes.addAndGet(-bytes);
    }

    // Connections coming and going.

    /** Adds a connection for which a place under the limit is taken, and a reference to the group of its user. */
    Registration register(
            Transport transport, WireFormat format, Claims claims, @Nullable Group user, Quotas.Holder places) {
        int slot = closed ? -1 : slots.take();
        if (slot < 0) {
            return new Registration.Refused(closed ? CloseReason.GOING_AWAY : CloseReason.NODE_FULL);
        }
        long id = ConnectionId.pack(registry.config.scope(), index, slot, slots.nextGeneration(slot));
        LiveConnection connection = new LiveConnection(id, this, transport, format, claims, usual);
        connection.places = places;
        if (!registry.quotas.register(places, connection)) {
            slots.free(slot);
            return new Registration.Refused(CloseReason.REPLACED);
        }
        try {
            transport.outboundLimits().ifPresent(limits -> connection.ceiling = Ceiling.of(limits));
            transport.attach(connection);
        } catch (Throwable e) {
            connection.state = State.CLOSED; // the transport has the link and may have used it
            slots.free(slot);
            listeners.failed("transport " + transport.getClass().getName() + " threw at attach", e);
            return new Registration.Refused(CloseReason.INTERNAL_ERROR);
        }
        connection.row = outgoing.take(connection);
        int count = connectionCount;
        if (count == rows.length) {
            rows = Arrays.copyOf(rows, count * 2);
        }
        rows[count] = connection.row;
        connection.index = count;
        connectionCount = count + 1;
        if (user != null) {
            joinUser(connection, user);
        }
        slots.put(slot, connection, tick(), watch.marksOfNew()); // others find it from now on
        counters.opened.increment();
        listeners.opened(connection);
        return new Registration.Registered(connection);
    }

    /** Takes the connection out of everything that refers to it, then tells listeners. */
    private void remove(LiveConnection connection, CloseReason reason) {
        connection.state = State.CLOSING;
        connection.closeReason = reason;
        slots.free(connection.slot());
        outgoing.leave(connection.row);
        int last = connectionCount - 1;
        rows[connection.index] = rows[last];
        outgoing.connection(rows[last]).index = connection.index;
        connectionCount = last;
        connection.index = -1;
        if (drain != null) {
            drain.leaves(connection);
        }
        leaveUser(connection);
        Membership[] rooms = connection.takeRooms();
        for (Membership room : rooms) {
            room.group.membersOn(index).remove(room);
            registry.rooms.dereference(room.group, index);
        }
        counters.connections.decrementAndGet();
        counters.closed(reason);
        for (Membership room : rooms) {
            listeners.left(connection, room.group.name);
        }
        listeners.closed(connection, reason);
        ClaimsChange change = connection.change;
        if (change != null) {
            connection.change = null;
            refuse(change, ClaimsOutcome.GONE);
            change.behind.forEach(later -> refuse(later, ClaimsOutcome.GONE));
        }
        // Last of all, so that whoever comes in its place was not seen while this one was.
        registry.quotas.release(connection.places);
    }

    private void joinUser(LiveConnection connection, Group user) {
        Membership membership = new Membership(connection, user);
        user.membersOn(index).add(membership);
        connection.user = membership;
    }

    private void leaveUser(LiveConnection connection) {
        Membership user = connection.user;
        if (user != null) {
            connection.user = null;
            user.group.membersOn(index).remove(user);
            registry.users.dereference(user.group, index);
        }
    }

    /** Gives a connection other claims, now or when it has the places they need; in the order in which that is asked for. */
    void changeClaims(ClaimsChange change) {
        LiveConnection connection = slots.find(change.id);
        if (connection == null) {
            refuse(change, ClaimsOutcome.GONE);
            return;
        }
        if (connection.change != null) {
            connection.change.behind.add(change);
            return;
        }
        List<LiveConnection> toClose = new ArrayList<>(0);
        switch (registry.quotas.take(connection.places, change.claims, toClose)) {
            case HELD -> apply(connection, change);
            case AWAITED -> {
                connection.change = change;
                registry.quotas.whenFree(connection.places, () -> submit(s -> s.goOnChanging(connection, change)));
                registry.replace(toClose);
            }
            case REFUSED -> refuse(change, ClaimsOutcome.REFUSED);
            case LEAVING -> {
                close(connection, CloseReason.REPLACED); // what was asked for is on its way; the answer holds now
                refuse(change, ClaimsOutcome.GONE);
            }
        }
    }

    private void goOnChanging(LiveConnection connection, ClaimsChange change) {
        if (connection.change != change) {
            return; // the connection has left, and the change was answered then
        }
        connection.change = null;
        apply(connection, change);
        for (ClaimsChange next : change.behind) {
            changeClaims(next);
        }
    }

    private void apply(LiveConnection connection, ClaimsChange change) {
        if (registry.quotas.isLeaving(connection.places)) {
            close(connection, CloseReason.REPLACED);
            refuse(change, ClaimsOutcome.GONE);
            return;
        }
        Group user = change.user;
        Membership now = connection.user;
        if (now != null && now.group == user) {
            registry.users.dereference(user, index, Group.SILENT);
        } else {
            leaveUser(connection);
            if (user != null) {
                joinUser(connection, user);
                user.count();
            }
        }
        Claims before = connection.claims();
        connection.setClaims(change.claims);
        listeners.claimsChanged(connection, before);
        callTransport(connection, transport -> transport.claimsChanged(before));
        registry.quotas.changed(connection.places);
        change.answer.complete(ClaimsOutcome.CHANGED);
    }

    private void refuse(ClaimsChange change, ClaimsOutcome why) {
        if (change.user != null) {
            registry.users.dereference(change.user, index, Group.SILENT);
        }
        change.answer.complete(why);
    }

    /** Ends a connection whose queue is still to be written. */
    CloseOutcome close(@Nullable LiveConnection connection, CloseReason reason) {
        if (connection == null || connection.state != State.OPEN) {
            return CloseOutcome.GONE;
        }
        remove(connection, reason);
        callTransport(connection, transport -> transport.closing(reason));
        flush(connection.row, false);
        if (!connection.isBusy()) {
            tellClose(connection);
        }
        return CloseOutcome.CLOSED;
    }

    /** Ends a connection and gives up what its transport has not taken. */
    private void evict(LiveConnection connection, String limit) {
        CloseReason reason = CloseReason.slowClient(limit);
        counters.evicted.increment();
        discard(connection);
        remove(connection, reason);
        callTransport(connection, transport -> transport.closing(reason));
        tellClose(connection);
    }

    private void tellClose(LiveConnection connection) {
        CloseReason reason = connection.closeReason;
        if (reason != null && !connection.closeTold && connection.state == State.CLOSING) {
            connection.closeTold = true;
            callTransport(connection, transport -> transport.close(reason));
        }
    }

    void transportEnded(LiveConnection connection, CloseReason reason) {
        if (connection.state == State.CLOSED) {
            return;
        }
        if (connection.state == State.OPEN) {
            remove(connection, reason);
        }
        connection.state = State.CLOSED;
        discard(connection);
        releaseHeld(connection);
        giveRowBack(connection);
        if (drain != null) {
            drain.ended(connection);
            drain.reportWhenDone(connectionCount);
        }
    }

    // A drain.

    /** Registers nobody from now on and begins to tell those who are there. */
    void beginDrain(Drain begun) {
        closed = true;
        drain = begun.new OnShard(connectionCount, clock.nanos());
        drainOn();
    }

    /** Tells as many as the pace lets by now; at the deadline all, and cuts whose transport has not ended. */
    void drainOn() {
        Drain.OnShard part = drain;
        if (part == null) {
            return;
        }
        long now = clock.nanos();
        for (int due = part.due(now); due > 0 && connectionCount > 0; due--) {
            LiveConnection next = outgoing.connection(rows[connectionCount - 1]);
            part.told(next);
            close(next, part.plan().reasonFor(next.value));
        }
        if (part.isPastDeadline(now)) {
            LiveConnection late;
            while ((late = part.nextToCut()) != null) {
                cut(late);
            }
        }
        part.reportWhenDone(connectionCount);
    }

    private void cut(LiveConnection connection) {
        connection.state = State.CLOSED;
        discard(connection);
        callTransport(connection, Transport::abort);
        releaseHeld(connection);
        giveRowBack(connection);
    }

    private void giveRowBack(LiveConnection connection) {
        outgoing.free(connection.row);
        connection.row = -1;
    }

    int closeAll(CloseReason reason, boolean forGood) {
        closed |= forGood;
        int count = connectionCount;
        while (connectionCount > 0) {
            close(outgoing.connection(rows[connectionCount - 1]), reason);
        }
        return count;
    }

    /** Ends those seen last before the tick, slice by slice, then goes on with the continuation. */
    void sweep(int fromSlot, long beforeTick, List<ConnectionId> swept, Consumer<List<ConnectionId>> then) {
        int end = Math.min(slots.used(), fromSlot + SWEEP_SLICE);
        int slot = fromSlot;
        while ((slot = slots.firstSeenBefore(beforeTick, slot, end)) < end) {
            LiveConnection idle = slots.connection(slot++);
            swept.add(idle.id());
            close(idle, CloseReason.IDLE);
        }
        if (end == slots.used()) {
            then.accept(swept);
        } else {
            goOn(shard -> shard.sweep(end, beforeTick, swept, then));
        }
    }

    /** Places the next slice of something long, behind what else there is to do. */
    private void goOn(Command slice) {
        if (threadless) {
            submit(slice);
        } else {
            try {
                executor.executeNextTurn(() -> submit(slice));
            } catch (RejectedExecutionException e) {
                submit(slice);
            }
        }
    }

    // Time.

    /** Does what time demands, unless the last beat is still to be taken up. Any thread. */
    void beat() {
        if (!beatPlaced.getAndSet(true)) {
            submit(Shard::takeUpBeat);
        }
    }

    private void takeUpBeat() {
        beatPlaced.set(false);
        drainOn();
        if (watch.beat(now())) {
            watchSlice();
        }
    }

    private void watchSlice() {
        if (watch.slice(now())) {
            goOn(Shard::watchSlice);
        }
    }

    /** Begins a slice that may ping. */
    void beginPings() {
        begin(Delivery.CONTROL, clock.nanos());
    }

    /**
     * Gathers a keep-alive, behind what else the turn has gathered. False when there is none to send, when the node has no
     * memory left for it, and when the transport is busy: it would wait for its turn to be written, and somebody might be
     * evicted for it.
     */
    boolean ping(int row, KeepAlive ping) {
        Encoded encoded = encoding(outgoing.format(row), ping);
        byte[] frame = encoded.frame;
        if (frame == null
                || frame.length > outgoing.ceiling(row).bytes()
                || !leaseMore(frame.length)
                || !prepare(row, encoded, frame)) {
            return false;
        }
        gather(row, encoded);
        if (!listeners.isEmpty()) {
            listeners.pinged(outgoing.connection(row));
        }
        return true;
    }

    void pong(LiveConnection connection) {
        if (connection.state == State.OPEN) {
            long nanos = watch.pong(connection.slot(), now());
            if (nanos >= 0 && !listeners.isEmpty()) {
                listeners.roundTrip(connection, nanos);
            }
        }
    }

    void firstMessage(LiveConnection connection) {
        if (connection.state == State.OPEN) {
            slots.clearMark(connection.slot(), Slots.AWAITS_MESSAGE);
        }
    }

    /** Returns what a format writes as a keep-alive, or null when it has none or throws. */
    @Nullable
    KeepAlive keepAlive(WireFormat format) {
        try {
            return format.keepAlive().orElse(null);
        } catch (Throwable e) {
            listeners.failed("format " + format.getClass().getName() + " threw at keepAlive", e);
            return null;
        }
    }

    /** Returns nanoseconds since the registry began. */
    private long now() {
        return clock.nanos() - registry.began;
    }

    /** Marks the connection with the id as heard from. Any thread. */
    long age(long id) {
        return slots.age(id, tick());
    }

    boolean touch(long id) {
        return slots.touch(id, tick());
    }

    private long tick() {
        return Slots.tick(now());
    }

    // Rooms.

    /** Makes a connection a member of a group that was referenced for it; gives the reference back if it did not. */
    JoinOutcome join(long id, Group room) {
        LiveConnection connection = slots.find(id);
        JoinOutcome outcome;
        if (connection == null) {
            outcome = JoinOutcome.GONE;
        } else if (connection.membership(room) != null) {
            outcome = JoinOutcome.ALREADY_IN;
        } else if (connection.roomCount() >= registry.config.maxRoomsPerConnection()) {
            outcome = JoinOutcome.REFUSED;
        } else {
            Membership membership = new Membership(connection, room);
            room.membersOn(index).add(membership);
            connection.addRoom(membership);
            listeners.joined(connection, room.name);
            return JoinOutcome.JOINED;
        }
        registry.rooms.dereference(room, index);
        return outcome;
    }

    LeaveOutcome leave(long id, String name) {
        LiveConnection connection = slots.find(id);
        if (connection == null) {
            return LeaveOutcome.GONE;
        }
        // While the connection is a member the room is alive, so it is found under its name.
        Group room = registry.rooms.find(name);
        Membership membership = room == null ? null : connection.membership(room);
        if (membership == null) {
            return LeaveOutcome.NOT_IN;
        }
        connection.removeRoom(membership);
        membership.group.membersOn(index).remove(membership);
        registry.rooms.dereference(membership.group, index);
        listeners.left(connection, name);
        return LeaveOutcome.LEFT;
    }

    List<String> rooms(long id) {
        LiveConnection connection = slots.find(id);
        List<String> names = new ArrayList<>();
        for (int i = 0; connection != null && i < connection.roomCount(); i++) {
            names.add(connection.room(i).group.name);
        }
        return names;
    }

    void addMembers(Group room, List<ConnectionId> to) {
        Members members = room.on(index);
        for (int i = 0; members != null && i < members.size(); i++) {
            to.add(members.get(i).id());
        }
    }

    /** Returns the part of an audience that lives here. */
    List<Connection> connections(Audience audience, Group[] groups, Group[] exceptGroups) {
        List<Connection> found = new ArrayList<>();
        int met = outgoing.newStamp();
        except(audience.except(), exceptGroups, met);
        for (int i = 0; audience.everyone() && i < connectionCount; i++) {
            addUnlessMet(rows[i], met, found);
        }
        for (Group group : groups) {
            Members members = group.on(index);
            for (int i = 0; members != null && i < members.size(); i++) {
                addUnlessMet(members.row(i), met, found);
            }
        }
        return found;
    }

    private void addUnlessMet(int row, int met, List<Connection> to) {
        if (outgoing.stamp(row, met)) {
            to.add(outgoing.connection(row));
        }
    }

    // Messages.

    SendOutcome send(long id, Message message, Delivery delivery, long posted) {
        LiveConnection connection = slots.find(id);
        if (connection == null) {
            return SendOutcome.GONE;
        }
        begin(delivery, posted);
        SendOutcome outcome = offer(connection.row, message, null);
        if (outcome == SendOutcome.QUEUED) {
            counters.queued.increment();
            return commandDisplaced > 0 ? SendOutcome.DISPLACED : outcome;
        } else if (outcome == SendOutcome.DROPPED) {
            counters.dropped.increment();
        }
        return outcome;
    }

    void control(LiveConnection connection, byte[] frame) {
        if (connection.state == State.OPEN && frame.length <= connection.ceiling.bytes()) {
            begin(Delivery.CONTROL, clock.nanos());
            Encoded encoded = nextEncoding(null);
            encoded.frame = frame;
            offer(connection.row, encoded, null);
        }
    }

    /** Offers the message to the part of the audience that lives here; the walk allocates nothing. */
    void broadcast(Broadcast broadcast) {
        begin(broadcast.delivery, broadcast.posted);
        int matched = 0;
        int queued = 0;
        int evicted = 0;
        int served = outgoing.newStamp();
        except(broadcast.except, broadcast.exceptGroups, served);
        for (int g = broadcast.everyone ? -1 : 0; g < broadcast.groups.length; g++) {
            Group group = g < 0 ? null : broadcast.groups[g];
            Members members = group == null ? null : group.on(index);
            Group room = group == null || group.overflow == null ? null : group;
            /*
             * Serving one may evict it, and shed any others: the last then moves into the gap and there are fewer. From
             * the end, those still to be served stay before i. Who is met again, or in several groups, has the stamp.
             */
            int end = g < 0 ? connectionCount : members == null ? 0 : members.size();
            for (int i = end - 1; i >= 0; i = Math.min(i, members == null ? connectionCount : members.size()) - 1) {
                int row = members == null ? rows[i] : members.row(i);
                if (!outgoing.stamp(row, served)) {
                    continue;
                }
                matched++;
                SendOutcome outcome = offer(row, broadcast.message, room);
                if (outcome == SendOutcome.QUEUED) {
                    queued++;
                } else if (outcome == SendOutcome.EVICTED) {
                    evicted++;
                }
            }
        }
        int dropped = matched - queued - evicted;
        counters.queued.add(queued);
        if (dropped > 0) {
            counters.dropped.add(dropped);
        }
        broadcast.ranOn(matched, queued, dropped, evicted, commandDisplaced);
    }

    private void except(Set<ConnectionId> ids, Group[] groups, int served) {
        for (ConnectionId id : ids) {
            if (ConnectionId.shardOf(id.value()) == index) {
                LiveConnection connection = slots.find(id.value());
                if (connection != null) {
                    outgoing.stamp(connection.row, served);
                }
            }
        }
        for (Group group : groups) {
            Members members = group.on(index);
            for (int i = 0; members != null && i < members.size(); i++) {
                outgoing.stamp(members.row(i), served);
            }
        }
    }

    private void begin(Delivery delivery, long posted) {
        commandDelivery = delivery;
        commandDisplaced = 0;
        commandPosted = posted;
        encodingCount = 0;
    }

    private SendOutcome offer(int row, Message message, @Nullable Group room) {
        return offer(row, encoding(outgoing.format(row), message), room);
    }

    /** Finds the message in the format among those made for this command, or makes it. */
    private Encoded encoding(WireFormat format, Message message) {
        for (int i = 0; i < encodingCount; i++) {
            if (encodings[i].format == format) {
                return encodings[i];
            }
        }
        Encoded encoded = nextEncoding(format);
        try {
            encoded.frame = message.encoded(format);
        } catch (Throwable e) {
            encoded.frame = null;
            listeners.failed("format " + format.getClass().getName() + " threw at encode", e);
        }
        return encoded;
    }

    private Encoded encoding(WireFormat format, KeepAlive ping) {
        for (int i = 0; i < encodingCount; i++) {
            if (encodings[i].format == format) {
                return encodings[i];
            }
        }
        Encoded encoded = nextEncoding(format);
        encoded.frame = ping.frame();
        return encoded;
    }

    private Encoded nextEncoding(@Nullable WireFormat format) {
        if (encodingCount == encodings.length) {
            encodings = Arrays.copyOf(encodings, encodingCount * 2);
            for (int i = encodingCount; i < encodings.length; i++) {
                encodings[i] = new Encoded();
            }
        }
        Encoded encoded = encodings[encodingCount++];
        encoded.format = format;
        encoded.epoch = -1;
        return encoded;
    }

    /** Puts a frame behind what waits for a connection, or does what its policy demands; the room is null if there is none. */
    private SendOutcome offer(int row, Encoded encoded, @Nullable Group room) {
        if (encoded.epoch == log.epoch() && outgoing.takes(row, encoded.length)) {
            gather(row, encoded); // so it is for nearly all
            return SendOutcome.QUEUED;
        }
        LiveConnection connection = outgoing.connection(row);
        byte[] frame = encoded.frame;
        if (frame == null || frame.length > connection.ceiling.bytes()) {
            return undeliverable(connection, room);
        }
        if (prepare(row, encoded, frame)) {
            gather(row, encoded);
            return SendOutcome.QUEUED;
        }
        return connection.state == State.OPEN ? queue(connection, frame, room) : SendOutcome.EVICTED;
    }

    /** Makes room for a frame; false when the transport is busy, or turns out to be, or the connection is evicted. */
    private boolean prepare(int row, Encoded encoded, byte[] frame) {
        if (!outgoing.fits(row, frame.length)) {
            flush(row, false); // what the network would take at once does not count
        }
        if (!outgoing.isBusy(row) && encoded.epoch != log.epoch()) {
            append(encoded, frame); // may write to make room, and find the transport busy
        }
        return outgoing.isReady(row);
    }

    /** Adds a frame to what the turn has for a connection that is prepared for it. */
    private void gather(int row, Encoded encoded) {
        if (outgoing.isIdle(row)) {
            lineUp(row);
        }
        outgoing.gather(row, encoded.offset, encoded.length);
    }

    // Overflow: what becomes of messages for those who are slow.

    /** Puts a frame behind what a busy transport holds, or does what its policy demands. */
    private SendOutcome queue(LiveConnection connection, byte[] frame, @Nullable Group via) {
        Backlog backlog = backlogOf(connection);
        String room = via == null ? Backlog.NO_ROOM : via.name;
        OverflowPolicy policy = commandDelivery
                .overflow()
                .orElse(via == null || via.overflow == null ? registry.overflow : via.overflow);
        switch (policy) {
            case EVICT -> {
                if (!makeSure(connection, frame.length, 1)) {
                    return SendOutcome.EVICTED;
                }
                backlog.add(frame);
            }
            case DROP_NEWEST, DROP_OLDEST -> {
                boolean fits = outgoing.fits(connection.row, frame.length)
                        || (policy == OverflowPolicy.DROP_OLDEST
                                && dropOldest(connection, backlog, room, frame.length));
                if (!fits) {
                    return miss(connection, backlog, room);
                }
                if (!makeSure(connection, frame.length, 1)) {
                    return SendOutcome.EVICTED;
                }
                backlog.addDroppable(room, frame);
            }
            case LATEST_PER_KEY -> {
                String key = commandDelivery.key();
                Backlog.Lane lane = backlog.lane(room);
                Backlog.Entry older = lane == null ? null : lane.latest(key);
                if (older != null) {
                    lose(connection, backlog, older);
                    counters.conflated.increment();
                }
                if (!makeSure(connection, frame.length, 1)) {
                    return SendOutcome.EVICTED;
                }
                backlog.addWithKey(room, key, frame);
            }
        }
        recount(connection, backlog);
        return SendOutcome.QUEUED;
    }

    private static Backlog backlogOf(LiveConnection connection) {
        Backlog backlog = connection.backlog;
        if (backlog == null) {
            connection.backlog = backlog = new Backlog();
        }
        return backlog;
    }

    /**
     * Drops messages of a room from the oldest on, until a frame fits; none for a frame that is too large for what they take
     * up. Returns whether it fits now.
     */
    private boolean dropOldest(LiveConnection connection, Backlog backlog, String room, int length) {
        Backlog.Lane lane = backlog.lane(room);
        if (lane == null || connection.waitingBytes() - lane.bytes > connection.ceiling.droppableBytes() - length) {
            return false;
        }
        Backlog.Entry oldest;
        while ((oldest = lane.oldest) != null && !outgoing.fits(connection.row, length)) {
            lose(connection, backlog, oldest);
            counters.dropped.increment();
        }
        return outgoing.fits(connection.row, length);
    }

    /** Makes a message that waits part of its room's gap, which may need more bytes: the caller makes sure of them. */
    private void lose(LiveConnection connection, Backlog backlog, Backlog.Entry entry) {
        Backlog.Lane lane = entry.lane;
        backlog.lose(entry, lane == null || lane.gap != null ? 0 : gapBytes(connection, lane.room));
        commandDisplaced++;
        recount(connection, backlog);
    }

    /** Counts a message that was not queued, for the client to be told. */
    private SendOutcome miss(LiveConnection connection, Backlog backlog, String room) {
        Backlog.Lane lane = backlog.lane(room);
        boolean has = lane != null && lane.gap != null;
        int bytes = has ? 0 : gapBytes(connection, room);
        if (!makeSure(connection, bytes, has ? 0 : 1)) {
            return SendOutcome.EVICTED;
        }
        backlog.miss(room, bytes);
        recount(connection, backlog);
        return SendOutcome.DROPPED;
    }

    /** Deals with a message that has no frame, or one that may never wait. */
    private SendOutcome undeliverable(LiveConnection connection, @Nullable Group via) {
        String room = via == null ? Backlog.NO_ROOM : via.name;
        if (!connection.isBusy()) {
            byte[] frame = notice(connection, room, 1, connection.ceiling.bytes());
            if (frame == null) {
                return SendOutcome.DROPPED; // the transport has failed at it
            }
            singleNotice.frame = frame;
            singleNotice.epoch = -1;
            if (prepare(connection.row, singleNotice, frame)) {
                gather(connection.row, singleNotice);
                return SendOutcome.DROPPED;
            }
        }
        return connection.state == State.OPEN ? miss(connection, backlogOf(connection), room) : SendOutcome.EVICTED;
    }

    /** Sees to it that so much more may wait for a connection whose transport is busy; evicts it if it may not. */
    private boolean makeSure(LiveConnection connection, int bytes, int frames) {
        Ceiling ceiling = connection.ceiling;
        if (connection.waitingBytes() > ceiling.bytes() - bytes) {
            evict(connection, ceiling.bytes() + " bytes");
            return false;
        }
        if (connection.waitingFrames() > ceiling.frames() - frames) {
            evict(connection, ceiling.frames() + " frames");
            return false;
        }
        return lease(connection, bytes);
    }

    /** Takes over what the backlog of a busy connection has come to. */
    private void recount(LiveConnection connection, Backlog backlog) {
        int bytes = connection.heldBytes + backlog.bytes();
        owed += bytes - connection.waitingBytes();
        outgoing.setWaiting(connection.row, bytes, connection.heldFrames + backlog.frames());
    }

    private int gapBytes(LiveConnection connection, String room) {
        byte[] frame = notice(connection, room, Long.MAX_VALUE, connection.ceiling.bytes());
        return frame == null ? 0 : frame.length;
    }

    /** Makes the frame that tells of lost messages; null if the transport fails at it, and so has come to its end. */
    private byte @Nullable [] notice(LiveConnection connection, String room, long missed, int atMost) {
        try {
            byte[] frame = connection
                    .transport
                    .gapNotice(room.equals(Backlog.NO_ROOM) ? Optional.empty() : Optional.of(room), missed)
                    .encoded(connection.format);
            if (frame.length <= atMost) {
                return frame;
            }
            throw new IllegalStateException("gapNotice: " + frame.length + " bytes (expected: at most " + atMost
                    + " for " + missed + " missed)");
        } catch (Throwable e) {
            transportThrew(connection, e);
            return null;
        }
    }

    private void append(Encoded encoded, byte[] frame) {
        if (!log.fits(frame.length) && !log.isEmpty()) {
            flush(Integer.MAX_VALUE);
            log.clear();
        }
        encoded.offset = log.append(frame);
        encoded.length = frame.length;
        encoded.epoch = log.epoch();
    }

    // Turns.

    private void lineUp(int row) {
        if (!threadless && !flushScheduled) {
            flushScheduled = true;
            execute(() -> submit(Shard::endTurn));
        }
        line.add(row, commandPosted);
    }

    /** Writes to as many as a turn may, and leaves the others, with what is gathered for them meanwhile, to the next one. */
    private void endTurn() {
        flushScheduled = false;
        flush(threadless ? Integer.MAX_VALUE : Math.max(1, executor.writesPerTurn()));
        if (!line.isEmpty()) {
            flushScheduled = true;
            goOn(Shard::endTurn);
        } else if (!log.isEmpty()) {
            log.clear();
        }
        giveBackLease();
    }

    /** Writes to the first of those that wait for it, so many at most. */
    private void flush(int most) {
        if (line.isEmpty()) {
            return;
        }
        long oldest = line.since();
        for (int left = most; left > 0 && !line.isEmpty(); left--) {
            flush(line.take(), true);
        }
        executor.flush();
        if (writtenBytes > 0) {
            counters.writtenBytes.add(writtenBytes);
            writtenBytes = 0;
        }
        if (!listeners.isEmpty()) {
            listeners.written(clock.nanos() - oldest);
        }
    }

    /** Gives the transport what the turn has gathered for it; it may put that off until the executor flushes. */
    private void flush(int row, boolean soon) {
        if (!outgoing.hasGathered(row)) {
            return;
        }
        int bytes = outgoing.bytes(row);
        int frames = outgoing.frames(row);
        Transport transport = outgoing.transport(row);
        Ranges ranges = outgoing.takeRanges(row);
        int start = outgoing.start(row);
        outgoing.written(row);
        writtenBytes += bytes;
        boolean written;
        try {
            if (ranges != null) {
                written = transport.write(log.buffer(), ranges.asArray(), ranges.count());
            } else if (soon) {
                written = transport.writeSoon(log.buffer(), start, bytes);
            } else {
                written = transport.write(log.buffer(), start, bytes);
            }
        } catch (Throwable e) {
            LiveConnection connection = outgoing.connection(row);
            writtenBytes -= bytes;
            hold(connection, 0, 0); // lost, so nothing more is given to it
            transportThrew(connection, e);
            return;
        }
        if (!written) {
            held(outgoing.connection(row), bytes, frames);
        }
    }

    /** The transport holds what it had put off. */
    void held(LiveConnection connection) {
        int row = connection.row;
        outgoing.unwritten(row);
        held(connection, outgoing.bytes(row), outgoing.frames(row));
    }

    /** The transport holds what had counted as written. */
    private void held(LiveConnection connection, int bytes, int frames) {
        writtenBytes -= bytes;
        outgoing.setWaiting(connection.row, bytes, frames);
        hold(connection, bytes, frames);
        owed += bytes;
        coverDebts();
    }

    private void hold(LiveConnection connection, int bytes, int frames) {
        connection.heldBytes = bytes;
        connection.heldFrames = frames;
        outgoing.setBusy(connection.row, true);
        rememberDebtor(connection);
    }

    private void releaseHeld(LiveConnection connection) {
        if (connection.isBusy()) {
            repay(connection, connection.heldBytes, connection.heldFrames);
            connection.heldBytes = 0;
            connection.heldFrames = 0;
            outgoing.setBusy(connection.row, false);
            forgetDebtor(connection);
        }
    }

    /** The transport has written what it held: gives it more, or closes it if that was asked for. */
    void writable(LiveConnection connection) {
        if (connection.state == State.CLOSED || !connection.isBusy()) {
            return;
        }
        counters.writtenBytes.add(connection.heldBytes);
        releaseHeld(connection);
        Backlog backlog = connection.backlog;
        while (backlog != null && !backlog.isEmpty() && !connection.isBusy()) {
            writeChunk(connection, backlog);
        }
        if (!connection.isBusy()) {
            connection.backlog = null;
            tellClose(connection);
        }
    }

    private void writeChunk(LiveConnection connection, Backlog backlog) {
        ByteBuffer into = chunk;
        if (into == null) {
            chunk = into = ByteBuffer.allocateDirect(CHUNK_BYTES);
        }
        if (backlog.firstLength() > into.capacity()) {
            into = ByteBuffer.allocateDirect(backlog.firstLength());
        }
        int bytesBefore = backlog.bytes();
        int framesBefore = backlog.frames();
        int bytes = backlog.moveTo(into, (room, missed, atMost) -> notice(connection, room, missed, atMost));
        int frames = framesBefore - backlog.frames();
        repay(connection, bytesBefore - backlog.bytes() - bytes, 0); // notices may need less than was kept for them
        if (bytes == 0) {
            letGo(connection, 0, frames); // there was only a notice, at which the transport has failed
            return;
        }
        boolean written;
        try {
            written = connection.transport.write(into, 0, bytes);
        } catch (Throwable e) {
            repay(connection, bytes, frames);
            hold(connection, 0, 0);
            transportThrew(connection, e);
            return;
        }
        if (written) {
            counters.writtenBytes.add(bytes);
            repay(connection, bytes, frames);
        } else {
            hold(connection, bytes, frames);
        }
    }

    /** Gives up what waits and is not in the transport's hands. */
    private void discard(LiveConnection connection) {
        Backlog backlog = connection.backlog;
        if (backlog != null) {
            repay(connection, backlog.bytes(), backlog.frames());
            connection.backlog = null;
        }
        if (outgoing.hasGathered(connection.row)) {
            outgoing.clearGathered(connection.row);
        }
    }

    private void letGo(LiveConnection connection, int bytes, int frames) {
        int row = connection.row;
        outgoing.setWaiting(row, outgoing.bytes(row) - bytes, outgoing.frames(row) - frames);
    }

    private void repay(LiveConnection connection, int bytes, int frames) {
        letGo(connection, bytes, frames);
        owed -= bytes;
    }

    private void callTransport(LiveConnection connection, Consumer<Transport> call) {
        try {
            call.accept(connection.transport);
        } catch (Throwable e) {
            transportThrew(connection, e);
        }
    }

    private void transportThrew(LiveConnection connection, Throwable cause) {
        listeners.failed("transport " + connection.transport.getClass().getName() + " threw", cause);
        queue.offer(shard -> shard.transportFailed(connection)); // taken up by this run
    }

    /** A transport that threw is lost, but may not know it. */
    private void transportFailed(LiveConnection connection) {
        if (connection.state == State.CLOSED) {
            return;
        }
        transportEnded(connection, CloseReason.TRANSPORT_LOST);
        try {
            connection.transport.abort();
        } catch (Throwable e) {
            listeners.failed("transport " + connection.transport.getClass().getName() + " threw at abort", e);
        }
    }

    // The budget of the node.

    /** Leases so many more bytes for a debtor, shedding the largest first; false when that hit the one that asks. */
    private boolean lease(LiveConnection debtor, int bytes) {
        while (debtor.state == State.OPEN && !leaseMore(bytes)) {
            shed(largestDebtor(debtor));
        }
        return debtor.state == State.OPEN;
    }

    /** Leases what a transport was just found to hold; sheds the largest debtors, it may be that one, when that fails. */
    private void coverDebts() {
        while (!leaseMore(0)) {
            shed(largestDebtor(debtors[0]));
        }
    }

    private LiveConnection largestDebtor(LiveConnection unlessLarger) {
        LiveConnection largest = unlessLarger;
        for (int i = 0; i < debtorCount; i++) {
            if (debtors[i].waitingBytes() > largest.waitingBytes()) {
                largest = debtors[i];
            }
        }
        return largest;
    }

    /** Frees all that waits for a connection, now: the memory is needed, and its socket takes nothing anyway. */
    private void shed(LiveConnection connection) {
        if (connection.state == State.OPEN) {
            evict(connection, registry.budget.limit() + " bytes for all clients together");
        }
        discard(connection);
        if (connection.isBusy()) {
            connection.closeTold = true; // nothing follows an abort
            connection.aborted = true;
            callTransport(connection, Transport::abort);
            releaseHeld(connection);
        }
    }

    private boolean leaseMore(int bytes) {
        long missing = owed + bytes - leased;
        if (missing <= 0) {
            return true;
        }
        long step = Math.max(missing, leaseStep);
        if (registry.budget.tryLease(step)) {
            leased += step;
            return true;
        }
        if (registry.budget.tryLease(missing)) {
            leased += missing;
            return true;
        }
        return false;
    }

    private void giveBackLease() {
        long spare = leased - Math.max(leaseFloor, owed + leaseStep);
        if (spare > 0) {
            leased -= spare;
            registry.budget.giveBack(spare);
        }
    }

    private void rememberDebtor(LiveConnection connection) {
        if (debtorCount == debtors.length) {
            debtors = Arrays.copyOf(debtors, debtorCount * 2);
        }
        connection.debtorIndex = debtorCount;
        debtors[debtorCount++] = connection;
    }

    @SuppressWarnings("NullAway") // behind debtorCount there is nothing
    private void forgetDebtor(LiveConnection connection) {
        LiveConnection moved = debtors[--debtorCount];
        debtors[connection.debtorIndex] = moved;
        moved.debtorIndex = connection.debtorIndex;
        debtors[debtorCount] = null;
    }

    /** Returns the bytes that wait for connections of this shard which do not take them. Any thread. */
    long waitingBytes() {
        return owedShown;
    }
}

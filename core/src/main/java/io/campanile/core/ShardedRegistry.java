package io.campanile.core;

import io.campanile.core.spi.Clock;
import io.campanile.core.spi.ShardExecutor;
import io.campanile.core.spi.Transport;
import io.campanile.core.spi.WireFormat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The registry as a set of shards. Keeps no connection itself: it finds the shard, places the command, and wakes it. */
final class ShardedRegistry implements ConnectionRegistry {

    private static final Group[] NO_GROUPS = new Group[0];

    final RegistryConfig config;
    final Clock clock;
    final long began;
    final Counters counters = new Counters();
    final Listeners listeners;
    final NodeBudget budget;

    /** What becomes of messages that do not fit and come through no room. */
    final OverflowPolicy overflow;

    final Directory rooms;
    final Directory users;
    final Quotas quotas;

    private final Sequencers sequencers = new Sequencers();
    private final RandomGenerator random;
    private final ReentrantLock randomLock = new ReentrantLock();
    private final int shardCount;
    private final Shard[] shards;
    private final AtomicReference<@Nullable Drain> drain = new AtomicReference<>();
    private volatile boolean closed;

    ShardedRegistry(
            RegistryConfig config,
            List<ShardExecutor> executors,
            Clock clock,
            RandomGenerator random,
            List<RegistryListener> listeners,
            OverflowRules overflow,
            List<Quota> quotas) {
        this(
                config,
                executors,
                clock,
                random,
                listeners,
                overflow,
                quotas,
                ConnectionId.MAX_SLOTS,
                ConnectionId.MAX_GENERATION);
    }

    /** For tests, which wear out slots sooner. */
    ShardedRegistry(
            RegistryConfig config,
            List<ShardExecutor> executors,
            Clock clock,
            RandomGenerator random,
            List<RegistryListener> listeners,
            OverflowRules overflow,
            int slotsPerShard,
            int maxGeneration) {
        this(config, executors, clock, random, listeners, overflow, List.of(), slotsPerShard, maxGeneration);
    }

    ShardedRegistry(
            RegistryConfig config,
            List<ShardExecutor> executors,
            Clock clock,
            RandomGenerator random,
            List<RegistryListener> listeners,
            OverflowRules overflow,
            List<Quota> quotas,
            int slotsPerShard,
            int maxGeneration) {
        this.config = config;
        this.clock = clock;
        this.began = clock.nanos();
        this.random = random;
        this.listeners = new Listeners(listeners);
        this.budget = new NodeBudget(config.maxWaitingBytes());
        this.shardCount = executors.size();
        this.overflow = overflow.usual();
        this.quotas = new Quotas(quotas);
        this.rooms = new Directory(shardCount, 0, room -> policyOf(room, overflow));
        this.users = new Directory(shardCount, 1);
        this.shards = new Shard[shardCount];
        for (int i = 0; i < shardCount; i++) {
            shards[i] = new Shard(i, this, executors.get(i), slotsPerShard, maxGeneration);
        }
    }

    private OverflowPolicy policyOf(String room, OverflowRules rules) {
        try {
            return Objects.requireNonNull(rules.ofRoom().apply(room), "no policy");
        } catch (RuntimeException e) {
            listeners.failed("the overflow policy of rooms threw", e);
            return OverflowPolicy.EVICT;
        }
    }

    int shardCount() {
        return shardCount;
    }

    // Connections.

    @Override
    public CompletionStage<Registration> register(Transport transport, Claims claims) {
        Shard shard = shardFor(transport);
        WireFormat format = transport.format();
        if (closed || drain.get() != null) {
            return refused(CloseReason.GOING_AWAY);
        }
        if (!takePlace()) {
            return refused(CloseReason.NODE_FULL);
        }
        Quotas.Holder places = quotas.newHolder();
        List<LiveConnection> toClose = new ArrayList<>(0);
        switch (quotas.take(places, claims, toClose)) {
            case HELD -> {
                return register(shard, transport, format, claims, places, new CompletableFuture<>());
            }
            case AWAITED -> {
                // Given to the shard rather than completed behind it: the thread that sees the other off is another.
                CompletableFuture<Registration> answer = new CompletableFuture<>();
                quotas.whenFree(places, () -> register(shard, transport, format, claims, places, answer));
                replace(toClose);
                return answer;
            }
            default -> {
                counters.connections.decrementAndGet();
                return refused(CloseReason.QUOTA_FULL);
            }
        }
    }

    /** Places a registration for which all places are taken and free. */
    private CompletionStage<Registration> register(
            Shard shard,
            Transport transport,
            WireFormat format,
            Claims claims,
            Quotas.Holder places,
            CompletableFuture<Registration> answered) {
        // Here and not on the shard, so that a broadcast placed behind it finds the group.
        Group user =
                claims.subject().map(name -> users.reference(name, shard.index)).orElse(null);
        return ask(shard, answered, s -> {
            Registration answer = s.register(transport, format, claims, user, places);
            if (answer instanceof Registration.Refused) {
                if (user != null) {
                    users.dereference(user, shard.index);
                }
                counters.connections.decrementAndGet();
                counters.refused.increment();
                quotas.release(places);
            }
            return answer;
        });
    }

    /** Closes those whose places were handed over. */
    void replace(List<LiveConnection> toClose) {
        for (LiveConnection connection : toClose) {
            connection.shard.submit(s -> s.close(connection, CloseReason.REPLACED));
        }
    }

    private CompletionStage<Registration> refused(CloseReason reason) {
        counters.refused.increment();
        return CompletableFuture.completedFuture(new Registration.Refused(reason));
    }

    /** Counts one more connection unless that would pass the limit; exact, since the count never passes it (G2). */
    private boolean takePlace() {
        AtomicInteger count = counters.connections;
        int now;
        do {
            now = count.get();
            if (now >= config.maxConnections()) {
                return false;
            }
        } while (!count.compareAndSet(now, now + 1));
        return true;
    }

    @Override
    public CompletionStage<ClaimsOutcome> changeClaims(ConnectionId id, Claims claims) {
        Shard shard = shardOf(id);
        if (shard == null) {
            return CompletableFuture.completedFuture(ClaimsOutcome.GONE);
        }
        // Here and not on the shard, so that a broadcast placed behind it finds the group.
        Group user = claims.subject()
                .map(name -> users.reference(name, shard.index, Group.SILENT))
                .orElse(null);
        ClaimsChange change = new ClaimsChange(id.value(), claims, user);
        shard.submit(change);
        return change.answer;
    }

    private Shard shardFor(Transport transport) {
        int asked = transport.shard();
        if (asked == Transport.ANY_SHARD) {
            return shardCount == 1 ? shards[0] : shards[randomShard()];
        }
        return shards[Checks.inRange("shard", asked, 0, shardCount - 1)];
    }

    private int randomShard() {
        randomLock.lock();
        try {
            return random.nextInt(shardCount);
        } finally {
            randomLock.unlock();
        }
    }

    @Override
    public boolean touch(ConnectionId id) {
        Shard shard = shardOf(id);
        return shard != null && shard.touch(id.value());
    }

    @Override
    public Optional<Connection> find(ConnectionId id) {
        Shard shard = shardOf(id);
        return Optional.ofNullable(shard == null ? null : shard.slots.find(id.value()));
    }

    @Override
    public Optional<Duration> age(ConnectionId id) {
        Shard shard = shardOf(id);
        long ticks = shard == null ? -1 : shard.age(id.value());
        return ticks < 0 ? Optional.empty() : Optional.of(Duration.ofNanos(Slots.nanos(ticks)));
    }

    @Override
    public CompletionStage<CloseOutcome> close(ConnectionId id, CloseReason reason) {
        return askOwner(id, CloseOutcome.GONE, shard -> shard.close(shard.slots.find(id.value()), reason));
    }

    @Override
    public CompletionStage<Integer> closeAll(CloseReason reason) {
        return closeAll(reason, false);
    }

    @Override
    public CompletionStage<DrainReport> drain(DrainPlan plan) {
        Drain begun = new Drain(plan, this);
        Drain first = drain.compareAndExchange(null, begun);
        if (first != null) {
            return first.report().minimalCompletionStage();
        }
        for (Shard shard : shards) {
            shard.submit(s -> s.beginDrain(begun));
        }
        return begun.report().minimalCompletionStage();
    }

    @Override
    public void hurry() {
        Drain begun = drain.get();
        if (begun != null) {
            begun.hurry();
            drainOn();
        }
    }

    @Override
    public void beat() {
        for (Shard shard : shards) {
            shard.beat();
        }
    }

    private void drainOn() {
        for (Shard shard : shards) {
            shard.submit(Shard::drainOn);
        }
    }

    @Override
    public void close() {
        closed = true;
        closeAll(CloseReason.GOING_AWAY, true);
    }

    private CompletionStage<Integer> closeAll(CloseReason reason, boolean forGood) {
        return askAll(shard -> shard.closeAll(reason, forGood), Integer::sum);
    }

    @Override
    public CompletionStage<List<ConnectionId>> sweepIdle(Duration maxIdle) {
        long before = Slots.tick(Math.max(0, clock.nanos() - began - maxIdle.toNanos()));
        CompletableFuture<List<ConnectionId>> answer = new CompletableFuture<>();
        List<ConnectionId> all = Collections.synchronizedList(new ArrayList<>());
        AtomicInteger left = new AtomicInteger(shardCount);
        for (Shard shard : shards) {
            shard.submit(s -> s.sweep(0, before, new ArrayList<>(), swept -> {
                all.addAll(swept);
                if (left.decrementAndGet() == 0) {
                    answer.complete(List.copyOf(all));
                }
            }));
        }
        return answer;
    }

    @Override
    public int connectionCount() {
        return counters.connections.get();
    }

    // Rooms and users.

    @Override
    public CompletionStage<JoinOutcome> join(ConnectionId id, String room) {
        Checks.notEmpty("room", room);
        Shard shard = shardOf(id);
        if (shard == null) {
            return CompletableFuture.completedFuture(JoinOutcome.GONE);
        }
        Group group = rooms.reference(room, shard.index);
        return ask(shard, s -> s.join(id.value(), group));
    }

    @Override
    public CompletionStage<LeaveOutcome> leave(ConnectionId id, String room) {
        Checks.notEmpty("room", room);
        return askOwner(id, LeaveOutcome.GONE, shard -> shard.leave(id.value(), room));
    }

    @Override
    public CompletionStage<List<String>> rooms(ConnectionId id) {
        return askOwner(id, List.of(), shard -> List.copyOf(shard.rooms(id.value())));
    }

    @Override
    public CompletionStage<List<ConnectionId>> members(String room) {
        Group group = rooms.find(room);
        if (group == null) {
            return CompletableFuture.completedFuture(List.of());
        }
        return gather(shard -> {
            List<ConnectionId> here = new ArrayList<>();
            shard.addMembers(group, here);
            return here;
        });
    }

    @Override
    public CompletionStage<List<Connection>> connections(Audience audience) {
        Group[] groups = groupsOf(audience);
        Group[] exceptGroups = find(audience.exceptRooms(), List.of());
        return gather(shard -> shard.connections(audience, groups, exceptGroups));
    }

    /** Asks every shard for its part of a list. */
    private <T> CompletionStage<List<T>> gather(Function<Shard, List<T>> question) {
        return askAll(shard -> List.of(question.apply(shard)), (List<List<T>> some, List<List<T>> more) -> {
                    List<List<T>> all = new ArrayList<>(some);
                    all.addAll(more);
                    return all;
                })
                .thenApply(parts -> parts.stream().flatMap(List::stream).toList());
    }

    @Override
    public int roomCount() {
        return rooms.size();
    }

    @Override
    public Set<String> rooms() {
        return rooms.names();
    }

    @Override
    public int memberCount(String room) {
        Group group = rooms.find(room);
        return group == null ? 0 : group.size();
    }

    @Override
    public int userConnectionCount(String user) {
        Group group = users.find(user);
        return group == null ? 0 : group.size();
    }

    // Messages.

    @Override
    public Posted send(ConnectionId to, Message message, Delivery delivery) {
        return send(to, message, delivery, null);
    }

    @Override
    public CompletionStage<SendOutcome> sendWithReceipt(ConnectionId to, Message message, Delivery delivery) {
        CompletableFuture<SendOutcome> receipt = new CompletableFuture<>();
        Posted posted = send(to, message, delivery, receipt);
        switch (posted) {
            case ACCEPTED -> {}
            case OVERLOADED -> receipt.complete(SendOutcome.OVERLOADED);
            case TOO_LARGE -> receipt.complete(SendOutcome.DROPPED);
            case GONE, CLOSED -> receipt.complete(SendOutcome.GONE);
        }
        return receipt;
    }

    private Posted send(
            ConnectionId to, Message message, Delivery delivery, @Nullable CompletableFuture<SendOutcome> receipt) {
        Shard shard = shardOf(to);
        if (closed) {
            return Posted.CLOSED;
        }
        int length = message.payload().length;
        LiveConnection connection = shard == null ? null : shard.slots.find(to.value());
        if (length > (connection == null ? config.outbound().maxBytes() : connection.ceiling.bytes())) {
            return Posted.TOO_LARGE;
        }
        if (shard == null || connection == null) {
            return Posted.GONE;
        }
        long bytes = (long) length + Shard.POST_OVERHEAD;
        if (!shard.tryReserve(bytes)) {
            counters.overloaded.increment();
            return Posted.OVERLOADED;
        }
        counters.posted.increment();
        shard.submit(new Send(to.value(), message, delivery, clock.nanos(), bytes, receipt));
        return Posted.ACCEPTED;
    }

    private record Send(
            long to,
            Message message,
            Delivery delivery,
            long posted,
            long bytes,
            @Nullable CompletableFuture<SendOutcome> receipt)
            implements Command {
        @Override
        public void run(Shard shard) {
            shard.release(bytes);
            SendOutcome outcome = shard.send(to, message, delivery, posted);
            if (receipt != null) {
                receipt.complete(outcome);
            }
        }

        @Override
        public void failed(Throwable cause) {
            if (receipt != null) {
                receipt.completeExceptionally(cause);
            }
        }
    }

    @Override
    public Posted broadcast(Audience audience, Message message, Delivery delivery) {
        return broadcast(audience, message, delivery, null);
    }

    @Override
    public CompletionStage<Receipt> broadcastWithReceipt(Audience audience, Message message, Delivery delivery) {
        Broadcast.Tally tally = new Broadcast.Tally();
        Posted posted = broadcast(audience, message, delivery, tally);
        if (posted != Posted.ACCEPTED) {
            tally.receipt.complete(Receipt.notPosted(posted));
        }
        return tally.receipt;
    }

    private Posted broadcast(Audience audience, Message message, Delivery delivery, Broadcast.@Nullable Tally tally) {
        if (closed) {
            return Posted.CLOSED;
        }
        int length = message.payload().length;
        if (length > config.outbound().maxBytes()) {
            return Posted.TOO_LARGE;
        }
        Group[] groups = groupsOf(audience);
        long stripes = audience.everyone()
                ? Sequencers.ALL
                : rooms.stripes(audience.rooms()) | users.stripes(audience.users());
        Broadcast broadcast = new Broadcast(
                message,
                delivery,
                audience.everyone(),
                groups,
                audience.except(),
                find(audience.exceptRooms(), List.of()),
                clock.nanos(),
                (long) length + Shard.POST_OVERHEAD,
                tally);
        List<Shard> placed;
        sequencers.lock(stripes);
        try {
            placed = place(broadcast, (long) length + Shard.POST_OVERHEAD, tally);
        } finally {
            sequencers.unlock(stripes);
        }
        if (placed == null) {
            counters.overloaded.increment();
            return Posted.OVERLOADED;
        }
        counters.posted.increment();
        for (Shard shard : placed) {
            shard.wake();
        }
        return Posted.ACCEPTED;
    }

    /** Places the broadcast on every shard it concerns, or on none if one of them is too far behind; null then. */
    private @Nullable List<Shard> place(Broadcast broadcast, long bytes, Broadcast.@Nullable Tally tally) {
        List<Shard> concerned = new ArrayList<>(shardCount);
        for (Shard shard : shards) {
            if (broadcast.concerns(shard)) {
                if (!shard.tryReserve(bytes)) {
                    concerned.forEach(reserved -> reserved.release(bytes));
                    return null;
                }
                concerned.add(shard);
            }
        }
        if (tally != null) {
            tally.expect(concerned.size());
        }
        for (Shard shard : concerned) {
            shard.place(broadcast);
        }
        return concerned;
    }

    private Group[] groupsOf(Audience audience) {
        return audience.everyone() ? NO_GROUPS : find(audience.rooms(), audience.users());
    }

    /** Finds the groups of those names that there are. */
    private Group[] find(List<String> roomNames, List<String> userNames) {
        if (roomNames.isEmpty() && userNames.isEmpty()) {
            return NO_GROUPS;
        }
        List<Group> found = new ArrayList<>(roomNames.size() + userNames.size());
        for (String name : roomNames) {
            Group room = rooms.find(name);
            if (room != null) {
                found.add(room);
            }
        }
        for (String name : userNames) {
            Group user = users.find(name);
            if (user != null) {
                found.add(user);
            }
        }
        return found.toArray(NO_GROUPS);
    }

    @Override
    public RegistryStats stats() {
        long waiting = 0;
        for (Shard shard : shards) {
            waiting += shard.waitingBytes();
        }
        return new RegistryStats(
                connectionCount(),
                roomCount(),
                users.size(),
                waiting,
                counters.opened.sum(),
                counters.refused.sum(),
                counters.closed(),
                counters.posted.sum(),
                counters.overloaded.sum(),
                counters.queued.sum(),
                counters.dropped.sum(),
                counters.conflated.sum(),
                counters.evicted.sum(),
                counters.writtenBytes.sum(),
                listeners.failures(),
                quotas.refused(),
                quotas.replaced());
    }

    // Asking shards.

    /** Returns the shard that would own the id, or null when no shard of this registry can have given it. */
    private @Nullable Shard shardOf(ConnectionId id) {
        int shard = ConnectionId.shardOf(id.value());
        return shard < shardCount && ConnectionId.scopeOf(id.value()) == config.scope() ? shards[shard] : null;
    }

    private <T> CompletionStage<T> askOwner(ConnectionId id, T otherwise, Function<Shard, T> question) {
        Shard shard = shardOf(id);
        return shard == null ? CompletableFuture.completedFuture(otherwise) : ask(shard, question);
    }

    private static <T> CompletionStage<T> ask(Shard shard, Function<Shard, T> question) {
        return ask(shard, new CompletableFuture<>(), question);
    }

    /** Completes the answer on the shard. */
    private static <T> CompletionStage<T> ask(Shard shard, CompletableFuture<T> answer, Function<Shard, T> question) {
        shard.submit(new Question<>(question, answer));
        return answer;
    }

    private <T> CompletionStage<T> askAll(Function<Shard, T> question, java.util.function.BinaryOperator<T> combine) {
        CompletionStage<T> all = ask(shards[0], question);
        for (int i = 1; i < shardCount; i++) {
            all = all.thenCombine(ask(shards[i], question), combine);
        }
        return all;
    }

    private static final class Question<T> implements Command {
        private final Function<Shard, T> question;
        private final CompletableFuture<T> answer;

        Question(Function<Shard, T> question, CompletableFuture<T> answer) {
            this.answer = answer;
            this.question = question;
        }

        @Override
        public void run(Shard shard) {
            answer.complete(question.apply(shard));
        }

        @Override
        public void failed(Throwable cause) {
            answer.completeExceptionally(cause);
        }
    }
}

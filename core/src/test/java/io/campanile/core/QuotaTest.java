package io.campanile.core;

import static io.campanile.core.Fixture.now;
import static io.campanile.core.Fixture.register;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.core.Fixture.Diary;
import io.campanile.core.Fixture.SteppedExecutor;
import io.campanile.core.Fixture.TestTransport;
import io.campanile.core.Quota.WhenFull;
import io.campanile.core.spi.ShardExecutor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** How many connections may share a user or a claim, and who goes when there are too many. */
final class QuotaTest {

    private final Diary diary = new Diary();
    private final TestTransport first = new TestTransport(0);
    private final TestTransport second = new TestTransport(1);
    private final TestTransport third = new TestTransport(2);

    private RegistryBuilder threeShards() {
        return ConnectionRegistry.builder()
                .shards(Collections.nCopies(3, ShardExecutor.callingThreads()))
                .listener(diary);
    }

    private static Claims of(String user, String tenant) {
        return Claims.of(user, Map.of("tenant", tenant));
    }

    private static int places(ConnectionRegistry registry) {
        return ((ShardedRegistry) registry).quotas.size();
    }

    @Test
    void refusesTheUserOneMoreThanTheLimit() {
        ConnectionRegistry registry = threeShards().quota(Quota.perUser(2)).build();
        register(registry, first, Claims.of("ann"));
        register(registry, second, Claims.of("ann"));

        assertThat(now(registry.register(third, Claims.of("ann"))))
                .isEqualTo(new Registration.Refused(CloseReason.QUOTA_FULL));
        assertThat(registry.userConnectionCount("ann")).isEqualTo(2);
        assertThat(registry.connectionCount()).isEqualTo(2);
        assertThat(registry.stats().quotaRefused()).containsExactly(Map.entry("user", 1L));
        assertThat(registry.stats().quotaReplaced()).containsExactly(Map.entry("user", 0L));
    }

    @Test
    void takesOneMoreWhenOneHasLeft() {
        ConnectionRegistry registry = threeShards().quota(Quota.perUser(1)).build();
        ConnectionId id = register(registry, first, Claims.of("ann"));

        registry.unregister(id);

        register(registry, second, Claims.of("ann"));
    }

    @Test
    void countsEachUserAndNobodyAnonymous() {
        ConnectionRegistry registry = threeShards().quota(Quota.perUser(1)).build();

        register(registry, first, Claims.of("ann"));
        register(registry, second, Claims.of("bob"));
        register(registry, third);
        register(registry, new TestTransport(0));
    }

    @Test
    void closesTheOldestOfTheUser() {
        ConnectionRegistry registry = threeShards()
                .quota(Quota.perUser(2).withWhenFull(WhenFull.CLOSE_OLDEST))
                .build();
        ConnectionId oldest = register(registry, first, Claims.of("ann"));
        ConnectionId next = register(registry, second, Claims.of("ann"));

        ConnectionId newest = register(registry, third, Claims.of("ann"));

        assertThat(first.closed).contains(CloseReason.REPLACED);
        assertThat(registry.find(oldest)).isEmpty();
        assertThat(now(registry.connections(Audience.user("ann"))))
                .extracting(Connection::id)
                .containsExactlyInAnyOrder(next, newest);
        assertThat(registry.stats().quotaReplaced()).containsExactly(Map.entry("user", 1L));
        assertThat(registry.stats().quotaRefused()).containsExactly(Map.entry("user", 0L));
    }

    @Test
    void countsTheValuesOfAClaim() {
        ConnectionRegistry registry =
                threeShards().quota(Quota.perClaim("tenant", 2)).build();
        register(registry, first, of("ann", "acme"));
        register(registry, second, of("bob", "acme"));
        register(registry, third, of("cid", "other"));

        assertThat(now(registry.register(new TestTransport(0), of("dan", "acme"))))
                .isEqualTo(new Registration.Refused(CloseReason.QUOTA_FULL));
        assertThat(registry.stats().quotaRefused()).containsExactly(Map.entry("tenant", 1L));
    }

    @Test
    void closesTheOldestWithAClaim() {
        ConnectionRegistry registry = threeShards()
                .quota(Quota.perClaim("tenant", 2).withWhenFull(WhenFull.CLOSE_OLDEST))
                .build();
        register(registry, first, of("ann", "acme"));
        register(registry, second, of("bob", "acme"));

        register(registry, third, of("cid", "acme"));

        assertThat(first.closed).contains(CloseReason.REPLACED);
        assertThat(second.closed).isEmpty();
    }

    @Test
    void comparesAClaimAsTextAndCountsNoListsOrMaps() {
        ConnectionRegistry registry =
                threeShards().quota(Quota.perClaim("t", 1)).build();
        register(registry, first, Claims.of("ann", Map.of("t", 7)));

        assertThat(now(registry.register(second, Claims.of("bob", Map.of("t", "7")))))
                .isEqualTo(new Registration.Refused(CloseReason.QUOTA_FULL));
        register(registry, second, Claims.of("bob", Map.of("t", List.of("7"))));
        register(registry, third, Claims.of("cid", Map.of("t", List.of("7"))));
    }

    @Test
    void tellsOfTheOldBeforeItTellsOfTheNew() {
        ConnectionRegistry registry = threeShards()
                .quota(Quota.perUser(1).withWhenFull(WhenFull.CLOSE_OLDEST))
                .build();
        ConnectionId old = register(registry, first, Claims.of("ann"));

        ConnectionId next = register(registry, second, Claims.of("ann"));

        assertThat(diary.lines).containsExactly("opened " + old, "closed " + old + " replaced", "opened " + next);
    }

    @Test
    void keepsTheNewWaitingUntilTheOldHasLeft() {
        List<SteppedExecutor> loops = List.of(new SteppedExecutor(), new SteppedExecutor());
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(loops)
                .quota(Quota.perUser(1).withWhenFull(WhenFull.CLOSE_OLDEST))
                .build();
        CompletionStage<Registration> old = registry.register(first, Claims.of("ann"));
        loops.get(0).runAll();

        CompletionStage<Registration> next = registry.register(second, Claims.of("ann"));
        loops.get(1).runAll();

        assertThat(next.toCompletableFuture()).isNotDone();
        assertThat(registry.userConnectionCount("ann")).isEqualTo(1);
        assertThat(((Registration.Registered) now(old)).connection().isOpen()).isTrue();

        loops.get(0).runAll();
        loops.get(1).runAll();

        assertThat(((Registration.Registered) now(old)).connection().isOpen()).isFalse();
        assertThat(now(next)).isInstanceOf(Registration.Registered.class);
        assertThat(registry.userConnectionCount("ann")).isEqualTo(1);
    }

    @Test
    void refusesWhoWasReplacedBeforeItWasRegistered() {
        List<SteppedExecutor> loops = List.of(new SteppedExecutor(), new SteppedExecutor());
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(loops)
                .quota(Quota.perUser(1).withWhenFull(WhenFull.CLOSE_OLDEST))
                .build();
        registry.register(first, Claims.of("ann"));
        loops.get(0).runAll();

        CompletionStage<Registration> next = registry.register(second, Claims.of("ann"));
        CompletionStage<Registration> last = registry.register(new TestTransport(1), Claims.of("ann"));
        loops.get(0).runAll();
        loops.get(1).runAll();

        assertThat(now(next)).isEqualTo(new Registration.Refused(CloseReason.REPLACED));
        assertThat(now(last)).isInstanceOf(Registration.Registered.class);
        assertThat(registry.userConnectionCount("ann")).isEqualTo(1);
        assertThat(registry.connectionCount()).isEqualTo(1);
    }

    @Test
    void handsThePlaceOfATenantOverWithThatOfTheUser() {
        ConnectionRegistry registry = threeShards()
                .quota(Quota.perClaim("tenant", 2))
                .quota(Quota.perUser(1).withWhenFull(WhenFull.CLOSE_OLDEST))
                .build();
        register(registry, first, of("bob", "acme"));
        register(registry, second, of("ann", "acme"));

        register(registry, third, of("ann", "acme"));

        assertThat(first.closed).isEmpty();
        assertThat(second.closed).contains(CloseReason.REPLACED);
    }

    @Test
    void takesNothingFromAnybodyWhenOneQuotaRefuses() {
        ConnectionRegistry registry = threeShards()
                .quota(Quota.perUser(1).withWhenFull(WhenFull.CLOSE_OLDEST))
                .quota(Quota.perClaim("tenant", 1))
                .build();
        register(registry, first, of("ann", "acme"));
        register(registry, second, of("bob", "other"));

        assertThat(now(registry.register(third, of("ann", "other"))))
                .isEqualTo(new Registration.Refused(CloseReason.QUOTA_FULL));
        assertThat(first.closed).isEmpty();
        assertThat(registry.stats().quotaReplaced()).containsEntry("user", 0L);
    }

    @Test
    void refusesAChangeOfClaimsToAUserWhoIsFull() {
        ConnectionRegistry registry = threeShards().quota(Quota.perUser(1)).build();
        ConnectionId ann = register(registry, first, Claims.of("ann"));
        register(registry, second, Claims.of("bob"));

        assertThat(now(registry.changeClaims(ann, Claims.of("bob")))).isEqualTo(ClaimsOutcome.REFUSED);
        assertThat(registry.find(ann).orElseThrow().claims()).isEqualTo(Claims.of("ann"));
        assertThat(registry.userConnectionCount("bob")).isEqualTo(1);
        assertThat(registry.stats().quotaRefused()).containsExactly(Map.entry("user", 1L));
    }

    @Test
    void freesThePlaceOfTheClaimsBefore() {
        ConnectionRegistry registry = threeShards().quota(Quota.perUser(1)).build();
        ConnectionId id = register(registry, first, Claims.of("ann"));

        registry.changeClaims(id, Claims.of("bob"));

        register(registry, second, Claims.of("ann"));
        assertThat(now(registry.register(third, Claims.of("bob"))))
                .isEqualTo(new Registration.Refused(CloseReason.QUOTA_FULL));
    }

    @Test
    void takesClaimsOfTheSameUserAtTheLimit() {
        ConnectionRegistry registry = threeShards().quota(Quota.perUser(1)).build();
        ConnectionId id = register(registry, first, Claims.of("ann"));

        assertThat(now(registry.changeClaims(id, Claims.of("ann").withTokenId("2"))))
                .isEqualTo(ClaimsOutcome.CHANGED);
        assertThat(now(registry.register(second, Claims.of("ann")))).isInstanceOf(Registration.Refused.class);
        assertThat(registry.userConnectionCount("ann")).isEqualTo(1);
    }

    @Test
    void closesTheOldestOfTheUserThatAConnectionPassesTo() {
        ConnectionRegistry registry = threeShards()
                .quota(Quota.perUser(1).withWhenFull(WhenFull.CLOSE_OLDEST))
                .build();
        register(registry, first, Claims.of("bob"));
        ConnectionId ann = register(registry, second, Claims.of("ann"));

        assertThat(now(registry.changeClaims(ann, Claims.of("bob")))).isEqualTo(ClaimsOutcome.CHANGED);
        assertThat(first.closed).contains(CloseReason.REPLACED);
        assertThat(registry.userConnectionCount("bob")).isEqualTo(1);
    }

    @Test
    void answersWhoHadToWaitOnItsOwnShard() {
        SteppedExecutor loop = new SteppedExecutor();
        AtomicBoolean onShard = new AtomicBoolean();
        ShardExecutor ranElsewhereMeanwhile = new ShardExecutor() {
            @Override
            public boolean isOwner() {
                return onShard.get();
            }

            @Override
            public void execute(Runnable task) {
                onShard.set(true);
                task.run();
                onShard.set(false);
            }
        };
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(List.of(loop, ranElsewhereMeanwhile))
                .quota(Quota.perUser(1).withWhenFull(WhenFull.CLOSE_OLDEST))
                .build();
        registry.register(first, Claims.of("ann"));
        loop.runAll();
        List<Boolean> answeredOnShard = new ArrayList<>();

        registry.register(second, Claims.of("ann")).thenRun(() -> answeredOnShard.add(onShard.get()));
        loop.runAll();

        assertThat(answeredOnShard).containsExactly(true);
    }

    @Test
    void changesClaimsInTheOrderAskedForAlsoWhenTheFirstHasToWait() {
        List<SteppedExecutor> loops = List.of(new SteppedExecutor(), new SteppedExecutor());
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(loops)
                .quota(Quota.perUser(1).withWhenFull(WhenFull.CLOSE_OLDEST))
                .build();
        registry.register(first, Claims.of("bob"));
        loops.get(0).runAll();
        CompletionStage<Registration> registered = registry.register(second, Claims.of("ann"));
        loops.get(1).runAll();
        Connection ann = ((Registration.Registered) now(registered)).connection();

        CompletionStage<ClaimsOutcome> toBob = registry.changeClaims(ann.id(), Claims.of("bob"));
        CompletionStage<ClaimsOutcome> toCid = registry.changeClaims(ann.id(), Claims.of("cid"));
        loops.get(1).runAll();

        assertThat(toBob.toCompletableFuture()).isNotDone();
        assertThat(toCid.toCompletableFuture()).isNotDone();
        assertThat(ann.claims()).isEqualTo(Claims.of("ann"));

        loops.get(0).runAll();
        loops.get(1).runAll();

        assertThat(now(toBob)).isEqualTo(ClaimsOutcome.CHANGED);
        assertThat(now(toCid)).isEqualTo(ClaimsOutcome.CHANGED);
        assertThat(ann.claims()).isEqualTo(Claims.of("cid"));
        assertThat(registry.userConnectionCount("bob")).isZero();
    }

    @Test
    void keepsTheThirdWaitingForTheFirstWhenTheSecondIsClosedMeanwhile() {
        List<SteppedExecutor> loops = List.of(new SteppedExecutor(), new SteppedExecutor(), new SteppedExecutor());
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(loops)
                .quota(Quota.perUser(1).withWhenFull(WhenFull.CLOSE_OLDEST))
                .build();
        CompletionStage<Registration> ann = registry.register(second, Claims.of("ann"));
        loops.get(1).runAll();
        registry.register(first, Claims.of("bob"));
        loops.get(0).runAll();
        registry.changeClaims(((Registration.Registered) now(ann)).connection().id(), Claims.of("bob"));
        loops.get(1).runAll();

        CompletionStage<Registration> newest = registry.register(third, Claims.of("bob"));
        loops.get(1).runAll();
        loops.get(2).runAll();

        assertThat(second.closed).contains(CloseReason.REPLACED);
        assertThat(newest.toCompletableFuture()).isNotDone();

        loops.get(0).runAll();
        loops.get(2).runAll();

        assertThat(first.closed).contains(CloseReason.REPLACED);
        assertThat(now(newest)).isInstanceOf(Registration.Registered.class);
    }

    @Test
    void keepsThePlaceOfOneThatLeavesWhileTheOneBeforeItIsStillThere() {
        List<SteppedExecutor> loops = List.of(new SteppedExecutor(), new SteppedExecutor(), new SteppedExecutor());
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(loops)
                .quota(Quota.perUser(1).withWhenFull(WhenFull.CLOSE_OLDEST))
                .build();
        CompletionStage<Registration> ann = registry.register(second, Claims.of("ann"));
        loops.get(1).runAll();
        registry.register(first, Claims.of("bob"));
        loops.get(0).runAll();
        registry.changeClaims(((Registration.Registered) now(ann)).connection().id(), Claims.of("bob"));
        loops.get(1).runAll();
        registry.unregister(((Registration.Registered) now(ann)).connection().id());
        loops.get(1).runAll();

        CompletionStage<Registration> newest = registry.register(third, Claims.of("bob"));
        loops.get(2).runAll();

        assertThat(newest.toCompletableFuture()).isNotDone();

        loops.get(0).runAll();
        loops.get(2).runAll();

        assertThat(now(newest)).isInstanceOf(Registration.Registered.class);
        assertThat(places(registry)).isEqualTo(1);
    }

    @Test
    void answersAChangeThatWaitsWhenItsConnectionLeaves() {
        List<SteppedExecutor> loops = List.of(new SteppedExecutor(), new SteppedExecutor());
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(loops)
                .quota(Quota.perUser(1).withWhenFull(WhenFull.CLOSE_OLDEST))
                .build();
        registry.register(first, Claims.of("bob"));
        loops.get(0).runAll();
        CompletionStage<Registration> registered = registry.register(second, Claims.of("ann"));
        loops.get(1).runAll();
        ConnectionId ann =
                ((Registration.Registered) now(registered)).connection().id();

        CompletionStage<ClaimsOutcome> changed = registry.changeClaims(ann, Claims.of("bob"));
        CompletionStage<ClaimsOutcome> again = registry.changeClaims(ann, Claims.of("cid"));
        loops.get(1).runAll();
        registry.unregister(ann);
        loops.get(1).runAll();
        loops.get(0).runAll();
        loops.get(1).runAll();

        assertThat(now(changed)).isEqualTo(ClaimsOutcome.GONE);
        assertThat(now(again)).isEqualTo(ClaimsOutcome.GONE);
        assertThat(registry.stats().users()).isZero();
        assertThat(places(registry)).isZero();
    }

    @Test
    void givesThePlaceBackWhenARegistrationFails() {
        ConnectionRegistry registry = threeShards().quota(Quota.perUser(1)).build();

        now(registry.register(
                new TestTransport(0) {
                    @Override
                    public void attach(io.campanile.core.spi.Link link) {
                        throw new IllegalStateException("broken");
                    }
                },
                Claims.of("ann")));

        register(registry, first, Claims.of("ann"));
    }

    @Test
    void refusesTwoOfOneName() {
        assertThatThrownBy(() -> ConnectionRegistry.builder()
                        .quota(Quota.perClaim("tenant", 1))
                        .quota(Quota.perClaim("tenant", 2)))
                .hasMessage("quota: two go by \"tenant\" (expected: one for each name)");
    }

    /** Counts those that are open, from their first to their last moment, and remembers the most of a user. */
    private static final class Census implements RegistryListener {
        final Map<String, AtomicInteger> open = new java.util.concurrent.ConcurrentHashMap<>();
        final AtomicInteger most = new AtomicInteger();

        @Override
        public void opened(Connection connection) {
            add(connection.claims(), 1);
        }

        @Override
        public void claimsChanged(Connection connection, Claims before) {
            add(before, -1);
            add(connection.claims(), 1);
        }

        @Override
        public void closed(Connection connection, CloseReason reason) {
            add(connection.claims(), -1);
        }

        private void add(Claims claims, int count) {
            claims.subject()
                    .ifPresent(user -> most.accumulateAndGet(
                            open.computeIfAbsent(user, name -> new AtomicInteger())
                                    .addAndGet(count),
                            Math::max));
        }
    }

    @Test
    void isExactWhenManyRegisterAtOnceAndTheNewAreRefused() throws InterruptedException {
        isExact(Quota.perUser(3));
    }

    @Test
    void isExactWhenManyRegisterAtOnceAndTheOldestAreClosed() throws InterruptedException {
        isExact(Quota.perUser(3).withWhenFull(WhenFull.CLOSE_OLDEST));
    }

    private static void isExact(Quota quota) throws InterruptedException {
        Census census = new Census();
        ConnectionRegistry registry = ConnectionRegistry.builder()
                .shards(Collections.nCopies(4, ShardExecutor.callingThreads()))
                .listener(census)
                .quota(quota)
                .build();
        CountDownLatch begin = new CountDownLatch(1);
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        AtomicInteger mostCounted = new AtomicInteger();
        for (int t = 0; t < 4; t++) {
            Random random = new Random(t);
            Thread thread = new Thread(() -> {
                List<ConnectionId> mine = Collections.synchronizedList(new ArrayList<>());
                try {
                    begin.await();
                    for (int i = 0; i < 2_000; i++) {
                        Claims claims = Claims.of(random.nextBoolean() ? "ann" : "bob");
                        int what = random.nextInt(4);
                        if (what < 2 || mine.isEmpty()) {
                            registry.register(new TestTransport(random.nextInt(4)), claims)
                                    .thenAccept(answer -> {
                                        if (answer instanceof Registration.Registered registered) {
                                            mine.add(registered.connection().id());
                                        }
                                    });
                        } else if (what == 2) {
                            registry.changeClaims(mine.get(random.nextInt(mine.size())), claims);
                        } else {
                            registry.unregister(mine.remove(random.nextInt(mine.size())));
                        }
                        mostCounted.accumulateAndGet(registry.userConnectionCount("ann"), Math::max);
                    }
                } catch (Throwable e) {
                    failures.add(e);
                }
            });
            threads.add(thread);
            thread.start();
        }
        begin.countDown();
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(failures).isEmpty();
        assertThat(census.most.get()).isEqualTo(3);
        assertThat(mostCounted.get()).isEqualTo(3);
        now(registry.closeAll(CloseReason.NORMAL));
        assertThat(places(registry)).isZero();
        assertThat(registry.stats().users()).isZero();
        assertThat(registry.connectionCount()).isZero();
    }
}

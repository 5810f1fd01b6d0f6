package io.campanile.testkit;

import io.campanile.core.CloseReason;
import io.campanile.core.Delivery;
import io.campanile.core.DrainPlan;
import io.campanile.core.Liveness;
import io.campanile.core.OutboundLimits;
import io.campanile.core.OverflowPolicy;
import io.campanile.core.RegistryConfig;
import io.campanile.testkit.Step.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * All that a run of a simulation depends on: the limits and the steps.
 *
 * @param shards how many shards there are
 * @param threadless whether callers run the shards, rather than loops of their own
 * @param config the registry's limits
 * @param slots how many connections fit on one shard
 * @param generations how often a slot can be used
 * @param overflow the policy of each room, by its number
 * @param steps what is done, one after another
 */
record Schedule(
        int shards,
        boolean threadless,
        RegistryConfig config,
        int slots,
        int generations,
        List<OverflowPolicy> overflow,
        List<Step> steps) {

    static final int CLIENTS = 8;
    static final int CALLERS = 3;
    static final int USERS = 2;

    private static final List<OverflowPolicy> POLICIES = List.of(OverflowPolicy.values());

    /** A limit that is never reached. */
    static final long PLENTY = 1L << 30;

    Schedule {
        steps = List.copyOf(steps);
    }

    Schedule with(List<Step> others) {
        return new Schedule(shards, threadless, config, slots, generations, overflow, others);
    }

    int size() {
        int size = 0;
        for (Step step : steps) {
            size += step.size();
        }
        return size;
    }

    /** Returns the schedule of a seed, always the same. */
    static Schedule of(long seed) {
        return new Generator(new SplittableRandom(seed)).schedule();
    }

    // How the numbers of a step are read.

    static int payload(int a) {
        int n = Math.floorMod(a, 100);
        return n < 90 ? 4 + n % 24 : n < 98 ? 40 + n : 4_000;
    }

    /** Whether the format throws for the message. */
    static boolean isMalformed(int a) {
        return Math.floorMod(a, 10_000) / 100 == 7;
    }

    /** Whether the caller wants a receipt. */
    static boolean wantsReceipt(int a) {
        return Math.floorMod(a, 10_000) / 100 % 4 != 1;
    }

    static boolean exceptsClient(int a) {
        return a / 10_000 % 3 == 1;
    }

    static boolean exceptsRoom(int a) {
        return a / 10_000 % 4 == 2;
    }

    /** How the message is to be delivered; most do not say. */
    static Delivery delivery(int a) {
        int n = (a * 0x9e3779b1) >>> 16;
        Delivery delivery = n % 3 == 0 ? Delivery.usual() : Delivery.usual().withKey(n % 3 == 1 ? "k" : "l");
        return n / 3 % 3 > 0 ? delivery : delivery.withOverflow(POLICIES.get(n / 9 % POLICIES.size()));
    }

    OverflowPolicy overflow(String room) {
        for (int i = 0; i < overflow.size(); i++) {
            if (Step.room(i).equals(room)) {
                return overflow.get(i);
            }
        }
        return OverflowPolicy.EVICT;
    }

    static String exceptions(Step step) {
        return (exceptsClient(step.a()) ? " except client " + step.client() : "")
                + (exceptsRoom(step.a()) ? " except room " + Step.room(step.b() + 2) : "");
    }

    static int millis(int a) {
        return new int[] {0, 5, 20, 50, 100, 300, 1_000, 5_000}[Math.floorMod(a, 8)];
    }

    /** How long the process stands still. */
    static Duration jump(int a) {
        return Duration.ofMillis(new long[] {2_000, 30_000, 3_600_000, 40L * 86_400_000}[Math.floorMod(a, 4)]);
    }

    /** How many beats come one after another. */
    static int beats(int a) {
        return 2 + Math.floorMod(a, 20);
    }

    /** How far those are apart: so little that nobody takes it for the process standing still. */
    Duration beatInterval() {
        Liveness times = config.liveness();
        return Stream.of(
                        times.pingInterval(),
                        times.pongTimeout(),
                        times.idleTimeout(),
                        times.firstMessageTimeout(),
                        times.maxLifetime())
                .filter(time -> !time.isZero())
                .min(Comparator.naturalOrder())
                .orElse(Duration.ofMillis(100))
                .dividedBy(5);
    }

    static DrainPlan drainPlan(int a) {
        Duration window = Duration.ofMillis(new int[] {0, 0, 100, 400, 2_000}[Math.floorMod(a, 5)]);
        int rate = new int[] {0, 0, 10, 100}[a / 8 % 4];
        Duration least = Duration.ofMillis(a / 32 % 2 * 1_000L);
        return DrainPlan.atOnce(CloseReason.RESTART)
                .withDeadline(window.plusMillis(new int[] {50, 300, 1_000, 8_000}[a / 64 % 4]))
                .withWindow(window)
                .withMaxPerSecond(rate)
                .withComeBack(least, least.multipliedBy(3));
    }

    static InMemoryTransport.Call call(int a) {
        InMemoryTransport.Call[] calls = InMemoryTransport.Call.values();
        return calls[Math.floorMod(a, calls.length)];
    }

    /**
     * Draws schedules. Each draws its own mixture of steps, some kinds not at all: faults that need much of one and none of
     * another would hardly ever show in an even mixture.
     */
    private static final class Generator {

        private static final int MAX_DEPTH = 2;

        private final SplittableRandom random;
        private final int[] weights = new int[Kind.values().length];
        private int totalWeight;
        private int shards;
        private int nested;

        /** Whether a few clients are sent much through few rooms, and are slow: what overflow policies need to act. */
        private boolean crowded;

        Generator(SplittableRandom random) {
            this.random = random;
        }

        Schedule schedule() {
            shards = 1 + random.nextInt(3);
            boolean threadless = random.nextInt(4) == 0;
            boolean starved = chance(3);
            boolean onlyStarved = starved && chance(2);
            crowded = !starved && chance(3);
            RegistryConfig config = RegistryConfig.defaults()
                    .withMaxConnections(chance(3) ? 1 + random.nextInt(6) : 100)
                    .withMaxRoomsPerConnection(chance(4) ? 1 + random.nextInt(2) : 10)
                    .withOutbound(new OutboundLimits(
                            chance(2) && !onlyStarved ? 36 + random.nextInt(200) : 100_000,
                            chance(2) && !onlyStarved ? 1 + random.nextInt(9) : 1_000))
                    .withMaxWaitingBytes(starved ? 40 + random.nextInt(onlyStarved ? 200 : 600) : PLENTY)
                    .withMaxPostedBytes(chance(4) && !onlyStarved ? 1 + random.nextInt(1_500) : PLENTY)
                    .withLiveness(onlyStarved ? Liveness.off() : liveness())
                    .withScope(random.nextInt(256));
            boolean small = chance(4);
            int slots = small ? 1 + random.nextInt(4) : 1 << 20;
            int generations = small ? 1 + random.nextInt(3) : (1 << 28) - 1;
            List<OverflowPolicy> overflow = new ArrayList<>();
            for (int i = 0; i < Step.ROOMS; i++) {
                overflow.add(onlyStarved ? OverflowPolicy.EVICT : POLICIES.get(random.nextInt(POLICIES.size())));
            }
            weigh(onlyStarved);
            nested = random.nextInt(4);
            int count = 15 + random.nextInt(60);
            List<Step> steps = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                steps.add(step(0));
            }
            return new Schedule(shards, threadless, config, slots, generations, overflow, steps);
        }

        /** Each of the times off as often as not, and so short that what happens in a schedule matters to them. */
        private Liveness liveness() {
            Duration ping = sometimes(100, 600);
            Duration pong = sometimes(100, 400);
            Duration idle = sometimes(100, 1_000);
            Duration first = sometimes(100, 800);
            Duration life = sometimes(1_000, 5_000);
            return new Liveness(
                    ping, pong, idle.isZero() ? idle : idle.plus(ping).plus(pong), first, life);
        }

        private Duration sometimes(int least, int most) {
            return chance(2) ? Duration.ZERO : Duration.ofMillis(least + random.nextInt(most - least));
        }

        private boolean chance(int oneIn) {
            return random.nextInt(oneIn) == 0;
        }

        /** Draws how much there is of each kind; of what makes debts and settles them much, if the node is to be short. */
        private void weigh(boolean starved) {
            for (Kind kind : Kind.values()) {
                int usual = switch (kind) {
                    case REGISTER, JOIN, TO_ROOM, RUN -> 12;
                    case SEND, TO_ROOMS, TO_ALL, TO_USER -> 6;
                    case LEAVE, CLOSE, STALL, RUN_ALL -> 4;
                    case CHANGE_CLAIMS -> 3;
                    case RESUME, READ, LOSE, HEAR, PASS_TIME, BEAT, BEATS, PONG -> 3;
                    case SWEEP, JUMP, SPEAK, CONTROL, FAIL_NEXT, LISTENER_THROWS, EXPIRE -> 2;
                    case TOUCH, FORGED, MEMBERS, ROOMS_OF, CLOSE_ALL -> 1;
                    case HURRY -> 1;
                    case DRAIN -> chance(3) ? 1 : 0;
                    case SHUT_DOWN -> chance(8) ? 1 : 0;
                };
                int now = usual * new int[] {0, 2, 2, 3, 6}[random.nextInt(5)];
                boolean needed = switch (kind) {
                    case REGISTER, RUN -> true;
                    case JOIN, STALL, RESUME, TO_ROOM -> starved || crowded;
                    case TO_ALL, TO_USER -> starved;
                    case READ, RUN_ALL -> crowded;
                    default -> false;
                };
                boolean beside = switch (kind) {
                    case BEAT, BEATS, PONG, SPEAK, JUMP, SWEEP, HURRY, DRAIN, SHUT_DOWN -> starved;
                    default -> false;
                };
                if (beside) {
                    now = 0;
                } else if (needed) {
                    now = Math.max(now, usual * (starved || crowded ? 4 : 2));
                }
                weights[ordinal(kind)] = now;
                totalWeight += now;
            }
        }

        @SuppressWarnings("EnumOrdinal") // an index for the length of one run
        private static int ordinal(Kind kind) {
            return kind.ordinal();
        }

        private Kind kind() {
            int at = random.nextInt(totalWeight);
            for (Kind kind : Kind.values()) {
                at -= weights[ordinal(kind)];
                if (at < 0) {
                    return kind;
                }
            }
            throw new AssertionError();
        }

        private Step step(int depth) {
            Kind kind = kind();
            List<Step> inside = List.of();
            if (depth < MAX_DEPTH && nested > 0 && chance(depth == 0 ? 4 : 5)) {
                inside = new ArrayList<>();
                for (int i = random.nextInt(nested) + 1; i > 0; i--) {
                    inside.add(step(depth + 1));
                }
            }
            int actor = random.nextInt(CALLERS);
            if (depth > 0 && chance(2)) {
                actor = Step.CALLBACK;
            } else if (chance(3)) {
                actor = Step.ON_SHARD + random.nextInt(shards);
            }
            int a = kind == Kind.RUN ? random.nextInt(shards) : random.nextInt(1 << 20);
            int b = kind == Kind.REGISTER ? random.nextInt(USERS + 1) : random.nextInt(12);
            int at = kind == Kind.REGISTER || depth == 0 ? random.nextInt(3) : random.nextInt(6);
            int client = random.nextInt(CLIENTS);
            if (crowded) {
                client %= 2;
                a = kind == Kind.JOIN ? a / Step.ROOMS * Step.ROOMS + a % 2 : a;
                b = kind == Kind.TO_ROOM ? b % 2 : b;
            }
            return new Step(kind, actor, client, a, b, at, inside);
        }
    }
}

package io.campanile.core;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A drain under way: what its shards go by, and the sum of what they report. Any thread. */
final class Drain {

    /*
     * PACE. Each shard paces its own connections; n of them over the span give each a cost of span / n nanoseconds. Time
     * that passes is credit, and telling a connection spends its cost. At most BURST of credit is kept, and less than one
     * connection's cost beside it, so whenever and however late the beats come, a shard tells
     *
     *     in any interval of length T   at most   n / span * (T + BURST) + 1
     *
     * connections; since the span is the same for all shards, their sum follows the plan in the same way. For a quarter
     * of a second that is 1.2 times the plan. The price: time that passes without a beat beyond BURST is not made up
     * for, so the drain then takes longer than its span; the deadline bounds that.
     *
     * COUNTS. A shard's connections, once it has heard of the drain, only become fewer. Each either is told by the drain
     * or ends otherwise before, and from then on is among the shard's `leaving` until its transport has ended or is cut.
     */

    static final long BURST_NANOS = 50_000_000;

    final DrainPlan plan;
    final long spanNanos;
    final long deadline;

    private final ShardedRegistry registry;
    private final long began;
    private final CompletableFuture<DrainReport> report = new CompletableFuture<>();
    private volatile boolean hurried;

    // Guarded by this; a shard reports once.
    private int shardsLeft;
    private int connections;
    private int told;
    private int flushed;
    private int lost;
    private int cut;

    Drain(DrainPlan plan, ShardedRegistry registry) {
        this.plan = plan;
        this.registry = registry;
        this.began = registry.clock.nanos();
        this.spanNanos = plan.spanNanos(registry.connectionCount());
        this.deadline = began + plan.deadline().toNanos();
        this.shardsLeft = registry.shardCount();
    }

    CompletableFuture<DrainReport> report() {
        return report;
    }

    void hurry() {
        hurried = true;
    }

    private void add(OnShard shard) {
        DrainReport whole;
        synchronized (this) {
            connections += shard.connections;
            told += shard.told;
            flushed += shard.flushed;
            lost += shard.lost;
            cut += shard.cut;
            if (--shardsLeft > 0) {
                return;
            }
            Duration took = Duration.ofNanos(registry.clock.nanos() - began);
            whole = new DrainReport(connections, connections - told, told, flushed, lost, cut, took);
        }
        report.complete(whole);
    }

    /** The part of one shard, which owns it. */
    final class OnShard {
        private final int connections;
        private final long costNanos;
        private long creditNanos;
        private long lastBeat;
        private int told;
        private int flushed;
        private int lost;
        private int cut;
        private boolean reported;

        private LiveConnection[] leaving = new LiveConnection[16];
        private int leavingCount;

        OnShard(int connections, long now) {
            this.connections = connections;
            this.costNanos = connections == 0 ? 0 : spanNanos / connections;
            this.lastBeat = now;
        }

        DrainPlan plan() {
            return plan;
        }

        boolean isPastDeadline(long now) {
            return now - deadline >= 0;
        }

        /** Returns how many may be told now, and counts on it that they are, as far as there are so many. */
        int due(long now) {
            if (costNanos == 0 || hurried || isPastDeadline(now)) {
                return Integer.MAX_VALUE;
            }
            creditNanos = Math.min(creditNanos + (now - lastBeat), BURST_NANOS + costNanos - 1);
            lastBeat = now;
            long due = creditNanos / costNanos;
            creditNanos -= due * costNanos;
            return (int) Math.min(due, Integer.MAX_VALUE);
        }

        void told(LiveConnection connection) {
            connection.drained = true;
            told++;
        }

        /** The connection has left the registry; its transport has still to end. */
        void leaves(LiveConnection connection) {
            if (leavingCount == leaving.length) {
                leaving = java.util.Arrays.copyOf(leaving, leavingCount * 2);
            }
            connection.index = leavingCount;
            leaving[leavingCount++] = connection;
        }

        /** The transport of a connection has ended, which may have left before the drain began. */
        void ended(LiveConnection connection) {
            if (forget(connection) && connection.drained) {
                if (connection.closeTold && !connection.aborted) {
                    flushed++;
                } else {
                    lost++;
                }
            }
        }

        /** Takes out one whose transport has not ended in time; null when there is none. */
        @Nullable
        LiveConnection nextToCut() {
            if (leavingCount == 0) {
                return null;
            }
            LiveConnection connection = leaving[leavingCount - 1];
            forget(connection);
            if (connection.drained) {
                cut++;
            }
            return connection;
        }

        @SuppressWarnings("NullAway") // behind leavingCount there is nothing
        private boolean forget(LiveConnection connection) {
            int at = connection.index;
            if (at < 0) {
                return false;
            }
            LiveConnection moved = leaving[--leavingCount];
            leaving[at] = moved;
            moved.index = at;
            leaving[leavingCount] = null;
            connection.index = -1;
            return true;
        }

        /** Reports when everybody has left and every transport has ended. */
        void reportWhenDone(int stillOpen) {
            if (stillOpen == 0 && leavingCount == 0 && !reported) {
                reported = true;
                add(this);
            }
        }
    }
}

package io.campanile.core;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** One message on its way to an audience, placed on every shard that may have recipients. Immutable but for the receipt. */
final class Broadcast implements Command {

    final Message message;
    final Delivery delivery;
    final boolean everyone;
    final Group[] groups;
    final Set<ConnectionId> except;
    final Group[] exceptGroups;

    /** When it was posted, by the registry's clock. */
    final long posted;

    private final long bytes;
    private final @Nullable Tally tally;

    /** Adds up what the shards report. */
    static final class Tally {
        final CompletableFuture<Receipt> receipt = new CompletableFuture<>();
        private final AtomicInteger shardsLeft = new AtomicInteger();
        private final AtomicInteger matched = new AtomicInteger();
        private final AtomicInteger queued = new AtomicInteger();
        private final AtomicInteger dropped = new AtomicInteger();
        private final AtomicInteger evicted = new AtomicInteger();
        private final AtomicInteger displaced = new AtomicInteger();

        /** Says how many shards will report; before the broadcast is placed on any. */
        void expect(int shards) {
            shardsLeft.set(shards);
            if (shards == 0) {
                complete();
            }
        }

        private void complete() {
            receipt.complete(new Receipt(
                    Posted.ACCEPTED, matched.get(), queued.get(), dropped.get(), evicted.get(), displaced.get()));
        }
    }

    Broadcast(
            Message message,
            Delivery delivery,
            boolean everyone,
            Group[] groups,
            Set<ConnectionId> except,
            Group[] exceptGroups,
            long posted,
            long bytes,
            @Nullable Tally tally) {
        this.message = message;
        this.delivery = delivery;
        this.everyone = everyone;
        this.groups = groups;
        this.except = except;
        this.exceptGroups = exceptGroups;
        this.posted = posted;
        this.bytes = bytes;
        this.tally = tally;
    }

    /** Whether the shard may have recipients. */
    boolean concerns(Shard shard) {
        if (everyone) {
            return true;
        }
        for (Group group : groups) {
            if (group.interests(shard.index)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void run(Shard shard) {
        shard.release(bytes);
        shard.broadcast(this);
    }

    /** Takes a shard's report. */
    void ranOn(int matched, int queued, int dropped, int evicted, int displaced) {
        if (tally != null) {
            tally.matched.addAndGet(matched);
            tally.queued.addAndGet(queued);
            tally.dropped.addAndGet(dropped);
            tally.evicted.addAndGet(evicted);
            tally.displaced.addAndGet(displaced);
            if (tally.shardsLeft.decrementAndGet() == 0) {
                tally.complete();
            }
        }
    }

    @Override
    public void failed(Throwable cause) {
        if (tally != null) {
            tally.receipt.completeExceptionally(cause);
        }
    }
}

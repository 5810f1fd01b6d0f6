package io.campanile.server;

import io.campanile.gateway.HttpAnswer;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The answers to requests that were made with a key of their own, so that a caller who did not get one may ask again
 * without a message being sent twice. Any thread.
 */
final class IdempotentAnswers {

    /*
     * Entries are in the order in which their requests came, and all live equally long, so the first is the oldest and the
     * first to end. `bytes` is the sum of what the entries cost,
     *
     *     bytes <= maxBytes
     *
     * holds whenever the lock is free: who adds one takes the oldest out until it holds again. An entry costs at least
     * OVERHEAD_BYTES, which bounds their number too.
     *
     * An entry whose request is under way counts its key alone; its answer is counted when it is there.
     */
    static final int OVERHEAD_BYTES = 512;

    private static final String REPLAYED = "idempotency-replayed";

    /** Whose key it is: two callers may choose the same. */
    private record Id(String caller, String key) {}

    private static final class Entry {
        final ByteBuffer fingerprint;
        final long endsAt;
        final CompletableFuture<HttpAnswer> answer = new CompletableFuture<>();
        long bytes;

        Entry(ByteBuffer fingerprint, long endsAt, long bytes) {
            this.fingerprint = fingerprint;
            this.endsAt = endsAt;
            this.bytes = bytes;
        }
    }

    private final long windowNanos;
    private final long maxBytes;
    private final LongSupplier nanos;
    private final LongAdder replayed = new LongAdder();
    private final LongAdder forgotten = new LongAdder();
    private final ReentrantLock lock = new ReentrantLock();
    private final LinkedHashMap<Id, Entry> entries = new LinkedHashMap<>();
    private long bytes;

    /**
     * Begins without any.
     *
     * @param window how long an answer is remembered
     * @param maxBytes what all together may cost
     */
    IdempotentAnswers(Duration window, long maxBytes, LongSupplier nanos) {
        this.windowNanos = window.toNanos();
        this.maxBytes = maxBytes;
        this.nanos = nanos;
    }

    /** Returns whether a key may be one: 1 to 255 characters of visible ASCII. */
    static boolean isKey(String key) {
        return !key.isEmpty() && key.length() <= 255 && key.chars().allMatch(c -> c > ' ' && c < 0x7f);
    }

    /**
     * Does what is asked for, or returns the answer of when it was asked for before.
     *
     * @param fingerprint tells requests apart that have nothing in common but the key
     * @param work does it; not called for a repeat
     */
    CompletionStage<HttpAnswer> answer(
            String caller, String key, byte[] fingerprint, Supplier<CompletionStage<HttpAnswer>> work) {
        Id id = new Id(caller, key);
        Entry mine =
                new Entry(ByteBuffer.wrap(fingerprint), nanos.getAsLong() + windowNanos, OVERHEAD_BYTES + key.length());
        Optional<Entry> earlier = enter(id, mine);
        if (earlier.isPresent()) {
            return repeat(earlier.get(), mine);
        }
        try {
            work.get().whenComplete((answer, failure) -> {
                if (failure != null) {
                    // What was done is not known, so a repeat must not do it again.
                    mine.answer.completeExceptionally(failure);
                    return;
                }
                settle(id, mine, answer);
                mine.answer.complete(answer);
            });
        } catch (RuntimeException e) {
            mine.answer.completeExceptionally(e);
        }
        return mine.answer;
    }

    private CompletionStage<HttpAnswer> repeat(Entry earlier, Entry mine) {
        if (!earlier.fingerprint.equals(mine.fingerprint)) {
            return CompletableFuture.completedFuture(HttpAnswer.problem(
                    422,
                    "idempotency_key_reused",
                    "idempotency-key: was used for another request (expected: a new one for each request)"));
        }
        replayed.increment();
        return earlier.answer.thenApply(answer -> answer.withHeader(REPLAYED, "true"));
    }

    /** Enters a request, or returns the one that came before it with the same key. */
    private Optional<Entry> enter(Id id, Entry mine) {
        lock.lock();
        try {
            removeEnded();
            Entry earlier = entries.putIfAbsent(id, mine);
            if (earlier == null) {
                bytes += mine.bytes;
                makeRoom();
            }
            return Optional.ofNullable(earlier);
        } finally {
            lock.unlock();
        }
    }

    /** Keeps an answer, unless it says that nothing was done: then a repeat may do it. */
    private void settle(Id id, Entry mine, HttpAnswer answer) {
        lock.lock();
        try {
            if (entries.get(id) != mine) {
                return;
            }
            if (answer.status() >= 300) {
                entries.remove(id);
                bytes -= mine.bytes;
                return;
            }
            mine.bytes += answer.body().length;
            bytes += answer.body().length;
            makeRoom();
        } finally {
            lock.unlock();
        }
    }

    private void removeEnded() {
        long now = nanos.getAsLong();
        Iterator<Entry> oldest = entries.values().iterator();
        while (oldest.hasNext()) {
            Entry entry = oldest.next();
            if (entry.endsAt - now > 0) {
                return;
            }
            oldest.remove();
            bytes -= entry.bytes;
        }
    }

    private void makeRoom() {
        Iterator<Entry> oldest = entries.values().iterator();
        while (bytes > maxBytes) {
            Entry entry = oldest.next();
            oldest.remove();
            bytes -= entry.bytes;
            forgotten.increment();
        }
    }

    /** Returns what the answers cost that are remembered. */
    long bytes() {
        lock.lock();
        try {
            removeEnded();
            return bytes;
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many repeats got an answer that was remembered, or waited for one under way. */
    long replayed() {
        return replayed.sum();
    }

    /** Returns how many answers had to go before their time, since there were too many. */
    long forgotten() {
        return forgotten.sum();
    }
}

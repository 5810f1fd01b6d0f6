package io.campanile.auth;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keys that are loaded from somewhere else, now and then. Never waits: who needs what is not there gets a stage.
 *
 * <pre>
 *  age      0 ────────── refreshAfter ────────── maxAge ──────────►
 *  keys     used         used, and loaded anew    waited for
 * </pre>
 */
final class KeyCache {

    private static final Logger LOG = System.getLogger("io.campanile.auth");

    /** Keys with the time they were loaded at. */
    private record Loaded(KeySet keys, long at) {}

    private final String source;
    private final Supplier<CompletionStage<KeySet>> loader;
    private final long refreshNanos;
    private final long maxAgeNanos;
    private final long pauseNanos;
    private final LongSupplier nanoTime;

    private volatile @Nullable Loaded loaded;

    /** Guards what is below. */
    private final ReentrantLock lock = new ReentrantLock();

    private @Nullable CompletableFuture<Optional<KeySet>> loading;
    private boolean attempted;
    private long attemptedAt;
    private long failures;

    /**
     * Begins without keys.
     *
     * @param source what log lines call the place they come from
     * @param loader loads them, and does not block
     */
    KeyCache(
            String source,
            Supplier<CompletionStage<KeySet>> loader,
            Duration refreshAfter,
            Duration maxAge,
            Duration pause,
            LongSupplier nanoTime) {
        this.source = source;
        this.loader = loader;
        this.refreshNanos = refreshAfter.toNanos();
        this.maxAgeNanos = maxAge.toNanos();
        this.pauseNanos = pause.toNanos();
        this.nanoTime = nanoTime;
    }

    /** Takes keys that were loaded already. */
    void put(KeySet keys) {
        loaded = new Loaded(keys, nanoTime.getAsLong());
    }

    /** Returns the keys that may be used now; none if there are none, or they are too old, and cannot be loaded. */
    CompletionStage<Optional<KeySet>> current() {
        Loaded present = loaded;
        if (present == null) {
            return load();
        }
        long age = nanoTime.getAsLong() - present.at();
        if (age <= refreshNanos) {
            return CompletableFuture.completedFuture(Optional.of(present.keys()));
        }
        CompletableFuture<Optional<KeySet>> loading = load();
        return age <= maxAgeNanos ? CompletableFuture.completedFuture(Optional.of(present.keys())) : loading;
    }

    /**
     * Returns keys that a token may be verified with which was signed with none of these: loaded anew, unless that was done
     * a moment ago, in which case they are the same.
     */
    CompletionStage<Optional<KeySet>> newerThan(KeySet keys) {
        Loaded present = loaded;
        if (present != null && present.keys() != keys) {
            return CompletableFuture.completedFuture(Optional.of(present.keys()));
        }
        return load().thenApply(newer -> newer.isPresent() ? newer : Optional.of(keys));
    }

    /** Loads, together with those who ask at the same time; answers nothing if it fails, or was tried a moment ago. */
    private CompletableFuture<Optional<KeySet>> load() {
        CompletableFuture<Optional<KeySet>> mine = new CompletableFuture<>();
        lock.lock();
        try {
            CompletableFuture<Optional<KeySet>> others = loading;
            if (others != null) {
                return others;
            }
            long now = nanoTime.getAsLong();
            if (attempted && now - attemptedAt < pauseNanos) {
                return CompletableFuture.completedFuture(Optional.empty());
            }
            attempted = true;
            attemptedAt = now;
            loading = mine;
        } finally {
            lock.unlock();
        }
        CompletionStage<KeySet> stage;
        try {
            stage = loader.get();
        } catch (RuntimeException e) {
            stage = CompletableFuture.failedFuture(e);
        }
        stage.whenComplete((keys, failure) -> done(mine, keys, failure));
        return mine;
    }

    private void done(CompletableFuture<Optional<KeySet>> waiting, @Nullable KeySet keys, @Nullable Throwable failure) {
        long failed;
        lock.lock();
        try {
            loading = null;
            if (keys != null) {
                loaded = new Loaded(keys, nanoTime.getAsLong());
            }
            failed = keys == null ? ++failures : 0;
            failures = failed;
        } finally {
            lock.unlock();
        }
        // The 1st, 2nd, 4th, 8th … in a row: an outage is no flood of lines.
        if (keys == null && Long.bitCount(failed) <= 1) {
            LOG.log(
                    Level.WARNING,
                    () -> "keys not loaded source=" + source + " failures=" + failed + " reason=" + reason(failure));
        }
        waiting.complete(Optional.ofNullable(keys));
    }

    private static String reason(@Nullable Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause == null
                ? "nothing came"
                : cause.getClass().getSimpleName() + ": "
                        + String.valueOf(cause.getMessage()).replaceAll("\\p{Cntrl}", "?");
    }
}

package io.campanile.app;

import java.lang.System.Logger.Level;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/** Runs tasks on other threads, so many at a time; the rest wait in the order they came. Never refuses one, never waits. */
final class Dispatcher {

    /*
     * A worker is a task of the executor that takes what is ready until there is nothing. Each holds one of the permits:
     *
     *     workers = running <= max + min(lent, max)
     *
     * Nothing that is ready is left behind. Who makes a task ready first places it, then tries to take a permit; a worker
     * first gives its permit back, then looks once more whether anything is ready. All of these are volatile accesses, so
     * they have one order: either the worker's look comes after the placing and sees the task, or the attempt comes after
     * the permit was given back and succeeds. If no permit is free, all their holders have still to look.
     *
     * A machine that cannot start a thread leaves the task ready; any worker takes it, and `revive` tries again, which
     * somebody calls every so often.
     */

    private final Executor executor;
    private final int max;
    private final ConcurrentLinkedQueue<Runnable> ready = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger lent = new AtomicInteger();

    Dispatcher(Executor executor, int max) {
        this.executor = executor;
        this.max = max;
    }

    void execute(Runnable task) {
        waiting.incrementAndGet();
        ready.add(task);
        revive();
    }

    /** Starts a worker if there is something for it and it may run. */
    void revive() {
        if (ready.isEmpty() || !takePermit()) {
            return;
        }
        try {
            executor.execute(this::work);
        } catch (RuntimeException | Error e) {
            running.decrementAndGet();
            GatewayEndpoint.LOG.log(Level.ERROR, "no thread for a handler; it waits", e);
        }
    }

    /** A worker's thread is lost to a handler that does not return: another may run in its place. */
    void lend() {
        lent.incrementAndGet();
        revive();
    }

    /** The thread has come back. */
    void unlend() {
        lent.decrementAndGet();
    }

    private boolean takePermit() {
        for (; ; ) {
            int now = running.get();
            if (now >= max + Math.min(lent.get(), max)) {
                return false;
            }
            if (running.compareAndSet(now, now + 1)) {
                return true;
            }
        }
    }

    private void work() {
        do {
            for (Runnable task = ready.poll(); task != null; task = ready.poll()) {
                waiting.decrementAndGet();
                try {
                    task.run();
                } catch (Throwable e) {
                    GatewayEndpoint.LOG.log(Level.ERROR, "a handler's turn failed", e);
                }
            }
            running.decrementAndGet();
        } while (!ready.isEmpty() && takePermit());
    }

    int running() {
        return running.get();
    }

    int lent() {
        return lent.get();
    }

    int waiting() {
        return waiting.get();
    }
}

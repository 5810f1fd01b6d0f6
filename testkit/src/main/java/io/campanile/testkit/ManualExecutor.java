package io.campanile.testkit;

import io.campanile.core.spi.ShardExecutor;
import java.util.ArrayDeque;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * An executor that runs a task only when it is told to, on the thread that tells it. So a test decides when a shard
 * takes up what was placed on it, and in which turn. Tasks may come from any thread and run one at a time.
 */
public final class ManualExecutor implements ShardExecutor {

    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable Thread owner;
    private boolean ended;

    @Override
    public boolean isOwner() {
        return owner == Thread.currentThread();
    }

    @Override
    public void execute(Runnable task) {
        lock.lock();
        try {
            if (ended) {
                throw new RejectedExecutionException("the executor has ended");
            }
            tasks.add(task);
        } finally {
            lock.unlock();
        }
    }

    /** Returns the number of tasks that wait. */
    public int pending() {
        lock.lock();
        try {
            return tasks.size();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Runs the task that has waited longest.
     *
     * @return false when there was none
     * @throws IllegalStateException when a task is running
     */
    public boolean runNext() {
        Runnable task;
        lock.lock();
        try {
            task = tasks.poll();
        } finally {
            lock.unlock();
        }
        if (task == null) {
            return false;
        }
        run(task);
        return true;
    }

    /** Runs tasks until none waits, those included that are given meanwhile, and returns how many there were. */
    public int runAll() {
        int count = 0;
        while (runNext()) {
            count++;
        }
        return count;
    }

    /**
     * Runs code on the calling thread as the owner, ahead of the tasks that wait: as an event loop runs a handler.
     *
     * @throws IllegalStateException when a task is running
     */
    public void run(Runnable code) {
        lock.lock();
        try {
            if (owner != null) {
                throw new IllegalStateException("a task is running; an executor runs one at a time");
            }
            owner = Thread.currentThread();
        } finally {
            lock.unlock();
        }
        try {
            code.run();
        } finally {
            owner = null;
        }
    }

    /** Takes no tasks any more; those that wait can still be run. */
    public void end() {
        lock.lock();
        try {
            ended = true;
        } finally {
            lock.unlock();
        }
    }
}

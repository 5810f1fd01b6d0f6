package io.campanile.gateway;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * The deflaters of one gateway. Each has about 270 KB of native memory, so they are lent for one message at a time: there
 * are as many as messages were being compressed at once, which is at most one for each event loop. Any thread.
 */
final class Deflaters {

    private final int level;
    private final ConcurrentLinkedQueue<Deflater> idle = new ConcurrentLinkedQueue<>();
    private final AtomicInteger open = new AtomicInteger();
    private volatile boolean closed;

    Deflaters(int level) {
        this.level = level;
    }

    /** Lends a deflater that knows of nothing. */
    Deflater take() {
        Deflater deflater = idle.poll();
        if (deflater == null) {
            deflater = new Deflater(level, true);
            open.incrementAndGet();
        }
        return deflater;
    }

    /** Takes a deflater back; it forgets what it was given. */
    void giveBack(Deflater deflater) {
        deflater.reset();
        idle.add(deflater);
        if (closed) {
            endIdle();
        }
    }

    /** Gives back the native memory; that of deflaters that are lent, when they come back. */
    void close() {
        closed = true;
        endIdle();
    }

    private void endIdle() {
        for (Deflater next = idle.poll(); next != null; next = idle.poll()) {
            end(next);
        }
    }

    private void end(@Nullable Deflater deflater) {
        if (deflater != null) {
            deflater.end();
            open.decrementAndGet();
        }
    }

    /** Returns how many have native memory now. */
    int open() {
        return open.get();
    }
}

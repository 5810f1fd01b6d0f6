package io.campanile.app;

import io.campanile.gateway.Reading;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What has to be handled for one connection: one turn at a time, in the order they were added. */
final class Lane implements Runnable {

    /*
     * One at a time. `turns` counts the turns that were added and are not done. Who raises it from 0 gives the lane to the
     * dispatcher, and who ends a turn and lowers it to no less than 1 goes on with the next; nobody else does either. So
     * the lane is with the dispatcher or has a turn under way exactly while turns > 0, and never both or twice. A turn is
     * in the queue before it is counted, so who goes on finds one. A turn is ended once, whoever ends it; see Turn.
     *
     * Bounded. `load` is what the turns in the queue and under way weigh. Who adds raises it, then marks the lane paused if
     * it is too much; who ends a turn lowers it, then looks for the mark. With volatile accesses one of the two sees the
     * other's: if the adder set the mark after the last turn had ended and looked, it sees the load that is left and takes
     * the mark back itself. So no lane stays paused with nothing to do. The mark is set before reading is paused, within
     * one task of the event loop, and a resume that sees it is a later task or comes later in the same, so it wins. A resume
     * may also come too late, from before the lane was marked anew: then more is read, and who adds that pauses again.
     *
     * Messages that were read with the one that was too much are added all the same: the load passes its bound by what one
     * read of the socket holds.
     */

    /** How many turns a worker takes before others are let in. */
    private static final int TURNS_IN_A_ROW = 16;

    private final Dispatcher dispatcher;
    private final Reading reading;
    private final long maxLoad;
    private final ConcurrentLinkedQueue<Turn> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger turns = new AtomicInteger();
    private final AtomicLong load = new AtomicLong();
    private final AtomicBoolean paused = new AtomicBoolean();

    /** The turn that is under way, for those who end the gateway. */
    private volatile @Nullable Turn current;

    Lane(Dispatcher dispatcher, Reading reading, long maxLoad) {
        this.dispatcher = dispatcher;
        this.reading = reading;
        this.maxLoad = maxLoad;
    }

    /**
     * Adds a turn. On the event loop of the connection.
     *
     * @param onPause told when it was one too many
     */
    void add(Turn turn, Runnable onPause) {
        long now = load.addAndGet(turn.weight());
        queue.add(turn);
        if (turns.getAndIncrement() == 0) {
            dispatcher.execute(this);
        }
        if (now > maxLoad) {
            if (paused.compareAndSet(false, true)) {
                onPause.run();
            }
            reading.pause();
            readOnIfLight();
        }
    }

    @Override
    public void run() {
        for (int i = 0; i < TURNS_IN_A_ROW; i++) {
            Turn turn = queue.poll();
            if (turn == null) {
                throw new IllegalStateException("a lane without a turn was run");
            }
            current = turn;
            if (!turn.perform()) {
                return; // whoever ends it goes on
            }
            if (!endOf(turn)) {
                return;
            }
        }
        dispatcher.execute(this);
    }

    /** A turn has ended elsewhere than in {@link #run}. */
    void next(Turn ended) {
        if (endOf(ended)) {
            dispatcher.execute(this);
        }
    }

    private boolean endOf(Turn turn) {
        current = null;
        load.addAndGet(-turn.weight());
        readOnIfLight();
        return turns.decrementAndGet() > 0;
    }

    private void readOnIfLight() {
        if (load.get() <= maxLoad / 2 && paused.compareAndSet(true, false)) {
            reading.resume();
        }
    }

    @Nullable
    Turn current() {
        return current;
    }
}

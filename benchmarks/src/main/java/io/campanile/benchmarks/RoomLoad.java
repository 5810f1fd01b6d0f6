package io.campanile.benchmarks;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The messages on their way through one room: which were sent when, and how many receivers still wait for each.
 *
 * <p>Nothing is parsed for it. The n-th message that a receiver counts is taken for the n-th one that was sent to the
 * room, so message n is complete when every receiver has counted n messages.
 */
final class RoomLoad {

    /*
     * Message n uses the entry n & mask of each ring. At most `window` = ring size / 2 messages are sent and not yet
     * complete, so a receiver can be at most that far ahead of another, and the entry of message n + ring size is not
     * touched before that of message n was counted down to 0 and set up again.
     *
     * Each event loop counts its own receivers in a Part, in plain memory. The part that reaches 0 takes one off
     * `partsLeft`, and the last of these completes the message. All entries of a message are set up again before its
     * completion is announced, hence before the send that could use them next.
     */

    /** Who is told that all receivers have a message. Called on an event loop. */
    interface Completion {
        void completed(RoomLoad room, long sentNanos);
    }

    private final int mask;
    private final Part[] parts;
    private final AtomicIntegerArray partsLeft;
    private final AtomicLongArray sentNanos;
    private final AtomicLong turns = new AtomicLong();
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong completed = new AtomicLong();
    private final AtomicInteger inFlight = new AtomicInteger();
    private final Completion completion;
    private final List<LoadConnection> publishers;

    /**
     * @param window the most messages that are sent and not complete
     * @param receiversByLoop how many receivers of the room each event loop has
     */
    RoomLoad(int window, int[] receiversByLoop, List<LoadConnection> publishers, Completion completion) {
        int size = Integer.highestOneBit(Math.max(window, 16) * 2 - 1) * 2;
        mask = size - 1;
        partsLeft = new AtomicIntegerArray(size);
        sentNanos = new AtomicLongArray(size);
        parts = new Part[receiversByLoop.length];
        int used =
                (int) Arrays.stream(receiversByLoop).filter(count -> count > 0).count();
        for (int i = 0; i < size; i++) {
            partsLeft.set(i, used);
        }
        for (int loop = 0; loop < parts.length; loop++) {
            parts[loop] = new Part(receiversByLoop[loop], used);
        }
        this.publishers = List.copyOf(publishers);
        this.completion = completion;
    }

    /** Returns the counts of one event loop. */
    Part part(int loop) {
        return parts[loop];
    }

    /** Returns whose turn it is to publish; there must be publishers. */
    LoadConnection nextPublisher() {
        return publishers.get((int) (turns.getAndIncrement() % publishers.size()));
    }

    /** Takes the next number and notes its time. Called just before the message is written. */
    long nextNumber(long nanos) {
        long number = sent.getAndIncrement();
        sentNanos.set((int) number & mask, nanos);
        return number;
    }

    /** Whether one message more would leave the window that the rings are made for. */
    boolean isBehind() {
        return sent.get() - completed.get() > mask >> 1;
    }

    /** Takes one of {@code limit} places in flight, or returns false when they are all taken. */
    boolean tryTakePlace(int limit) {
        while (true) {
            int taken = inFlight.get();
            if (taken >= limit) {
                return false;
            }
            if (inFlight.compareAndSet(taken, taken + 1)) {
                return true;
            }
        }
    }

    void givePlaceBack() {
        inFlight.decrementAndGet();
    }

    long sent() {
        return sent.get();
    }

    long completed() {
        return completed.get();
    }

    /** What the receivers of one room on one event loop have counted. Used by that loop only. */
    final class Part {
        private final int receivers;
        private final int partsOfRoom;
        private final int[] waiting;

        private Part(int receivers, int partsOfRoom) {
            this.receivers = receivers;
            this.partsOfRoom = partsOfRoom;
            waiting = new int[mask + 1];
            Arrays.fill(waiting, receivers);
        }

        /** A receiver that had counted {@code before} messages has counted {@code more} of them now. */
        void counted(long before, int more) {
            for (int i = 0; i < more; i++) {
                int entry = (int) (before + i) & mask;
                if (--waiting[entry] == 0) {
                    waiting[entry] = receivers;
                    long nanos = sentNanos.get(entry);
                    if (partsOfRoom == 1 || takeLastPart(entry)) {
                        completed.incrementAndGet();
                        completion.completed(RoomLoad.this, nanos);
                    }
                }
            }
        }

        private boolean takeLastPart(int entry) {
            if (partsLeft.decrementAndGet(entry) > 0) {
                return false;
            }
            partsLeft.set(entry, partsOfRoom);
            return true;
        }
    }
}

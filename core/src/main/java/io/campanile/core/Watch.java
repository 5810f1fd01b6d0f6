package io.campanile.core;

import io.campanile.core.spi.KeepAlive;
import java.time.Duration;

/** Visits the connections of one shard in turn, pings those who are silent, and ends those whose time is over. */
final class Watch {

    /*
     * ROUNDS. Each beat owes as many visits as its part of a round is long, and pays them in slices: no more than so many
     * slots, and no more than so many pings and ends, of which each costs a write. The next slice is a task of its own.
     * A round takes `roundNanos`, so a slot is visited within that time and a beat after its time has come.
     *
     * COST. Of most slots a visit reads one word and is done. What chance adds is made of that word too, and of the ping's
     * time: a look at the connection itself would be a cache miss, for every slot whose time is near. Who is due is noted,
     * and pinged with others in a row, so that the processor waits for their rows together.
     *
     * SILENCE is what the shard heard nothing in while it was listening. `seen` is a tick, rounded down, and is compared
     * so that the rounding is in the connection's favour: silent for so long is who was seen in a tick that had ended by
     * then.
     *
     * WRITING ALL THE TIME. A beat may find something gathered for a connection whenever it comes, since a large room that is
     * never silent is written to all the time, and whoever stands last in the line has nothing gathered for moments only.
     * So a ping is gathered with the rest. It waits for the transport to take what it holds, and only for that: then the
     * peer owes an answer to TCP as well. A stream whose keep-alive may be among what is gathered is judged at a later visit,
     * when the transport has taken it or is busy.
     *
     * STANDING STILL. A process that is stopped, or swapped out, or collects garbage for long, or an event loop that somebody
     * blocks, comes back to a clock that has jumped, and to sockets full of what peers sent meanwhile. The first beat
     * may well run before those are read. It knows the jump by the gap since the last beat, and moves `awakeSince`. From
     * then on
     *
     *     silence = now - max(seen, awakeSince),   and for a ping   now - max(pinged, awakeSince)
     *
     * so nobody is judged by time in which nobody listened, and who is due is pinged first. A gap counts when it is
     * longer than a quarter of the shortest time that ends a connection: so whatever the process does, a peer that is
     * heard at least every three quarters of that time is never ended for silence. The price is that a dead peer stays for
     * its time once more. The limit of age is no judgement of the peer and knows no pauses.
     */

    /** So few slots are visited by every beat, whatever their part of a round is. */
    private static final int LEAST_SLOTS = 256;

    private static final int SLOTS_PER_SLICE = 4_096;
    private static final int ACTS_PER_SLICE = 64;
    private static final long LONGEST_ROUND_NANOS = Duration.ofSeconds(1).toNanos();
    private static final int ROUNDS_IN_SHORTEST = 8;
    private static final int GAPS_IN_SHORTEST = 4;
    private static final int PING_JITTER = 5;
    private static final int LIFETIME_JITTER = 10;

    private static final long OFF = Long.MAX_VALUE;

    private final Shard shard;
    private final Slots slots;
    private final Outgoing outgoing;
    private final long pingNanos;
    private final long pongNanos;
    private final long idleNanos;
    private final long messageNanos;
    private final long lifeNanos;
    private final long roundNanos;
    private final long gapNanos;

    private long lastBeat;
    private long awakeSince;

    /** The slot to visit next, how many visits are owed, and whether a slice is placed that will go on with them. */
    private int next;

    private int owed;
    private boolean slicePlaced;

    /** The slots found to be due for a ping. */
    private final int[] due = new int[ACTS_PER_SLICE];

    private int dueCount;

    Watch(Shard shard, Liveness times) {
        this.shard = shard;
        this.slots = shard.slots;
        this.outgoing = shard.outgoing;
        this.pingNanos = nanos(times.pingInterval());
        this.pongNanos = nanos(times.pongTimeout());
        this.idleNanos = nanos(times.idleTimeout());
        this.messageNanos = nanos(times.firstMessageTimeout());
        this.lifeNanos = nanos(times.maxLifetime());
        this.roundNanos = Math.min(LONGEST_ROUND_NANOS, times.shortestNanos() / ROUNDS_IN_SHORTEST);
        this.gapNanos = times.shortestSilenceNanos() / GAPS_IN_SHORTEST;
    }

    private static long nanos(Duration time) {
        return Liveness.isOn(time) ? time.toNanos() : OFF;
    }

    /** Returns the marks of a connection that comes. */
    long marksOfNew() {
        return messageNanos == OFF ? 0 : Slots.AWAITS_MESSAGE;
    }

    /** Owes the visits of a beat; returns whether to pay them, unless a slice that is placed will. */
    boolean beat(long now) {
        long gap = now - lastBeat;
        lastBeat = now;
        if (gap > gapNanos) {
            awakeSince = now;
        }
        int used = slots.used();
        long part = gap >= roundNanos ? used : used * gap / roundNanos + 1;
        owed = (int) Math.min(used, owed + Math.max(part, LEAST_SLOTS));
        return !slicePlaced;
    }

    /** Visits some of the slots that are owed; returns whether there are more. */
    boolean slice(long now) {
        slicePlaced = false;
        shard.beginPings();
        int last = Math.max(0, owed - SLOTS_PER_SLICE);
        int acts = ACTS_PER_SLICE;
        Now times = new Now(now);
        while (owed > last && acts > 0) {
            acts -= visit(times, last, acts);
            acts -= pingDue(times);
        }
        slicePlaced = owed > 0;
        return slicePlaced;
    }

    /**
     * Visits slots until so many are due to be pinged or were ended, or no more than `last` are owed. Returns how many were
     * ended.
     */
    private int visit(Now now, int last, int most) {
        int ended = 0;
        dueCount = 0;
        while (owed > last && ended + dueCount < most) {
            if (next >= slots.used()) {
                next = 0;
            }
            int end = Math.min(slots.used(), next + owed - last);
            int slot = slots.firstSeenBefore(now.quiet, next, end);
            int past = Math.min(slot + 1, end);
            owed -= past - next;
            next = past;
            if (slot < end && visit(slot, now)) {
                ended++;
            }
        }
        return ended;
    }

    /** What a slice compares with: the moment, and the ticks before which who was last seen has been silent for so long. */
    private final class Now {
        final long nanos;
        final long tick;
        final long pingSoonest;
        final long idle;

        /** Who was seen in this tick or later has nothing to fear or to do. */
        final long quiet;

        final boolean pongs;
        final boolean messages;

        Now(long nanos) {
            this.nanos = nanos;
            tick = Slots.tick(nanos);
            pingSoonest = before(nanos, pingNanos - (pingNanos == OFF ? 0 : pingNanos / PING_JITTER));
            long awake = nanos - awakeSince;
            idle = awake >= idleNanos ? before(nanos, idleNanos) : 0;
            pongs = awake >= pongNanos;
            messages = awake >= messageNanos;
            // Who owes a pong was silent enough to be pinged, and was not seen since.
            boolean ages = messageNanos != OFF || lifeNanos != OFF;
            quiet = ages ? OFF : Math.max(pingSoonest, idle);
        }
    }

    /** Returns the tick that had not ended so long ago; 0 when there was none. */
    private static long before(long now, long ago) {
        return now >= ago ? Slots.tick(now - ago) : 0;
    }

    /** Ends the connection in a slot if its time is over, else notes whether a ping is due; returns whether it has ended. */
    private boolean visit(int slot, Now now) {
        long word = slots.word(slot);
        long seen = Slots.seenTick(word);
        long pinged = slots.pinged(slot);
        long pingedAt = Slots.pingedNanos(pinged);
        if ((pinged & Slots.AWAITS_PONG) != 0
                && now.pongs
                && pingedAt <= now.nanos - pongNanos
                && seen < Slots.tick(pingedAt)) {
            return end(slot, CloseReason.NO_PONG);
        }
        if ((pinged & Slots.AWAITS_MESSAGE) != 0 && now.messages && isOlder(slot, messageNanos, now)) {
            return end(slot, CloseReason.NO_MESSAGE);
        }
        if (lifeNanos != OFF
                && isOlder(slot, lifeNanos - jitter(Slots.identity(slot, word), lifeNanos / LIFETIME_JITTER), now)) {
            return end(slot, CloseReason.LIFETIME);
        }
        if (seen < now.idle && !tookKeepAlive(slot, seen, pinged, now)) {
            return end(slot, CloseReason.IDLE);
        }
        if (seen < now.pingSoonest && isPingDue(slot, word, pingedAt, now)) {
            due[dueCount++] = slot;
        }
        return false;
    }

    private boolean end(int slot, CloseReason reason) {
        shard.close(slots.connection(slot), reason);
        return true;
    }

    private boolean isOlder(int slot, long nanos, Now now) {
        // Its first tick may have been nearly over when it came.
        return slots.age(slot, now.tick) > Slots.tick(nanos) + 1;
    }

    /**
     * Returns whether the socket of a peer that cannot answer took a keep-alive within the time, which counts as seen; or
     * may be about to.
     */
    private boolean tookKeepAlive(int slot, long seen, long pinged, Now now) {
        long tick = Slots.tick(Slots.pingedNanos(pinged));
        LiveConnection connection = slots.connection(slot);
        return tick > seen
                && tick >= now.idle
                && (pinged & Slots.AWAITS_PONG) == 0
                && (outgoing.hasGathered(connection.row)
                        || (outgoing.isIdle(connection.row) && slots.touch(connection.value, tick)));
    }

    private boolean isPingDue(int slot, long word, long pingedAt, Now now) {
        long chance = jitter(Slots.identity(slot, word) ^ pingedAt, pingNanos / PING_JITTER);
        long due = now.nanos - pingNanos + chance;
        return pingedAt <= due && Slots.seenTick(word) < Slots.tick(due);
    }

    /** Pings those who are due, as far as something can be written to them; returns how many were pinged. */
    private int pingDue(Now now) {
        int pinged = 0;
        for (int i = 0; i < dueCount; i++) {
            int row = slots.row(due[i]);
            KeepAlive ping = shard.keepAlive(outgoing.format(row));
            if (ping != null && shard.ping(row, ping)) {
                slots.setPinged(due[i], now.nanos, ping.isAnswered() ? Slots.AWAITS_PONG : 0);
                pinged++;
            }
        }
        return pinged;
    }

    /** Notes that a ping is answered; returns how long that took, or -1 when none was awaited. */
    long pong(int slot, long now) {
        long pinged = slots.pinged(slot);
        if ((pinged & Slots.AWAITS_PONG) == 0) {
            return -1;
        }
        slots.clearMark(slot, Slots.AWAITS_PONG);
        return now - Slots.pingedNanos(pinged);
    }

    /** Returns a number from 0 to below the range that looks like chance, and is always the same for the same seed. */
    static long jitter(long seed, long range) {
        long mixed = (seed ^ (seed >>> 32)) * 0x9e3779b97f4a7c15L;
        mixed = (mixed ^ (mixed >>> 29)) * 0xbf58476d1ce4e5b9L;
        mixed ^= mixed >>> 32;
        return Math.multiplyHigh(mixed >>> 1, range << 1);
    }
}

package io.campanile.core;

import io.campanile.core.Quota.WhenFull;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Who holds the places under the quotas. Any thread. */
final class Quotas {

    /*
     * A place is what a quota counts for one value, such as one user. A connection holds its places from before it is
     * registered until it has left, and those of new claims from before it gets them:
     *
     *     connections with the value <= holders of the place = taken <= max
     *
     * One lock guards all of it, so that a decision over several quotas is one step, in which all places are taken or
     * none. It is held for a few steps in maps, and never while anything outside this class is called (G7).
     *
     * HANDING OVER. Who is closed for another gives up the place in that step, and the other holds it from then on, so
     * `taken` stays. The connection itself leaves later, on its own shard; until then the other waits, and is neither
     * registered nor given its claims. Hence the first inequality holds for what is seen from outside, too. A place that
     * both want is handed over under every quota, so a user who comes back to a tenant that is full takes the place of
     * the own old connection there, and nobody else is closed or refused.
     *
     * Who leaves gives nothing back while others have still to leave for it: it may have left while its new claims
     * waited for a place, which is then taken until the connection is gone that had it before.
     *
     * WAITING ENDS. Who waits does so for some that were chosen to leave at that moment, and who is chosen takes nothing
     * any more: what it waits for itself it began to wait for earlier. So nobody waits in a circle; and who waits for
     * nobody, and is to leave, does so with the next command of its shard.
     */

    /** One connection, and the places it has. Fields are guarded by the lock. */
    static final class Holder {
        /** Of who has no place to give back. */
        static final Holder NONE = new Holder(0, 0);

        /** What it holds under each quota; null where it is not counted, or has given its place up. */
        private @Nullable Place[] places;

        /** What it will hold with other claims; null while no change is under way. */
        private @Nullable Place @Nullable [] next;

        /** Its turn among all, by which the oldest is found. */
        private final long turn;

        /** Null until it is registered. */
        private @Nullable LiveConnection connection;

        /** It was chosen to make room. */
        private boolean leaving;

        /** Who waits until it has left. */
        private final List<Holder> successors = new ArrayList<>(0);

        /** How many have still to leave before it may go on, and what it goes on with. */
        private int awaited;

        private @Nullable Runnable then;

        Holder(long turn, int quotas) {
            this.turn = turn;
            this.places = new Place[quotas];
        }

        private boolean holds(int quota, Place place) {
            return places[quota] == place || (next != null && next[quota] == place);
        }
    }

    /** The connections with one value. Guarded by the lock. */
    private static final class Place {
        final String value;

        /** By their turns; kept up only where the oldest is asked for. */
        final TreeMap<Long, Holder> holders = new TreeMap<>();

        int taken;

        Place(String value) {
            this.value = value;
        }
    }

    /** What became of a request for places. */
    enum Answer {
        /** They are held. */
        HELD,
        /** They are held, and others have to leave first: see {@link #whenFree}. */
        AWAITED,
        /** A quota has no place left; nothing was taken. */
        REFUSED,
        /** The holder itself has to leave. */
        LEAVING
    }

    /** Who is to leave, and the quota that asks for it. */
    private record Victim(Holder holder, int quota) {}

    private final Quota[] quotas;
    private final List<Map<String, Place>> places = new ArrayList<>();
    private final LongAdder[] refused;
    private final LongAdder[] replaced;
    private final ReentrantLock lock = new ReentrantLock();
    private long turns;

    Quotas(List<Quota> quotas) {
        this.quotas = quotas.toArray(new Quota[0]);
        this.refused = new LongAdder[this.quotas.length];
        this.replaced = new LongAdder[this.quotas.length];
        for (int i = 0; i < this.quotas.length; i++) {
            places.add(new HashMap<>());
            refused[i] = new LongAdder();
            replaced[i] = new LongAdder();
        }
    }

    /** Begins a holder without places, for a connection that is about to be registered. */
    Holder newHolder() {
        if (quotas.length == 0) {
            return Holder.NONE;
        }
        lock.lock();
        try {
            return new Holder(++turns, quotas.length);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes the places that the claims of a new connection need, or those that it needs for other claims in addition to
     * what it has.
     *
     * @param toClose gets the connections that have to be closed; by the caller, at once
     */
    Answer take(Holder holder, Claims claims, List<LiveConnection> toClose) {
        if (quotas.length == 0) {
            return Answer.HELD;
        }
        @Nullable String[] values = new String[quotas.length];
        for (int i = 0; i < quotas.length; i++) {
            values[i] = quotas[i].valueIn(claims).orElse(null);
        }
        lock.lock();
        try {
            if (holder.leaving) {
                return Answer.LEAVING;
            }
            List<Victim> victims = new ArrayList<>(0);
            // Those that close come first: whom they close may leave room under the others.
            if (!makeRoom(WhenFull.CLOSE_OLDEST, holder, values, victims)
                    || !makeRoom(WhenFull.REFUSE_NEW, holder, values, victims)) {
                return Answer.REFUSED;
            }
            hold(holder, values, victims);
            for (Victim victim : victims) {
                replaced[victim.quota].increment();
                succeed(holder, victim.holder, toClose);
            }
            return victims.isEmpty() ? Answer.HELD : Answer.AWAITED;
        } finally {
            lock.unlock();
        }
    }

    /** Finds out who has to leave so that no quota of a kind is passed; false when that would not help. */
    private boolean makeRoom(WhenFull kind, Holder holder, @Nullable String[] values, List<Victim> victims) {
        for (int i = 0; i < quotas.length; i++) {
            String value = values[i];
            Place place = value == null ? null : places.get(i).get(value);
            if (quotas[i].whenFull() != kind
                    || place == null
                    || place.taken < quotas[i].max()
                    || holder.holds(i, place)
                    || heir(victims, i, place) != null) {
                continue;
            }
            if (kind == WhenFull.REFUSE_NEW) {
                refused[i].increment();
                return false;
            }
            victims.add(new Victim(place.holders.firstEntry().getValue(), i));
        }
        return true;
    }

    /** Returns one of those who leave that has the place, or null. */
    private static @Nullable Holder heir(List<Victim> victims, int quota, Place place) {
        for (Victim victim : victims) {
            if (victim.holder.holds(quota, place)) {
                return victim.holder;
            }
        }
        return null;
    }

    private void hold(Holder holder, @Nullable String[] values, List<Victim> victims) {
        @Nullable Place[] wanted = new Place[quotas.length];
        for (int i = 0; i < quotas.length; i++) {
            String value = values[i];
            if (value == null) {
                continue;
            }
            Place place = places.get(i).computeIfAbsent(value, Place::new);
            wanted[i] = place;
            if (holder.holds(i, place)) {
                continue;
            }
            Holder before = heir(victims, i, place);
            if (before == null) {
                place.taken++;
            } else {
                giveUp(before, i, place);
            }
            if (quotas[i].whenFull() == WhenFull.CLOSE_OLDEST) {
                place.holders.put(holder.turn, holder);
            }
        }
        holder.next = wanted;
    }

    @SuppressWarnings("NullAway") // null is what it is made
    private static void giveUp(Holder holder, int quota, Place place) {
        place.holders.remove(holder.turn);
        if (holder.places[quota] == place) {
            holder.places[quota] = null;
        }
        if (holder.next != null && holder.next[quota] == place) {
            holder.next[quota] = null;
        }
    }

    private static void succeed(Holder holder, Holder victim, List<LiveConnection> toClose) {
        if (!victim.leaving) {
            victim.leaving = true;
            if (victim.connection != null) {
                toClose.add(victim.connection);
            }
        }
        victim.successors.add(holder);
        holder.awaited++;
    }

    /** Goes on once all have left whose places the holder took over: now, or on the thread that sees the last of them off. */
    void whenFree(Holder holder, Runnable then) {
        lock.lock();
        try {
            if (holder.awaited > 0) {
                holder.then = then;
                return;
            }
        } finally {
            lock.unlock();
        }
        then.run();
    }

    /** Notes that the connection is about to be registered; false when it has to leave already. */
    boolean register(Holder holder, LiveConnection connection) {
        if (holder == Holder.NONE) {
            return true;
        }
        lock.lock();
        try {
            holder.connection = connection;
            settle(holder);
            return !holder.leaving;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether the connection was chosen to make room. */
    boolean isLeaving(Holder holder) {
        if (holder == Holder.NONE) {
            return false;
        }
        lock.lock();
        try {
            return holder.leaving;
        } finally {
            lock.unlock();
        }
    }

    /** Gives back the places of the claims that the connection had; when nobody can see it with them any more. */
    void changed(Holder holder) {
        if (holder == Holder.NONE) {
            return;
        }
        lock.lock();
        try {
            settle(holder);
        } finally {
            lock.unlock();
        }
    }

    private void settle(Holder holder) {
        @Nullable Place[] next = holder.next;
        if (next != null) {
            for (int i = 0; i < quotas.length; i++) {
                if (holder.places[i] != next[i]) {
                    free(holder, i, holder.places[i]);
                }
            }
            holder.places = next;
            holder.next = null;
        }
    }

    /**
     * Gives everything back, once nobody has to leave for the holder any more: the connection has left, or was never
     * registered. Lets those go on who waited for it.
     */
    void release(Holder holder) {
        if (holder == Holder.NONE) {
            return;
        }
        List<Runnable> ready = new ArrayList<>(0);
        lock.lock();
        try {
            if (holder.awaited > 0) {
                holder.then = () -> release(holder);
                return;
            }
            for (int i = 0; i < quotas.length; i++) {
                Place place = holder.places[i];
                free(holder, i, place);
                if (holder.next != null && holder.next[i] != place) {
                    free(holder, i, holder.next[i]);
                }
            }
            holder.places = new Place[quotas.length];
            holder.next = null;
            for (Holder successor : holder.successors) {
                successor.awaited--;
                if (successor.awaited == 0 && successor.then != null) {
                    ready.add(successor.then);
                    successor.then = null;
                }
            }
            holder.successors.clear();
        } finally {
            lock.unlock();
        }
        ready.forEach(Runnable::run);
    }

    private void free(Holder holder, int quota, @Nullable Place place) {
        if (place != null) {
            place.holders.remove(holder.turn);
            if (--place.taken == 0) {
                places.get(quota).remove(place.value);
            }
        }
    }

    /** Returns how many were refused, by the quota's name. */
    Map<String, Long> refused() {
        return byName(refused);
    }

    /** Returns how many had to leave for others, by the quota's name. */
    Map<String, Long> replaced() {
        return byName(replaced);
    }

    private Map<String, Long> byName(LongAdder[] counts) {
        Map<String, Long> byName = new LinkedHashMap<>();
        for (int i = 0; i < quotas.length; i++) {
            byName.put(quotas[i].name(), counts[i].sum());
        }
        return byName;
    }

    /** Returns how many values have places; for tests. */
    int size() {
        lock.lock();
        try {
            return places.stream().mapToInt(Map::size).sum();
        } finally {
            lock.unlock();
        }
    }
}

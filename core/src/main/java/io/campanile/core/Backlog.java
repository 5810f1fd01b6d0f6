package io.campanile.core;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What waits for a connection whose transport is busy: frames, which are shared and not copied, and notices of what was
 * lost. Confined to the shard.
 */
final class Backlog {

    /*
     * One list of entries in the order of the wire. It changes in three ways only: something is added at its end, its
     * front is written, and an entry is lost, when it either becomes the room's gap where it stands or leaves the list.
     * No entry ever passes another. Hence, of what is written,
     *
     *     the messages of a room are a subsequence of those that were queued, in the same order,
     *
     * and a message that replaces an older one (LATEST_PER_KEY) goes to the end, not to the older one's place.
     *
     * A room has one gap at most. Every loss raises its count by one, and every loss happens in `lose` or `miss`. Hence,
     * for a connection that stays,
     *
     *     frames of the room written + counts of its gaps written = messages of the room offered
     *
     * once nothing waits. A gap counts as a frame and with the most bytes that its notice may need, so gaps are bounded as
     * frames are; it is encoded when it is written, with what was lost by then.
     *
     * A lane has what a room needs to find its entries at once: its gap, its droppable entries from the oldest on (they
     * leave from the front only, being written and dropped in order), and those that have a key. A lane without any of
     * these is forgotten, so lanes and keys are bounded by the number of entries. Entries that are neither droppable nor
     * have a key need no lane.
     */

    /** The room of what comes through none. No room has this name. */
    static final String NO_ROOM = "";

    /** Makes the frame of a notice, of at most so many bytes; null when the transport has failed at that. */
    interface Notices {
        byte @Nullable [] frame(String room, long missed, int atMost);
    }

    /** A frame, or the gap of a lane. */
    static final class Entry {
        /** Null for a gap. */
        byte @Nullable [] frame;

        /** What it counts for. */
        int bytes;

        final @Nullable Lane lane;

        /** What it is found by in its lane; null for what is found otherwise, or not at all. */
        final @Nullable String key;

        @Nullable
        Entry previous;

        @Nullable
        Entry next;

        /** The droppable entry of the lane that was added after this one. */
        @Nullable
        Entry younger;

        long missed;

        Entry(byte @Nullable [] frame, int bytes, @Nullable Lane lane, @Nullable String key) {
            this.frame = frame;
            this.bytes = bytes;
            this.lane = lane;
            this.key = key;
        }
    }

    /** The entries of one room that something may happen to. */
    static final class Lane {
        final String room;

        @Nullable
        Entry gap;

        @Nullable
        Entry oldest;

        private @Nullable Entry youngest;

        /** What the droppable entries count for. */
        int bytes;

        int frames;
        private @Nullable Map<String, Entry> byKey;

        Lane(String room) {
            this.room = room;
        }

        @Nullable
        Entry latest(String key) {
            return byKey == null ? null : byKey.get(key);
        }

        private boolean isEmpty() {
            return gap == null && oldest == null && (byKey == null || byKey.isEmpty());
        }
    }

    private @Nullable Entry first;
    private @Nullable Entry last;
    private int bytes;
    private int frames;
    private @Nullable Map<String, Lane> lanes;

    int bytes() {
        return bytes;
    }

    /** Returns how many frames there are, gaps included. */
    int frames() {
        return frames;
    }

    boolean isEmpty() {
        return first == null;
    }

    /** Returns how many bytes the first entry may have; there must be one. */
    int firstLength() {
        if (first == null) {
            throw new IllegalStateException("the backlog is empty");
        }
        return first.bytes;
    }

    /** Returns the lane of a room, or null when it has none. */
    @Nullable
    Lane lane(String room) {
        return lanes == null ? null : lanes.get(room);
    }

    /** Adds a frame that stays until it is written. */
    void add(byte[] frame) {
        append(new Entry(frame, frame.length, null, null));
    }

    /** Adds a frame that may be dropped. */
    void addDroppable(String room, byte[] frame) {
        Lane lane = laneOf(room);
        Entry entry = new Entry(frame, frame.length, lane, null);
        append(entry);
        if (lane.youngest == null) {
            lane.oldest = entry;
        } else {
            lane.youngest.younger = entry;
        }
        lane.youngest = entry;
        lane.bytes += entry.bytes;
        lane.frames++;
    }

    /** Adds a frame that a later one with the same key may replace; there must be none with this key. */
    void addWithKey(String room, String key, byte[] frame) {
        Lane lane = laneOf(room);
        Entry entry = new Entry(frame, frame.length, lane, key);
        append(entry);
        if (lane.byKey == null) {
            lane.byKey = new HashMap<>();
        }
        lane.byKey.put(key, entry);
    }

    /**
     * Loses a frame that waits: the oldest of its lane, or one with a key. It is counted by the lane's gap, or becomes
     * that.
     *
     * @param gapBytes what a gap counts for; not used when there is one
     */
    void lose(Entry entry, int gapBytes) {
        Lane lane = entry.lane;
        if (lane == null) {
            throw new IllegalStateException("the frame may not be lost");
        }
        leaveLane(entry, lane);
        if (lane.gap != null) {
            lane.gap.missed++;
            unlink(entry);
            return;
        }
        bytes += gapBytes - entry.bytes;
        Entry gap = entry;
        gap.frame = null;
        gap.bytes = gapBytes;
        gap.missed = 1;
        lane.gap = gap;
    }

    /**
     * Counts a message that was lost before it was added.
     *
     * @param gapBytes what a gap counts for; not used when there is one
     */
    void miss(String room, int gapBytes) {
        Lane lane = laneOf(room);
        Entry gap = lane.gap;
        if (gap == null) {
            lane.gap = gap = new Entry(null, gapBytes, lane, null);
            append(gap);
        }
        gap.missed++;
    }

    /**
     * Moves as many whole frames as fit, so that the stream may always end behind them. A notice may turn out shorter than
     * it counted.
     *
     * @return how many bytes are at the front of the buffer now
     */
    int moveTo(ByteBuffer buffer, Notices notices) {
        int at = 0;
        Entry entry;
        while ((entry = first) != null && at + entry.bytes <= buffer.capacity()) {
            Lane lane = entry.lane;
            byte[] frame = entry.frame;
            if (lane != null && lane.gap == entry) {
                lane.gap = null;
                frame = notices.frame(lane.room, entry.missed, entry.bytes);
            } else if (lane != null) {
                leaveLane(entry, lane);
            }
            unlink(entry);
            if (lane != null && lane.isEmpty() && lanes != null) {
                lanes.remove(lane.room);
            }
            if (frame != null) {
                buffer.put(at, frame);
                at += frame.length;
            }
        }
        return at;
    }

    private Lane laneOf(String room) {
        if (lanes == null) {
            lanes = new HashMap<>();
        }
        return lanes.computeIfAbsent(room, Lane::new);
    }

    private static void leaveLane(Entry entry, Lane lane) {
        if (entry.key != null) {
            if (lane.byKey != null) {
                lane.byKey.remove(entry.key);
            }
            return;
        }
        lane.oldest = entry.younger;
        if (lane.oldest == null) {
            lane.youngest = null;
        }
        lane.bytes -= entry.bytes;
        lane.frames--;
    }

    private void append(Entry entry) {
        entry.previous = last;
        if (last == null) {
            first = entry;
        } else {
            last.next = entry;
        }
        last = entry;
        bytes += entry.bytes;
        frames++;
    }

    private void unlink(Entry entry) {
        Entry before = entry.previous;
        Entry after = entry.next;
        if (before == null) {
            first = after;
        } else {
            before.next = after;
        }
        if (after == null) {
            last = before;
        } else {
            after.previous = before;
        }
        bytes -= entry.bytes;
        frames--;
    }
}

package io.campanile.core;

import io.campanile.core.spi.Transport;
import io.campanile.core.spi.WireFormat;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What a broadcast looks at in every connection of a shard, in rows of packed words. Confined to the shard. */
final class Outgoing {

    /*
     * WHY. A broadcast comes by each member twice, once to gather and once to write, and what that costs before the
     * socket is the memory it moves. An object that holds all of a connection is on two or three cache lines, read and
     * written back both times. A row is a quarter of a line; those who came one after another have rows one after
     * another, which the processor fetches ahead.
     *
     * A row belongs to a connection from its registration until its transport has ended, so longer than the slot does:
     * what waits for it outlives it.
     *
     *     word    0      1      2                 3
     *             stamp  bytes  frames and marks  start
     *
     * WAITING. Bytes and frames are all that waits, in whichever of the three places that LiveConnection tells of. While
     * the row is not BUSY that is what the turn has gathered: from `start` of the turn log on, or, PARTED, the ranges that the
     * connection keeps. A row that is IDLE has nothing that waits; the words then tell what was written last, and they
     * count again when a transport, having put the writing off, finds that it cannot write.
     *
     * STAMPS. A broadcast takes a number that no row has yet and leaves it on each it has served or passes by. After
     * 2^32 of them all rows are wiped and the numbers begin anew. A row that passes to another keeps its stamp, which is older
     * than any to come.
     */

    /** More could not be told from marks; half a gigabyte of references to frames, for one connection. */
    static final int MOST_FRAMES = (1 << 27) - 1;

    private static final int STAMP = 0;
    private static final int BYTES = 1;
    private static final int STATE = 2;
    private static final int START = 3;
    private static final int WORDS = 4;

    /** It has not left the registry. */
    private static final int OPEN = 1;
    /** The transport holds bytes. */
    private static final int BUSY = 2;
    /** Nothing waits. */
    private static final int IDLE = 4;
    /** What the turn has gathered is in several ranges. */
    private static final int PARTED = 8;

    private static final int MARKS = 15;
    private static final int FRAME = 16;

    private int[] words = new int[16 * WORDS];
    private LiveConnection[] connections = new LiveConnection[16];
    private Transport[] transports = new Transport[16];
    private WireFormat[] formats = new WireFormat[16];
    private Ceiling[] ceilings = new Ceiling[16];

    /** Rows ever given out, which are the first ones. */
    private int used;

    private int[] free = new int[16];
    private int freeCount;

    private int stamp;

    Outgoing(int lastStamp) {
        stamp = lastStamp;
    }

    /** Gives a connection a row of its own. */
    int take(LiveConnection connection) {
        if (freeCount == 0 && used == connections.length) {
            grow();
        }
        int row = freeCount > 0 ? free[--freeCount] : used++;
        words[row * WORDS + STATE] = OPEN | IDLE;
        connections[row] = connection;
        transports[row] = connection.transport;
        formats[row] = connection.format;
        ceilings[row] = connection.ceiling;
        return row;
    }

    private void grow() {
        int rows = used * 2;
        words = Arrays.copyOf(words, rows * WORDS);
        connections = Arrays.copyOf(connections, rows);
        transports = Arrays.copyOf(transports, rows);
        formats = Arrays.copyOf(formats, rows);
        ceilings = Arrays.copyOf(ceilings, rows);
    }

    /** Takes the row back: nothing waits any more, and nothing will. */
    @SuppressWarnings("NullAway") // nobody asks for what a free row refers to
    void free(int row) {
        words[row * WORDS + STATE] = IDLE; // it may still stand in a line
        connections[row] = null;
        transports[row] = null;
        formats[row] = null;
        ceilings[row] = null;
        if (freeCount == free.length) {
            free = Arrays.copyOf(free, freeCount * 2);
        }
        free[freeCount++] = row;
    }

    /** Notes that the connection leaves the registry. */
    void leave(int row) {
        words[row * WORDS + STATE] &= ~OPEN;
    }

    LiveConnection connection(int row) {
        return connections[row];
    }

    Transport transport(int row) {
        return transports[row];
    }

    WireFormat format(int row) {
        return formats[row];
    }

    Ceiling ceiling(int row) {
        return ceilings[row];
    }

    // Stamps.

    /** Returns a stamp that no row has. */
    int newStamp() {
        if (++stamp == 0) {
            for (int row = 0; row < used; row++) {
                words[row * WORDS + STAMP] = 0;
            }
            stamp = 1;
        }
        return stamp;
    }

    /** Leaves the stamp on a row; false when it has it already. */
    boolean stamp(int row, int with) {
        int at = row * WORDS + STAMP;
        if (words[at] == with) {
            return false;
        }
        words[at] = with;
        return true;
    }

    // What waits.

    int bytes(int row) {
        return (words[row * WORDS + STATE] & IDLE) != 0 ? 0 : words[row * WORDS + BYTES];
    }

    int frames(int row) {
        int state = words[row * WORDS + STATE];
        return (state & IDLE) != 0 ? 0 : state / FRAME; // a state is never negative
    }

    void setWaiting(int row, int bytes, int frames) {
        words[row * WORDS + BYTES] = bytes;
        words[row * WORDS + STATE] =
                (words[row * WORDS + STATE] & MARKS & ~IDLE) | (frames == 0 ? IDLE : frames * FRAME);
    }

    boolean isBusy(int row) {
        return (words[row * WORDS + STATE] & BUSY) != 0;
    }

    void setBusy(int row, boolean busy) {
        int rest = words[row * WORDS + STATE] & ~BUSY;
        words[row * WORDS + STATE] = rest | (busy ? BUSY : 0);
    }

    /** Whether a turn may gather for it: it is open, and its transport holds nothing. */
    boolean isReady(int row) {
        return (words[row * WORDS + STATE] & (OPEN | BUSY)) == OPEN;
    }

    /** What waited is given to the transport, which has written it or put it off. */
    void written(int row) {
        words[row * WORDS + STATE] |= IDLE;
    }

    /** What was put off does wait. */
    void unwritten(int row) {
        words[row * WORDS + STATE] &= ~IDLE;
    }

    // What the turn has gathered.

    /** Whether the turn has gathered something for it. */
    boolean hasGathered(int row) {
        return (words[row * WORDS + STATE] & (BUSY | IDLE)) == 0;
    }

    /** Whether nothing waits. */
    boolean isIdle(int row) {
        return (words[row * WORDS + STATE] & IDLE) != 0;
    }

    /** Whether a turn may gather so much more for it as things are. */
    boolean takes(int row, int length) {
        return isReady(row) && fits(row, length);
    }

    /**
     * Whether so much more fits into what a turn may gather. A quarter of what may wait is left free: should the transport
     * hold all that a burst has brought, there is room for the latest of each key, for notices and for control frames.
     */
    boolean fits(int row, int length) {
        Ceiling ceiling = ceiling(row);
        return bytes(row) <= ceiling.droppableBytes() - length && frames(row) < ceiling.droppableFrames();
    }

    /** Adds a frame of the turn log to what waits. */
    void gather(int row, int offset, int length) {
        int state = words[row * WORDS + STATE];
        if ((state & IDLE) != 0) {
            words[row * WORDS + STATE] = (state & MARKS & ~IDLE) | FRAME;
            words[row * WORDS + BYTES] = length;
            words[row * WORDS + START] = offset;
            return;
        }
        words[row * WORDS + STATE] = state + FRAME;
        int bytes = words[row * WORDS + BYTES];
        words[row * WORDS + BYTES] = bytes + length;
        if ((state & PARTED) != 0 || words[row * WORDS + START] + bytes != offset) {
            part(row, bytes).add(offset, length);
        }
    }

    private Ranges part(int row, int bytes) {
        LiveConnection connection = connection(row);
        Ranges ranges = connection.ranges;
        if (ranges == null) {
            connection.ranges = ranges = new Ranges();
            ranges.add(words[row * WORDS + START], bytes);
            words[row * WORDS + STATE] |= PARTED;
        }
        return ranges;
    }

    /** Returns where all that the turn has gathered begins, if it has no {@link #takeRanges ranges}. */
    int start(int row) {
        return words[row * WORDS + START];
    }

    /** Returns the ranges of what the turn has gathered, for the last time; null when it is in one. */
    @Nullable
    Ranges takeRanges(int row) {
        if ((words[row * WORDS + STATE] & PARTED) == 0) {
            return null;
        }
        words[row * WORDS + STATE] &= ~PARTED;
        LiveConnection connection = connection(row);
        Ranges ranges = connection.ranges;
        connection.ranges = null;
        return ranges;
    }

    /** Forgets what the turn has gathered. */
    void clearGathered(int row) {
        setWaiting(row, 0, 0);
        takeRanges(row);
    }
}

package io.campanile.core;

import io.campanile.core.spi.Link;
import io.campanile.core.spi.Transport;
import io.campanile.core.spi.WireFormat;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A connection as its shard sees it: what it belongs to and what waits for it. Fields belong to the shard. */
final class LiveConnection implements Link {

    /*
     *             register             close, evict, sweep                 transport ended
     *  handshake ----------> OPEN ---------------------------> CLOSING ---------------------> CLOSED
     *                          |                                                                ^
     *                          +------------------------ transport ended -----------------------+
     *
     * Only an OPEN connection is in a slot, a group or the shard's list. What waits is in three places, in this order on
     * the wire:
     *
     *     held bytes (the transport has them)  ->  backlog  |  ranges of the turn log
     *
     * A connection is `busy` while its transport holds bytes; only then is there a backlog, and only when not busy are
     * there ranges. Hence
     *
     *     waitingBytes = heldBytes + backlog.bytes() + turnBytes <= ceiling.bytes(),   and the same for frames.
     */

    enum State {
        OPEN,
        CLOSING,
        CLOSED
    }

    private static final Membership[] NONE = new Membership[0];

    final long value;
    final Shard shard;
    final Transport transport;
    final WireFormat format;

    /** How much may wait for it. Set before any other thread can find it, and never after. */
    Ceiling ceiling;

    private final ConnectionId id;

    /**
     * Written by the shard, read by any thread. A plain field would do for whoever has seen the answer to the change,
     * which comes with a happens-before of its own; one that only asks again and again might never see it.
     */
    private volatile Claims claims;

    /** Written by the shard, read by any thread through {@link #isOpen}. */
    volatile State state = State.OPEN;

    /** Where it stands in the shard's list of all connections, or once it has left in the drain's; -1 when in neither. */
    int index;

    /** The last broadcast that has served or excepted it; see {@link Shard}. */
    long stamp;

    /** What it holds under the registry's quotas. */
    Quotas.Holder places = Quotas.Holder.NONE;

    /** The change of its claims that waits for places, if one does. */
    @Nullable
    ClaimsChange change;

    private Membership[] rooms = NONE;
    private int roomCount;

    @Nullable
    Membership user;

    int waitingBytes;
    int waitingFrames;

    boolean busy;

    /** What the transport holds; while it is not busy, what it would hold if it could not write what it has put off. */
    int heldBytes;

    int heldFrames;

    @Nullable
    Backlog backlog;

    /** Frames that wait in the turn log; 0 means that the ranges below have no meaning. */
    int turnFrames;

    int turnBytes;
    int rangeStart;
    int rangeEnd;
    private int @Nullable [] earlierRanges;
    private int earlierRangeCount;

    /** Where it stands among the shard's busy connections, while it is one. */
    int debtorIndex;

    /** Why it is being closed; null while open. */
    @Nullable
    CloseReason closeReason;

    /** Whether the transport was told that nothing more comes. */
    boolean closeTold;

    /** Whether it was closed by a drain. */
    boolean drained;

    /** The transport was aborted: the node needed what it held. */
    boolean aborted;

    LiveConnection(long value, Shard shard, Transport transport, WireFormat format, Claims claims, Ceiling ceiling) {
        this.ceiling = ceiling;
        this.value = value;
        this.id = new ConnectionId(value);
        this.shard = shard;
        this.transport = transport;
        this.format = format;
        this.claims = claims;
    }

    int slot() {
        return ConnectionId.slotOf(value);
    }

    int generation() {
        return ConnectionId.generationOf(value);
    }

    // What any thread may call.

    @Override
    public ConnectionId id() {
        return id;
    }

    @Override
    public Claims claims() {
        return claims;
    }

    void setClaims(Claims value) {
        claims = value;
    }

    @Override
    public boolean isOpen() {
        return state == State.OPEN;
    }

    @Override
    public void touch() {
        shard.touch(value);
    }

    @Override
    public void pong() {
        shard.submit(s -> s.pong(this));
    }

    @Override
    public void firstMessage() {
        shard.submit(s -> s.firstMessage(this));
    }

    @Override
    public void writable() {
        touch(); // the peer has made room
        shard.submit(s -> s.writable(this));
    }

    @Override
    public void held() {
        shard.held(this);
    }

    @Override
    public void control(byte[] frame) {
        shard.submit(s -> s.control(this, frame));
    }

    @Override
    public void closed(CloseReason reason) {
        shard.submit(s -> s.transportEnded(this, reason));
    }

    @Override
    public String toString() {
        return "Connection[" + id + "]";
    }

    // Memberships, in the order they were made. A scan: rooms are few, and a thousand cost about a microsecond.

    int roomCount() {
        return roomCount;
    }

    Membership room(int i) {
        return rooms[i];
    }

    @Nullable
    Membership membership(Group group) {
        for (int i = 0; i < roomCount; i++) {
            if (rooms[i].group == group) {
                return rooms[i];
            }
        }
        return null;
    }

    void addRoom(Membership membership) {
        if (roomCount == rooms.length) {
            rooms = Arrays.copyOf(rooms, Math.max(2, roomCount * 2));
        }
        rooms[roomCount++] = membership;
    }

    @SuppressWarnings("NullAway") // behind roomCount there is nothing
    void removeRoom(Membership membership) {
        int at = 0;
        while (rooms[at] != membership) {
            at++;
        }
        System.arraycopy(rooms, at + 1, rooms, at, --roomCount - at);
        rooms[roomCount] = null;
        if (roomCount == 0) {
            rooms = NONE;
        }
    }

    /** Gives up all memberships of rooms and returns what they were. */
    Membership[] takeRooms() {
        Membership[] taken = Arrays.copyOf(rooms, roomCount);
        rooms = NONE;
        roomCount = 0;
        return taken;
    }

    // Ranges of the turn log.

    /** Adds a frame of the turn log to what waits. */
    void addRange(int offset, int length) {
        if (turnFrames == 0) {
            rangeStart = offset;
        } else if (rangeEnd != offset) {
            keepRange();
            rangeStart = offset;
        }
        rangeEnd = offset + length;
        turnFrames++;
        turnBytes += length;
    }

    private void keepRange() {
        int[] kept = earlierRanges;
        int at = 2 * earlierRangeCount;
        if (kept == null) {
            kept = new int[8];
        } else if (at + 4 > kept.length) {
            kept = Arrays.copyOf(kept, kept.length * 2);
        }
        earlierRanges = kept;
        kept[at] = rangeStart;
        kept[at + 1] = rangeEnd - rangeStart;
        earlierRangeCount++;
    }

    boolean hasOneRange() {
        return earlierRangeCount == 0;
    }

    /** Returns offset and length of every range, in turn. */
    int[] ranges() {
        keepRange();
        return earlierRanges == null ? new int[0] : earlierRanges;
    }

    /** Returns how many ranges {@link #ranges} has given. */
    int rangeCount() {
        return earlierRangeCount;
    }

    /** Forgets the ranges: they are written, or given up. */
    void clearTurn() {
        turnFrames = 0;
        turnBytes = 0;
        earlierRanges = null;
        earlierRangeCount = 0;
    }
}

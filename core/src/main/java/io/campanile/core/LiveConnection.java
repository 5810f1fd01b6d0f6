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
     *     what waits = what is held + backlog.bytes() + ranges <= ceiling.bytes(),   and the same for frames.
     *
     * How much that is stands in its row of the shard's Outgoing, with all else that a broadcast looks at.
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

    /** Its row in the shard's {@link Outgoing}, from its registration until it is CLOSED; else -1. */
    int row = -1;

    /** What it holds under the registry's quotas. */
    Quotas.Holder places = Quotas.Holder.NONE;

    /** The change of its claims that waits for places, if one does. */
    @Nullable
    ClaimsChange change;

    private Membership[] rooms = NONE;
    private int roomCount;

    @Nullable
    Membership user;

    /** What the transport holds, while it is busy; else 0. */
    int heldBytes;

    int heldFrames;

    @Nullable
    Backlog backlog;

    /** What the turn has gathered, when that is more than one range; see {@link Outgoing}. */
    @Nullable
    Ranges ranges;

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

    int waitingBytes() {
        return shard.outgoing.bytes(row);
    }

    int waitingFrames() {
        return shard.outgoing.frames(row);
    }

    boolean isBusy() {
        return shard.outgoing.isBusy(row);
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
}

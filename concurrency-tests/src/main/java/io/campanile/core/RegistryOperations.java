package io.campanile.core;

import io.campanile.core.StressFixture.Recorder;
import java.util.ArrayList;
import java.util.List;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;

/**
 * The registry's operations that are answered by a shard, and its limit and count of connections. For Lincheck.
 *
 * <p>Not here, since each of these is linearizable alone but not together with the others: memberCount and roomCount
 * count joins under way, so they see a join before its shard does; find and touch see a connection leave before the
 * counts do; members asks shard after shard. {@link RoomCounts} checks memberCount by itself, {@link TouchedSlot} find
 * and touch.
 */
@Param(name = "connection", gen = IntGen.class, conf = "0:1")
@Param(name = "room", gen = IntGen.class, conf = "0:1")
public class RegistryOperations {

    static final int LIMIT = 3;
    static final int MAX_ROOMS = 1;

    private final ShardedRegistry registry = StressFixture.registry(2, LIMIT, MAX_ROOMS);
    private final ConnectionId[] ids = new ConnectionId[2];

    /** Begins with two connections, one on each shard. */
    public RegistryOperations() {
        for (int i = 0; i < ids.length; i++) {
            ids[i] = StressFixture.register(registry, new Recorder(i));
        }
    }

    /** Registers one more connection. */
    @Operation
    public boolean register() {
        return StressFixture.await(registry.register(new Recorder(0))) instanceof Registration.Registered;
    }

    /** Ends a connection. */
    @Operation(params = "connection")
    public CloseOutcome unregister(int connection) {
        return StressFixture.await(registry.unregister(ids[connection]));
    }

    /** Joins a room. */
    @Operation(params = {"connection", "room"})
    public JoinOutcome join(int connection, int room) {
        return StressFixture.await(registry.join(ids[connection], "room" + room));
    }

    /** Leaves a room. */
    @Operation(params = {"connection", "room"})
    public LeaveOutcome leave(int connection, int room) {
        return StressFixture.await(registry.leave(ids[connection], "room" + room));
    }

    /** Lists the rooms of a connection. */
    @Operation(params = "connection")
    public List<String> roomsOf(int connection) {
        return StressFixture.await(registry.rooms(ids[connection]));
    }

    /** Counts the connections. */
    @Operation
    public int connectionCount() {
        return registry.connectionCount();
    }

    /** The same with lists. */
    public static class Sequential {
        private int count = 2;
        private final boolean[] gone = new boolean[2];
        private final List<List<String>> rooms = List.of(new ArrayList<>(), new ArrayList<>());

        /** Registers one more connection. */
        public boolean register() {
            if (count == LIMIT) {
                return false;
            }
            count++;
            return true;
        }

        /** Ends a connection. */
        public CloseOutcome unregister(int connection) {
            if (gone[connection]) {
                return CloseOutcome.GONE;
            }
            gone[connection] = true;
            rooms.get(connection).clear();
            count--;
            return CloseOutcome.CLOSED;
        }

        /** Joins a room. */
        public JoinOutcome join(int connection, int room) {
            List<String> joined = rooms.get(connection);
            if (gone[connection]) {
                return JoinOutcome.GONE;
            }
            if (joined.contains("room" + room)) {
                return JoinOutcome.ALREADY_IN;
            }
            if (joined.size() == MAX_ROOMS) {
                return JoinOutcome.REFUSED;
            }
            joined.add("room" + room);
            return JoinOutcome.JOINED;
        }

        /** Leaves a room. */
        public LeaveOutcome leave(int connection, int room) {
            if (gone[connection]) {
                return LeaveOutcome.GONE;
            }
            return rooms.get(connection).remove("room" + room) ? LeaveOutcome.LEFT : LeaveOutcome.NOT_IN;
        }

        /** Lists the rooms of a connection. */
        public List<String> roomsOf(int connection) {
            return List.copyOf(rooms.get(connection));
        }

        /** Counts the connections. */
        public int connectionCount() {
            return count;
        }
    }
}

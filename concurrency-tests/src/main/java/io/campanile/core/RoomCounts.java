package io.campanile.core;

import io.campanile.core.StressFixture.Recorder;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;

/**
 * memberCount over two shards, while each thread moves a connection of its own in and out of one room. For Lincheck.
 *
 * <p>Each thread has its own connection and joins only when it is out: a join that is answered otherwise is counted
 * until it has been answered, which is how memberCount is described.
 */
@Param(name = "thread", gen = ThreadIdGen.class)
public class RoomCounts {

    private static final String ROOM = "lobby";
    private static final int CONNECTIONS = 8;

    private final ShardedRegistry registry = StressFixture.registry(2, CONNECTIONS);
    private final ConnectionId[] ids = new ConnectionId[CONNECTIONS];
    private final boolean[] in = new boolean[CONNECTIONS];

    /** Begins with one in the room. */
    public RoomCounts() {
        for (int i = 0; i < CONNECTIONS; i++) {
            ids[i] = StressFixture.register(registry, new Recorder(i % 2));
        }
        move(1);
    }

    /** Joins if the thread's connection is out, else leaves. */
    @Operation(params = "thread")
    public boolean move(int thread) {
        int connection = thread % CONNECTIONS;
        in[connection] = !in[connection];
        if (in[connection]) {
            return StressFixture.await(registry.join(ids[connection], ROOM)) == JoinOutcome.JOINED;
        }
        return StressFixture.await(registry.leave(ids[connection], ROOM)) == LeaveOutcome.LEFT;
    }

    /** Counts the members. */
    @Operation
    public int memberCount() {
        return registry.memberCount(ROOM);
    }

    /** The same with an array. */
    public static class Sequential {
        private final boolean[] in = new boolean[CONNECTIONS];
        private int members;

        /** Begins with one in the room. */
        public Sequential() {
            move(1);
        }

        /** Joins if the thread's connection is out, else leaves. */
        public boolean move(int thread) {
            int connection = thread % CONNECTIONS;
            in[connection] = !in[connection];
            members += in[connection] ? 1 : -1;
            return true;
        }

        /** Counts the members. */
        public int memberCount() {
            return members;
        }
    }
}

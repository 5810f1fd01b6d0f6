package io.campanile.core.spi;

/**
 * Runs the tasks of one shard, one at a time: an event loop, a scheduler under test, or the calling threads.
 *
 * <p>What one task wrote is seen by the next.
 */
public interface ShardExecutor {

    /** Returns whether the calling thread is the one that runs this executor's tasks now. */
    boolean isOwner();

    /**
     * Runs the task later on the owner, after the tasks given before it. From the owner, it runs when the current turn
     * is at its end: what is gathered until then leaves in one write per connection.
     *
     * @throws java.util.concurrent.RejectedExecutionException when no tasks are taken any more
     */
    void execute(Runnable task);

    /**
     * Runs the task later on the owner, once what else is due there had its turn, such as sockets that are ready: long
     * work comes in slices, and goes on with this.
     *
     * @throws java.util.concurrent.RejectedExecutionException when no tasks are taken any more
     */
    default void executeNextTurn(Runnable task) {
        execute(task);
    }

    /**
     * Returns to how many connections the end of a turn writes before what else is due gets its turn: the rest is written
     * at the end of the next turns, together with what is gathered for it meanwhile. At least 1; asked at each end of a
     * turn, on the owner. All of them unless the executor says otherwise.
     */
    default int writesPerTurn() {
        return Integer.MAX_VALUE;
    }

    /**
     * Writes what transports have put off in {@link Transport#writeSoon}, and lets them tell their links which of them the
     * network did not take everything for. The shard calls it on the owner at the end of a turn's writes: nothing else is
     * asked of those transports in between, and what was to be written stays as it is until this returns. Must not throw.
     */
    default void flush() {}

    /**
     * Returns an executor without a thread: whichever calling thread finds the shard idle runs it, and the others leave
     * their calls for it to take up. Nobody waits, and a turn ends when there is nothing left to take up.
     */
    static ShardExecutor callingThreads() {
        return CallingThreads.INSTANCE;
    }
}

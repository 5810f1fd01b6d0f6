package io.campanile.core;

/** A step that takes effect on a shard. Shared by the shards it is placed on, so it keeps no state of one run. */
@FunctionalInterface
interface Command {

    /** Takes effect. Called by the shard's owner. */
    void run(Shard shard);

    /** Ends what waits for an answer, since {@link #run} threw. */
    default void failed(Throwable cause) {}
}

package io.campanile.app;

/**
 * What the handlers of a gateway have done since it started. Counters only grow; they are read one after another.
 *
 * @param calls the handlers called, those of connecting and disconnecting included
 * @param busyNanos how long they took together, what their stages took included
 * @param failures those that threw, or whose stage failed, or whose answer could not be written
 * @param refusals the messages that were refused: by a {@link Refusal}, a payload that could not be read, an unknown event
 * @param timeouts those that passed their deadline
 * @param abandoned those that did not even return when interrupted
 * @param discarded the messages that were read and not handled, since their connection was closed by the node meanwhile
 * @param pauses how often a client was no longer read since too much waited
 * @param running the handlers that run, now; one that has returned a stage is not among them
 * @param stuck those of them that were left to themselves, now
 * @param waiting the connections that wait for one of the handlers that may run at a time, now
 * @param asks the answers that are awaited, now
 */
public record HandlerStats(
        long calls,
        long busyNanos,
        long failures,
        long refusals,
        long timeouts,
        long abandoned,
        long discarded,
        long pauses,
        int running,
        int stuck,
        int waiting,
        int asks) {}

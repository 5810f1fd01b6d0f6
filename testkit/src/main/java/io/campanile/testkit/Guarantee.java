package io.campanile.testkit;

/** What a {@link Simulation} checks, one constant for each guarantee of the registry. */
public enum Guarantee {
    /** G1: an id comes once, and a call with an id that has left is answered and reaches nobody. */
    IDENTITY,
    /** G2: the limit of connections is exact. */
    LIMIT,
    /** G3: what one caller asks for happens in the order it asked. */
    CALLER_ORDER,
    /** G4: common recipients see the messages of different callers in one order. */
    ROOM_ORDER,
    /** G5: a member gets exactly one copy, somebody else none. */
    ONCE,
    /** G6: nothing refers to a connection that has left; counts and lists are those of the model. */
    NOTHING_STALE,
    /** G7: nothing that was placed is left behind, and every answer comes. */
    PROGRESS,
    /** G8: what waits and what is posted stays within its limits, and the counts of bytes are right. */
    BOUNDS,
    /** G9: who is evicted has passed a limit, is told which, gets nothing more, and is closed. */
    EVICTION,
    /** G10: who was heard within the window is never swept, and who was not is. */
    LIVENESS,
    /** G11: a drain takes nobody in, tells all at its pace, writes what waits, cuts in time, and its report adds up. */
    DRAIN,
    /** G12: opened once, closed once with a reason, whatever listeners and transports throw. */
    LIFE_CYCLE,
    /** G13: frames arrive whole and unchanged. */
    VERBATIM,
    /** G14: receipts add up, and what was queued is written unless the connection ends. */
    NO_SILENT_LOSS,
    /** The registry calls a transport as the transport's contract says. */
    TRANSPORT_CONTRACT
}

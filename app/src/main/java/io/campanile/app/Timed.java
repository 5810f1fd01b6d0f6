package io.campanile.app;

/** Something that does not wait for ever. */
interface Timed {

    /** Returns when its time is up, on the gateway's clock. */
    long deadlineNanos();

    /** Its time is up; told again at each beat as long as it is watched and late. Must not block. */
    void expire();
}

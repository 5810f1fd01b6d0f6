package io.campanile.server;

import io.campanile.core.CloseReason;

/** What clients are told when the node drains. */
enum DrainCode {
    /** The node goes away (1001). */
    GOING_AWAY,
    /** The node restarts (1012). */
    RESTART;

    CloseReason reason() {
        return this == RESTART ? CloseReason.RESTART : CloseReason.GOING_AWAY;
    }

    int code() {
        return reason().code();
    }
}

package io.campanile.server;

/** How much is logged. */
enum LogLevel {
    /** Someone must act. */
    ERROR,
    /** The node protects itself. */
    WARN,
    /** The node's life cycle. */
    INFO,
    /** Single connections. */
    DEBUG
}

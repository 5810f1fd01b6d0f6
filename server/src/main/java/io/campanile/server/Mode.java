package io.campanile.server;

/** Which defaults hold. */
enum Mode {
    /** Started without a configuration file: for trying things out on one's own machine. */
    DEVELOPMENT,
    /** Started with a configuration file: what is not asked for is not allowed. */
    CONFIGURED
}

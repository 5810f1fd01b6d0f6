package io.campanile.server;

/** The exit codes of all commands. */
final class Exit {

    static final int DONE = 0;

    /** It was tried, and it failed or was refused. */
    static final int FAILED = 1;

    /** It was not even tried: the command line or the configuration is wrong. */
    static final int MISUSED = 2;

    /** Nobody answered, or the server is too busy: the same command may do later. */
    static final int UNAVAILABLE = 3;

    private Exit() {}
}

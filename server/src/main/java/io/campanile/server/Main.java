package io.campanile.server;

/** The command line of the server. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration. */
public final class Main {

    private Main() {}

    /**
     * Runs a command and ends the process with its exit code.
     *
     * @param args {@code serve}, {@code config} or {@code version}, and its options
     */
    public static void main(String[] args) {
        // Until the settings say otherwise; else logging would begin with everything that libraries have to tell.
        LogSetup.apply(LogFormat.TEXT, LogLevel.INFO);
        int code = new Commands(System.out, System.err, System.getenv()).run(args);
        System.out.flush();
        System.exit(code);
    }
}

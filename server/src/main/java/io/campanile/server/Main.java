package io.campanile.server;

/** The command line. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 no server answered. */
public final class Main {

    private Main() {}

    /**
     * Runs a command and ends the process with its exit code.
     *
     * @param args a command, such as {@code serve}, and its options
     */
    public static void main(String[] args) {
        // Until the settings say otherwise; else logging would begin with everything that libraries have to tell.
        LogSetup.apply(LogFormat.TEXT, LogLevel.INFO);
        var console = new Console(System.in, System.out, System.err, System.getenv());
        int code = new Commands(console).run(args);
        System.out.flush();
        System.exit(code);
    }
}

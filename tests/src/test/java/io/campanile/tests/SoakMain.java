package io.campanile.tests;

import java.time.Duration;

/** The command line of the soak. Exit codes: 0 passed, 1 failed, 2 wrong usage. */
public final class SoakMain {

    private static final String HELP = """
            Usage: campanile soak [options]

            Runs clients with real sockets against a gateway in this process: they come, talk, stall, cut their
            connections and come again, and every six seconds an auditor compares the node with what they did.

              --minutes N     how long, in minutes; may be a fraction (default: 3)
              --clients N     how many clients (default: 300)
              --rate N        how many actions a second (default: 400)
              --seed N        which actions, up to timing (default: another one each time)
              --help          print this
            """;

    private SoakMain() {}

    /** Runs the soak and ends the process with its exit code. */
    public static void main(String[] args) {
        double minutes = 3;
        int clients = 300;
        int rate = 400;
        long seed = System.nanoTime();
        try {
            for (int i = 0; i < args.length; i += 2) {
                if (args[i].equals("--help")) {
                    System.out.print(HELP);
                    return;
                }
                String value = i + 1 < args.length ? args[i + 1] : "";
                switch (args[i]) {
                    case "--minutes" -> minutes = Double.parseDouble(value);
                    case "--clients" -> clients = Integer.parseInt(value);
                    case "--rate" -> rate = Integer.parseInt(value);
                    case "--seed" -> seed = Long.parseLong(value);
                    default -> throw new IllegalArgumentException("unknown option: " + args[i]);
                }
            }
            if (!(minutes > 0 && clients > 0 && rate > 0)) {
                throw new IllegalArgumentException("expected: all greater than 0");
            }
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage() + "\n" + HELP);
            System.exit(2);
        }
        var plan = new Soak.Plan(Duration.ofMillis((long) (minutes * 60_000)), clients, rate, seed);
        try (var soak = new Soak(plan, System.out)) {
            soak.run();
        } catch (RuntimeException e) {
            System.out.println("soak failed seed=" + seed + ": " + e.getMessage());
            e.printStackTrace(System.out);
            System.exit(1);
        }
    }
}

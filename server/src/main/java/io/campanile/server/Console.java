package io.campanile.server;

import java.io.InputStream;
import java.io.PrintStream;
import java.util.Map;

/**
 * What a command reads and writes.
 *
 * @param in what is piped into it
 * @param out results, and nothing else
 * @param err what went wrong, and notes for whoever watches
 * @param env the environment
 */
record Console(InputStream in, PrintStream out, PrintStream err, Map<String, String> env) {

    /** Tells whoever watches, and nobody who reads the results. */
    void note(String sentence) {
        err.println("campanile: " + sentence);
        err.flush();
    }
}

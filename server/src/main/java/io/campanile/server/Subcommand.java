package io.campanile.server;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** Something that the command line can be asked to do. */
interface Subcommand {

    /** Returns its arguments and its help. */
    CommandSpec spec();

    /**
     * Does it.
     *
     * @param given what stood on the command line
     * @return the exit code
     * @throws CommandFailure if it could not be done
     */
    int run(ParseResult given);
}

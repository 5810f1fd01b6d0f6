package io.campanile.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** What a scenario gave for all servers. */
interface Outcome {

    /** Returns how it was taken. */
    Circumstances circumstances();

    /** Returns it for people. */
    String table();

    /** Returns it as a section of a Markdown page. */
    String markdown();

    /** Draws it into files of a directory; returns the Markdown that shows them. */
    String draw(Path directory) throws IOException;

    /** Returns all rounds, for programs. */
    Map<String, Object> toMap();
}

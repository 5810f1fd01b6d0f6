package io.campanile.server;

/** How a log line looks. */
enum LogFormat {
    /** Time, level, sentence, then {@code key=value}. */
    TEXT,
    /** One JSON object a line. */
    JSON
}

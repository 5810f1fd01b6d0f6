package io.campanile.server;

/** What a key of the HTTP API may be good for. */
enum ApiScope {
    /** Sending messages. */
    PUBLISH,
    /** Seeing rooms, members and connections, and listening. */
    READ,
    /** Taking connections into rooms and out of them, and ending them. */
    MANAGE,
    /** Ending what tokens are good for. */
    REVOKE
}

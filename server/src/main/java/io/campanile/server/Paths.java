package io.campanile.server;

import java.util.Set;

/** Where the server answers HTTP requests. */
final class Paths {

    static final String PUBLISH = "/api/publish";
    static final String STATS = "/api/stats";
    static final String HEALTH = "/healthz";
    static final String READY = "/readyz";
    static final String METRICS = "/metrics";

    /** The paths on which no WebSocket or stream can be put. */
    static final Set<String> TAKEN =
            Set.of(PUBLISH, STATS, HEALTH, READY, METRICS, "/", "/app.js", "/campanile.js", "/style.css");

    private Paths() {}
}

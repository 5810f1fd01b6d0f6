package io.campanile.server;

import java.util.Set;

/** Where the server answers HTTP requests. */
final class Paths {

    static final String PUBLISH = "/api/publish";
    static final String PUBLISH_BATCH = "/api/publish/batch";
    static final String BROADCAST = "/api/broadcast";
    static final String ROOMS = "/api/rooms";
    static final String MEMBERS = "/api/rooms/members";
    static final String CONNECTIONS = "/api/connections";
    static final String JOIN = "/api/join";
    static final String LEAVE = "/api/leave";
    static final String DISCONNECT = "/api/disconnect";
    static final String REVOKE = "/api/revoke";
    static final String TAIL = "/api/tail";
    static final String OPENAPI = "/api/openapi.json";
    static final String STATS = "/api/stats";
    static final String HEALTH = "/healthz";
    static final String READY = "/readyz";
    static final String METRICS = "/metrics";

    private static final String API = "/api/";

    private static final Set<String> TAKEN =
            Set.of(HEALTH, READY, METRICS, "/", "/app.js", "/campanile.js", "/style.css");

    private Paths() {}

    /** Returns whether no WebSocket or stream can be put on a path. */
    static boolean isTaken(String path) {
        return TAKEN.contains(path) || path.startsWith(API);
    }
}

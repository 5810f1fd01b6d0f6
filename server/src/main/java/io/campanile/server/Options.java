package io.campanile.server;

import io.campanile.auth.Algorithm;
import io.campanile.auth.JwksLimits;
import io.campanile.core.OverflowPolicy;
import io.campanile.core.Quota.WhenFull;
import io.campanile.gateway.Compression;
import io.campanile.gateway.IoKind;
import io.campanile.gateway.RoomRule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The table of everything that can be configured. Binding, error messages, the names of environment variables, flags
 * with their help, and the reference page all follow from it.
 */
final class Options {

    private static final List<Option<?>> TABLE = new ArrayList<>();

    private static final int MIB = 1 << 20;
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Pattern TOKEN_NAME = Pattern.compile("[A-Za-z0-9._~-]{1,64}");
    private static final Pattern PATH = Pattern.compile("/[A-Za-z0-9._~/-]{0,127}");

    static final Option<String> HOST = add(Option.of(
                    "server.host",
                    OptionType.text("a host name or an address", Pattern.compile("[A-Za-z0-9._:%\\[\\]-]{1,253}")),
                    "127.0.0.1",
                    "Address to listen on; 0.0.0.0 means all of the machine's, and needs a configuration file.")
            .withFlag("--host"));

    static final Option<Integer> PORT =
            add(Option.of("server.port", OptionType.integer(0, 65_535), 8080, "Port to listen on; 0 picks a free one.")
                    .withFlag("--port"));

    static final Option<IoKind> IO = add(Option.of(
                    "server.io",
                    OptionType.oneOf(IoKind.class),
                    IoKind.AUTO,
                    "How sockets are driven; auto means epoll_ring where it exists, else epoll, else nio.")
            .withFlag("--io"));

    static final Option<Integer> LOOPS = add(Option.of(
                    "server.loops",
                    OptionType.integer(0, 256),
                    0,
                    "Number of event loops; 0 means one for each processor.")
            .withFlag("--loops"));

    static final Option<Duration> STOP_TIMEOUT = add(Option.of(
            "server.stop-timeout",
            OptionType.duration(Duration.ZERO, Duration.ofMinutes(10)),
            Duration.ofSeconds(10),
            "Longest time that stopping may take after the delay; what is left then is cut."));

    static final Option<Duration> DRAIN_DELAY = add(Option.of(
            "server.drain-delay",
            OptionType.duration(Duration.ZERO, Duration.ofMinutes(10)),
            Duration.ZERO,
            "Time between /readyz turning 503 and clients being closed, for load balancers to notice."));

    static final Option<Duration> DRAIN_WINDOW = add(Option.of(
            "server.drain-window",
            OptionType.duration(Duration.ZERO, Duration.ofMinutes(10)),
            Duration.ZERO,
            "Time over which clients are told to go, evenly; 0s tells them as fast as server.drain-rate lets."));

    static final Option<Integer> DRAIN_RATE = add(
            Option.of(
                    "server.drain-rate",
                    OptionType.integer(0, 1_000_000),
                    2_000,
                    "Most clients told to go in a second, unless server.stop-timeout is too short for that; 0 is without limit."));

    static final Option<DrainCode> DRAIN_CODE = add(Option.of(
            "server.drain-code",
            OptionType.choice(DrainCode.class, code -> String.valueOf(code.code())),
            DrainCode.GOING_AWAY,
            "Close code that clients are told: 1001, the node goes away, or 1012, it restarts."));

    static final Option<Duration> COME_BACK_MIN = add(Option.of(
            "server.come-back-min",
            OptionType.duration(Duration.ZERO, Duration.ofHours(1)),
            SECOND,
            "Shortest time that a client is asked to wait before it connects again."));

    static final Option<Duration> COME_BACK_MAX = add(Option.of(
            "server.come-back-max",
            OptionType.duration(Duration.ZERO, Duration.ofHours(1)),
            SECOND.multipliedBy(10),
            "Longest such time; each client gets one of its own between the two, 0s for both leaves it to them."));

    static final Option<Duration> PLUGIN_BUDGET = add(
            Option.of(
                    "server.plugin-budget",
                    OptionType.duration(Duration.ofMillis(1), Duration.ofMinutes(10)),
                    SECOND.multipliedBy(5),
                    "Longest time that each plugin may take to stop; one that exceeds it is named in a warning and passed by."));

    static final Option<String> WEBSOCKET_PATH = add(Option.of(
            "websocket.path",
            OptionType.text("a path such as /ws", PATH),
            "/ws",
            "Path on which clients open their WebSocket."));

    static final Option<List<String>> ALLOWED_ORIGINS = add(
            Option.of(
                    "websocket.allowed-origins",
                    OptionType.origins(),
                    List.of(),
                    "Origins whose pages may connect, by WebSocket or stream, and publish, besides the server's own; clients that are not browsers send none."));

    static final Option<Boolean> ALLOW_ANY_ORIGIN = add(Option.of(
            "websocket.allow-any-origin-unsafe",
            OptionType.bool(),
            false,
            "Lets the pages of every site connect as their visitors."));

    static final Option<Boolean> COMPRESSION = add(Option.of(
            "websocket.compression",
            OptionType.bool(),
            false,
            "Whether messages are compressed for clients that offer it (permessage-deflate), and taken from them so; a"
                    + " broadcast is compressed once for all."));

    static final Option<Integer> COMPRESSION_LEVEL = add(Option.of(
            "websocket.compression-level",
            OptionType.integer(1, 9),
            Compression.defaults().level(),
            "How much time compression may take: 1 is the fastest, 9 makes messages smallest."));

    static final Option<Integer> COMPRESSION_MIN_SIZE = add(Option.of(
            "websocket.compression-min-size",
            OptionType.size(0, 16 * MIB),
            Compression.defaults().minMessageBytes(),
            "Smallest message that is compressed; smaller ones are sent as they are."));

    static final Option<Boolean> SSE = add(Option.of(
            "sse.enabled",
            OptionType.bool(),
            true,
            "Whether clients may listen by event streams (Server-Sent Events)."));

    static final Option<String> SSE_PATH = add(Option.of(
            "sse.path", OptionType.text("a path such as /sse", PATH), "/sse", "Path on which clients open a stream."));

    static final Option<Duration> SSE_RETRY = add(Option.of(
            "sse.retry",
            OptionType.duration(Duration.ZERO, Duration.ofHours(1)),
            SECOND.multipliedBy(2),
            "Time after which a client whose stream broke comes again; each is told one up to twice as long."));

    static final Option<Boolean> AUTH_ANONYMOUS = add(Option.of(
            "auth.anonymous",
            OptionType.bool(),
            false,
            "Whether clients that show no token may connect, where others show one; without keys below auth all are"
                    + " anonymous."));

    static final Option<List<String>> CLIENT_KEYS = add(Option.secret(
            "auth.client-keys",
            OptionType.clientKeys(),
            "Keys of clients without an issuer, as hashes, each with its user and claims."));

    static final Option<String> AUTH_COOKIE = add(Option.unset(
            "auth.cookie",
            OptionType.text("the name of a cookie", TOKEN_NAME),
            "Cookie that may hold the token, besides the Authorization header and the subprotocol bearer.TOKEN; none"
                    + " unless set."));

    static final Option<String> AUTH_PARAMETER = add(Option.unset(
            "auth.query-parameter",
            OptionType.text("the name of a parameter", TOKEN_NAME),
            "Parameter of the query that may hold the token, which proxies and browsers log; none unless set."));

    static final Option<String> JWT_SECRET = add(Option.secret(
            "auth.jwt.secret",
            OptionType.text("32 to 1024 printable ASCII characters without spaces", Pattern.compile("[!-~]{32,1024}")),
            "Secret that tokens are signed with (HS256)."));

    static final Option<String> JWT_KEY_FILE = add(Option.unset(
            "auth.jwt.key-file",
            OptionType.text("a file", Pattern.compile("\\P{Cntrl}{1,1024}")),
            "File with the public keys of tokens in PEM, or a JWK set; read again when it changes."));

    static final Option<String> JWKS_URL = add(Option.unset(
            "auth.jwt.jwks-url",
            OptionType.text(
                    "a URL that begins with https://, or with http:// and a name of this machine",
                    Pattern.compile("(https://|http://(localhost|127\\.0\\.0\\.1|\\[::1])[:/])[!-~&&[^@]]{1,1024}")),
            "URL of the JWK set with the public keys of tokens; needs auth.jwt.issuer."));

    static final Option<Duration> JWKS_REFRESH = add(Option.of(
            "auth.jwt.jwks-refresh",
            OptionType.duration(SECOND, Duration.ofDays(1)),
            JwksLimits.defaults().refreshAfter(),
            "Age at which fetched keys are fetched anew; a token with an unknown key id has that done at once, every"
                    + " five seconds at most."));

    static final Option<Duration> JWKS_MAX_AGE = add(Option.of(
            "auth.jwt.jwks-max-age",
            OptionType.duration(SECOND, Duration.ofDays(7)),
            JwksLimits.defaults().maxAge(),
            "Age up to which fetched keys are used when they cannot be fetched anew; then tokens are answered 503."));

    static final Option<String> JWT_ISSUER = add(Option.unset(
            "auth.jwt.issuer",
            OptionType.text("1 to 512 printable ASCII characters without spaces", Pattern.compile("[!-~]{1,512}")),
            "Issuer (iss) whose tokens are taken; any unless set."));

    static final Option<List<String>> JWT_AUDIENCE = add(Option.of(
            "auth.jwt.audience",
            OptionType.names(),
            List.of(),
            "Audiences (aud) of which a token must have one; without any, tokens that have an audience are refused."));

    static final Option<List<Algorithm>> JWT_ALGORITHMS = add(Option.of(
            "auth.jwt.algorithms",
            OptionType.algorithms(),
            List.of(Algorithm.values()),
            "Algorithms that tokens may be signed with; each key is used with its own alone in any case."));

    static final Option<Duration> JWT_CLOCK_SKEW = add(Option.of(
            "auth.jwt.clock-skew",
            OptionType.duration(Duration.ZERO, Duration.ofMinutes(10)),
            SECOND.multipliedBy(30),
            "How far the clocks of issuers may be off."));

    static final Option<Boolean> JWT_WITHOUT_EXPIRY = add(Option.of(
            "auth.jwt.without-expiry-unsafe", OptionType.bool(), false, "Takes tokens that never expire too."));

    static final Option<Boolean> MAY_PUBLISH = add(Option.of(
                    "client.may-publish",
                    OptionType.bool(),
                    false,
                    "Whether clients may publish to every room (room.publish), whatever rooms.rules say.")
            .inDevelopment(true));

    static final Option<Boolean> MAY_SEND_DIRECT = add(Option.of(
                    "client.may-send-direct",
                    OptionType.bool(),
                    false,
                    "Whether clients may send to a single connection or user (direct.send).")
            .inDevelopment(true));

    static final Option<Boolean> CLAIM_ANY_USER = add(Option.of(
                    "client.claim-any-user-unsafe",
                    OptionType.bool(),
                    false,
                    "Whether ?user=NAME in the path of a WebSocket or stream makes NAME the connection's user, unchecked.")
            .inDevelopment(true));

    static final Option<Integer> MAX_ROOMS = add(Option.of(
            "client.max-rooms", OptionType.integer(1, 100_000), 1_000, "Most rooms that one connection may be in."));

    static final Option<Integer> MAX_MESSAGE = add(Option.of(
            "client.max-message-size",
            OptionType.size(128, 16 * MIB),
            64 << 10,
            "Largest message that a client may send; a larger one closes its connection with 1009."));

    static final Option<Integer> MESSAGE_RATE = add(Option.of(
                    "client.max-messages-per-second",
                    OptionType.integer(0, 1_000_000),
                    1_000,
                    "Most messages a client may send in a second, over time, pings included; five seconds' worth may come"
                            + " at once, and one more closes its connection with 3005. 0 is off.")
            .inDevelopment(0));

    static final Option<Integer> BYTE_RATE = add(Option.of(
                    "client.max-bytes-per-second",
                    OptionType.size(0, 1 << 30),
                    4 * MIB,
                    "Most bytes a client may send in a second, over time; five seconds' worth, or its largest message, may"
                            + " come at once, and more closes its connection with 3005. 0 is off.")
            .inDevelopment(0));

    static final Option<Duration> PING_INTERVAL = add(Option.of(
            "client.ping-interval",
            OptionType.durationOrOff(Duration.ofMillis(100), Duration.ofHours(1)),
            SECOND.multipliedBy(25),
            "Longest silence of a client before it is pinged; up to a fifth shorter, by chance."));

    static final Option<Duration> PONG_TIMEOUT = add(Option.of(
            "client.pong-timeout",
            OptionType.durationOrOff(Duration.ofMillis(100), Duration.ofHours(1)),
            SECOND.multipliedBy(10),
            "Longest silence after a ping; a client that does not answer is closed with 3002."));

    static final Option<Duration> IDLE_TIMEOUT = add(Option.of(
            "client.idle-timeout",
            OptionType.durationOrOff(Duration.ofMillis(100), Duration.ofDays(1)),
            SECOND.multipliedBy(60),
            "Longest silence of a client altogether; one that is silent for longer is closed with 3001."));

    static final Option<Duration> FIRST_MESSAGE_TIMEOUT = add(Option.of(
            "client.first-message-timeout",
            OptionType.durationOrOff(Duration.ofMillis(100), Duration.ofHours(1)),
            Duration.ZERO,
            "Longest time a new client may take to send its first message; one that does not is closed with 3003."));

    static final Option<Duration> MAX_LIFETIME = add(Option.of(
            "client.max-lifetime",
            OptionType.durationOrOff(SECOND, Duration.ofDays(365)),
            Duration.ZERO,
            "Longest life of a connection; up to a tenth shorter, by chance. Its client is closed with 3004."));

    static final Option<Duration> CLOSE_TIMEOUT = add(Option.of(
            "client.close-timeout",
            OptionType.duration(Duration.ofMillis(100), Duration.ofMinutes(1)),
            SECOND.multipliedBy(2),
            "Longest time a closed client may take to end its side before it is cut off."));

    static final Option<Integer> OUTBOUND_SIZE = add(Option.of(
            "outbound.max-size",
            OptionType.size(1 << 10, 64 * MIB),
            MIB,
            "Most bytes that may wait for one client; outbound.overflow says what happens to a message beyond it."));

    static final Option<Integer> OUTBOUND_FRAMES = add(Option.of(
            "outbound.max-frames",
            OptionType.integer(1, 1_000_000),
            1_024,
            "Most frames that may wait for one client; outbound.overflow says what happens to a message beyond it."));

    static final Option<OverflowPolicy> OVERFLOW = add(Option.of(
            "outbound.overflow",
            OptionType.overflow(),
            OverflowPolicy.EVICT,
            "What happens when a message does not fit: evict closes the client with 3000; the others drop or replace"
                    + " messages, and tell the client how many it missed."));

    static final Option<List<RoomRule>> ROOM_RULES = add(Option.of(
            "rooms.rules",
            OptionType.roomRules(),
            List.of(RoomRule.parse("** join")),
            "What clients may do in which rooms; the first pattern that fits a room governs it, and what no rule allows"
                    + " is refused."));

    static final Option<List<RoomOverflow>> ROOM_OVERFLOW = add(Option.of(
            "rooms.overflow",
            OptionType.roomOverflow(),
            List.of(),
            "The same for single rooms, such as prices.*=latest-per-key; the first that fits a room's name holds."));

    static final Option<Integer> MAX_CONNECTIONS = add(Option.of(
            "node.max-connections",
            OptionType.integer(1, 10_000_000),
            1_000_000,
            "Most connections at once; further handshakes are answered 503."));

    static final Option<Long> WAITING_SIZE = add(Option.of(
            "node.max-waiting-size",
            OptionType.largeSize(MIB, 1L << 40),
            256L * MIB,
            "Most bytes that may wait for all clients together; beyond it those that owe the most are closed."));

    static final Option<Long> POSTED_SIZE = add(Option.of(
            "node.max-posted-size",
            OptionType.largeSize(MIB, 1L << 40),
            16L * MIB,
            "Most bytes of messages that may wait for one event loop; beyond it publishing is answered 503."));

    static final Option<Integer> MAX_HEADER = add(Option.of(
            "http.max-header-size",
            OptionType.size(1 << 10, MIB),
            16 << 10,
            "Largest head of an HTTP request, handshakes included; a larger one is answered 431."));

    static final Option<Integer> MAX_BODY = add(Option.of(
            "http.max-body-size",
            OptionType.size(1 << 10, 64 * MIB),
            MIB,
            "Largest body of an HTTP request; a larger one is answered 413."));

    static final Option<Duration> HANDSHAKE_TIMEOUT = add(Option.of(
            "http.handshake-timeout",
            OptionType.duration(Duration.ofMillis(100), Duration.ofMinutes(5)),
            SECOND.multipliedBy(5),
            "Longest time from the opening of a socket to the end of its handshake or request."));

    static final Option<Duration> KEEP_ALIVE_TIMEOUT = add(Option.of(
            "http.keep-alive-timeout",
            OptionType.duration(SECOND, Duration.ofMinutes(10)),
            SECOND.multipliedBy(30),
            "Longest silence between two requests on one HTTP connection."));

    static final Option<Integer> MAX_HTTP_CONNECTIONS = add(Option.of(
            "http.max-connections",
            OptionType.integer(1, 1_000_000),
            10_000,
            "Most TCP connections that are not WebSockets, or not yet; further ones are closed as they come."));

    static final Option<Integer> MAX_PER_ADDRESS = add(Option.of(
            "http.max-connections-per-address",
            OptionType.integer(0, 1_000_000),
            0,
            "Most TCP connections of one address, WebSockets and streams included, or of the first 64 bits of one of IPv6;"
                    + " further ones are closed as they come. 0 is off: behind a proxy all have its address."));

    static final Option<Integer> MAX_CONNECTS_PER_ADDRESS = add(Option.of(
            "http.max-connects-per-second-per-address",
            OptionType.integer(0, 1_000_000),
            0,
            "Most TCP connections that one address, counted in the same way, may open in a second; five seconds' worth may"
                    + " come at once, and further ones are closed as they come. 0 is off."));

    static final Option<Integer> MAX_PER_USER = add(Option.of(
            "auth.max-connections-per-user",
            OptionType.integer(0, 1_000_000),
            0,
            "Most connections of one user; exact. 0 is off."));

    static final Option<String> TENANT_CLAIM = add(Option.of(
            "auth.tenant-claim",
            OptionType.text("the name of a claim, and not user", Pattern.compile("(?!user$)[\\x21-\\x7e]{1,128}")),
            "tenant",
            "Claim that names the tenant of a connection: a text or a number."));

    static final Option<Integer> MAX_PER_TENANT = add(Option.of(
            "auth.max-connections-per-tenant",
            OptionType.integer(0, 10_000_000),
            0,
            "Most connections of one tenant; exact. Connections without that claim are not counted. 0 is off."));

    static final Option<WhenFull> WHEN_FULL = add(Option.of(
            "auth.when-full",
            OptionType.whenFull(),
            WhenFull.REFUSE_NEW,
            "What happens to one connection more: refuse answers its handshake 429, close-oldest closes the first of the others"
                    + " with 3500."));

    static final Option<Duration> EXPIRY_WARNING = add(Option.of(
            "auth.expiry-warning",
            OptionType.duration(Duration.ZERO, Duration.ofDays(1)),
            Duration.ofSeconds(30),
            "How long before its token expires a client gets the event auth.expiring; 0s warns nobody."));

    static final Option<Duration> REVOCATION_TIME = add(Option.of(
            "auth.revocation-time",
            OptionType.duration(SECOND, Duration.ofDays(365)),
            Duration.ofHours(24),
            "How long a revocation is kept: as long as the longest token lives."));

    static final Option<Integer> MAX_REVOCATIONS = add(Option.of(
            "auth.max-revocations",
            OptionType.integer(1, 10_000_000),
            100_000,
            "Most revocations kept at once; one more closes connections, but is not kept, and its answer says so."));

    static final Option<String> API_KEY = add(Option.secret(
            "api.key",
            OptionType.text("16 to 256 printable ASCII characters without spaces", Pattern.compile("[!-~]{16,256}")),
            "Key that backends show to use the HTTP API, with all scopes; without any key the API is closed, except in"
                    + " development mode."));

    static final Option<List<ApiKey>> API_KEYS = add(Option.secret(
            "api.keys",
            OptionType.apiKeys(),
            "Further keys of the HTTP API, each with a name and what it is good for."));

    static final Option<Integer> API_RATE = add(Option.of(
            "api.max-requests-per-second",
            OptionType.integer(0, 1_000_000),
            0,
            "Most requests that one key may make in a second, over time, each message of a batch counted; five seconds'"
                    + " worth may come at once, and one more is answered 429. 0 is off."));

    static final Option<Duration> IDEMPOTENCY_WINDOW = add(Option.of(
            "api.idempotency-window",
            OptionType.duration(SECOND, Duration.ofDays(1)),
            Duration.ofMinutes(5),
            "How long the answer to a request with an Idempotency-Key is remembered."));

    static final Option<Integer> IDEMPOTENCY_SIZE = add(
            Option.of(
                    "api.idempotency-size",
                    OptionType.size(1 << 10, 1 << 30),
                    16 * MIB,
                    "Most bytes that such answers may take, each with 512 bytes of its own; beyond it the oldest are forgotten."));

    static final Option<Boolean> METRICS = add(Option.of(
            "metrics.enabled",
            OptionType.bool(),
            true,
            "Whether /metrics answers; it tells counts, never names of rooms or users."));

    static final Option<Boolean> DEMO = add(Option.of(
                    "demo.enabled",
                    OptionType.bool(),
                    false,
                    "Whether the demo page is served at / and its figures at /api/stats.")
            .inDevelopment(true));

    static final Option<String> ECHO_PATH = add(Option.unset(
                    "diagnostics.echo-path",
                    OptionType.text("a path such as /echo", PATH),
                    "Path on which a WebSocket gets each of its messages back, of up to 16MiB, to test clients and what is"
                            + " in between; lets 17MiB wait for each of its clients. None unless set.")
            .withFlag("--echo-path"));

    static final Option<LogFormat> LOG_FORMAT = add(Option.of(
                    "log.format",
                    OptionType.oneOf(LogFormat.class),
                    LogFormat.TEXT,
                    "How log lines on standard error look.")
            .withFlag("--log-format"));

    static final Option<LogLevel> LOG_LEVEL = add(Option.of(
                    "log.level",
                    OptionType.oneOf(LogLevel.class),
                    LogLevel.INFO,
                    "Least severe log lines to write; debug tells of single connections.")
            .withFlag("--log-level"));

    /** Variables that begin as ours do and are read elsewhere: by the command line, and by the launcher script. */
    static final Set<String> FOREIGN_ENV = Set.of(
            Options.CONFIG_ENV,
            ServerFlags.SERVER_ENV,
            "CAMPANILE_JAVA",
            "CAMPANILE_JAVA_OPTS",
            "CAMPANILE_NO_INSTALL",
            "CAMPANILE_CHROMIUM",
            "CAMPANILE_NODE",
            "CAMPANILE_PYTHON");

    static final String CONFIG_ENV = "CAMPANILE_CONFIG";

    private Options() {}

    private static <T> Option<T> add(Option<T> option) {
        TABLE.add(option);
        return option;
    }

    /** All options in the order of the reference. */
    static List<Option<?>> all() {
        return List.copyOf(TABLE);
    }

    static Optional<Option<?>> byKey(String key) {
        return all().stream().filter(o -> o.key().equals(key)).findFirst();
    }

    /** The inner nodes of the tree: {@code server}, {@code client}, … */
    static Set<String> sections() {
        var sections = new TreeSet<String>();
        for (Option<?> option : TABLE) {
            for (int dot = option.key().indexOf('.');
                    dot >= 0;
                    dot = option.key().indexOf('.', dot + 1)) {
                sections.add(option.key().substring(0, dot));
            }
        }
        return sections;
    }
}

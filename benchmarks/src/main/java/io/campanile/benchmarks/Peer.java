package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadPlan.BadPlanException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A server that is compared.
 *
 * @param name as it is asked for
 * @param title as tables show it
 * @param command how to start it, separated by blanks; {java}, {options}, {classpath}, {peers} and {port} are filled in
 */
record Peer(String name, String title, Mode mode, String command) {

    /** What a command begins with under which one publisher may send what many would. */
    static final String UNLIMITED =
            "env CAMPANILE_CLIENT_MAX_MESSAGES_PER_SECOND=1000000 CAMPANILE_CLIENT_MAX_BYTES_PER_SECOND=0B ";

    /** As it comes, but that one publisher may send what many would. */
    static final Peer CAMPANILE = new Peer(
            "campanile",
            "Campanile",
            Mode.CAMPANILE,
            UNLIMITED
                    + "{java} {options} -cp {classpath} io.campanile.server.Main serve --host 127.0.0.1 --port {port}");

    /** All but the first are made by {@code benchmarks/peers/build}. */
    private static final List<Peer> KNOWN = List.of(
            plain(
                    "netty",
                    "plain Netty",
                    "{java} {options} -cp {classpath} io.campanile.benchmarks.Bench baseline --host 127.0.0.1 --port {port}"),
            java("vertx", "Vert.x", "VertxChat"),
            java("jetty", "Jetty", "JettyChat"),
            java("undertow", "Undertow", "UndertowChat"),
            plain("c-each", "C, a send each", "{peers}/c/target/floor {port} each"),
            plain("c-coalesce", "C, coalescing", "{peers}/c/target/floor {port} coalesce"),
            plain("uwebsockets", "uWebSockets", "node {peers}/uwebsockets/server.js {port}"),
            plain("ws", "Node ws", "node {peers}/ws/server.js {port}"),
            plain("gws", "Go gws", "{peers}/gws/target/gws {port}"),
            new Peer("arcly", "Rust arcly-http", Mode.ARCLY, "{peers}/arcly/target/release/arcly {port}"),
            plain("gorilla", "Go gorilla", "{peers}/gorilla/target/gorilla {port}"),
            new Peer("socketio", "Socket.IO", Mode.SOCKETIO, "node {peers}/socketio/server.js {port}"),
            new Peer("netty-socketio", "netty-socketio", Mode.SOCKETIO, java("netty-socketio", "NettySocketIoChat")),
            new Peer("spring", "Spring STOMP", Mode.STOMP, java("spring", "SpringStomp")),
            new Peer(
                    "spring-ordered",
                    "Spring STOMP, in order",
                    Mode.STOMP,
                    java("spring", "SpringStomp") + " ordered"));

    private static String java(String directory, String main) {
        return "{java} {options} -cp {peers}/" + directory + "/target/classes:{peers}/" + directory + "/target/lib/* "
                + main + " {port}";
    }

    private static Peer plain(String name, String title, String command) {
        return new Peer(name, title, Mode.PLAIN, command);
    }

    private static Peer java(String name, String title, String main) {
        return plain(name, title, java("java", main));
    }

    /** Returns the peer of a name. */
    static Peer named(String name) {
        return KNOWN.stream()
                .filter(peer -> peer.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new BadPlanException("--peers: " + name + " (expected: of " + names() + ")"));
    }

    /** Returns the names of all there are. */
    static String names() {
        return KNOWN.stream().map(Peer::name).collect(Collectors.joining(","));
    }

    /** Returns the peer with the directory filled in that the peers were built in. */
    Peer builtIn(Path directory) {
        return withCommand(command.replace("{peers}", directory.toString()));
    }

    boolean isCampanile() {
        return name.equals(CAMPANILE.name);
    }

    /** Whether a JVM runs it that takes options. */
    boolean isJava() {
        return command.contains("{options}");
    }

    Peer withCommand(String other) {
        return new Peer(name, title, mode, other);
    }

    @Override
    public String toString() {
        return title;
    }
}

package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadPlan.BadPlanException;
import io.campanile.benchmarks.LoadPlan.Mode;
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

    /** As it comes, but that one publisher may send what many would. */
    static final Peer CAMPANILE = new Peer(
            "campanile",
            "Campanile",
            Mode.CAMPANILE,
            "env CAMPANILE_CLIENT_MAX_MESSAGES_PER_SECOND=1000000 CAMPANILE_CLIENT_MAX_BYTES_PER_SECOND=0B {java} {options} -cp {classpath} io.campanile.server.Main serve --host 127.0.0.1 --port {port}");

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
            plain("arcly", "Rust arcly-http", "{peers}/arcly/target/release/arcly {port}"),
            plain("gorilla", "Go gorilla", "{peers}/gorilla/target/gorilla {port}"));

    private static Peer plain(String name, String title, String command) {
        return new Peer(name, title, Mode.PLAIN, command);
    }

    private static Peer java(String name, String title, String main) {
        return plain(
                name,
                title,
                "{java} {options} -cp {peers}/java/target/classes:{peers}/java/target/lib/* " + main + " {port}");
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

    Peer withCommand(String other) {
        return new Peer(name, title, mode, other);
    }

    @Override
    public String toString() {
        return title;
    }
}

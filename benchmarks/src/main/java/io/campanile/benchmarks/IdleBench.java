package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.campanile.core.Connection;
import io.campanile.gateway.Admission;
import io.campanile.gateway.Endpoint;
import io.campanile.gateway.GatewayLimits;
import io.campanile.gateway.GatewayServer;
import io.campanile.gateway.Handshake;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures what a connection costs that does nothing: in the server's process, and in the kernel. */
@Command(
        name = "idle",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measure the memory of connections that do nothing.",
            "",
            "Starts the real server in a process of its own, collects its garbage and looks at its memory before the first"
                    + " connection and again with all of them; reports the difference for each connection: resident memory,"
                    + " live objects by class, native memory by category, and what the kernel takes for one end of a"
                    + " connection. Needs Linux and a JDK.",
            ""
        },
        footer = {
            "",
            "Exit status: 0 a WebSocket takes at most 6 KiB of resident memory, or 16 KiB of heap what is none yet, by the"
                    + " median of the rounds; with --slope, one more takes at most 3 KiB of resident memory, 4 KiB before Java"
                    + " 25; 1 not so, or the run failed; 2 the options make no sense."
        })
final class IdleBench implements Callable<Integer> {

    private static final long MOST_RESIDENT = 6 << 10;
    private static final long MOST_HEAP_BEFORE = 16 << 10;

    /** By so many of the connections the server has compiled and loaded what it needs for all of them. */
    private static final int WARM_PART = 5;

    /** How far the connections have come that are measured. */
    enum Stage {
        /** WebSockets in no room. */
        OPEN,
        /** A client has sent half of the headers that a browser sends. */
        UNFINISHED,
        /** A client has sent nearly as many headers as it may, and not their end. */
        STUFFED,
        /** The endpoint has not decided yet. */
        UNDECIDED
    }

    @Option(names = "--connections", defaultValue = "15000", description = "Clients (default: ${DEFAULT-VALUE}).")
    private int connections;

    @Option(
            names = "--stage",
            defaultValue = "open",
            description = "How far they have come: open, WebSockets in no room; unfinished, half a request was sent;"
                    + " stuffed, nearly as many headers as there may be and not their end; undecided, the request waits for"
                    + " an endpoint that does not decide (default: ${DEFAULT-VALUE}).")
    private Stage stage = Stage.OPEN;

    @Option(
            names = "--slope",
            description =
                    "Look at one server with each number of --steps, all WebSockets, and report the slope: what one"
                            + " connection more takes, without what is there once.")
    private boolean slope;

    @Option(
            names = "--steps",
            split = ",",
            paramLabel = "N",
            defaultValue = "1000,5000,10000,18000",
            description = "Connections at which --slope looks (default: ${DEFAULT-VALUE}).")
    private List<Integer> steps = List.of();

    @Option(names = "--rounds", defaultValue = "3", description = "Fresh servers measured (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--objects",
            defaultValue = "40",
            description = "Classes listed, by their bytes (default: ${DEFAULT-VALUE}).")
    private int shown;

    @Option(
            names = "--jvm-options",
            split = ",",
            description = "Further options of the server's JVM, with commas between them.")
    private List<String> jvmOptions = List.of();

    @Option(names = "--java", description = "The java command for the server (default: the one that runs this).")
    private Path java = Path.of(System.getProperty("java.home"), "bin", "java");

    /** What one connection more costs, in bytes. */
    private record Cost(long resident, long heap, long kernel) {}

    @Override
    public Integer call() throws IOException, InterruptedException, RunFailedException {
        List<String> options = jvmOptions();
        IdleSlope slopes = new IdleSlope(java, options, steps);
        Machine.describe(java, false).forEach(IdleBench::line);
        line("JVM options", String.join(" ", options));
        if (slope) {
            return slopes.measure(rounds);
        }
        line("connections", String.format("%,d, %s", connections, stage.name().toLowerCase(Locale.ROOT)));
        List<Cost> costs = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            costs.add(measure(options, round == rounds - 1));
        }
        line(
                "median of resident memory",
                String.format("%,d bytes for each connection", median(costs, Cost::resident)));
        line("median of heap", String.format("%,d bytes for each connection", median(costs, Cost::heap)));
        boolean good = stage == Stage.OPEN
                ? median(costs, Cost::resident) <= MOST_RESIDENT
                : median(costs, Cost::heap) <= MOST_HEAP_BEFORE;
        return good ? 0 : 1;
    }

    private static long median(List<Cost> costs, ToLongFunction<Cost> part) {
        return costs.stream().mapToLong(part).sorted().toArray()[costs.size() / 2];
    }

    private List<String> jvmOptions() {
        List<String> options = new ArrayList<>(serverOptions(java));
        if (!slope) {
            options.add("-XX:NativeMemoryTracking=summary");
        }
        options.addAll(jvmOptions);
        return options;
    }

    /** Those of the launcher; then a heap that shrinks to what is in it, so that its slack is in no look. */
    static List<String> serverOptions(Path java) {
        List<String> options = new ArrayList<>(List.of(
                "-XX:MaxRAMPercentage=40",
                "-XX:+ExitOnOutOfMemoryError",
                "-Dfile.encoding=UTF-8",
                "-Xms16m",
                "-XX:MinHeapFreeRatio=5",
                "-XX:MaxHeapFreeRatio=10"));
        String compact = "-XX:+UseCompactObjectHeaders";
        if (Commands.succeeds(java.toString(), compact, "--version")) {
            options.add(compact);
        }
        return options;
    }

    private Cost measure(List<String> options, boolean details)
            throws IOException, InterruptedException, RunFailedException {
        List<String> settings = List.of("http.handshake-timeout: 5m", "http.max-connections: 1000000");
        try (IdleClients clients = stage == Stage.UNDECIDED
                ? IdleClients.of(java, options, Undecided.class.getName())
                : IdleClients.of(java, options, settings)) {
            MemoryLook before = MemoryLook.after(java, clients.serverPid());
            int first = connections / WARM_PART;
            connect(clients, first);
            MemoryLook warm = MemoryLook.after(java, clients.serverPid());
            connect(clients, connections - first);
            MemoryLook after = MemoryLook.after(java, clients.serverPid());
            if (clients.open() < connections) {
                throw new RunFailedException(connections - clients.open() + " connections were lost");
            }
            Cost cost = new Cost(
                    each(after.residentBytes() - before.residentBytes()),
                    each(after.heapBytes() - before.heapBytes()),
                    each(after.kernelBytes() - before.kernelBytes()) / 2);
            line(
                    "resident",
                    String.format(
                            "%,d bytes for each connection (%,d KiB before, %,d after)",
                            cost.resident, before.residentBytes() >> 10, after.residentBytes() >> 10));
            line(
                    "resident, of the later ones",
                    String.format(
                            "%,d bytes for each connection after the first %,d",
                            (after.residentBytes() - warm.residentBytes()) / (connections - first), first));
            line("heap", String.format("%,d bytes for each connection", cost.heap));
            line("kernel, one end", String.format("%,d bytes for each connection", cost.kernel));
            if (details) {
                show(before, after);
            }
            return cost;
        }
    }

    private void connect(IdleClients clients, int count) throws InterruptedException, RunFailedException {
        switch (stage) {
            case OPEN -> clients.connect(count);
            case UNDECIDED -> clients.send(count, request("\r\n"));
            case UNFINISHED -> clients.send(count, request("Sec-WebSocket-Protoc"));
            case STUFFED -> clients.send(count, request(("x".repeat(176) + ": y\r\n").repeat(85)));
        }
    }

    /** What a browser would send, up to its cookies. */
    private static String request(String end) {
        return "GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n"
                + "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0"
                + " Safari/537.36\r\nUpgrade: websocket\r\nOrigin: http://{host}\r\nSec-WebSocket-Version: 13\r\n"
                + "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + end;
    }

    private void show(MemoryLook before, MemoryLook after) {
        System.out.println();
        System.out.println("native memory, bytes for each connection:");
        after.nativesSince(before).forEach((category, bytes) -> {
            if (each(bytes) != 0) {
                System.out.printf("%,10d  %s%n", each(bytes), category);
            }
        });
        System.out.println("objects, for each connection: bytes, number, class:");
        after.objectsSince(before).entrySet().stream()
                .filter(entry -> each(entry.getValue().bytes()) > 0)
                .sorted(Map.Entry.comparingByValue(
                        Comparator.comparingLong(MemoryLook.Objects::bytes).reversed()))
                .limit(shown)
                .forEach(entry -> System.out.printf(
                        "%,10d  %6.2f  %s%n",
                        each(entry.getValue().bytes()),
                        (double) entry.getValue().count() / connections,
                        entry.getKey()));
        System.out.println();
    }

    private long each(long bytes) {
        return Math.round((double) bytes / connections);
    }

    private static void line(String name, String value) {
        System.out.printf("%-28s %s%n", name, value);
    }

    /** A server whose endpoint never decides about a handshake. */
    static final class Undecided implements Endpoint {

        @Override
        public CompletionStage<Admission> admit(Handshake handshake) {
            return new CompletableFuture<>();
        }

        @Override
        public void text(Connection connection, byte[] utf8) {}

        /** Listens until the process is ended. */
        public static void main(String[] args) throws InterruptedException {
            GatewayServer gateway = GatewayServer.builder()
                    .host("127.0.0.1")
                    .port(0)
                    .limits(GatewayLimits.defaults()
                            .withMaxHttpConnections(1_000_000)
                            .withHandshakeTimeout(Duration.ofMinutes(10)))
                    .webSocket("/ws", new Undecided())
                    .start();
            System.out.println(
                    "listening on http://127.0.0.1:" + gateway.address().getPort());
            TimeUnit.DAYS.sleep(1);
        }
    }
}

package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures a drain: the real server in a process of its own is sent SIGTERM, and clients note when each is told to go. */
@Command(
        name = "drain",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measure how a node drains.",
            "",
            "Starts the server in a process of its own, connects, sends it SIGTERM, and notes when each client sees its"
                    + " Close frame. Reports the most closes in any second and in any quarter of a second against the"
                    + " plan, the spread of the times to come back, and how the server ended.",
            ""
        },
        footer = {
            "",
            "Exit status: 0 every client saw a Close frame, no peak passed 1.2 times the plan and the server ended with"
                    + " status 0; 1 not so, or the run failed; 2 the options make no sense."
        })
final class DrainBench implements Callable<Integer> {

    private static final double ALLOWED = 1.2;
    private static final int MAX_PENDING = 128;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern LISTENING = Pattern.compile("listening on (http://\\S+)");
    private static final Pattern RETRY = Pattern.compile("retry=(\\d+)$");

    @Option(names = "--connections", defaultValue = "15000", description = "Clients (default: ${DEFAULT-VALUE}).")
    private int connections;

    @Option(
            names = "--window",
            defaultValue = "10",
            description = "Seconds over which the plan tells them (default: ${DEFAULT-VALUE}).")
    private double window;

    @Option(names = "--java", description = "The java command for the server (default: the one that runs this).")
    private Path java = Path.of(System.getProperty("java.home"), "bin", "java");

    /** What one client saw. */
    static final class Seen {
        volatile long pings;
        long closedNanos;
        int code;
        String reason = "";
    }

    @Override
    public Integer call() throws IOException, InterruptedException, RunFailedException {
        Path config = Files.createTempFile("bench-drain-", ".yml");
        Path log = Files.createTempFile("bench-drain-", ".log");
        long millis = (long) (window * 1_000);
        Files.writeString(
                config,
                "server:\n  port: 0\n  drain-window: " + millis + "ms\n  drain-rate: 0\n  stop-timeout: "
                        + (millis + 20_000) + "ms\nclient.may-publish: true\n");
        Process server = serve(java, config, ProcessBuilder.Redirect.to(log.toFile()));
        Thread destroyer = ServerProcess.destroyAtExit(server);
        EventLoopGroup group =
                new MultiThreadIoEventLoopGroup(1, Transports.best().polling(Duration.ZERO));
        try {
            List<Seen> seen = new ArrayList<>();
            List<CompletableFuture<Void>> ends = connect(connections, origin(server), group, seen);
            server.destroy(); // SIGTERM
            long asked = System.nanoTime();
            awaitAll(ends, window);
            if (!server.waitFor(60, TimeUnit.SECONDS)) {
                throw new RunFailedException("the server did not end");
            }
            double took = (System.nanoTime() - asked) / 1e9;
            String said = String.join(
                    "\n",
                    Files.readAllLines(log).stream()
                            .filter(line -> line.contains("stopped"))
                            .toList());
            return report(seen, server.exitValue(), took, said);
        } finally {
            server.destroyForcibly();
            Runtime.getRuntime().removeShutdownHook(destroyer);
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            Files.deleteIfExists(config);
            Files.deleteIfExists(log);
        }
    }

    /** Starts the server of this class path. */
    static Process serve(Path java, Path config, ProcessBuilder.Redirect log) throws IOException {
        return ServerProcess.java(java, List.of(), "io.campanile.server.Main", "serve", "--config", config.toString())
                .redirectError(log)
                .start();
    }

    static URI origin(Process server) throws IOException, RunFailedException {
        BufferedReader out = server.inputReader();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            Matcher listening = LISTENING.matcher(line);
            if (listening.matches()) {
                return URI.create(listening.group(1));
            }
        }
        throw new RunFailedException("the server ended instead of listening");
    }

    static List<CompletableFuture<Void>> connect(int connections, URI origin, EventLoopGroup group, List<Seen> seen)
            throws InterruptedException, RunFailedException {
        InetSocketAddress address = new InetSocketAddress(origin.getHost(), origin.getPort());
        URI url = URI.create("ws://" + origin.getAuthority() + "/ws");
        Semaphore pending = new Semaphore(MAX_PENDING);
        List<CompletableFuture<Void>> ends = new ArrayList<>();
        CompletableFuture<Void> failure = new CompletableFuture<>();
        for (int i = 0; i < connections; i++) {
            if (!pending.tryAcquire(PATIENCE.toSeconds(), TimeUnit.SECONDS) || failure.isDone()) {
                throw new RunFailedException("only " + i + " of " + connections + " clients could connect");
            }
            Seen one = new Seen();
            seen.add(one);
            CompletableFuture<Void> end = new CompletableFuture<>();
            ends.add(end);
            new Bootstrap()
                    .group(group)
                    .channel(Transports.best().clientChannel())
                    .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(1_024))
                    .handler(new Client(url, one, pending, end))
                    .connect(address)
                    .addListener(connected -> {
                        if (!connected.isSuccess()) {
                            failure.complete(null);
                            pending.release();
                        }
                    });
        }
        if (!pending.tryAcquire(MAX_PENDING, PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new RunFailedException("not every client was welcomed");
        }
        return ends;
    }

    private static void awaitAll(List<CompletableFuture<Void>> ends, double window) throws InterruptedException {
        try {
            CompletableFuture.allOf(ends.toArray(new CompletableFuture<?>[0]))
                    .get((long) window + PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            System.err.println("drain: some clients saw no end");
        }
    }

    private int report(List<Seen> seen, int status, double took, String said) {
        long[] times = seen.stream()
                .filter(one -> one.code != 0)
                .mapToLong(one -> one.closedNanos)
                .sorted()
                .toArray();
        long[] comeBacks = seen.stream()
                .map(one -> RETRY.matcher(one.reason))
                .filter(Matcher::find)
                .mapToLong(retry -> Long.parseLong(retry.group(1)))
                .sorted()
                .toArray();
        double perSecond = connections / window;
        double second = most(times, 1_000) / perSecond;
        double quarter = most(times, 250) / (perSecond / 4);
        double spread = times.length == 0 ? 0 : (times[times.length - 1] - times[0]) / 1e9;
        Machine.describe(java, false).forEach((name, value) -> System.out.printf("%-28s %s%n", name, value));
        System.out.printf("%-28s %d%n", "clients", connections);
        System.out.printf("%-28s %d%n", "saw a Close frame", times.length);
        System.out.printf("%-28s %s%n", "codes", codes(seen));
        System.out.printf("%-28s %.1f s of %.1f%n", "from first to last close", spread, window);
        System.out.printf("%-28s %.3f × the plan%n", "most in any second", second);
        System.out.printf("%-28s %.3f × the plan%n", "most in any 250 ms", quarter);
        if (comeBacks.length > 0) {
            System.out.printf(
                    "%-28s %d of them, %d to %d ms, median %d%n",
                    "time to come back",
                    comeBacks.length,
                    comeBacks[0],
                    comeBacks[comeBacks.length - 1],
                    comeBacks[comeBacks.length / 2]);
        }
        System.out.printf("%-28s %.1f s, status %d%n", "server ended after", took, status);
        System.out.println(said);
        boolean good = times.length == connections && second <= ALLOWED && quarter <= ALLOWED && status == 0;
        System.out.println(good ? "as planned" : "NOT as planned");
        return good ? 0 : 1;
    }

    private static Map<Integer, Long> codes(List<Seen> seen) {
        return seen.stream().collect(Collectors.groupingBy(one -> one.code, TreeMap::new, Collectors.counting()));
    }

    /** Returns the most of the sorted times that are within any interval of the length. */
    static int most(long[] sorted, long millis) {
        long nanos = TimeUnit.MILLISECONDS.toNanos(millis);
        int most = 0;
        int from = 0;
        for (int to = 0; to < sorted.length; to++) {
            while (sorted[to] - sorted[from] >= nanos) {
                from++;
            }
            most = Math.max(most, to - from + 1);
        }
        return most;
    }

    /** A client that opens its WebSocket, waits for the welcome, and notes how it is closed. */
    private static final class Client extends ChannelInboundHandlerAdapter implements FrameCounter.Sink {
        private final URI url;
        private final Seen seen;
        private final Semaphore pending;
        private final CompletableFuture<Void> end;
        private final Handshake handshake = new Handshake();
        private final FrameCounter frames = new FrameCounter(this);
        private byte[] head = {};
        private boolean upgraded;
        private boolean welcomed;
        private @Nullable ChannelHandlerContext context;

        Client(URI url, Seen seen, Semaphore pending, CompletableFuture<Void> end) {
            this.url = url;
            this.seen = seen;
            this.pending = pending;
            this.end = end;
        }

        @Override
        public void channelActive(ChannelHandlerContext active) {
            context = active;
            active.writeAndFlush(Unpooled.wrappedBuffer(handshake.request(url, List.of())), active.voidPromise());
        }

        @Override
        public void channelRead(ChannelHandlerContext active, Object message) {
            ByteBuf in = (ByteBuf) message;
            try {
                if (!upgraded) {
                    upgrade(active, in);
                }
                if (upgraded && frames.feed(in) > 0 && !welcomed) {
                    welcomed = true;
                    pending.release();
                }
            } finally {
                in.release();
            }
        }

        private void upgrade(ChannelHandlerContext active, ByteBuf in) {
            int before = head.length;
            head = Arrays.copyOf(head, before + in.readableBytes());
            in.getBytes(in.readerIndex(), head, before, head.length - before);
            String text = new String(head, StandardCharsets.ISO_8859_1);
            int headEnd = text.indexOf("\r\n\r\n");
            if (headEnd < 0) {
                in.skipBytes(in.readableBytes());
                return;
            }
            in.skipBytes(headEnd + 4 - before);
            head = new byte[0];
            upgraded = true;
            if (handshake.refusal(text.substring(0, headEnd)).isPresent()) {
                active.close();
            }
        }

        @Override
        public void message(byte[] payload, int length) {}

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // by the only thread of the clients
        public void ping(byte[] payload, int length) {
            seen.pings++;
            send(ClientFrames.PONG, payload, length);
        }

        @Override
        public void close(int code, String reason) {
            seen.closedNanos = System.nanoTime();
            seen.code = code;
            seen.reason = reason;
            send(ClientFrames.CLOSE, new byte[] {(byte) (code >>> 8), (byte) code}, 2);
        }

        private void send(int opcode, byte[] payload, int length) {
            ChannelHandlerContext active = context;
            if (active != null) {
                active.writeAndFlush(
                        ClientFrames.encode(active.alloc(), opcode, payload, length), active.voidPromise());
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext inactive) {
            end.complete(null);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext active, Throwable cause) {
            active.close();
        }
    }
}

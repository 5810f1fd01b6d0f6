package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The real server in a process of its own, and clients that do nothing but answer its pings. */
final class IdleClients implements AutoCloseable {

    private final Process server;
    private final Thread destroyer;
    private final Path config;
    private final EventLoopGroup group;
    private final List<DrainBench.Seen> seen = new ArrayList<>();
    private final List<CompletableFuture<Void>> ends = new ArrayList<>();

    private IdleClients(Process server, Path config) {
        this.server = server;
        this.config = config;
        this.destroyer = ServerProcess.destroyAtExit(server);
        this.group = new MultiThreadIoEventLoopGroup(1, Transports.best().polling(Duration.ZERO));
    }

    /** Starts a server with the lines in its configuration, and connects. */
    static IdleClients connect(Path java, List<String> options, int connections)
            throws IOException, InterruptedException, RunFailedException {
        Path config = Files.createTempFile("bench-idle-", ".yml");
        Files.writeString(config, "server.port: 0\n" + String.join("\n", options) + "\n");
        Process server = DrainBench.serve(java, config, ProcessBuilder.Redirect.DISCARD);
        IdleClients clients = new IdleClients(server, config);
        try {
            URI origin = DrainBench.origin(server);
            clients.ends.addAll(DrainBench.connect(connections, origin, clients.group, clients.seen));
            return clients;
        } catch (RunFailedException | RuntimeException e) {
            clients.close();
            throw e;
        }
    }

    long serverPid() {
        return server.pid();
    }

    long pings() {
        return seen.stream().mapToLong(one -> one.pings).sum();
    }

    long open() {
        return ends.stream().filter(end -> !end.isDone()).count();
    }

    @Override
    public void close() throws IOException, InterruptedException {
        server.destroyForcibly().waitFor();
        Runtime.getRuntime().removeShutdownHook(destroyer);
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).await();
        Files.deleteIfExists(config);
    }
}

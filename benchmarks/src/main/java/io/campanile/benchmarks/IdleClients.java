package io.campanile.benchmarks;

import io.campanile.benchmarks.LoadGenerator.RunFailedException;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
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
    private URI origin = URI.create("http://127.0.0.1");

    private IdleClients(Process server, Path config) {
        this.server = server;
        this.config = config;
        this.destroyer = ServerProcess.destroyAtExit(server);
        this.group = new MultiThreadIoEventLoopGroup(1, Transports.best().polling(Duration.ZERO));
    }

    /** Starts a server with the lines in its configuration. */
    static IdleClients of(Path java, List<String> jvmOptions, List<String> settings)
            throws IOException, InterruptedException, RunFailedException {
        Path config = Files.createTempFile("bench-idle-", ".yml");
        Files.writeString(config, "server.port: 0\n" + String.join("\n", settings) + "\n");
        return of(
                ServerProcess.java(
                        java, jvmOptions, "io.campanile.server.Main", "serve", "--config", config.toString()),
                config);
    }

    /** Starts a program that says what it listens on, as the server does. */
    static IdleClients of(Path java, List<String> jvmOptions, String main)
            throws IOException, InterruptedException, RunFailedException {
        return of(ServerProcess.java(java, jvmOptions, main), Files.createTempFile("bench-idle-", ".yml"));
    }

    private static IdleClients of(ProcessBuilder command, Path config)
            throws IOException, InterruptedException, RunFailedException {
        IdleClients clients = new IdleClients(
                command.redirectError(ProcessBuilder.Redirect.DISCARD).start(), config);
        try {
            clients.origin = DrainBench.origin(clients.server);
            return clients;
        } catch (RunFailedException | RuntimeException e) {
            clients.close();
            throw e;
        }
    }

    /** Opens WebSockets, and waits until each is welcomed. */
    void connect(int connections) throws InterruptedException, RunFailedException {
        ends.addAll(DrainBench.connect(connections, origin, group, seen));
    }

    /** Opens sockets and sends the text on each, with the server's address in place of {@code {host}}. */
    void send(int connections, String text) throws InterruptedException, RunFailedException {
        byte[] bytes = text.replace("{host}", origin.getAuthority()).getBytes(StandardCharsets.ISO_8859_1);
        for (int i = 0; i < connections; i++) {
            CompletableFuture<Void> end = new CompletableFuture<>();
            ends.add(end);
            ChannelFuture connected = new Bootstrap()
                    .group(group)
                    .channel(Transports.best().clientChannel())
                    .handler(new ChannelInboundHandlerAdapter())
                    .connect(origin.getHost(), origin.getPort())
                    .await();
            if (!connected.isSuccess()) {
                throw new RunFailedException("only " + i + " of " + connections + " clients could connect");
            }
            connected.channel().closeFuture().addListener(closed -> end.complete(null));
            connected.channel().writeAndFlush(Unpooled.wrappedBuffer(bytes)).await();
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

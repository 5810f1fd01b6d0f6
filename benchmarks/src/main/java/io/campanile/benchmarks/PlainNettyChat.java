package io.campanile.benchmarks;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The base line: a chat server as Netty's own examples would have one write it. Each text frame goes to everybody
 * who connected with the same {@code ?room=}, through {@code ChannelGroup.writeAndFlush(new TextWebSocketFrame(text))}.
 *
 * <p>Nothing here is tuned and nothing is held back: native epoll where it exists, {@code TCP_NODELAY}, Netty's
 * default allocator and buffers.
 */
@Command(
        name = "baseline",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Run the base line: a plain Netty chat server that sends each text frame to everybody"
                + " who connected with the same ?room=.")
final class PlainNettyChat implements Callable<Integer> {

    @Option(names = "--host", defaultValue = "127.0.0.1", description = "Where to listen (default: ${DEFAULT-VALUE}).")
    private String host = "127.0.0.1";

    @Option(names = "--port", defaultValue = "18081", description = "The port (default: ${DEFAULT-VALUE}).")
    private int port = 18_081;

    @Option(names = "--path", defaultValue = "/ws", description = "The WebSocket path (default: ${DEFAULT-VALUE}).")
    private String path = "/ws";

    @Option(
            names = "--loops",
            defaultValue = "0",
            description = "Event loops; 0 is one for each processor this process may use (default: ${DEFAULT-VALUE}).")
    private int loops;

    /** Runs until the process is told to stop. */
    public static void main(String[] args) {
        System.exit(Bench.execute(new PlainNettyChat(), args));
    }

    @Override
    public Integer call() throws InterruptedException {
        int threads = loops > 0 ? loops : Runtime.getRuntime().availableProcessors();
        try (Running server = start(host, port, path, threads)) {
            System.out.println("plain Netty chat listens on ws://" + host + ":" + server.port() + path);
            server.awaitClosed();
        }
        return 0;
    }

    /** Listens; port 0 takes a free one. */
    static Running start(String host, int port, String path, int loops) throws InterruptedException {
        Transports transport = Transports.best();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(loops, transport.ioHandler());
        Map<String, ChannelGroup> rooms = new ConcurrentHashMap<>();
        try {
            Channel listener = new ServerBootstrap()
                    .group(group)
                    .channel(transport.serverChannel())
                    .option(ChannelOption.SO_BACKLOG, 4_096)
                    .childOption(ChannelOption.TCP_NODELAY, true)
                    .childHandler(new ChannelInitializer<SocketChannel>() {
                        @Override
                        protected void initChannel(SocketChannel channel) {
                            channel.pipeline()
                                    .addLast(new HttpServerCodec())
                                    .addLast(new HttpObjectAggregator(65_536))
                                    .addLast(new WebSocketServerProtocolHandler(path, true))
                                    .addLast(new ChatHandler(rooms));
                        }
                    })
                    .bind(new InetSocketAddress(host, port))
                    .sync()
                    .channel();
            return new Running(group, listener);
        } catch (Throwable e) {
            group.shutdownGracefully();
            throw e;
        }
    }

    /** A server that listens, until it is closed. */
    record Running(EventLoopGroup group, Channel listener) implements AutoCloseable {

        int port() {
            return ((InetSocketAddress) listener.localAddress()).getPort();
        }

        void awaitClosed() throws InterruptedException {
            listener.closeFuture().sync();
        }

        @Override
        public void close() {
            listener.close();
            group.shutdownGracefully(0, 2, java.util.concurrent.TimeUnit.SECONDS);
        }
    }

    private static final class ChatHandler extends SimpleChannelInboundHandler<TextWebSocketFrame> {
        private final Map<String, ChannelGroup> rooms;
        private @Nullable ChannelGroup members;

        ChatHandler(Map<String, ChannelGroup> rooms) {
            this.rooms = rooms;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
            if (event instanceof WebSocketServerProtocolHandler.HandshakeComplete complete) {
                String room = new QueryStringDecoder(complete.requestUri())
                        .parameters()
                        .getOrDefault("room", List.of(""))
                        .get(0);
                members = rooms.computeIfAbsent(room, name -> new DefaultChannelGroup(GlobalEventExecutor.INSTANCE));
                members.add(context.channel());
            }
            super.userEventTriggered(context, event);
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, TextWebSocketFrame frame) {
            if (members != null) {
                members.writeAndFlush(new TextWebSocketFrame(frame.text()));
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }
}

package io.campanile.benchmarks;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Speaks just enough of the JSON envelope for the generator, and misbehaves in the rooms it is told to. */
final class EnvelopeServer implements AutoCloseable {
    private static final Pattern ROOM = Pattern.compile("\"room\":\"([^\"]+)\"");
    private static final Pattern DATA = Pattern.compile("\"data\":(\"[^\"]*\")");

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, Transports.NIO.ioHandler());
    private final Map<String, ChannelGroup> rooms = new ConcurrentHashMap<>();
    private final AtomicLong left = new AtomicLong();
    private final Misbehaviour misbehaviour;
    private final Channel listener;

    /** What the server does wrong. */
    enum Misbehaviour {
        NONE,
        REFUSES_TO_JOIN,
        REFUSES_TO_PUBLISH,
        SWALLOWS_MESSAGES,
        CLOSES_AT_A_MESSAGE,
        HANGS_UP_ON_RECEIVERS,
        REPEATS_MESSAGES
    }

    EnvelopeServer(Misbehaviour misbehaviour) throws InterruptedException {
        this.misbehaviour = misbehaviour;
        listener = new ServerBootstrap()
                .group(group)
                .channel(Transports.NIO.serverChannel())
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline()
                                .addLast(new HttpServerCodec())
                                .addLast(new HttpObjectAggregator(65_536))
                                .addLast(new WebSocketServerProtocolHandler("/ws"))
                                .addLast(new Envelopes());
                    }
                })
                .bind(new InetSocketAddress("127.0.0.1", 0))
                .sync()
                .channel();
    }

    String url() {
        return "ws://127.0.0.1:" + ((InetSocketAddress) listener.localAddress()).getPort() + "/ws";
    }

    /** Returns how many members have left their room before they went. */
    long left() {
        return left.get();
    }

    @Override
    public void close() {
        group.shutdownGracefully();
    }

    private final class Envelopes extends SimpleChannelInboundHandler<TextWebSocketFrame> {

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
            if (event instanceof WebSocketServerProtocolHandler.HandshakeComplete) {
                send(context.channel(), "{\"event\":\"welcome\",\"data\":{\"connection\":\"1\",\"protocol\":1}}");
                context.writeAndFlush(new PingWebSocketFrame());
            }
            super.userEventTriggered(context, event);
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, TextWebSocketFrame frame) {
            String text = frame.text();
            String room = first(ROOM, text);
            if (text.contains("room.join")) {
                join(context.channel(), room);
            } else if (text.contains("room.leave")) {
                if (members(room).remove(context.channel())) {
                    left.incrementAndGet();
                }
                send(context.channel(), "{\"event\":\"ack\",\"id\":2,\"data\":{\"room\":\"" + room + "\"}}");
            } else {
                publish(context.channel(), room, first(DATA, text.substring(text.indexOf("\"m\""))));
            }
        }

        private void join(Channel channel, String room) {
            if (misbehaviour == Misbehaviour.REFUSES_TO_JOIN) {
                send(channel, "{\"event\":\"error\",\"id\":1,\"data\":{\"code\":\"forbidden\",\"message\":\"no\"}}");
                return;
            }
            members(room).add(channel);
            send(channel, "{\"event\":\"ack\",\"id\":1,\"data\":{\"room\":\"" + room + "\",\"members\":1}}");
        }

        private void publish(Channel channel, String room, String data) {
            switch (misbehaviour) {
                case REFUSES_TO_PUBLISH ->
                    send(channel, "{\"event\":\"error\",\"data\":{\"code\":\"forbidden\",\"message\":\"no\"}}");
                case SWALLOWS_MESSAGES -> {}
                case CLOSES_AT_A_MESSAGE -> channel.writeAndFlush(new CloseWebSocketFrame(4_001, "slow_client"));
                case HANGS_UP_ON_RECEIVERS ->
                    // Past the protocol handler, which would send a close frame first.
                    members(room).stream()
                            .filter(member -> member != channel)
                            .forEach(member -> member.pipeline().firstContext().close());
                case REPEATS_MESSAGES -> {
                    deliver(room, data);
                    deliver(room, data);
                }
                case NONE, REFUSES_TO_JOIN -> deliver(room, data);
            }
        }

        private void deliver(String room, String data) {
            members(room)
                    .writeAndFlush(new TextWebSocketFrame(
                            "{\"event\":\"m\",\"room\":\"" + room + "\",\"data\":" + data + "}"));
        }

        private ChannelGroup members(String room) {
            return rooms.computeIfAbsent(room, key -> new DefaultChannelGroup(GlobalEventExecutor.INSTANCE));
        }

        private static void send(Channel channel, String text) {
            channel.writeAndFlush(new TextWebSocketFrame(text));
        }

        private static String first(Pattern pattern, String text) {
            Matcher matcher = pattern.matcher(text);
            return matcher.find() ? matcher.group(1) : "";
        }
    }
}

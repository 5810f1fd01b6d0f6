package io.campanile.gateway;

import io.campanile.core.CloseReason;
import io.campanile.core.CloseReason.ComeBack;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.Transport;
import io.campanile.core.spi.WireFormat;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.IovArray;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client's WebSocket: the only handler of its channel, and the registry's transport. Belongs to its event loop.
 */
final class WebSocketConnection extends ChannelInboundHandlerAdapter implements Transport, FrameDecoder.Sink {

    /*
     * Out. Bytes go straight to the socket while Netty holds none for it; what the socket does not take is copied to
     * Netty's outbound buffer, and as long as that is not empty everything is appended there:
     *
     *     bytes on the wire = what was written straight, then the outbound buffer, in the order of the calls
     *
     * The outbound buffer is null from the moment the channel closes, and the descriptor is closed on this thread after
     * that, so a write can never meet a descriptor that belongs to somebody else by then.
     *
     * End. There are two ways, and either ends with the channel being closed:
     *
     *     the registry   closing ─► write* ─► close: a close frame; then the peer's, or the timer, then the channel
     *     the channel    inactive: the link is told, and the registry has nothing left to write
     *
     * `closing` is also how the peer's close frame and its violations end: they ask the registry to close.
     */

    private static final CloseReason WRONG_KIND_TEXT =
            new CloseReason(1003, "unsupported_data", "text messages are not taken here", ComeBack.NO);
    private static final CloseReason WRONG_KIND_BINARY =
            new CloseReason(1003, "unsupported_data", "binary messages are not taken here", ComeBack.NO);

    private final Gateway gateway;
    private final Loop loop;
    private final Channel channel;
    private final Gateway.Route route;
    private final FrameDecoder decoder;

    /** Where bytes can be written straight; null when only Netty can write. */
    private final @Nullable FileDescriptor descriptor;

    /** The answer to the handshake's key, until it is written. */
    private @Nullable String accept;

    private @Nullable Link link;
    private @Nullable Future<?> closeTimer;

    /** The endpoint was told of the connection, and not yet of its end. */
    private boolean told;
    /** The connection has left the registry, or is about to: nothing is delivered. */
    private boolean leaving;
    /** Our close frame is behind everything else that is written. */
    private boolean closeSent;
    /** The peer has sent its close frame. */
    private boolean peerClosed;
    /** The peer broke a rule: what it sends cannot be understood any more. */
    private boolean broken;
    /** The link knows that the channel has ended. */
    private boolean ended;

    WebSocketConnection(Gateway gateway, Loop loop, Channel channel, Gateway.Route route, String accept) {
        this.gateway = gateway;
        this.loop = loop;
        this.channel = channel;
        this.route = route;
        this.accept = accept;
        this.decoder = new FrameDecoder(gateway.frameLimits);
        this.descriptor = channel instanceof EpollSocketChannel epoll ? epoll.fd() : null;
    }

    /** The registry has taken the connection: answers the handshake and tells the endpoint. */
    void begin() {
        acceptHandshake();
        Link registered = link();
        Gateway.LOG.log(
                Level.DEBUG, () -> "connection opened id=" + registered.id() + " remote=" + channel.remoteAddress());
        if (leaving) {
            return;
        }
        told = true;
        try {
            route.endpoint().opened(registered);
        } catch (Exception e) {
            failed("opened", e);
        }
    }

    private void acceptHandshake() {
        String answer = accept;
        if (answer == null) {
            return;
        }
        accept = null;
        append(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Accept: " + answer + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    }

    private Link link() {
        Link attached = link;
        if (attached == null) {
            throw new IllegalStateException("the connection is not registered");
        }
        return attached;
    }

    // From the channel.

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        try {
            link().touch();
            gateway.counters.bytesIn.add(bytes.readableBytes());
            decoder.decode(bytes, this);
        } finally {
            bytes.release();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        lost();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable failure) {
        if (!(failure instanceof IOException)) {
            Gateway.LOG.log(Level.WARNING, () -> "connection failed id=" + link().id(), failure);
        }
        channel.close();
    }

    /** The channel has ended, or is beyond use. */
    void lost() {
        if (ended) {
            return;
        }
        ended = true;
        Future<?> timer = closeTimer;
        if (timer != null) {
            timer.cancel(false);
        }
        decoder.end();
        leaving = true;
        link().closed(CloseReason.TRANSPORT_LOST);
        leaveWhenGone();
    }

    /** The shard takes up at once that the link has ended, unless it has very much to do before. */
    private void leaveWhenGone() {
        if (link().isOpen()) {
            loop.execute(this::leaveWhenGone);
        } else {
            leave(CloseReason.TRANSPORT_LOST);
        }
    }

    // From the decoder.

    @Override
    public void text(byte[] utf8) {
        if (!leaving && accepts(route.text(), WRONG_KIND_TEXT)) {
            try {
                route.endpoint().text(link(), utf8);
            } catch (Exception e) {
                failed("text", e);
            }
        }
    }

    @Override
    public void binary(byte[] bytes) {
        if (!leaving && accepts(route.binary(), WRONG_KIND_BINARY)) {
            try {
                route.endpoint().binary(link(), bytes);
            } catch (Exception e) {
                failed("binary", e);
            }
        }
    }

    private boolean accepts(boolean taken, CloseReason otherwise) {
        if (taken) {
            gateway.counters.messagesIn.increment();
        } else {
            gateway.counters.protocolError(otherwise.label());
            gateway.registry.close(link().id(), otherwise);
        }
        return taken;
    }

    @Override
    public void ping(byte[] payload) {
        if (!leaving) {
            link().control(ControlFrames.pong(payload));
        }
    }

    @Override
    public void pong(byte[] payload) {}

    @Override
    public void close(int code, String reason) {
        peerClosed = true;
        if (closeSent) {
            // It has seen our close frame, so that frame is written, whatever Netty knows by now.
            channel.close();
        } else if (!leaving) {
            gateway.registry.close(link().id(), new CloseReason(code, "peer_closed", "", ComeBack.NO));
        }
    }

    @Override
    public void fail(CloseReason reason) {
        broken = true;
        gateway.counters.protocolError(reason.label());
        if (leaving) {
            channel.close();
        } else {
            gateway.registry.close(link().id(), reason);
        }
    }

    private void failed(String what, Exception failure) {
        gateway.handlerFailed(() -> "what=" + what + " id=" + link().id(), failure);
    }

    // From the registry.

    @Override
    public int shard() {
        return loop.index;
    }

    @Override
    public WireFormat format() {
        return WebSocketFormat.INSTANCE;
    }

    @Override
    public void attach(Link attached) {
        link = attached;
    }

    @Override
    public boolean write(ByteBuffer source, int offset, int length) {
        acceptHandshake();
        ChannelOutboundBuffer held = channel.unsafe().outboundBuffer();
        if (held == null) {
            return false;
        }
        int written = 0;
        FileDescriptor socket = descriptor;
        if (socket != null && held.isEmpty()) {
            try {
                written = socket.writeAddress(loop.address(source), offset, offset + length);
            } catch (IOException e) {
                return broke(e);
            }
            if (written == length) {
                return true;
            }
        }
        ByteBuf rest = channel.alloc().directBuffer(length - written);
        rest.writeBytes(loop.wrapped(source), offset + written, length - written);
        return hold(rest);
    }

    @Override
    public boolean write(ByteBuffer source, int[] ranges, int count) {
        acceptHandshake();
        ChannelOutboundBuffer held = channel.unsafe().outboundBuffer();
        if (held == null) {
            return false;
        }
        int total = 0;
        for (int i = 0; i < count; i++) {
            total += ranges[2 * i + 1];
        }
        long written = 0;
        FileDescriptor socket = descriptor;
        if (socket != null && held.isEmpty()) {
            try {
                written = gather(socket, source, ranges, count);
            } catch (IOException e) {
                return broke(e);
            }
            if (written == total) {
                return true;
            }
        }
        ByteBuf rest = channel.alloc().directBuffer((int) (total - written));
        long skip = written;
        for (int i = 0; i < count; i++) {
            int offset = ranges[2 * i];
            int length = ranges[2 * i + 1];
            int gone = (int) Math.min(skip, length);
            skip -= gone;
            rest.writeBytes(loop.wrapped(source), offset + gone, length - gone);
        }
        return hold(rest);
    }

    /** Writes as many ranges as one call takes; the rest of a longer list counts as not taken by the socket. */
    private long gather(FileDescriptor socket, ByteBuffer source, int[] ranges, int count) throws IOException {
        IovArray list = loop.ranges();
        ByteBuf bytes = loop.wrapped(source);
        for (int i = 0; i < count && !list.isFull(); i++) {
            list.add(bytes, ranges[2 * i], ranges[2 * i + 1]);
        }
        return socket.writevAddresses(list.memoryAddress(0), list.count());
    }

    private boolean broke(IOException failure) {
        Gateway.LOG.log(Level.DEBUG, () -> "connection broke id=" + link().id() + " cause=" + failure.getMessage());
        // Ends in channelInactive, which comes as a task of its own: the registry is in the middle of a step.
        channel.close();
        return false;
    }

    /** Gives bytes to Netty; returns whether it has written them already. */
    private boolean hold(ByteBuf bytes) {
        ChannelPromise promise = channel.newPromise();
        channel.unsafe().write(bytes, promise);
        channel.unsafe().flush();
        if (promise.isSuccess()) {
            return true;
        }
        promise.addListener(written -> {
            if (written.isSuccess()) {
                link().writable();
            } else {
                channel.close();
            }
        });
        return false;
    }

    private ChannelPromise append(byte[] bytes) {
        ChannelPromise promise = channel.newPromise();
        channel.unsafe().write(channel.alloc().directBuffer(bytes.length).writeBytes(bytes), promise);
        channel.unsafe().flush();
        return promise;
    }

    @Override
    public void closing(CloseReason reason) {
        leaving = true;
        if (!ended && closeTimer == null) {
            closeTimer = loop.eventLoop.schedule(
                    this::reset, gateway.limits.closeTimeout().toNanos(), TimeUnit.NANOSECONDS);
        }
        leave(reason);
    }

    @Override
    public void close(CloseReason reason) {
        leaving = true;
        if (!channel.isActive() || closeSent) {
            return;
        }
        acceptHandshake();
        closeSent = true;
        if (reason.code() == CloseReason.TRANSPORT_LOST.code()) {
            channel.close();
            return;
        }
        append(ControlFrames.close(reason.code(), reason.detail())).addListener(written -> {
            if (!written.isSuccess()) {
                channel.close();
            } else if (peerClosed) {
                channel.close();
            } else if (broken) {
                // The peer's close frame could not be found in what it sends: it shall see ours, and the end.
                ((DuplexChannel) channel).shutdownOutput();
            }
        });
    }

    @Override
    public void abort() {
        reset();
    }

    /** Ends the channel at once and tells the peer so with a reset: nothing that is held is worth waiting for. */
    private void reset() {
        try {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
        } catch (ChannelException e) {
            Gateway.LOG.log(Level.DEBUG, "the socket was gone before its reset", e);
        }
        channel.close();
    }

    /** Tells the endpoint that the connection has left, once. */
    private void leave(CloseReason reason) {
        leaving = true;
        if (!told) {
            return;
        }
        told = false;
        Gateway.LOG.log(Level.DEBUG, () -> "connection closed id=" + link().id() + " reason=" + reason.label());
        try {
            route.endpoint().closed(link(), reason);
        } catch (Exception e) {
            failed("closed", e);
        }
    }
}

package io.campanile.gateway;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.CloseReason.ComeBack;
import io.campanile.core.Message;
import io.campanile.core.OutboundLimits;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.WireFormat;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** A client's WebSocket. The peer's close frame and its violations end it through the registry, which is asked to close. */
final class WebSocketConnection extends ChannelTransport implements FrameDecoder.Sink, Reading {

    /*
     * A client that sends faster than it may is closed rather than no longer read from. To pause reading would be kinder
     * to it, and worse for all else: its pongs and its close frame would wait behind what it sent, so that it could
     * neither be told from a dead one nor end in order, and its socket and its place would be kept for whoever floods.
     * An endpoint that has enough to do may still pause reading: then it is the node that does not listen, and the client is
     * touched meanwhile in place of what it would say. A client that has gone is noticed when reading goes on.
     */

    private static final CloseReason WRONG_KIND_TEXT =
            new CloseReason(1003, "unsupported_data", "text messages are not taken here", ComeBack.NO);
    private static final CloseReason WRONG_KIND_BINARY =
            new CloseReason(1003, "unsupported_data", "binary messages are not taken here", ComeBack.NO);

    private final Gateway.Route route;
    private final FrameDecoder decoder;

    /** When the buckets are full again from which its messages and bytes are taken. */
    private long messagesFullAt;

    private long bytesFullAt;
    /** When the chunk at hand was read; for the rates only. */
    private long readAt;

    /** The endpoint has paused reading. */
    private boolean paused;

    /** The peer has sent a message. */
    private boolean spoken;
    /** The peer has sent its close frame. */
    private boolean peerClosed;
    /** The peer broke a rule or passed a rate: what it sends is not understood any more. */
    private boolean broken;

    WebSocketConnection(Gateway gateway, Loop loop, Channel channel, HandshakeRules.Valid handshake) {
        super(gateway, loop, channel, head(handshake));
        this.route = handshake.route();
        this.decoder = new FrameDecoder(route.frames());
        this.messagesFullAt = this.bytesFullAt = System.nanoTime();
    }

    private static byte[] head(HandshakeRules.Valid handshake) {
        Agreement agreement = handshake.route().agreement();
        return ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Accept: " + handshake.accept() + "\r\n"
                        + handshake
                                .protocol()
                                .map(selected -> "Sec-WebSocket-Protocol: " + selected + "\r\n")
                                .orElse("")
                        + (agreement == Agreement.PLAIN
                                ? ""
                                : "Sec-WebSocket-Extensions: " + agreement.extension + "\r\n")
                        + "\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    // From the channel.

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        try {
            link().touch();
            gateway.counters.bytesIn.add(bytes.readableBytes());
            if (isWithinByteRate(bytes.readableBytes())) {
                decoder.decode(bytes, this);
            }
        } finally {
            bytes.release();
        }
    }

    private boolean isWithinByteRate(int count) {
        Rate bytes = route.byteRate();
        if (isLeaving() || broken || (bytes.isOff() && gateway.messageRate.isOff())) {
            return true;
        }
        readAt = System.nanoTime();
        if (bytes.isOff()) {
            return true;
        }
        bytesFullAt = bytes.take(bytesFullAt, readAt, count);
        return !bytes.isExceeded(bytesFullAt, readAt) || tooFast(bytes.perSecond() + " bytes a second");
    }

    /** Counts one message, or one control frame, which costs as much to answer. */
    private boolean isWithinMessageRate() {
        Rate messages = gateway.messageRate;
        if (messages.isOff()) {
            return true;
        }
        messagesFullAt = messages.take(messagesFullAt, readAt, 1);
        return !messages.isExceeded(messagesFullAt, readAt) || tooFast(messages.perSecond() + " messages a second");
    }

    /** Ends the connection; what the client still sends is thrown away unread. */
    private boolean tooFast(String limit) {
        decoder.end();
        broken = true;
        gateway.registry.close(
                link().id(), new CloseReason(3005, "rate_limited", "more than " + limit + " came", ComeBack.YES));
        return false;
    }

    @Override
    void forgetInput() {
        decoder.end();
    }

    // From the endpoint.

    @Override
    public void pause() {
        onLoop(() -> {
            if (!paused && !isLeaving()) {
                paused = true;
                channel.config().setAutoRead(false);
                loop.hold(this, gateway.touchNanos);
            }
        });
    }

    @Override
    public void resume() {
        onLoop(this::readOn);
    }

    @Override
    void readOn() {
        if (paused) {
            paused = false;
            loop.unhold(this);
            channel.config().setAutoRead(true);
        }
    }

    private void onLoop(Runnable task) {
        if (loop.isOwner()) {
            task.run();
            return;
        }
        try {
            loop.execute(task);
        } catch (RejectedExecutionException e) {
            Gateway.LOG.log(Level.DEBUG, "the event loop has ended, and with it whatever could be read", e);
        }
    }

    // From the decoder.

    @Override
    public void text(byte[] utf8) {
        if (!isLeaving() && isWithinMessageRate() && accepts(route.text(), WRONG_KIND_TEXT)) {
            try {
                route.endpoint().text(link(), utf8);
            } catch (Exception e) {
                failed("text", e);
            }
        }
    }

    @Override
    public void binary(byte[] bytes) {
        if (!isLeaving() && isWithinMessageRate() && accepts(route.binary(), WRONG_KIND_BINARY)) {
            try {
                route.endpoint().binary(link(), bytes);
            } catch (Exception e) {
                failed("binary", e);
            }
        }
    }

    private boolean accepts(boolean taken, CloseReason otherwise) {
        if (taken) {
            if (!spoken) {
                spoken = true;
                link().firstMessage();
            }
            gateway.counters.messagesIn.increment();
        } else {
            gateway.counters.protocolError(otherwise.label());
            gateway.registry.close(link().id(), otherwise);
        }
        return taken;
    }

    @Override
    public void ping(byte[] payload) {
        if (!isLeaving() && isWithinMessageRate()) {
            link().control(ControlFrames.pong(payload));
        }
    }

    @Override
    public void pong(byte[] payload) {
        if (isLeaving() || isWithinMessageRate()) {
            link().pong();
        }
    }

    @Override
    public void close(int code, String reason) {
        peerClosed = true;
        if (isFarewellSent()) {
            // It has seen our close frame, so that frame is written, whatever Netty knows by now.
            channel.close();
        } else if (!isLeaving()) {
            gateway.registry.close(link().id(), new CloseReason(code, "peer_closed", "", ComeBack.NO));
        }
    }

    @Override
    public void fail(CloseReason reason) {
        broken = true;
        gateway.counters.protocolError(reason.label());
        if (isLeaving()) {
            channel.close();
        } else {
            gateway.registry.close(link().id(), reason);
        }
    }

    @Override
    public @Nullable Inflation inflation() {
        return isLeaving() ? null : loop.inflation();
    }

    @Override
    public void inflated(int from, int to) {
        gateway.counters.inflatedFrom.add(from);
        gateway.counters.inflatedTo.add(to);
        isWithinByteRate(to);
    }

    private boolean isCompressed() {
        return route.agreement() != Agreement.PLAIN;
    }

    // From the registry.

    @Override
    public Optional<OutboundLimits> outboundLimits() {
        return route.outbound();
    }

    @Override
    public WireFormat format() {
        return route.format();
    }

    @Override
    void opened(Link connection) throws Exception {
        gateway.counters.webSockets.incrementAndGet();
        if (isCompressed()) {
            gateway.counters.compressedWebSockets.incrementAndGet();
        }
        route.endpoint().opened(connection, this);
    }

    @Override
    public Message gapNotice(Optional<String> room, long missed) {
        Message notice;
        try {
            notice = route.endpoint().gapNotice(room, missed);
        } catch (RuntimeException e) {
            failed("gapNotice", e);
            notice = super.gapNotice(room, missed);
        }
        // Room is kept for the longest notice, and compressed the longest might be shorter than another.
        return isCompressed() ? DeflateFormat.uncompressed(notice) : notice;
    }

    @Override
    void changed(Link connection, Claims before) throws Exception {
        route.endpoint().claimsChanged(connection, before);
    }

    @Override
    void closed(Link connection, CloseReason reason) throws Exception {
        gateway.counters.webSockets.decrementAndGet();
        if (isCompressed()) {
            gateway.counters.compressedWebSockets.decrementAndGet();
        }
        route.endpoint().closed(connection, reason);
    }

    @Override
    void sayFarewell(CloseReason reason) {
        append(ControlFrames.close(reason.code(), reason.sentence())).addListener(written -> {
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
}

package io.campanile.gateway;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.Message;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.Transport;
import io.campanile.protocol.EnvelopeMessage;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.Errors;
import io.netty.channel.unix.IovArray;
import io.netty.channel.unix.Socket;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection as a channel: writes bytes to the socket, and sees to it that the connection ends in the registry, in the
 * application and on the wire, whichever of them begins. What the bytes mean is left to the subclass. The only handler
 * of its channel; belongs to its event loop.
 */
abstract class ChannelTransport extends ChannelInboundHandlerAdapter implements Transport {

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
     *     the registry   closing ─► write* ─► close: a farewell; then the peer's end, or the timer, then the channel
     *     the channel    inactive: the link is told, and the registry has nothing left to write
     */

    final Gateway gateway;
    final Loop loop;
    final Channel channel;

    /** Where bytes can be written straight; null when only Netty can write. */
    private final @Nullable Socket socket;

    /** The answer to the request that became this connection, until it is written. */
    private byte @Nullable [] head;

    private @Nullable Link link;
    private @Nullable Future<?> closeTimer;

    /** The application was told of the connection, and not yet of its end. */
    private boolean told;
    /** The connection has left the registry, or is about to: nothing is delivered. */
    private boolean leaving;
    /** The farewell is behind everything else that is written. */
    private boolean farewellSent;
    /** The link knows that the connection has ended: nothing is written any more. */
    private boolean ended;

    ChannelTransport(Gateway gateway, Loop loop, Channel channel, byte[] head) {
        this.gateway = gateway;
        this.loop = loop;
        this.channel = channel;
        this.head = head;
        this.socket = channel instanceof EpollSocketChannel epoll ? (Socket) epoll.fd() : null;
    }

    // What the subclass knows.

    /** The registry has a place for the connection, and nothing was written yet. */
    void attached(Link connection) {}

    /** Tells the application that the client is connected. */
    abstract void opened(Link connection) throws Exception;

    /** Tells the application that the connection has other claims. */
    abstract void changed(Link connection, Claims before) throws Exception;

    /** Tells the application that the connection has left the registry. */
    abstract void closed(Link connection, CloseReason reason) throws Exception;

    /** Writes what the peer shall read last, and ends the channel when the protocol lets it. */
    abstract void sayFarewell(CloseReason reason);

    /** Nothing more comes from the peer: lets go of what was kept of it. */
    void forgetInput() {}

    /** The connection leaves: what the peer sends is read to the end, though nothing of it is delivered. */
    void readOn() {}

    // Life.

    /** The registry has taken the connection: answers the request and tells the application. */
    final void begin() {
        writeHead();
        Link registered = link();
        Gateway.LOG.log(
                Level.DEBUG, () -> "connection opened id=" + registered.id() + " remote=" + channel.remoteAddress());
        if (leaving) {
            return;
        }
        told = true;
        try {
            opened(registered);
        } catch (Exception e) {
            failed("opened", e);
        }
        gateway.claims.watch(registered);
    }

    private void writeHead() {
        byte[] answer = head;
        if (answer != null) {
            head = null;
            append(answer);
        }
    }

    final Link link() {
        Link attached = link;
        if (attached == null) {
            throw new IllegalStateException("the connection is not registered");
        }
        return attached;
    }

    final boolean isLeaving() {
        return leaving;
    }

    final boolean isFarewellSent() {
        return farewellSent;
    }

    final void failed(String what, Exception failure) {
        gateway.handlerFailed(() -> "what=" + what + " id=" + link().id(), failure);
    }

    @Override
    public final void channelInactive(ChannelHandlerContext ctx) {
        lost();
    }

    @Override
    public final void exceptionCaught(ChannelHandlerContext ctx, Throwable failure) {
        if (!(failure instanceof IOException)) {
            Gateway.LOG.log(Level.WARNING, () -> "connection failed id=" + link().id(), failure);
        }
        channel.close();
    }

    /** The channel has ended, or is beyond use. */
    final void lost() {
        if (ended) {
            return;
        }
        ended = true;
        Future<?> timer = closeTimer;
        if (timer != null) {
            timer.cancel(false);
        }
        forgetInput();
        readOn();
        leaving = true;
        link().closed(CloseReason.TRANSPORT_LOST);
        leaveWhenGone();
    }

    /** Ends a connection that was just attached; the channel goes on without it. */
    final void abandon(CloseReason reason) {
        ended = true;
        leaving = true;
        head = null;
        link().closed(reason);
    }

    /** The shard takes up at once that the link has ended, unless it has very much to do before. */
    private void leaveWhenGone() {
        if (link().isOpen()) {
            loop.execute(this::leaveWhenGone);
        } else {
            leave(CloseReason.TRANSPORT_LOST);
        }
    }

    /** Tells the application that the connection has left, once. */
    private void leave(CloseReason reason) {
        leaving = true;
        if (!told) {
            return;
        }
        told = false;
        Gateway.LOG.log(Level.DEBUG, () -> "connection closed id=" + link().id() + " reason=" + reason.label());
        try {
            closed(link(), reason);
        } catch (Exception e) {
            failed("closed", e);
        }
    }

    // From the registry.

    @Override
    public final int shard() {
        return loop.index;
    }

    @Override
    public final void attach(Link attached) {
        link = attached;
        attached(attached);
    }

    @Override
    public final void claimsChanged(Claims before) {
        if (told) {
            try {
                changed(link(), before);
            } catch (Exception e) {
                failed("claimsChanged", e);
            }
        }
    }

    @Override
    public final void closing(CloseReason reason) {
        leaving = true;
        if (!ended && closeTimer == null) {
            closeTimer = loop.eventLoop.schedule(
                    this::reset, gateway.limits.closeTimeout().toNanos(), TimeUnit.NANOSECONDS);
        }
        readOn();
        leave(reason);
    }

    @Override
    public final void close(CloseReason reason) {
        leaving = true;
        if (!channel.isActive() || farewellSent) {
            return;
        }
        writeHead();
        farewellSent = true;
        if (reason.code() == CloseReason.TRANSPORT_LOST.code()) {
            channel.close();
        } else {
            sayFarewell(reason);
        }
    }

    @Override
    public final void abort() {
        if (!ended) {
            reset();
        }
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

    // Bytes.

    @Override
    public Message gapNotice(Optional<String> room, long missed) {
        return EnvelopeMessage.gap(room, missed);
    }

    @Override
    public final boolean write(ByteBuffer source, int offset, int length) {
        writeHead();
        ChannelOutboundBuffer held = channel.unsafe().outboundBuffer();
        if (held == null || ended) {
            return false;
        }
        int written = 0;
        if (socket != null && held.isEmpty()) {
            try {
                written = socket.sendAddress(loop.address(source), offset, offset + length);
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
    public final boolean writeSoon(ByteBuffer source, int offset, int length) {
        Socket to = socket;
        ChannelOutboundBuffer held = channel.unsafe().outboundBuffer();
        if (to == null || ended || head != null || held == null || !held.isEmpty()) {
            return write(source, offset, length);
        }
        loop.sends.add(this, to, source, loop.address(source), offset, length);
        return true;
    }

    /**
     * The socket did not take everything of what was put off.
     *
     * @param result how many bytes it took, or the negative error number
     */
    final void unsent(ByteBuffer source, int offset, int length, int result) {
        boolean written = false;
        try {
            int sent = result < 0 ? Errors.ioResult("send", result) : result;
            ByteBuf rest = channel.alloc().directBuffer(length - sent);
            rest.writeBytes(loop.wrapped(source), offset + sent, length - sent);
            written = hold(rest);
        } catch (IOException e) {
            broke(e);
        }
        if (!written) {
            link().held();
        }
    }

    @Override
    public final boolean write(ByteBuffer source, int[] ranges, int count) {
        writeHead();
        ChannelOutboundBuffer held = channel.unsafe().outboundBuffer();
        if (held == null || ended) {
            return false;
        }
        int total = 0;
        for (int i = 0; i < count; i++) {
            total += ranges[2 * i + 1];
        }
        long written = 0;
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
    private long gather(Socket to, ByteBuffer source, int[] ranges, int count) throws IOException {
        IovArray list = loop.ranges();
        ByteBuf bytes = loop.wrapped(source);
        for (int i = 0; i < count && !list.isFull(); i++) {
            list.add(bytes, ranges[2 * i], ranges[2 * i + 1]);
        }
        return to.writevAddresses(list.memoryAddress(0), list.count());
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

    final ChannelPromise append(byte[] bytes) {
        ChannelPromise promise = channel.newPromise();
        channel.unsafe().write(channel.alloc().directBuffer(bytes.length).writeBytes(bytes), promise);
        channel.unsafe().flush();
        return promise;
    }
}

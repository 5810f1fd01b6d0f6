package io.campanile.benchmarks;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Reads a socket in the place of its channel, with no pipeline in between. With ten thousand receivers, of which nothing is
 * wanted but to count, most of what Java does for a read is to fetch a channel's many objects from memory.
 *
 * <p>Belongs to the event loop, whose readers share one buffer. The channel still writes, and still closes the socket.
 */
final class BareReader implements EpollIoHandle {

    private static final EpollIoOps OPS =
            EpollIoOps.EPOLLIN.with(EpollIoOps.EPOLLRDHUP).with(EpollIoOps.EPOLLET);

    /** Who is told what was read. */
    interface Reading {

        /** Bytes came, which are gone when this returns. */
        void received(ByteBuf in);

        /** The peer sends no more. */
        void ended();

        void broken(@Nullable String why);
    }

    private final Socket socket;
    private final Reading reading;
    private final ByteBuf buffer;
    private @Nullable IoRegistration registration;
    private boolean stopped;

    private BareReader(Socket socket, Reading reading, ByteBuf buffer) {
        this.socket = socket;
        this.reading = reading;
        this.buffer = buffer;
    }

    /** Returns what the readers of a loop share. */
    static ByteBuf buffer(int bytes) {
        return Unpooled.directBuffer(bytes);
    }

    /** Reads what comes on the channel from now on; on its event loop. What it has not read yet, this will. */
    static BareReader insteadOf(EpollSocketChannel channel, Reading reading, ByteBuf buffer) {
        BareReader reader = new BareReader((Socket) channel.fd(), reading, buffer);
        IoEventLoop loop = (IoEventLoop) channel.eventLoop();
        channel.deregister()
                .addListener(left -> loop.register(reader)
                        .addListener(
                                result -> reader.begin(result.isSuccess() ? (IoRegistration) result.getNow() : null)));
        return reader;
    }

    private void begin(@Nullable IoRegistration registered) {
        if (registered == null) {
            reading.broken("its socket could not be watched");
        } else if (stopped) {
            registered.cancel();
        } else {
            registration = registered;
            registered.submit(OPS);
        }
    }

    /** Reads no more. To be called before the channel closes the socket, whose number may then be another's. */
    void stop() {
        stopped = true;
        IoRegistration registered = registration;
        registration = null;
        if (registered != null) {
            registered.cancel();
        }
    }

    @Override
    public FileDescriptor fd() {
        return socket;
    }

    @Override
    public void handle(IoRegistration registered, IoEvent event) {
        // Less than there was room for is all there is, unless the end is behind it.
        boolean more = true;
        boolean ends = ((EpollIoEvent) event).ops().contains(EpollIoOps.EPOLLRDHUP);
        try {
            while (more && !stopped) {
                int count = socket.recvAddress(buffer.memoryAddress(), 0, buffer.capacity());
                if (count < 0) {
                    reading.ended();
                    return;
                }
                more = count > 0 && (ends || count == buffer.capacity());
                reading.received(buffer.setIndex(0, count));
            }
        } catch (IOException e) {
            reading.broken(e.getMessage());
        }
    }

    /** The loop ends, and all of its sockets with it. */
    @Override
    public void close() {
        registration = null;
    }
}

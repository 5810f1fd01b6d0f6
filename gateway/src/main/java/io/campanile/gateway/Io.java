package io.campanile.gateway;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What Netty has for each kind of I/O. */
final class Io {

    private Io() {}

    /** Returns the kind that is meant, which is never {@link IoKind#AUTO}; throws when this machine does not have it. */
    static IoKind resolve(IoKind kind) {
        if (kind == IoKind.AUTO) {
            return Stream.of(IoKind.EPOLL_RING, IoKind.EPOLL)
                    .filter(IoKind::isAvailable)
                    .findFirst()
                    .orElse(IoKind.NIO);
        }
        kind.unavailabilityCause().ifPresent(cause -> {
            throw new IllegalStateException(
                    "io: " + kind + " (expected: available on this machine, see the cause); choose AUTO or NIO", cause);
        });
        return kind;
    }

    static IoHandlerFactory handlers(IoKind resolved) {
        return switch (resolved) {
            case EPOLL, EPOLL_RING -> EpollIoHandler.newFactory();
            case IO_URING -> IoUringIoHandler.newFactory();
            case AUTO, NIO -> NioIoHandler.newFactory();
        };
    }

    static Class<? extends ServerSocketChannel> serverChannel(IoKind resolved) {
        return switch (resolved) {
            case EPOLL, EPOLL_RING -> EpollServerSocketChannel.class;
            case IO_URING -> IoUringServerSocketChannel.class;
            case AUTO, NIO -> NioServerSocketChannel.class;
        };
    }

    static @Nullable Throwable epollUnavailability() {
        try {
            return Epoll.isAvailable() ? null : Epoll.unavailabilityCause();
        } catch (LinkageError e) {
            return e;
        }
    }

    static @Nullable Throwable ringUnavailability() {
        Throwable epoll = epollUnavailability();
        return epoll != null
                ? epoll
                : SendRing.unavailability()
                        .map(UnsupportedOperationException::new)
                        .orElse(null);
    }

    static @Nullable Throwable ioUringUnavailability() {
        try {
            return IoUring.isAvailable() ? null : IoUring.unavailabilityCause();
        } catch (LinkageError e) {
            return e;
        }
    }
}

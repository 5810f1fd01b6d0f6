package io.campanile.benchmarks;

import io.netty.channel.Channel;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.SelectStrategy;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.IntSupplier;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Which of Netty's ways to the kernel is used. */
enum Transports {
    EPOLL(EpollSocketChannel.class, EpollServerSocketChannel.class),
    NIO(NioSocketChannel.class, NioServerSocketChannel.class);

    private final Class<? extends Channel> clientChannel;
    private final Class<? extends ServerChannel> serverChannel;

    Transports(Class<? extends Channel> clientChannel, Class<? extends ServerChannel> serverChannel) {
        this.clientChannel = clientChannel;
        this.serverChannel = serverChannel;
    }

    /** Returns epoll where it can be loaded, else NIO. */
    static Transports best() {
        return Epoll.isAvailable() ? EPOLL : NIO;
    }

    Class<? extends Channel> clientChannel() {
        return clientChannel;
    }

    Class<? extends ServerChannel> serverChannel() {
        return serverChannel;
    }

    IoHandlerFactory ioHandler() {
        return this == EPOLL ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    }

    /**
     * Returns one whose loops look at their sockets at intervals instead of being woken for each event. Off epoll, and
     * with an interval of 0, they are woken as usual.
     */
    IoHandlerFactory polling(Duration interval) {
        if (this != EPOLL || interval.isZero()) {
            return ioHandler();
        }
        return EpollIoHandler.newFactory(0, () -> new PollingStrategy(interval.toNanos()));
    }

    /**
     * Sleeps before it looks, unless there are tasks or the last look found many events. The order matters: events are
     * edge triggered, so those that a look has found must be handled before the next look.
     */
    private static final class PollingStrategy implements SelectStrategy {
        private static final int MANY = 64;

        private final long nanos;
        private int lastFound;

        PollingStrategy(long nanos) {
            this.nanos = nanos;
        }

        @Override
        public int calculateStrategy(IntSupplier look, boolean hasTasks) throws Exception {
            if (!hasTasks && lastFound < MANY) {
                LockSupport.parkNanos(nanos);
            }
            lastFound = look.get();
            return lastFound;
        }
    }
}

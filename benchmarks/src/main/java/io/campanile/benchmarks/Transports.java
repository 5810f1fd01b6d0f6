package io.campanile.benchmarks;

import io.netty.channel.Channel;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;

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
}

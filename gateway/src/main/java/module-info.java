import org.jspecify.annotations.NullMarked;

/** WebSocket, Server-Sent Events and HTTP on one port, wired to a registry. */
@NullMarked
module io.campanile.gateway {
    exports io.campanile.gateway;

    requires transitive io.campanile.core;
    requires transitive io.campanile.protocol;
    requires io.netty.buffer;
    requires io.netty.codec;
    requires io.netty.codec.http;
    requires io.netty.common;
    requires io.netty.handler;
    requires io.netty.transport;
    requires io.netty.transport.classes.epoll;
    requires io.netty.transport.classes.io_uring;
    requires io.netty.transport.unix.common;
    requires static org.jspecify;
}

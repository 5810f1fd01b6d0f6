package io.campanile.gateway;

import io.campanile.core.ConnectionRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** What a fuzzer may throw at a TCP connection: requests, handshakes, and frames with messages behind them. */
public final class ConnectionFuzz {

    private ConnectionFuzz() {}

    /**
     * Lets a client send the bytes, cut where the first byte says, which is not sent, and then go.
     *
     * @throws AssertionError if the gateway answers with something else than HTTP, if anything in it throws, or if
     *     something of the client stays
     */
    public static void fuzzerTestOneInput(byte[] bytes) {
        if (bytes.length == 0) {
            return;
        }
        var channel = new ClientChannel();
        Loop loop = new Loop(0, channel.eventLoop());
        try (ConnectionRegistry registry =
                ConnectionRegistry.builder().shards(List.of(loop)).build()) {
            HttpHandler echo =
                    call -> CompletableFuture.completedFuture(HttpAnswer.text(200, call.path() + call.body().length));
            var rooms = new RoomsEndpoint(Authorizer.anyoneMaySendUnsafe());
            rooms.start(registry);
            var gateway = new Gateway(
                    GatewayServer.builder()
                            .compression(new Compression(1, 0))
                            .sse("/sse", (connection, handshake) -> registry.join(connection.id(), "lobby"))
                            .http("GET", "/echo", echo)
                            .http("POST", "/echo", echo),
                    Map.of("/ws", rooms),
                    registry,
                    new LiveClaims(ClaimsRules.defaults()),
                    List.of(loop));
            HttpConnection.begin(gateway, channel);
            int length = 1 + (bytes[0] & 0xff) * 8;
            for (int from = 1; from < bytes.length && channel.isOpen(); from += length) {
                channel.writeInbound(Unpooled.copiedBuffer(bytes, from, Math.min(bytes.length - from, length)));
            }
            channel.checkException();
            expectHttp(channel);
            channel.finishAndReleaseAll();
            expect(gateway.counters.handlerFailures.sum() == 0, "a handler failed");
            expect(registry.stats().listenerFailures() == 0, "a transport or a listener failed");
            expect(registry.connectionCount() == 0, "the connection stayed when its client had gone");
            expect(registry.roomCount() == 0, "a room stayed when its member had gone");
            expect(gateway.counters.httpConnections.get() == 0, "the HTTP connection is still counted");
            gateway.release();
            expect(gateway.compressors() == 0, "native memory was not given back");
        } finally {
            channel.finishAndReleaseAll();
            loop.release();
        }
    }

    private static void expectHttp(EmbeddedChannel channel) {
        ByteBuf first = channel.readOutbound();
        if (first != null) {
            String beginning = first.toString(StandardCharsets.ISO_8859_1);
            first.release();
            expect(beginning.startsWith("HTTP/1.1 "), "the answer begins with " + beginning);
        }
    }

    private static void expect(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }

    /** A channel that looks like a socket's. */
    private static final class ClientChannel extends EmbeddedChannel implements DuplexChannel {

        private boolean inputShutdown;
        private boolean outputShutdown;

        @Override
        protected SocketAddress remoteAddress0() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        }

        @Override
        public boolean isInputShutdown() {
            return inputShutdown;
        }

        @Override
        public ChannelFuture shutdownInput() {
            return shutdownInput(newPromise());
        }

        @Override
        public ChannelFuture shutdownInput(ChannelPromise promise) {
            inputShutdown = true;
            return promise.setSuccess();
        }

        @Override
        public boolean isOutputShutdown() {
            return outputShutdown;
        }

        @Override
        public ChannelFuture shutdownOutput() {
            return shutdownOutput(newPromise());
        }

        @Override
        public ChannelFuture shutdownOutput(ChannelPromise promise) {
            outputShutdown = true;
            return promise.setSuccess();
        }

        @Override
        public boolean isShutdown() {
            return inputShutdown && outputShutdown;
        }

        @Override
        public ChannelFuture shutdown() {
            return shutdown(newPromise());
        }

        @Override
        public ChannelFuture shutdown(ChannelPromise promise) {
            shutdownInput();
            shutdownOutput();
            return promise.setSuccess();
        }
    }
}

package io.campanile.gateway;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.CloseReason.ComeBack;
import io.campanile.core.spi.Link;
import io.campanile.core.spi.WireFormat;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.DuplexChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A client's event stream: an HTTP answer in chunks that goes on until either side ends it. The endpoint's refusal comes
 * when the registry has a place for the connection and before the answer begins, so a refused one is never heard of.
 */
final class SseConnection extends ChannelTransport {

    private static final CloseReason REFUSED = new CloseReason(1008, "refused", "", ComeBack.NO);
    private static final CloseReason UNEXPECTED =
            new CloseReason(1008, "unexpected_data", "the client of a stream has nothing to send", ComeBack.NO);

    private final StreamEndpoint endpoint;
    private final SseFormat format;

    /** The request, until the endpoint was told of the stream. */
    private @Nullable Handshake handshake;

    private @Nullable HttpAnswer refusal;

    /** What the client has sent behind its request. */
    private int received;

    /**
     * Begins a connection.
     *
     * @param headers more lines for the head of the answer
     */
    SseConnection(
            Gateway gateway,
            Loop loop,
            Channel channel,
            StreamEndpoint endpoint,
            SseFormat format,
            Handshake handshake,
            String headers) {
        super(gateway, loop, channel, answer(headers, retryMillis(gateway, channel)));
        this.endpoint = endpoint;
        this.format = format;
        this.handshake = handshake;
    }

    private static byte[] answer(String headers, long retryMillis) {
        byte[] head = head(headers).getBytes(StandardCharsets.ISO_8859_1);
        byte[] greeting = SseFormat.greeting(retryMillis);
        byte[] answer = Arrays.copyOf(head, head.length + greeting.length);
        System.arraycopy(greeting, 0, answer, head.length, greeting.length);
        return answer;
    }

    /** Between one and two times what is configured, so that the clients of a node that fails do not come all at once. */
    private static long retryMillis(Gateway gateway, Channel channel) {
        long millis = gateway.streamRetry.toMillis();
        // The upper bits of a product with an odd number close to 2^64 divided by the golden ratio are well mixed.
        long mixed = (channel.id().hashCode() * 0x9e3779b97f4a7c15L) >>> 33;
        return millis + mixed % (millis + 1);
    }

    /** Returns why there is no stream, if there is none; the channel is free for the answer then. */
    Optional<HttpAnswer> refusal() {
        return Optional.ofNullable(refusal);
    }

    /** Returns the head of a stream's answer. */
    static String head(String headers) {
        return "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache, no-transform\r\n"
                + "x-accel-buffering: no\r\n" + headers + "connection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    }

    @Override
    void attached(Link connection) {
        connection.firstMessage();
        try {
            refusal = endpoint.refusal(connection, handshake())
                    .map(refused -> HttpAnswer.problem(refused.status(), refused.detail()))
                    .orElse(null);
        } catch (Exception e) {
            failed("refusal", e);
            refusal = HttpAnswer.problem(500, "the server failed");
        }
        if (refusal != null) {
            abandon(REFUSED);
        }
    }

    @Override
    void opened(Link connection) {
        gateway.counters.streams.incrementAndGet();
        if (channel instanceof EpollSocketChannel epoll) {
            // The client answers nothing, so it is TCP that finds out when it is not there any more.
            Duration silence = gateway.idleTimeout;
            epoll.config().setTcpUserTimeout((int) Math.min(silence.toMillis(), Integer.MAX_VALUE));
        }
        Handshake request = handshake();
        handshake = null;
        endpoint.opened(connection, request);
    }

    private Handshake handshake() {
        Handshake request = handshake;
        if (request == null) {
            throw new IllegalStateException("the stream was opened before");
        }
        return request;
    }

    @Override
    void changed(Link connection, Claims before) {
        endpoint.claimsChanged(connection, before);
    }

    @Override
    void closed(Link connection, CloseReason reason) {
        gateway.counters.streams.decrementAndGet();
        endpoint.closed(connection, reason);
    }

    @Override
    public WireFormat format() {
        return format;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        int length = bytes.readableBytes();
        bytes.release();
        link().touch();
        received = Math.min(received, Integer.MAX_VALUE - length) + length;
        if (received > gateway.limits.maxHeaderBytes() && !isLeaving()) {
            gateway.counters.protocolError(UNEXPECTED.label());
            gateway.registry.close(link().id(), UNEXPECTED);
        }
    }

    @Override
    void sayFarewell(CloseReason reason) {
        append(format.farewell(reason)).addListener(written -> {
            if (written.isSuccess()) {
                ((DuplexChannel) channel).shutdownOutput();
            } else {
                channel.close();
            }
        });
    }
}

package io.campanile.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.List;

/**
 * Netty's parser of requests, one at a time: behind a complete request it stops until {@link #next}. So requests that
 * were sent ahead wait for their answers in order, and what follows an upgrade is left alone: when the decoder is removed
 * from the pipeline, Netty hands it on untouched.
 */
final class RequestDecoder extends HttpRequestDecoder {

    private final HttpConnection connection;
    /** A complete request is with the connection. */
    private boolean paused;
    /** What comes is thrown away. */
    private boolean ended;
    /** A call of the parser is on the stack, which goes on by itself once it may. */
    private boolean parsing;

    RequestDecoder(GatewayLimits limits, HttpConnection connection) {
        super(new HttpDecoderConfig()
                .setMaxInitialLineLength(limits.maxHeaderBytes())
                .setMaxHeaderSize(limits.maxHeaderBytes())
                .setStrictLineParsing(true)
                .setUseRfc9112TransferEncoding(true));
        this.connection = connection;
    }

    /** The request was answered: goes on with the next, which may be there already. */
    void next(ChannelHandlerContext self) throws Exception {
        paused = false;
        if (!parsing && actualReadableBytes() > 0) {
            super.channelRead(self, Unpooled.EMPTY_BUFFER);
        }
    }

    /** No further request will be answered. */
    void end() {
        ended = true;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object bytes) throws Exception {
        if (ended) {
            ReferenceCountUtil.release(bytes);
            return;
        }
        super.channelRead(ctx, bytes);
    }

    @Override
    protected void callDecode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        boolean outer = parsing;
        parsing = true;
        try {
            super.callDecode(ctx, in, out);
        } finally {
            parsing = outer;
        }
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
        if (ended) {
            in.skipBytes(in.readableBytes());
            return;
        }
        if (paused) {
            return;
        }
        connection.requestBegins();
        super.decode(ctx, in, out);
        if (!out.isEmpty() && out.get(out.size() - 1) instanceof LastHttpContent) {
            paused = true;
        }
    }

    /** Two lengths are how requests are smuggled past a proxy that believes the other one. */
    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
        throw new IllegalArgumentException("content-length and transfer-encoding in one request");
    }
}

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
    /** The head of the request at hand was handed on: what comes is its body. */
    private boolean headSeen;
    /** The request line of the request at hand was complete. */
    private boolean lineSeen;
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
        if (!headSeen && isFolded(in)) {
            connection.refuseFolded();
            in.skipBytes(in.readableBytes());
            return;
        }
        super.decode(ctx, in, out);
        headSeen |= !out.isEmpty();
        if (!out.isEmpty() && out.get(out.size() - 1) instanceof LastHttpContent) {
            paused = true;
            headSeen = false;
            lineSeen = false;
        }
    }

    /**
     * Returns whether a line of the head begins with a blank, which Netty joins to the one before. Called with whole lines
     * that were not looked at yet: the parser takes each line when it is complete, and no part of one.
     */
    private boolean isFolded(ByteBuf in) {
        int at = in.readerIndex();
        while (at < in.writerIndex()) {
            byte first = in.getByte(at);
            if (!lineSeen && (first <= ' ' || first == 0x7f)) {
                // Blanks and controls before the request, which the parser skips or refuses.
                at++;
                continue;
            }
            if (lineSeen && (first == ' ' || first == '\t')) {
                return true;
            }
            if (lineSeen && first == '\r') {
                return false;
            }
            int end = in.indexOf(at, in.writerIndex(), (byte) '\n');
            if (end < 0) {
                return false;
            }
            lineSeen = true;
            at = end + 1;
        }
        return false;
    }

    /** Two lengths are how requests are smuggled past a proxy that believes the other one. */
    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
        throw new IllegalArgumentException("content-length and transfer-encoding in one request");
    }
}

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
 *
 * <p>A head is parsed when it is whole. Until then it is bytes, which are held to the limits as they come: so a request that
 * never ends costs its bytes, and not the objects that they would become.
 */
final class RequestDecoder extends HttpRequestDecoder {

    /** The most header lines of a request, those behind a body in chunks included. */
    static final int MAX_HEADER_LINES = 100;

    private final HttpConnection connection;
    private final int maxBytes;
    /** A complete request is with the connection. */
    private boolean paused;
    /** What comes is thrown away. */
    private boolean ended;
    /** The head of the request at hand was handed on: what comes is its body. */
    private boolean headSeen;
    /** A call of the parser is on the stack, which goes on by itself once it may. */
    private boolean parsing;

    // How much of the head at hand was looked at.

    /** The request line was complete. */
    private boolean lineSeen;

    private int headerLines;
    /** The bytes of the header lines that were complete, without their ends. */
    private int headerBytes;
    /** Where the next line begins, and up to where it has no end, both counted from the first byte of the head. */
    private int lineStart;

    private int looked;

    RequestDecoder(GatewayLimits limits, HttpConnection connection) {
        super(new HttpDecoderConfig()
                .setMaxInitialLineLength(limits.maxHeaderBytes())
                .setMaxHeaderSize(limits.maxHeaderBytes())
                .setStrictLineParsing(true)
                .setUseRfc9112TransferEncoding(true));
        this.connection = connection;
        this.maxBytes = limits.maxHeaderBytes();
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

    /** Returns how many header lines the request at hand has, as far as they were before its body. */
    int headerLines() {
        return headerLines;
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
        if (!headSeen) {
            if (!isWhole(in)) {
                if (ended) {
                    in.skipBytes(in.readableBytes());
                }
                return;
            }
            forgetLook();
        }
        super.decode(ctx, in, out);
        headSeen |= !out.isEmpty();
        if (!out.isEmpty() && out.get(out.size() - 1) instanceof LastHttpContent) {
            paused = true;
            headSeen = false;
        }
    }

    private void forgetLook() {
        lineSeen = false;
        headerBytes = 0;
        lineStart = 0;
        looked = 0;
    }

    /** Looks at what has come of a head; returns whether all of it has. Refuses one that cannot become right. */
    private boolean isWhole(ByteBuf in) {
        if (!lineSeen && looked == 0 && !hasBegun(in)) {
            return false;
        }
        int from = in.readerIndex();
        while (true) {
            int end = in.indexOf(from + looked, in.writerIndex(), (byte) '\n');
            looked = (end < 0 ? in.writerIndex() : end) - from;
            int length = looked - lineStart;
            if (length > 0 && in.getByte(from + looked - 1) == '\r') {
                length--;
            }
            if (end >= 0 && lineSeen && length == 0) {
                return true;
            }
            if (isRefused(length, length == 0 ? 0 : in.getByte(from + lineStart))) {
                return false;
            }
            if (end < 0) {
                return false;
            }
            if (lineSeen) {
                headerLines++;
                headerBytes += length;
            } else {
                lineSeen = true;
                headerLines = 0;
            }
            lineStart = ++looked;
        }
    }

    /** Returns whether there is a first byte of a request, behind empty lines, of which there may be any number. */
    private boolean hasBegun(ByteBuf in) {
        while (in.isReadable()) {
            int first = in.getByte(in.readerIndex());
            if (first == '\r' && in.readableBytes() == 1) {
                return false;
            }
            if (first != '\r' || in.getByte(in.readerIndex() + 1) != '\n') {
                // What else there is of blanks and controls the parser would skip, and what is behind them was not
                // looked at.
                if ((first >= 0 && first <= ' ') || first == 0x7f) {
                    connection.refuseMalformed();
                }
                return !ended;
            }
            in.skipBytes(2);
        }
        return false;
    }

    /** Refuses a request for the line at hand, of which so much has come; returns whether it did. */
    private boolean isRefused(int length, int first) {
        if (!lineSeen) {
            if (length > maxBytes) {
                connection.refuseLongLine();
            }
        } else if (first == ' ' || first == '\t') {
            // Netty would join it to the line before.
            connection.refuseFolded();
        } else if (length > 0 && headerLines == MAX_HEADER_LINES) {
            connection.refuseManyLines();
        } else if (length > maxBytes - headerBytes) {
            connection.refuseLongHeaders();
        }
        return ended;
    }

    /** Two lengths are how requests are smuggled past a proxy that believes the other one. */
    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
        throw new IllegalArgumentException("content-length and transfer-encoding in one request");
    }
}

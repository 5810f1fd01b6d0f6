package io.campanile.gateway;

import io.campanile.core.CloseReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A decoder whose every callback is written down as a line. */
final class DecoderProbe implements FrameDecoder.Sink {

    final FrameDecoder decoder;
    final List<String> heard = new ArrayList<>();
    private final Inflation inflation = new Inflation();
    int most;
    boolean endsAtText;

    DecoderProbe(FrameDecoder.Limits limits) {
        decoder = new FrameDecoder(limits);
    }

    static DecoderProbe withLimit(int maxMessageBytes) {
        return new DecoderProbe(FrameDecoder.Limits.ofMessage(maxMessageBytes));
    }

    /** Gives the bytes as one chunk. */
    DecoderProbe feed(byte[] bytes) {
        return feed(bytes, 0, bytes.length);
    }

    DecoderProbe feed(byte[] bytes, int from, int to) {
        return feed(Unpooled.wrappedBuffer(bytes, from, to - from));
    }

    /** Gives a chunk, which is released. */
    DecoderProbe feed(ByteBuf chunk) {
        int holders = chunk.refCnt();
        decoder.decode(chunk, this);
        most = Math.max(most, decoder.keptBytes());
        if (chunk.isReadable() || chunk.refCnt() != holders) {
            throw new AssertionError("after a chunk: " + chunk + " (expected: read whole, held by as many as before)");
        }
        chunk.release();
        return this;
    }

    /** Gives back the native memory of what was compressed. */
    DecoderProbe release() {
        inflation.release();
        return this;
    }

    DecoderProbe feedBytewise(byte[] bytes) {
        for (int i = 0; i < bytes.length; i++) {
            feed(bytes, i, i + 1);
        }
        return this;
    }

    @Override
    public void text(byte[] utf8) {
        heard.add("text " + new String(utf8, StandardCharsets.UTF_8));
        if (endsAtText) {
            decoder.end();
        }
    }

    @Override
    public void binary(byte[] bytes) {
        heard.add("binary " + HexFormat.of().formatHex(bytes));
    }

    @Override
    public void ping(byte[] payload) {
        heard.add("ping " + new String(payload, StandardCharsets.ISO_8859_1));
    }

    @Override
    public void pong(byte[] payload) {
        heard.add("pong " + new String(payload, StandardCharsets.ISO_8859_1));
    }

    @Override
    public void close(int code, String reason) {
        heard.add("close " + code + " " + reason);
    }

    @Override
    public Inflation inflation() {
        return inflation;
    }

    @Override
    public void inflated(int from, int to) {}

    @Override
    public void fail(CloseReason reason) {
        heard.add("fail " + reason.code() + " " + reason.label() + ": " + reason.detail());
    }
}

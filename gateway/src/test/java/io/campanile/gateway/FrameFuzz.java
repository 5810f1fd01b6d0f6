package io.campanile.gateway;

import java.util.Arrays;
import java.util.List;

/** What a fuzzer may throw at the frame decoder. */
public final class FrameFuzz {

    private static final int LIMIT = 400;
    private static final int MOST =
            FrameDecoder.Limits.ofMessage(LIMIT).withCompression().maxDeflatedBytes();

    private FrameFuzz() {}

    /**
     * Reads the bytes as frames of a client: whole, byte by byte, and cut where the first byte says, which is no frame's;
     * with compression and without it.
     *
     * @throws AssertionError if the decoder breaks a promise
     */
    public static void fuzzerTestOneInput(byte[] bytes) {
        if (bytes.length == 0) {
            return;
        }
        byte[] stream = Arrays.copyOfRange(bytes, 1, bytes.length);
        int length = 1 + (bytes[0] & 0xff);
        FrameDecoder.Limits plain = FrameDecoder.Limits.ofMessage(LIMIT);
        read(stream, length, plain);
        read(stream, length, plain.withCompression());
    }

    private static void read(byte[] stream, int length, FrameDecoder.Limits limits) {
        DecoderProbe whole = new DecoderProbe(limits).feed(stream).release();
        same(whole.heard, new DecoderProbe(limits).feedBytewise(stream).release(), stream);
        DecoderProbe cut = new DecoderProbe(limits);
        for (int from = 0; from < stream.length; from += length) {
            cut.feed(stream, from, Math.min(stream.length, from + length));
        }
        same(whole.heard, cut.release(), stream);
        for (String line : whole.heard.subList(0, Math.max(0, whole.heard.size() - 1))) {
            if (line.startsWith("fail ") || line.startsWith("close ")) {
                throw new AssertionError("went on after its end: " + whole.heard);
            }
        }
    }

    private static void same(List<String> whole, DecoderProbe cut, byte[] stream) {
        if (!cut.heard.equals(whole)) {
            throw new AssertionError("heard " + cut.heard + " (expected: " + whole + ", wherever the stream is cut)");
        }
        if (cut.most > Math.min(MOST, 2 * stream.length) + 2 * FrameDecoder.MAX_HELD) {
            throw new AssertionError("kept " + cut.most + " bytes of " + stream.length);
        }
    }
}

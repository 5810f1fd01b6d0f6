package io.campanile.gateway;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Builds what a client sends: right frames, and any wrong ones. */
final class ClientFrames {

    static final int FIN = 0x80;
    static final int CONTINUATION = 0x0;
    static final int TEXT = 0x1;
    static final int BINARY = 0x2;
    static final int CLOSE = 0x8;
    static final int PING = 0x9;
    static final int PONG = 0xa;

    private static final int MASK = 0xa1b2c3d4;

    private ClientFrames() {}

    static byte[] text(String text) {
        return frame(FIN | TEXT, utf8(text));
    }

    static byte[] binary(byte[] bytes) {
        return frame(FIN | BINARY, bytes);
    }

    static byte[] ping(String payload) {
        return frame(FIN | PING, utf8(payload));
    }

    static byte[] pong(String payload) {
        return frame(FIN | PONG, utf8(payload));
    }

    static byte[] close(int code, String reason) {
        byte[] utf8 = utf8(reason);
        return frame(
                FIN | CLOSE,
                ByteBuffer.allocate(2 + utf8.length)
                        .putShort((short) code)
                        .put(utf8)
                        .array());
    }

    /** Returns a masked frame with its length in the shortest form. */
    static byte[] frame(int first, byte[] payload) {
        return frame(first, payload, MASK);
    }

    static byte[] frame(int first, byte[] payload, int mask) {
        return join(header(first, payload.length, mask), masked(payload, mask));
    }

    /** Returns the header of a masked frame that announces a length in the shortest form. */
    static byte[] header(int first, long length) {
        return header(first, length, MASK);
    }

    private static byte[] header(int first, long length, int mask) {
        ByteBuffer header = ByteBuffer.allocate(14).put((byte) first);
        if (length < 126) {
            header.put((byte) (0x80 | length));
        } else if (length <= 0xffff) {
            header.put((byte) 0xfe).putShort((short) length);
        } else {
            header.put((byte) 0xff).putLong(length);
        }
        header.putInt(mask);
        return java.util.Arrays.copyOf(header.array(), header.position());
    }

    /** Returns bytes given as numbers. */
    static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] masked(byte[] payload, int mask) {
        byte[] masked = new byte[payload.length];
        for (int i = 0; i < payload.length; i++) {
            masked[i] = (byte) (payload[i] ^ mask >>> (24 - 8 * (i & 3)));
        }
        return masked;
    }
}

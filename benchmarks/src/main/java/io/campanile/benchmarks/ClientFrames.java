package io.campanile.benchmarks;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.concurrent.ThreadLocalRandom;

/** What a WebSocket client puts on the wire: whole frames, masked as RFC 6455 section 5.3 asks of clients. */
final class ClientFrames {
    static final int TEXT = 0x1;
    static final int CLOSE = 0x8;
    static final int PONG = 0xA;

    private ClientFrames() {}

    /** Returns a frame of its own buffer, with a fresh masking key. */
    static ByteBuf encode(ByteBufAllocator allocator, int opcode, byte[] payload, int length) {
        ByteBuf frame = allocator.directBuffer(14 + length);
        frame.writeByte(0x80 | opcode);
        if (length < 126) {
            frame.writeByte(0x80 | length);
        } else if (length < 1 << 16) {
            frame.writeByte(0x80 | 126).writeShort(length);
        } else {
            frame.writeByte(0x80 | 127).writeLong(length);
        }
        int key = ThreadLocalRandom.current().nextInt();
        frame.writeInt(key);
        // Into the buffer at once: one that is watched for leaks notes each call, which takes long for large messages.
        byte[] masked = new byte[length];
        for (int i = 0; i < length; i++) {
            masked[i] = (byte) (payload[i] ^ key >>> (24 - 8 * (i & 3)));
        }
        return frame.writeBytes(masked);
    }
}

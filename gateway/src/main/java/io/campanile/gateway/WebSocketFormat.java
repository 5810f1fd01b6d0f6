package io.campanile.gateway;

import io.campanile.core.Message;
import io.campanile.core.spi.KeepAlive;
import io.campanile.core.spi.WireFormat;
import java.util.Optional;

/**
 * Writes each message as one unfragmented and unmasked frame, as servers do (RFC 6455 section 5). One instance for all
 * connections, so that a broadcast is encoded once.
 */
final class WebSocketFormat implements WireFormat {

    static final WebSocketFormat INSTANCE = new WebSocketFormat();

    private static final Optional<KeepAlive> PING = Optional.of(KeepAlive.answered(ControlFrames.ping(new byte[0])));

    private static final int FIN = 0x80;
    private static final int TEXT = 0x1;
    private static final int BINARY = 0x2;

    private WebSocketFormat() {}

    @Override
    public byte[] encode(Message message) {
        return frame(opcode(message.kind()), message.payload());
    }

    @Override
    public Optional<KeepAlive> keepAlive() {
        return PING;
    }

    static int opcode(Message.Kind kind) {
        return kind == Message.Kind.TEXT ? TEXT : BINARY;
    }

    /** Returns a frame that is a message of its own, with its length in the shortest form. */
    static byte[] frame(int opcode, byte[] payload) {
        return frame(opcode, payload, payload.length);
    }

    /**
     * Returns such a frame.
     *
     * @param opcode with the bits that extensions have reserved
     * @param payload begins with the frame's payload
     * @param length how long that is
     */
    static byte[] frame(int opcode, byte[] payload, int length) {
        int header = length < 126 ? 2 : length <= 0xffff ? 4 : 10;
        byte[] frame = new byte[header + length];
        frame[0] = (byte) (FIN | opcode);
        if (header == 2) {
            frame[1] = (byte) length;
        } else {
            frame[1] = (byte) (header == 4 ? 126 : 127);
            // Of an eight-byte length the upper half stays zero: no array is as long as that.
            for (int i = header - 1, rest = length; i >= 2 && rest != 0; i--, rest >>>= 8) {
                frame[i] = (byte) rest;
            }
        }
        System.arraycopy(payload, 0, frame, header, length);
        return frame;
    }
}

package io.campanile.gateway;

import java.nio.charset.StandardCharsets;

/** Builds the control frames that a server sends (RFC 6455 section 5.5), and knows which close codes may be sent. */
final class ControlFrames {

    /** The code that stands for a close frame without one; never on the wire. */
    static final int NO_STATUS = 1005;

    private static final int CLOSE = 0x8;
    private static final int PING = 0x9;
    private static final int PONG = 0xa;
    private static final int MAX_REASON_BYTES = FrameDecoder.MAX_CONTROL_PAYLOAD - 2;
    private static final byte[] NO_BYTES = {};

    private ControlFrames() {}

    /** Returns a ping; the payload has at most 125 bytes. */
    static byte[] ping(byte[] payload) {
        return control(PING, payload);
    }

    /** Returns a pong; the payload has at most 125 bytes. */
    static byte[] pong(byte[] payload) {
        return control(PONG, payload);
    }

    /**
     * Returns a close frame; one without payload when the code may not be sent, such as {@link #NO_STATUS}.
     *
     * @param reason a sentence for the peer; cut at a character when it is longer than 123 bytes
     */
    static byte[] close(int code, String reason) {
        if (!mayBeSent(code)) {
            return control(CLOSE, NO_BYTES);
        }
        byte[] utf8 = reason.getBytes(StandardCharsets.UTF_8);
        int length = cut(utf8);
        byte[] payload = new byte[2 + length];
        payload[0] = (byte) (code >>> 8);
        payload[1] = (byte) code;
        System.arraycopy(utf8, 0, payload, 2, length);
        return control(CLOSE, payload);
    }

    /**
     * Returns whether a close frame may carry the code: those that RFC 6455 section 7.4 and the registry it founded
     * define for the wire, and those left to libraries and applications.
     */
    static boolean mayBeSent(int code) {
        return code >= 3000 ? code <= 4999 : code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
    }

    private static int cut(byte[] utf8) {
        int length = Math.min(utf8.length, MAX_REASON_BYTES);
        // What follows the cut must not be the rest of a character.
        while (length < utf8.length && (utf8[length] & 0xc0) == 0x80) {
            length--;
        }
        return length;
    }

    private static byte[] control(int opcode, byte[] payload) {
        if (payload.length > FrameDecoder.MAX_CONTROL_PAYLOAD) {
            throw new IllegalArgumentException("payload: " + payload.length + " bytes (expected: at most "
                    + FrameDecoder.MAX_CONTROL_PAYLOAD + ")");
        }
        return WebSocketFormat.frame(opcode, payload);
    }
}

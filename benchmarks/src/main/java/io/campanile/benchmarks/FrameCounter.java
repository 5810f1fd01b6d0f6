package io.campanile.benchmarks;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Counts the messages in what a WebSocket server sends, at the cost of their headers: payloads are skipped unless
 * {@linkplain #capture asked for}. One per connection; not thread-safe. Bytes may be split anywhere.
 *
 * <p>Control frames are always read in full, since they have to be answered.
 */
final class FrameCounter {

    /** Who hears about what is not merely counted. Arrays are reused: copy what is kept. */
    interface Sink {

        /** A data message is complete; only while capturing. {@code length} is at most the captured limit. */
        void message(byte[] payload, int length);

        /** The server wants a pong with the same payload. */
        void ping(byte[] payload, int length);

        /** The server ends the connection; 1005 means that it gave no code. */
        void close(int code, String reason);
    }

    /** The peer broke RFC 6455; the message says which rule. */
    static final class BrokenFrameException extends RuntimeException {
        private static final long serialVersionUID = 1;

        BrokenFrameException(String message) {
            super(message);
        }
    }

    private static final int CONTINUATION = 0x0;
    private static final int CLOSE = 0x8;
    private static final int PING = 0x9;
    private static final int FIRST_CONTROL = 0x8;
    private static final int MAX_CONTROL_BYTES = 125;
    private static final byte[] NOTHING = {};

    private final Sink sink;

    private boolean inPayload;
    private int headerBytes;
    private int lengthBytes;
    private int flagsAndOpcode;
    private long payloadLeft;
    private boolean inMessage;

    private int captureLimit;
    private byte[] captured = NOTHING;
    private int capturedLength;
    private byte[] control = NOTHING;
    private int controlLength;

    FrameCounter(Sink sink) {
        this.sink = sink;
    }

    /** From the next message on, hands over the first {@code maxBytes} bytes of each; 0 stops that. */
    void capture(int maxBytes) {
        captureLimit = maxBytes;
        if (captured.length < maxBytes) {
            captured = Arrays.copyOf(captured, maxBytes);
        } else if (maxBytes == 0) {
            captured = NOTHING;
        }
    }

    /**
     * Reads all that is readable and returns how many data messages ended in it.
     *
     * @throws BrokenFrameException when the bytes are not what a WebSocket server may send
     */
    int feed(ByteBuf in) {
        int messages = 0;
        while (in.isReadable()) {
            if (inPayload) {
                int taken = (int) Math.min(payloadLeft, in.readableBytes());
                take(in, taken);
                payloadLeft -= taken;
            } else {
                header(in.readByte() & 0xff);
            }
            if (inPayload && payloadLeft == 0) {
                inPayload = false;
                headerBytes = 0;
                messages += endOfFrame();
            }
        }
        return messages;
    }

    private void header(int octet) {
        switch (headerBytes++) {
            case 0 -> firstByte(octet);
            case 1 -> secondByte(octet);
            default -> {
                payloadLeft = payloadLeft << 8 | octet;
                if (--lengthBytes == 0) {
                    startPayload();
                }
            }
        }
    }

    private void firstByte(int octet) {
        flagsAndOpcode = octet;
        if ((octet & 0x70) != 0) {
            throw new BrokenFrameException("received a reserved bit, and no extension was negotiated");
        }
        int opcode = octet & 0x0f;
        if (opcode < FIRST_CONTROL) {
            if (opcode > 2) {
                throw new BrokenFrameException("received the reserved opcode " + opcode);
            }
            if (inMessage != (opcode == CONTINUATION)) {
                throw new BrokenFrameException(
                        inMessage
                                ? "received a new message inside a fragmented one"
                                : "received a continuation frame outside a fragmented message");
            }
        } else if ((octet & 0x80) == 0) {
            throw new BrokenFrameException("received a fragmented control frame");
        }
    }

    private void secondByte(int octet) {
        if ((octet & 0x80) != 0) {
            throw new BrokenFrameException("received a masked frame from the server");
        }
        int length = octet;
        payloadLeft = 0;
        if (length < 126) {
            payloadLeft = length;
            startPayload();
        } else if (isControl()) {
            throw new BrokenFrameException("received a control frame of more than 125 bytes");
        } else {
            lengthBytes = length == 126 ? 2 : 8;
        }
    }

    private void startPayload() {
        if (payloadLeft < 0) {
            throw new BrokenFrameException("received a frame length with the highest bit set");
        }
        inPayload = true;
        if (isControl()) {
            controlLength = 0;
        } else if (!inMessage) {
            capturedLength = 0;
        }
    }

    private void take(ByteBuf in, int length) {
        if (isControl()) {
            if (control.length == 0) {
                control = new byte[MAX_CONTROL_BYTES];
            }
            in.readBytes(control, controlLength, length);
            controlLength += length;
            return;
        }
        int kept = Math.max(0, Math.min(length, captureLimit - capturedLength));
        if (kept > 0) {
            in.readBytes(captured, capturedLength, kept);
            capturedLength += kept;
        }
        in.skipBytes(length - kept);
    }

    private int endOfFrame() {
        boolean last = (flagsAndOpcode & 0x80) != 0;
        if (!isControl()) {
            inMessage = !last;
            if (last && captureLimit > 0) {
                sink.message(captured, capturedLength);
            }
            return last ? 1 : 0;
        }
        int opcode = flagsAndOpcode & 0x0f;
        if (opcode == PING) {
            sink.ping(control, controlLength);
        } else if (opcode == CLOSE) {
            int code = controlLength < 2 ? 1005 : (control[0] & 0xff) << 8 | control[1] & 0xff;
            String reason = controlLength < 2 ? "" : new String(control, 2, controlLength - 2, StandardCharsets.UTF_8);
            sink.close(code, reason);
        }
        return 0;
    }

    private boolean isControl() {
        return (flagsAndOpcode & 0x0f) >= FIRST_CONTROL;
    }
}

package io.campanile.benchmarks;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A connection on its way to a WebSocket: sends the handshake, and reads the head of the answer. Not thread-safe. */
final class Upgrade {
    private static final int MAX_HEAD_BYTES = 16_384;
    private static final int SHOWN_BODY = 200;

    private final Handshake handshake = new Handshake();
    private byte[] head = {};

    /** Returns the request. */
    ByteBuf request(URI url, List<String> headers) {
        return Unpooled.wrappedBuffer(handshake.request(url, headers));
    }

    /**
     * Reads the answer's head; what comes after it is left.
     *
     * @return whether the head is complete
     * @throws Dialogue.RefusedException when it is not an upgrade
     */
    boolean isDone(ByteBuf in) throws Dialogue.RefusedException {
        int before = head.length;
        int taken = Math.min(in.readableBytes(), MAX_HEAD_BYTES - before);
        head = Arrays.copyOf(head, before + taken);
        in.getBytes(in.readerIndex(), head, before, taken);
        String text = new String(head, StandardCharsets.ISO_8859_1);
        int end = text.indexOf("\r\n\r\n");
        if (end < 0) {
            in.skipBytes(taken);
            if (head.length == MAX_HEAD_BYTES) {
                throw new Dialogue.RefusedException(
                        "the server's answer to the handshake has no end within " + MAX_HEAD_BYTES + " bytes");
            }
            return false;
        }
        String refusal = handshake.refusal(text.substring(0, end)).orElse("");
        if (!refusal.isEmpty()) {
            String body = text.substring(end + 4).strip();
            throw new Dialogue.RefusedException(
                    body.isEmpty() ? refusal : refusal + ": " + body.substring(0, Math.min(SHOWN_BODY, body.length())));
        }
        in.skipBytes(end + 4 - before);
        head = new byte[0];
        return true;
    }
}

package io.campanile.core;

import java.nio.charset.StandardCharsets;

/**
 * Why a connection ended: a close code, a label, a sentence, and whether to come back.
 *
 * <p>Codes below 3000 are those of RFC 6455 section 7.4. From 3000 to 3499 they are Campanile's and the client may
 * reconnect; from 3500 to 3999 they are Campanile's and final; from 4000 on they are the application's.
 *
 * @param code the close code, 1000 to 4999
 * @param label the reason as one of few words, for metrics and logs: {@code [a-z0-9_]+}
 * @param detail a sentence for the peer, at most 123 bytes of UTF-8 (RFC 6455 section 5.5); may be empty
 * @param comeBack whether the client does well to reconnect
 */
public record CloseReason(int code, String label, String detail, ComeBack comeBack) {

    /** Whether a client that was closed does well to connect again. */
    public enum ComeBack {
        /** The same client may connect again, after a pause of its own choice. */
        YES,
        /** Connecting again would end the same way. */
        NO
    }

    private static final int MAX_DETAIL_BYTES = 123;

    /** The peer or the application is done (1000). */
    public static final CloseReason NORMAL = new CloseReason(1000, "normal", "", ComeBack.NO);

    /** The node goes away (1001). */
    public static final CloseReason GOING_AWAY =
            new CloseReason(1001, "going_away", "the server is going away", ComeBack.YES);

    /** The transport ended without a close handshake (1006, never on the wire). */
    public static final CloseReason TRANSPORT_LOST = new CloseReason(1006, "transport_lost", "", ComeBack.YES);

    /** The node failed in a way that is not the peer's fault (1011). */
    public static final CloseReason INTERNAL_ERROR =
            new CloseReason(1011, "internal_error", "the server failed", ComeBack.YES);

    /** The node takes no more connections (1013). */
    public static final CloseReason NODE_FULL =
            new CloseReason(1013, "node_full", "the node takes no more connections", ComeBack.YES);

    /** Nothing was heard from the peer for longer than allowed (3001). */
    public static final CloseReason IDLE = new CloseReason(3001, "idle", "idle for too long", ComeBack.YES);

    /** The code of an eviction for what waits for one client (3000). */
    public static final int SLOW_CLIENT_CODE = 3000;

    /** Rejects what could not be sent as a close frame. */
    public CloseReason {
        if (code < 1000 || code > 4999) {
            throw new IllegalArgumentException("code: " + code + " (expected: 1000 to 4999)");
        }
        if (!label.matches("[a-z0-9_]+")) {
            throw new IllegalArgumentException("label: \"" + label + "\" (expected: [a-z0-9_]+)");
        }
        int bytes = detail.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MAX_DETAIL_BYTES) {
            throw new IllegalArgumentException(
                    "detail: " + bytes + " bytes (expected: at most " + MAX_DETAIL_BYTES + " bytes of UTF-8)");
        }
    }

    /**
     * Returns the reason of an eviction: what waits for the client passed a limit.
     *
     * @param limit the limit that was passed, with its value and unit, such as {@code 1048576 bytes}
     */
    public static CloseReason slowClient(String limit) {
        return new CloseReason(
                SLOW_CLIENT_CODE, "slow_client", "outbound queue passed its limit of " + limit, ComeBack.YES);
    }

    /** Returns the same reason with another sentence for the peer. */
    public CloseReason withDetail(String newDetail) {
        return new CloseReason(code, label, newDetail, comeBack);
    }
}

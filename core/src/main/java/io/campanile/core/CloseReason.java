package io.campanile.core;

import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Why a connection ended: a close code, a label, a sentence, and whether and when to come back.
 *
 * <p>Codes below 3000 are those of RFC 6455 section 7.4. From 3000 to 3499 they are Campanile's and the client may
 * reconnect; from 3500 to 3999 they are Campanile's and final; from 4000 on they are the application's.
 *
 * @param code the close code, 1000 to 4999
 * @param label the reason as one of few words, for metrics and logs: {@code [a-z0-9_]+}
 * @param detail a sentence for the peer, at most 123 bytes of UTF-8 (RFC 6455 section 5.5); may be empty
 * @param comeBack whether the client does well to reconnect
 * @param comeBackAfter how long the client is asked to wait before it does, in whole milliseconds, up to a day; zero
 *     leaves the choice to the client
 */
public record CloseReason(int code, String label, String detail, ComeBack comeBack, Duration comeBackAfter) {

    /** Whether a client that was closed does well to connect again. */
    public enum ComeBack {
        /** The same client may connect again, after {@link #comeBackAfter} or else a pause of its own choice. */
        YES,
        /** Connecting again would end the same way. */
        NO
    }

    private static final int MAX_DETAIL_BYTES = 123;
    private static final Duration MAX_COME_BACK_AFTER = Duration.ofDays(1);

    /** The peer or the application is done (1000). */
    public static final CloseReason NORMAL = new CloseReason(1000, "normal", "", ComeBack.NO);

    /** The node goes away (1001). */
    public static final CloseReason GOING_AWAY =
            new CloseReason(1001, "going_away", "the server is going away", ComeBack.YES);

    /** The node restarts (1012). */
    public static final CloseReason RESTART = new CloseReason(1012, "restart", "the server restarts", ComeBack.YES);

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

    /** The peer did not answer a ping, and nothing else was heard from it (3002). */
    public static final CloseReason NO_PONG =
            new CloseReason(3002, "no_pong", "a ping was not answered in time", ComeBack.YES);

    /** The peer has sent no message in the time it has for its first one (3003). */
    public static final CloseReason NO_MESSAGE =
            new CloseReason(3003, "no_message", "no message came in time", ComeBack.YES);

    /** The connection is as old as connections may get (3004). */
    public static final CloseReason LIFETIME =
            new CloseReason(3004, "lifetime", "the connection reached its maximum lifetime", ComeBack.YES);

    /** The user, or who else shares a {@link Quota}, has as many connections as it may (1013). */
    public static final CloseReason QUOTA_FULL =
            new CloseReason(1013, "quota_full", "there are as many connections of this kind as may be", ComeBack.YES);

    /** The claims have expired, and no others came in time (3006). */
    public static final CloseReason CLAIMS_EXPIRED =
            new CloseReason(3006, "claims_expired", "the claims have expired", ComeBack.YES);

    /** The claims were revoked; the peer may come back with others (3007). */
    public static final CloseReason REVOKED = new CloseReason(3007, "revoked", "the claims were revoked", ComeBack.YES);

    /**
     * A newer connection took the place under a {@link Quota} (3500). Final: two clients that both came back would take the
     * place from each other for ever.
     */
    public static final CloseReason REPLACED =
            new CloseReason(3500, "replaced", "a newer connection took the place of this one", ComeBack.NO);

    /** The code of an eviction for what waits for one client (3000). */
    public static final int SLOW_CLIENT_CODE = 3000;

    private static final String SLOW_CLIENT = "slow_client";

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
        if (comeBackAfter.isNegative() || comeBackAfter.compareTo(MAX_COME_BACK_AFTER) > 0) {
            throw new IllegalArgumentException(
                    "comeBackAfter: " + comeBackAfter + " (expected: zero to " + MAX_COME_BACK_AFTER + ")");
        }
        if (comeBack == ComeBack.NO && !comeBackAfter.isZero()) {
            throw new IllegalArgumentException(
                    "comeBackAfter: " + comeBackAfter + ", comeBack: NO (expected: zero, or comeBack YES)");
        }
    }

    /** A reason that leaves the time to come back to the client. */
    public CloseReason(int code, String label, String detail, ComeBack comeBack) {
        this(code, label, detail, comeBack, Duration.ZERO);
    }

    /**
     * Returns the reason of an eviction: what waits for the client passed a limit.
     *
     * @param limit the limit that was passed, with its value and unit, such as {@code 1048576 bytes}
     */
    public static CloseReason slowClient(String limit) {
        return new CloseReason(
                SLOW_CLIENT_CODE, SLOW_CLIENT, "outbound queue passed its limit of " + limit, ComeBack.YES);
    }

    /**
     * Returns whether this is the reason of an eviction. The code alone does not tell: a peer may close with the same one.
     */
    public boolean isEviction() {
        return code == SLOW_CLIENT_CODE && label.equals(SLOW_CLIENT);
    }

    /** Returns the same reason with another sentence for the peer. */
    public CloseReason withDetail(String newDetail) {
        return new CloseReason(code, label, newDetail, comeBack, comeBackAfter);
    }

    /** Returns the same reason with another time to wait before coming back. */
    public CloseReason withComeBackAfter(Duration time) {
        return new CloseReason(code, label, detail, comeBack, time);
    }

    /**
     * Returns what a close frame says: the detail, followed by {@code , retry=12345} when there is a time to come back
     * after, in milliseconds. At most 123 bytes of UTF-8: a detail too long for both is cut at a character.
     */
    public String sentence() {
        if (comeBackAfter.isZero()) {
            return detail;
        }
        String retry = "retry=" + comeBackAfter.toMillis();
        if (detail.isEmpty()) {
            return retry;
        }
        String tail = ", " + retry;
        byte[] utf8 = detail.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(utf8.length, MAX_DETAIL_BYTES - tail.length());
        // What follows the cut must not be the rest of a character.
        while (length < utf8.length && (utf8[length] & 0xc0) == 0x80) {
            length--;
        }
        return new String(utf8, 0, length, StandardCharsets.UTF_8) + tail;
    }
}

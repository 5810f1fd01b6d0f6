package io.campanile.gateway;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Checks UTF-8 as RFC 3629 defines it, in pieces that may be cut anywhere: the state between two pieces is one small
 * number. A byte that no valid text can have in its place is found when it is seen, not when its character ends.
 */
final class Utf8 {

    /** The state at the start, and wherever a character is complete. */
    static final int COMPLETE = 0;

    /** The state after a byte that cannot stand where it stands. */
    static final int INVALID = 1;

    /*
     * The other states say what the next byte must be. Overlong forms, surrogates and what lies beyond U+10FFFF are all
     * told by the second byte, so four leading bytes have a state of their own.
     */
    private static final int ONE_MORE = 2; // 80..BF, then COMPLETE
    private static final int TWO_MORE = 3; // 80..BF, then ONE_MORE
    private static final int THREE_MORE = 4; // 80..BF, then TWO_MORE
    private static final int AFTER_E0 = 5; // A0..BF, then ONE_MORE
    private static final int AFTER_ED = 6; // 80..9F, then ONE_MORE
    private static final int AFTER_F0 = 7; // 90..BF, then TWO_MORE
    private static final int AFTER_F4 = 8; // 80..8F, then TWO_MORE
    private static final int STATES = 9;

    /** The next state, at {@code state << 8 | byte}. */
    private static final byte[] NEXT = transitions();

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long HIGH_BITS = 0x8080808080808080L;

    private Utf8() {}

    /**
     * Goes on checking.
     *
     * @param state what the last call returned, or {@link #COMPLETE} at the start of a text
     * @return {@link #COMPLETE}, {@link #INVALID}, or another number when the piece ends within a character
     */
    static int check(int state, byte[] bytes, int from, int to) {
        int now = state;
        int i = from;
        while (i < to && now != INVALID) {
            if (now == COMPLETE) {
                i = skipAscii(bytes, i, to);
                if (i == to) {
                    return COMPLETE;
                }
            }
            now = NEXT[now << 8 | (bytes[i] & 0xff)];
            i++;
        }
        return now;
    }

    private static int skipAscii(byte[] bytes, int from, int to) {
        int i = from;
        while (to - i >= Long.BYTES && ((long) LONGS.get(bytes, i) & HIGH_BITS) == 0) {
            i += Long.BYTES;
        }
        while (i < to && bytes[i] >= 0) {
            i++;
        }
        return i;
    }

    private static byte[] transitions() {
        byte[] next = new byte[STATES << 8];
        java.util.Arrays.fill(next, (byte) INVALID);
        allow(next, COMPLETE, 0x00, 0x7f, COMPLETE);
        allow(next, COMPLETE, 0xc2, 0xdf, ONE_MORE);
        allow(next, COMPLETE, 0xe1, 0xef, TWO_MORE);
        allow(next, COMPLETE, 0xe0, 0xe0, AFTER_E0);
        allow(next, COMPLETE, 0xed, 0xed, AFTER_ED);
        allow(next, COMPLETE, 0xf1, 0xf3, THREE_MORE);
        allow(next, COMPLETE, 0xf0, 0xf0, AFTER_F0);
        allow(next, COMPLETE, 0xf4, 0xf4, AFTER_F4);
        allow(next, ONE_MORE, 0x80, 0xbf, COMPLETE);
        allow(next, TWO_MORE, 0x80, 0xbf, ONE_MORE);
        allow(next, THREE_MORE, 0x80, 0xbf, TWO_MORE);
        allow(next, AFTER_E0, 0xa0, 0xbf, ONE_MORE);
        allow(next, AFTER_ED, 0x80, 0x9f, ONE_MORE);
        allow(next, AFTER_F0, 0x90, 0xbf, TWO_MORE);
        allow(next, AFTER_F4, 0x80, 0x8f, TWO_MORE);
        return next;
    }

    private static void allow(byte[] next, int state, int least, int most, int then) {
        for (int b = least; b <= most; b++) {
            next[state << 8 | b] = (byte) then;
        }
    }
}

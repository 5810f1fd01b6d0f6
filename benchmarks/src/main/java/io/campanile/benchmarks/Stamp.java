package io.campanile.benchmarks;

import java.nio.charset.StandardCharsets;

/**
 * The mark a message carries: when it should have been sent and its number, in a form that survives any server which
 * passes text through, and that is found without parsing.
 */
final class Stamp {
    private static final byte[] MARK = "bench@".getBytes(StandardCharsets.US_ASCII);
    private static final int DIGITS = 16;

    /** How many bytes a stamp takes. */
    static final int LENGTH = MARK.length + DIGITS + 1 + DIGITS;

    private Stamp() {}

    /** Writes a stamp at {@code offset}. */
    static void write(byte[] target, int offset, long sentNanos, long number) {
        System.arraycopy(MARK, 0, target, offset, MARK.length);
        writeHex(target, offset + MARK.length, sentNanos);
        target[offset + MARK.length + DIGITS] = ':';
        writeHex(target, offset + MARK.length + DIGITS + 1, number);
    }

    /** Returns where the first stamp begins, looking at {@code guess} first, or -1. */
    static int find(byte[] text, int length, int guess) {
        if (guess >= 0 && isAt(text, length, guess)) {
            return guess;
        }
        for (int i = 0; i <= length - LENGTH; i++) {
            if (isAt(text, length, i)) {
                return i;
            }
        }
        return -1;
    }

    /** Returns the time in the stamp that begins at {@code offset}. */
    static long sentNanos(byte[] text, int offset) {
        return readHex(text, offset + MARK.length);
    }

    /** Returns the number in the stamp that begins at {@code offset}. */
    static long number(byte[] text, int offset) {
        return readHex(text, offset + MARK.length + DIGITS + 1);
    }

    private static boolean isAt(byte[] text, int length, int offset) {
        if (offset + LENGTH > length) {
            return false;
        }
        for (int i = 0; i < MARK.length; i++) {
            if (text[offset + i] != MARK[i]) {
                return false;
            }
        }
        return true;
    }

    private static void writeHex(byte[] target, int offset, long value) {
        for (int i = 0; i < DIGITS; i++) {
            target[offset + i] = (byte) Character.forDigit((int) (value >>> (60 - 4 * i)) & 0xf, 16);
        }
    }

    private static long readHex(byte[] text, int offset) {
        long value = 0;
        for (int i = 0; i < DIGITS; i++) {
            value = value << 4 | Character.digit(text[offset + i], 16);
        }
        return value;
    }
}

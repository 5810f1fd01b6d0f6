package io.campanile.protocol;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One JSON value as the bytes it was written with, in UTF-8. Nothing is rewritten between decoding and encoding: keys
 * keep their order, numbers their digits, strings their escapes.
 *
 * <p>A slice that was decoded is a window on the array it was decoded from. That array must not change as long as
 * the slice is in use; {@link #copy} gives a slice with bytes of its own. Two slices are equal when their bytes are.
 */
public final class JsonSlice {

    /** The JSON value {@code null}, which also stands for data that is absent. */
    public static final JsonSlice NULL = of("null");

    private final byte[] bytes;
    private final int offset;
    private final int length;

    /** The caller has checked that the bytes are one JSON value without white space around it. */
    JsonSlice(byte[] bytes, int offset, int length) {
        this.bytes = bytes;
        this.offset = offset;
        this.length = length;
    }

    /**
     * Returns JSON text as a slice.
     *
     * @param json one JSON value
     * @return the value without the white space around it
     * @throws IllegalArgumentException if the text is not one JSON value within the limits of the protocol
     */
    public static JsonSlice of(String json) {
        return of(json.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Returns JSON text as a slice.
     *
     * @param json one JSON value in UTF-8; copied
     * @return the value without the white space around it
     * @throws IllegalArgumentException if the text is not one JSON value within the limits of the protocol
     */
    public static JsonSlice of(byte[] json) {
        byte[] own = json.clone();
        var scanner = new JsonScanner(own, 0, own.length);
        scanner.peek();
        int start = scanner.position();
        boolean valid = scanner.skipValue(0);
        int end = scanner.position();
        if (!valid || !scanner.atEnd()) {
            throw new IllegalArgumentException("json: " + scanner.problem() + " (expected: one JSON value)");
        }
        return new JsonSlice(own, start, end - start);
    }

    /**
     * Returns text as a JSON string.
     *
     * @param text any text; surrogates without a partner become U+FFFD
     * @return the text in double quotes, escaped where it must be
     */
    public static JsonSlice string(String text) {
        return new JsonWriter(text.length() + 2).string(text).toSlice();
    }

    /** Returns the number of bytes, which is at least 1. */
    public int length() {
        return length;
    }

    /** Returns whether this is the JSON value {@code null}. */
    public boolean isNull() {
        return bytes[offset] == 'n';
    }

    /**
     * Copies the bytes into an array.
     *
     * @param target the array to write to
     * @param at the index to write the first byte to; {@link #length} bytes must fit behind it
     */
    public void copyTo(byte[] target, int at) {
        System.arraycopy(bytes, offset, target, at, length);
    }

    /**
     * Writes the bytes to a stream.
     *
     * @param out where they go; a failure to write comes out as {@link UncheckedIOException}
     */
    public void writeTo(OutputStream out) {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the bytes as an array of their own. */
    public byte[] toByteArray() {
        return Arrays.copyOfRange(bytes, offset, offset + length);
    }

    /** Returns an equal slice with bytes of its own, for data that outlives the array it came in. */
    public JsonSlice copy() {
        return new JsonSlice(toByteArray(), 0, length);
    }

    /** Returns the JSON text as it was written. */
    public String text() {
        return new String(bytes, offset, length, StandardCharsets.UTF_8);
    }

    /** The array the slice is a window on; for readers in this package, who do not write to it. */
    byte[] array() {
        return bytes;
    }

    int offset() {
        return offset;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof JsonSlice that
                && Arrays.equals(bytes, offset, offset + length, that.bytes, that.offset, that.offset + that.length);
    }

    @Override
    public int hashCode() {
        int hash = 1;
        for (int i = offset; i < offset + length; i++) {
            hash = 31 * hash + bytes[i];
        }
        return hash;
    }

    /** Returns the size only: what clients send does not belong in a log. */
    @Override
    public String toString() {
        return "JsonSlice[" + length + " bytes]";
    }
}

package io.campanile.protocol;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Reads the JSON envelope: {@code {"event":"chat.message","data":…,"id":7}}, one message in one text frame.
 *
 * <p>Any bytes give an {@link Inbound}; none make a method throw. Fields that are not the envelope's own are ignored,
 * a field of the envelope that is given twice is refused.
 *
 * <p>All methods may be called from any thread. They cost time in proportion to the length of the bytes.
 */
public final class EnvelopeCodec {

    /** The version of the protocol, as told in the {@code welcome} event. */
    public static final int PROTOCOL_VERSION = 1;

    /** How deep objects and arrays may be nested, the envelope included. */
    public static final int MAX_DEPTH = JsonScanner.MAX_DEPTH;

    /** The most characters one number may have. */
    public static final int MAX_NUMBER_CHARS = JsonScanner.MAX_NUMBER_BYTES;

    private static final int EVENT = 0;
    private static final int ID = 1;
    private static final int ROOM = 2;
    private static final int DATA = 3;
    private static final String[] FIELDS = {"event", "id", "room", "data"};

    private EnvelopeCodec() {}

    /**
     * Reads one message.
     *
     * @param utf8 the payload of a text frame; the data of the answer is a window on it
     * @return the message, or which rule it broke
     */
    public static Inbound decode(byte[] utf8) {
        return decode(utf8, 0, utf8.length);
    }

    /**
     * Reads one message.
     *
     * @param utf8 the bytes that are left in the buffer; its position stays where it is. A buffer without an
     *     accessible array is copied, else the data of the answer is a window on its array
     * @return the message, or which rule it broke
     */
    public static Inbound decode(ByteBuffer utf8) {
        if (utf8.hasArray()) {
            return decode(utf8.array(), utf8.arrayOffset() + utf8.position(), utf8.remaining());
        }
        byte[] copy = new byte[utf8.remaining()];
        utf8.duplicate().get(copy);
        return decode(copy);
    }

    /**
     * Reads one message.
     *
     * @param bytes holds the payload of a text frame; the data of the answer is a window on it
     * @param offset the index of the first byte
     * @param length the number of bytes
     * @return the message, or which rule it broke
     * @throws IndexOutOfBoundsException if the array does not hold these bytes
     */
    public static Inbound decode(byte[] bytes, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        var fields = JsonFields.read(bytes, offset, length, FIELDS, JsonFields.Unknown.IGNORED);
        OptionalLong id = fields.id(ID);
        String event = fields.requiredString(EVENT, "a name");
        fields.report(Names.nameProblem(FIELDS[EVENT], event));
        Optional<String> room = fields.string(ROOM);
        if (room.isPresent()) {
            fields.report(Names.nameProblem(FIELDS[ROOM], room.get()));
        }
        if (fields.problem().isPresent()) {
            JsonFields.Problem problem = fields.problem().get();
            return new Inbound.ProtocolError(problem.code(), problem.message(), id);
        }
        return new Inbound.Request(event, id, room, fields.slice(DATA));
    }
}

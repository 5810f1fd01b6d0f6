package io.campanile.gateway;

import static io.campanile.gateway.ClientFrames.join;

import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** Deflate data as tests make and read it, without what the gateway has for that. */
final class Deflate {

    private static final byte[] TAIL = {0, 0, -1, -1};

    private Deflate() {}

    /** Returns a payload as a client sends it: flushed, without the tail. */
    static byte[] deflate(byte[] message) {
        return deflate(message, 6, Deflater.DEFAULT_STRATEGY);
    }

    static byte[] deflate(byte[] message, int level, int strategy) {
        if (message.length == 0) {
            return new byte[] {0};
        }
        Deflater deflater = new Deflater(level, true);
        deflater.setStrategy(strategy);
        deflater.setInput(message);
        byte[] out = new byte[message.length + message.length / 8 + 64];
        int length = 0;
        int more;
        // The first call may do no more than take over the strategy.
        do {
            more = deflater.deflate(out, length, out.length - length, Deflater.SYNC_FLUSH);
            length += more;
        } while (more > 0 || length == 0);
        deflater.end();
        return Arrays.copyOf(out, length - TAIL.length);
    }

    /** Returns what a payload stands for, as zlib reads it, with blocks in the middle that call themselves the last. */
    static byte[] inflate(byte[] payload) throws DataFormatException {
        byte[] data = join(payload, TAIL);
        Inflater inflater = new Inflater(true);
        try {
            inflater.setInput(data);
            byte[] out = new byte[64];
            int length = 0;
            while (true) {
                if (length == out.length) {
                    out = Arrays.copyOf(out, 2 * length);
                }
                int more = inflater.inflate(out, length, out.length - length);
                length += more;
                int rest = inflater.getRemaining();
                if (inflater.finished() && rest > 0) {
                    inflater.reset();
                    inflater.setInput(data, data.length - rest, rest);
                } else if (more == 0) {
                    return Arrays.copyOf(out, length);
                }
            }
        } finally {
            inflater.end();
        }
    }

    /** Returns the payload of a frame from the server. */
    static byte[] payloadOf(byte[] frame) {
        int header = (frame[1] & 0x7f) < 126 ? 2 : (frame[1] & 0x7f) == 126 ? 4 : 10;
        return Arrays.copyOfRange(frame, header, frame.length);
    }

    /** Returns how far back the data of a payload refers, at most; 0 when it does not. */
    static int farthestReference(byte[] payload) {
        return new Reader(join(payload, TAIL)).farthest();
    }

    /** Reads deflate data (RFC 1951) for its distances only. */
    private static final class Reader {

        private static final int[] ORDER = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
        private static final int END = 256;

        private final byte[] data;
        private int bit;

        Reader(byte[] data) {
            this.data = data;
        }

        int farthest() {
            int farthest = 0;
            while (bit + 3 <= 8 * data.length) {
                bits(1);
                switch (bits(2)) {
                    case 0 -> {
                        bit = (bit + 7) / 8 * 8;
                        int length = bits(16);
                        bit += 16 + 8 * length;
                    }
                    case 1 -> {
                        int[] literals = new int[288];
                        Arrays.fill(literals, 0, 144, 8);
                        Arrays.fill(literals, 144, 256, 9);
                        Arrays.fill(literals, 256, 280, 7);
                        Arrays.fill(literals, 280, 288, 8);
                        int[] distances = new int[30];
                        Arrays.fill(distances, 5);
                        farthest = Math.max(farthest, block(literals, distances));
                    }
                    case 2 -> {
                        int literals = bits(5) + 257;
                        int distances = bits(5) + 1;
                        int[] lengths = new int[19];
                        for (int i = 0, count = bits(4) + 4; i < count; i++) {
                            lengths[ORDER[i]] = bits(3);
                        }
                        int[] all = lengths(lengths, literals + distances);
                        farthest = Math.max(
                                farthest,
                                block(
                                        Arrays.copyOf(all, literals),
                                        Arrays.copyOfRange(all, literals, literals + distances)));
                    }
                    default -> throw new IllegalArgumentException("a block of the reserved type");
                }
            }
            return farthest;
        }

        private int[] lengths(int[] codes, int count) {
            int[] lengths = new int[count];
            for (int i = 0; i < count; ) {
                int symbol = symbol(codes);
                int times = 1;
                int length = symbol;
                if (symbol == 16) {
                    length = lengths[i - 1];
                    times = 3 + bits(2);
                } else if (symbol > 16) {
                    length = 0;
                    times = symbol == 17 ? 3 + bits(3) : 11 + bits(7);
                }
                Arrays.fill(lengths, i, i + times, length);
                i += times;
            }
            return lengths;
        }

        private int block(int[] literals, int[] distances) {
            int farthest = 0;
            for (int symbol = symbol(literals); symbol != END; symbol = symbol(literals)) {
                if (symbol > END) {
                    int length = symbol - 257;
                    bits(length < 8 || length == 28 ? 0 : length / 4 - 1);
                    int distance = symbol(distances);
                    int extra = distance < 4 ? 0 : distance / 2 - 1;
                    int base = distance < 4 ? distance + 1 : ((2 + (distance & 1)) << extra) + 1;
                    farthest = Math.max(farthest, base + bits(extra));
                }
            }
            return farthest;
        }

        /** Reads one symbol of a canonical Huffman code, bit by bit. */
        private int symbol(int[] lengths) {
            int code = 0;
            int first = 0;
            for (int length = 1; length <= 15; length++) {
                code |= bits(1);
                int count = 0;
                int found = -1;
                for (int symbol = 0; symbol < lengths.length; symbol++) {
                    if (lengths[symbol] == length && count++ == code - first) {
                        found = symbol;
                    }
                }
                if (found >= 0) {
                    return found;
                }
                first = (first + count) << 1;
                code <<= 1;
            }
            throw new IllegalArgumentException("no such code");
        }

        private int bits(int count) {
            int value = 0;
            for (int i = 0; i < count; i++, bit++) {
                value |= (data[bit >> 3] >> (bit & 7) & 1) << i;
            }
            return value;
        }
    }
}

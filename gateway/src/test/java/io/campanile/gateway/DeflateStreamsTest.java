package io.campanile.gateway;

import static io.campanile.gateway.ClientFrames.CONTINUATION;
import static io.campanile.gateway.ClientFrames.FIN;
import static io.campanile.gateway.ClientFrames.TEXT;
import static io.campanile.gateway.ClientFrames.frame;
import static io.campanile.gateway.ClientFrames.join;
import static io.campanile.gateway.ClientFrames.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.CloseReason;
import io.campanile.core.Message;
import java.io.ByteArrayOutputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** That whatever deflater a client has is understood, that no data does harm, and that zlib reads what is sent. */
final class DeflateStreamsTest {

    private static final int RSV1 = 0x40;
    private static final int LIMIT = 3_000;

    @Test
    void readsWhatClientsMayWriteHoweverItIsCut() {
        Random random = new Random(1);
        for (int round = 0; round < 3_000; round++) {
            String text = text(random, random.nextInt(1_000));
            byte[] payload = deflated(utf8(text), random);
            DecoderProbe probe = probe();
            byte[] stream = fragments(payload, random);
            for (int from = 0; from < stream.length; ) {
                int to = Math.min(stream.length, from + 1 + random.nextInt(random.nextBoolean() ? 10 : 1_000));
                probe.feed(stream, from, to);
                from = to;
            }

            probe.release();
            assertThat(probe.heard).as("round %d", round).containsExactly("text " + text);
        }
    }

    /** What is accepted of damaged data is what zlib makes of it, and what zlib refuses is refused. */
    @Test
    void makesOfDamagedDataWhatZlibMakesOfIt() {
        Random random = new Random(2);
        Inflation inflation = new Inflation();
        int accepted = 0;
        int refused = 0;
        for (int round = 0; round < 30_000; round++) {
            byte[] payload = damaged(deflated(utf8(text(random, random.nextInt(200))), random), random);
            boolean asText = random.nextBoolean();

            CloseReason wrong = inflation.inflate(payload, payload.length, LIMIT, asText);
            byte[] message = inflation.take();

            byte[] model = zlib(payload);
            if (wrong == null) {
                accepted++;
                assertThat(message).as("round %d", round).isEqualTo(model).hasSizeLessThanOrEqualTo(LIMIT);
                assertThat(!asText || isUtf8(message)).as("round %d", round).isTrue();
            } else {
                refused++;
                assertThat(message).isEmpty();
                assertThat(wrong.code()).as("round %d", round).isIn(1007, 1009);
                if (wrong.code() == 1009) {
                    assertThat(model == null || model.length > LIMIT)
                            .as("round %d", round)
                            .isTrue();
                }
            }
        }
        inflation.release();
        assertThat(accepted).isGreaterThan(1_000);
        assertThat(refused).isGreaterThan(1_000);
    }

    @Test
    void survivesRandomBytes() {
        Random random = new Random(3);
        Inflation inflation = new Inflation();
        for (int round = 0; round < 30_000; round++) {
            byte[] bytes = new byte[random.nextInt(60)];
            random.nextBytes(bytes);

            CloseReason wrong = inflation.inflate(bytes, bytes.length, LIMIT, false);

            if (wrong == null) {
                assertThat(inflation.take()).as("round %d", round).isEqualTo(zlib(bytes));
            }
        }
        inflation.release();
    }

    @Test
    void writesWhatZlibReadsWithAWindowOfAnySize() throws Exception {
        Random random = new Random(4);
        for (int level = 1; level <= 9; level++) {
            Compression compression = new Compression(level, 1);
            Deflaters deflaters = new Deflaters(level);
            List<DeflateFormat> formats = List.of(
                    DeflateFormat.wide(compression, deflaters, new Counters()),
                    DeflateFormat.narrow(compression, deflaters, new Counters()));
            for (int round = 0; round < 100; round++) {
                byte[] message = utf8(text(random, 1 + random.nextInt(5_000)));
                for (DeflateFormat format : formats) {
                    byte[] frame = format.encode(Message.binary(message));

                    byte[] payload = Deflate.payloadOf(frame);
                    assertThat((frame[0] & RSV1) == 0 ? payload : Deflate.inflate(payload))
                            .as("level %d, round %d", level, round)
                            .isEqualTo(message);
                }
            }
            deflaters.close();
        }
    }

    private static DecoderProbe probe() {
        return new DecoderProbe(FrameDecoder.Limits.ofMessage(LIMIT).withCompression());
    }

    private static byte[] fragments(byte[] payload, Random random) {
        List<byte[]> frames = new ArrayList<>();
        int first = RSV1 | TEXT;
        int from = 0;
        while (random.nextInt(3) > 0) {
            int to = from + random.nextInt(payload.length - from + 1);
            frames.add(frame(first, Arrays.copyOfRange(payload, from, to), random.nextInt()));
            first = CONTINUATION;
            from = to;
        }
        frames.add(frame(FIN | first, Arrays.copyOfRange(payload, from, payload.length), random.nextInt()));
        return join(frames.toArray(byte[][]::new));
    }

    /** Compresses in pieces, each flushed in one of the ways there are, or ended with a block that calls itself the last. */
    private static byte[] deflated(byte[] message, Random random) {
        var out = new ByteArrayOutputStream();
        Deflater deflater = deflater(random);
        int lastBlocks = 0;
        for (int from = 0; from < message.length; ) {
            int to = random.nextInt(3) == 0 ? message.length : from + 1 + random.nextInt(message.length - from);
            deflater.setInput(message, from, to - from);
            from = to;
            if (lastBlocks < 3 && random.nextInt(8) == 0) {
                lastBlocks++;
                deflater.finish();
                drain(deflater, Deflater.NO_FLUSH, out);
                deflater.end();
                deflater = deflater(random);
            } else {
                drain(deflater, random.nextBoolean() ? Deflater.SYNC_FLUSH : Deflater.FULL_FLUSH, out);
            }
        }
        deflater.end();
        byte[] all = out.toByteArray();
        // What a flush ends with is left out; else, and for nothing at all, an empty block is begun.
        boolean flushed =
                all.length >= 5 && Arrays.equals(all, all.length - 4, all.length, new byte[] {0, 0, -1, -1}, 0, 4);
        return flushed ? Arrays.copyOf(all, all.length - 4) : join(all, new byte[1]);
    }

    private static Deflater deflater(Random random) {
        Deflater deflater = new Deflater(random.nextInt(11) - 1, true);
        deflater.setStrategy(random.nextInt(3));
        return deflater;
    }

    private static void drain(Deflater deflater, int flush, ByteArrayOutputStream out) {
        byte[] some = new byte[4_096];
        int more;
        int calls = 0;
        do {
            more = deflater.deflate(some, 0, some.length, flush);
            out.write(some, 0, more);
        } while (more > 0 || calls++ == 0);
    }

    private static byte[] damaged(byte[] payload, Random random) {
        byte[] result = payload.clone();
        switch (random.nextInt(4)) {
            case 0 -> result = Arrays.copyOf(result, random.nextInt(result.length + 1));
            case 1 -> result = join(result, Arrays.copyOf(result, random.nextInt(result.length + 1)));
            default -> result[random.nextInt(result.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return result;
    }

    private static byte @Nullable [] zlib(byte[] payload) {
        try {
            return Deflate.inflate(payload);
        } catch (DataFormatException e) {
            return null;
        }
    }

    private static boolean isUtf8(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(java.nio.ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    private static String text(Random random, int length) {
        StringBuilder text = new StringBuilder();
        while (text.length() < length) {
            switch (random.nextInt(5)) {
                case 0 -> text.append("{\"event\":\"quote\",\"data\":");
                case 1 -> text.append(random.nextInt());
                case 2 -> text.append("é✋");
                case 3 -> text.append("🔔".repeat(random.nextInt(20)));
                default -> text.append((char) ('a' + random.nextInt(26)));
            }
        }
        return text.toString();
    }
}

package io.campanile.gateway;

import static io.campanile.gateway.ClientFrames.bytes;
import static io.campanile.gateway.ClientFrames.join;
import static io.campanile.gateway.ClientFrames.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.CloseReason;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a compressed message, and what is refused. */
final class InflationTest {

    private static final int MOST = 1_000;

    private final Inflation inflation = new Inflation();

    @AfterEach
    void release() {
        inflation.release();
        assertThat(inflation.isOpen()).isFalse();
    }

    private String text(byte[] deflated) {
        CloseReason wrong = inflation.inflate(deflated, deflated.length, MOST, true);
        byte[] message = inflation.take();
        if (wrong != null) {
            assertThat(message).isEmpty();
            return wrong.code() + " " + wrong.label();
        }
        return new String(message, java.nio.charset.StandardCharsets.UTF_8);
    }

    /** The examples of RFC 7692 section 7.2.3, but for the one that builds upon the message before. */
    @Test
    void readsTheExamplesOfTheRfc() {
        assertThat(text(bytes(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00))).isEqualTo("Hello");
        assertThat(text(bytes(0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00)))
                .isEqualTo("Hello");
        assertThat(text(bytes(0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00))).isEqualTo("Hello");
        assertThat(text(bytes(0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00)))
                .isEqualTo("Hello");
        assertThat(text(bytes(0x00))).isEmpty();
    }

    @Test
    void knowsNothingOfTheMessageBefore() {
        text(bytes(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00));

        assertThat(text(bytes(0xf2, 0x00, 0x11, 0x00, 0x00))).isEqualTo("1007 invalid_deflate");
    }

    @Test
    void goesOnBehindABlockThatCallsItselfTheLast() {
        byte[] hello = bytes(0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00);

        assertThat(text(join(hello, hello, Deflate.deflate(utf8(", world"))))).isEqualTo("HelloHello, world");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 1, 2, 9})
    void readsWhatEverySortOfDeflaterWrites(int level) {
        for (int strategy : new int[] {Deflater.DEFAULT_STRATEGY, Deflater.FILTERED, Deflater.HUFFMAN_ONLY}) {
            for (String message : new String[] {"", "x", "Glockenturm é 🔔", "ab".repeat(500)}) {
                assertThat(text(Deflate.deflate(utf8(message), level, strategy)))
                        .isEqualTo(message);
            }
        }
    }

    @Test
    void takesAMessageAsLargeAsTheLimit() {
        assertThat(text(Deflate.deflate(utf8("x".repeat(MOST))))).hasSize(MOST);
        assertThat(text(Deflate.deflate(noise(MOST), 0, Deflater.DEFAULT_STRATEGY)))
                .isEqualTo("1007 invalid_utf8");
    }

    @Test
    void refusesAMessageThatIsOneByteLarger() {
        assertThat(text(Deflate.deflate(utf8("x".repeat(MOST + 1))))).isEqualTo("1009 message_too_big");
        assertThat(text(Deflate.deflate(utf8("x".repeat(MOST + 1)), 0, Deflater.DEFAULT_STRATEGY)))
                .isEqualTo("1009 message_too_big");
    }

    @Test
    void refusesDataThatIsNotDeflate() {
        assertThat(text(bytes())).isEqualTo("1007 invalid_deflate");
        assertThat(text(bytes(0x06))).isEqualTo("1007 invalid_deflate");
        assertThat(text(bytes(0xff, 0xff, 0xff))).isEqualTo("1007 invalid_deflate");
        assertThat(text(bytes(0x00, 0x05, 0x00, 0xfa, 0xfe))).isEqualTo("1007 invalid_deflate");
    }

    @Test
    void refusesDataThatEndsInTheMiddle() {
        byte[] whole = Deflate.deflate(utf8("the quick brown fox jumps over the lazy dog"));

        for (int length = 0; length < whole.length; length++) {
            assertThat(text(Arrays.copyOf(whole, length)))
                    .as("%d bytes", length)
                    .startsWith("1007 ");
        }
    }

    @Test
    void refusesALastBlockWithoutTheEmptyOneBehindIt() {
        assertThat(text(bytes(0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00))).isEqualTo("1007 invalid_deflate");
    }

    /** Behind each such block the inflater is set up anew, which costs more than to read two bytes. */
    @Test
    void refusesToBeSetUpAnewWithoutEnd() {
        byte[] lastBlock = bytes(0x03, 0x00);
        byte[] five = join(lastBlock, lastBlock, lastBlock, lastBlock, lastBlock);

        assertThat(text(join(Arrays.copyOf(five, 8), bytes(0)))).isEmpty();
        assertThat(text(join(five, bytes(0)))).isEqualTo("1007 invalid_deflate");
    }

    @Test
    void refusesTextAtTheFirstByteThatIsNotUtf8() {
        // The bomb behind it would be too big, if it were looked at.
        byte[] message = new byte[1 << 20];
        message[0] = (byte) 0xc0;

        assertThat(text(Deflate.deflate(bytes(0xc3, 0x28)))).isEqualTo("1007 invalid_utf8");
        assertThat(text(Deflate.deflate(bytes('a', 0xc3)))).isEqualTo("1007 invalid_utf8");
        CloseReason wrong = inflation.inflate(Deflate.deflate(message), Deflate.deflate(message).length, 100_000, true);
        assertThat(wrong).isEqualTo(FrameDecoder.BAD_TEXT);
    }

    @Test
    void takesWhatIsNotUtf8AsBinary() {
        byte[] noise = noise(MOST);
        byte[] deflated = Deflate.deflate(noise);

        assertThat(inflation.inflate(deflated, deflated.length, MOST, false)).isNull();
        assertThat(inflation.take()).isEqualTo(noise);
    }

    @Test
    void keepsNothingOfAMessage() {
        text(Deflate.deflate(utf8("secret")));

        assertThat(inflation.take()).isEmpty();
    }

    /** A gigabyte in a megabyte: what is allocated is bounded by the limit, not by what would come. */
    @Test
    void takesNoMoreMemoryThanTheLimitForABomb() throws Exception {
        byte[] bomb = bomb(1 << 30);
        int most = 1 << 20;
        inflation.inflate(bomb, bomb.length, most, false);
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

        long before = threads.getCurrentThreadAllocatedBytes();
        CloseReason wrong = inflation.inflate(bomb, bomb.length, most, false);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;

        assertThat(wrong).isNotNull();
        assertThat(wrong.code()).isEqualTo(1009);
        assertThat(allocated).isLessThan(3L * most);
    }

    static byte[] bomb(int length) throws java.io.IOException {
        var out = new java.io.ByteArrayOutputStream();
        Deflater deflater = new Deflater(9, true);
        try (var bomb = new DeflaterOutputStream(out, deflater, 8_192, true)) {
            byte[] zeros = new byte[1 << 16];
            for (int i = 0; i < length; i += zeros.length) {
                bomb.write(zeros);
            }
            bomb.flush();
            return out.toByteArray();
        } finally {
            deflater.end();
        }
    }

    private static byte[] noise(int length) {
        byte[] noise = new byte[length];
        new Random(1).nextBytes(noise);
        return noise;
    }
}

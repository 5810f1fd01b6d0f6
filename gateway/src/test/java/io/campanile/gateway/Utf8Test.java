package io.campanile.gateway;

import static org.assertj.core.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What counts as UTF-8, against what the JDK says. */
final class Utf8Test {

    private static final int[] BORDERS = {
        0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xe0, 0xed, 0xf0, 0xff
    };

    private final CharsetDecoder jdk = StandardCharsets.UTF_8.newDecoder();
    private final CharBuffer chars = CharBuffer.allocate(256);

    @Test
    void takesEveryCharacterByteByByte() {
        for (int point = 0; point <= Character.MAX_CODE_POINT; point++) {
            if (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) {
                continue;
            }
            byte[] bytes = Character.toString(point).getBytes(StandardCharsets.UTF_8);
            int state = Utf8.COMPLETE;
            for (int i = 0; i < bytes.length; i++) {
                state = Utf8.check(state, bytes, i, i + 1);
                if (state == Utf8.INVALID || state == Utf8.COMPLETE != (i == bytes.length - 1)) {
                    fail("U+%X: state %d after byte %d".formatted(point, state, i));
                }
            }
        }
    }

    @Test
    void agreesWithTheJdkOnEverySequenceOfUpToThreeBytes() {
        for (int length = 1; length <= 3; length++) {
            // Of the second and third byte only the borders of what may matter, so that the test stays short.
            for (int n = 0; n < 1 << 16; n++) {
                int second = BORDERS[n >> 8 & 0xf];
                int third = BORDERS[n >> 12 & 0xf];
                assertSameVerdict(Arrays.copyOf(new byte[] {(byte) n, (byte) second, (byte) third}, length));
            }
        }
    }

    @Test
    void agreesWithTheJdkOnRandomBytesNearText() {
        Random random = new Random(20_261_123);
        for (int round = 0; round < 50_000; round++) {
            byte[] bytes = randomText(random).getBytes(StandardCharsets.UTF_8);
            for (int wrong = random.nextInt(3); wrong > 0 && bytes.length > 0; wrong--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            assertSameVerdict(bytes);
        }
    }

    private static String randomText(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(12); i > 0; i--) {
            switch (random.nextInt(4)) {
                case 0 -> text.append("ascii and more");
                case 1 -> text.append((char) (0x80 + random.nextInt(0x700)));
                case 2 -> text.append((char) (0xe000 + random.nextInt(0x1000)));
                default -> text.appendCodePoint(0x10000 + random.nextInt(0x100000));
            }
        }
        return text.toString();
    }

    /** Compares the verdict for each place of a cut. */
    private void assertSameVerdict(byte[] bytes) {
        int expected = isText(bytes) ? Utf8.COMPLETE : canBecomeText(bytes) ? -1 : Utf8.INVALID;

        for (int cut = 0; cut <= bytes.length; cut++) {
            int state = Utf8.check(Utf8.check(Utf8.COMPLETE, bytes, 0, cut), bytes, cut, bytes.length);
            int verdict = state == Utf8.COMPLETE || state == Utf8.INVALID ? state : -1;
            if (verdict != expected) {
                fail("%s cut at %d: %d (expected: %d)"
                        .formatted(HexFormat.of().formatHex(bytes), cut, verdict, expected));
            }
        }
    }

    /** Returns whether something can follow that makes it text: for each beginning one of these does. */
    private boolean canBecomeText(byte[] bytes) {
        for (int more = 1; more <= 3; more++) {
            byte[] longer = Arrays.copyOf(bytes, bytes.length + more);
            Arrays.fill(longer, bytes.length, longer.length, (byte) 0x80);
            if (isText(longer)) {
                return true;
            }
            Arrays.fill(longer, bytes.length, longer.length, (byte) 0xbf);
            if (isText(longer)) {
                return true;
            }
        }
        return false;
    }

    private boolean isText(byte[] bytes) {
        chars.clear();
        return !jdk.reset().decode(ByteBuffer.wrap(bytes), chars, true).isError();
    }
}

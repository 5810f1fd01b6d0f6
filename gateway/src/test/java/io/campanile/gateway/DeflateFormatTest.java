package io.campanile.gateway;

import static io.campanile.gateway.ClientFrames.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Message;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How messages look on the wire where compression was agreed. */
final class DeflateFormatTest {

    private static final Compression COMPRESSION = new Compression(1, 100);

    private final Deflaters deflaters = new Deflaters(COMPRESSION.level());
    private final Counters counters = new Counters();
    private final DeflateFormat wide = DeflateFormat.wide(COMPRESSION, deflaters, counters);
    private final DeflateFormat narrow = DeflateFormat.narrow(COMPRESSION, deflaters, counters);

    @AfterEach
    void end() {
        deflaters.close();
        assertThat(deflaters.open()).isZero();
    }

    @Test
    void marksACompressedMessageInItsFirstByte() {
        assertThat(wide.encode(Message.text("x".repeat(100)))).startsWith(0xc1).hasSizeLessThan(20);
        assertThat(wide.encode(Message.binary(new byte[100]))).startsWith(0xc2).hasSizeLessThan(20);
    }

    @Test
    void leavesSmallMessagesAsTheyAre() {
        Message small = Message.text("x".repeat(99));

        assertThat(small.encoded(wide)).isSameAs(small.encoded(WebSocketFormat.INSTANCE));
        assertThat(counters.stats().compressed().deflatedFrom()).isZero();
    }

    @Test
    void leavesMessagesAsTheyAreThatWouldNotBecomeSmaller() {
        Message noise = Message.binary(noise(10_000));

        assertThat(noise.encoded(wide)).isSameAs(noise.encoded(WebSocketFormat.INSTANCE));
        assertThat(noise.encoded(narrow)).isSameAs(noise.encoded(WebSocketFormat.INSTANCE));
        assertThat(counters.stats().compressed()).isEqualTo(new GatewayStats.Compressed(0, 20_000, 20_000, 0, 0));
    }

    @Test
    void leavesTheEmptyMessageAsItIs() {
        DeflateFormat all = DeflateFormat.wide(COMPRESSION.withMinMessageBytes(0), deflaters, counters);

        assertThat(all.encode(Message.text(""))).isEqualTo(bytes(0x81, 0));
    }

    @Test
    void leavesMessagesAsTheyAreThatMustNotBeCompressed() {
        Message notice = DeflateFormat.uncompressed(Message.text("x".repeat(1_000)));

        assertThat(wide.encode(notice)).isEqualTo(WebSocketFormat.INSTANCE.encode(notice));
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 511, 512, 513, 1_024, 1_500, 40_000, 1_000_000})
    void writesWhatAnotherInflaterReads(int length) throws Exception {
        byte[] payload = similar(length);

        assertThat(Deflate.inflate(Deflate.payloadOf(wide.encode(Message.binary(payload)))))
                .isEqualTo(payload);
        assertThat(Deflate.inflate(Deflate.payloadOf(narrow.encode(Message.binary(payload)))))
                .isEqualTo(payload);
    }

    @Test
    void usesNothingOfOneMessageForTheNext() {
        Message first = Message.binary(noise(1_000));
        byte[] half = Arrays.copyOf(first.payload(), 500);
        byte[] twice = ClientFrames.join(half, half);

        wide.encode(first);
        byte[] frame = wide.encode(Message.binary(twice));

        assertThat(Deflate.farthestReference(Deflate.payloadOf(frame))).isEqualTo(500);
        assertThat(frame).hasSizeGreaterThan(500);
    }

    /** What a window of 15 bits finds, one of 9 bits must not look for. */
    @Test
    void neverRefersBackBeyondTheNarrowWindow() {
        Random random = new Random(1);
        for (int round = 0; round < 200; round++) {
            byte[] payload = similar(100 + random.nextInt(20_000));

            byte[] far = Deflate.payloadOf(wide.encode(Message.binary(payload)));
            byte[] near = Deflate.payloadOf(narrow.encode(Message.binary(payload)));

            assertThat(Deflate.farthestReference(near)).as("round %d", round).isLessThanOrEqualTo(512);
            if (payload.length > 2_000) {
                assertThat(Deflate.farthestReference(far)).isGreaterThan(512);
            }
        }
    }

    @Test
    void encodesAMessageOnceForAllItsRecipients() {
        Message message = Message.text("x".repeat(1_000));

        assertThat(message.encoded(wide)).isSameAs(message.encoded(wide));
        assertThat(counters.stats().compressed().deflatedFrom()).isEqualTo(1_000);
    }

    @Test
    void lendsTheSameDeflaterAgain() {
        for (int i = 0; i < 100; i++) {
            wide.encode(Message.text("x".repeat(1_000)));
            narrow.encode(Message.text("x".repeat(1_000)));
        }

        assertThat(deflaters.open()).isOne();
    }

    @Test
    void givesBackADeflaterThatWasLentWhenTheGatewayEnded() {
        var lent = deflaters.take();

        deflaters.close();
        assertThat(deflaters.open()).isOne();
        deflaters.giveBack(lent);

        assertThat(deflaters.open()).isZero();
    }

    @Test
    void pingsAsThePlainFormatDoes() {
        assertThat(wide.keepAlive()).isEqualTo(WebSocketFormat.INSTANCE.keepAlive());
        assertThat(wide.keepAlive().orElseThrow().frame()).isEqualTo(bytes(0x89, 0));
    }

    private static byte[] noise(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    /** Returns bytes in which a window of any size finds something: words that come again near and far. */
    private static byte[] similar(int length) {
        Random random = new Random(length);
        byte[] bytes = new byte[length];
        byte[] words = noise(4_096);
        for (int i = 0; i < words.length; i++) {
            words[i] &= 0x0f;
        }
        for (int at = 0; at < length; ) {
            int word = random.nextInt(words.length - 16);
            int size = Math.min(3 + random.nextInt(13), length - at);
            System.arraycopy(words, word, bytes, at, size);
            at += size;
        }
        return bytes;
    }
}

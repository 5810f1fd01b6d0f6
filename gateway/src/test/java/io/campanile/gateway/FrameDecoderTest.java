package io.campanile.gateway;

import static io.campanile.gateway.ClientFrames.BINARY;
import static io.campanile.gateway.ClientFrames.CLOSE;
import static io.campanile.gateway.ClientFrames.CONTINUATION;
import static io.campanile.gateway.ClientFrames.FIN;
import static io.campanile.gateway.ClientFrames.PING;
import static io.campanile.gateway.ClientFrames.PONG;
import static io.campanile.gateway.ClientFrames.TEXT;
import static io.campanile.gateway.ClientFrames.bytes;
import static io.campanile.gateway.ClientFrames.frame;
import static io.campanile.gateway.ClientFrames.header;
import static io.campanile.gateway.ClientFrames.join;
import static io.campanile.gateway.ClientFrames.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the decoder takes from a client, and what it refuses with which code. */
final class FrameDecoderTest {

    private static final int LIMIT = 1_000;
    private static final byte[] NONE = {};

    private final DecoderProbe probe = DecoderProbe.withLimit(LIMIT);

    @Test
    void deliversAText() {
        probe.feed(ClientFrames.text("héllo"));

        assertThat(probe.heard).containsExactly("text héllo");
        assertThat(probe.decoder.keptBytes()).isZero();
    }

    @Test
    void readsDirectMemory() {
        byte[] frame = ClientFrames.text("x".repeat(300));
        ByteBuf chunks = PooledByteBufAllocator.DEFAULT.directBuffer().writeBytes(frame);

        probe.feed(chunks.readRetainedSlice(3));
        probe.feed(chunks.readRetainedSlice(100));
        probe.feed(chunks);

        assertThat(probe.heard).containsExactly("text " + "x".repeat(300));
        assertThat(chunks.refCnt()).isZero();
    }

    @Test
    void deliversABinary() {
        probe.feed(ClientFrames.binary(bytes(0, 255, 128)));

        assertThat(probe.heard).containsExactly("binary 00ff80");
    }

    @Test
    void deliversEmptyMessages() {
        probe.feed(join(ClientFrames.text(""), ClientFrames.binary(NONE), ClientFrames.text("")));

        assertThat(probe.heard).containsExactly("text ", "binary ", "text ");
    }

    @Test
    void deliversAnEmptyMessageOfFragments() {
        probe.feed(join(frame(TEXT, NONE), frame(CONTINUATION, NONE), frame(FIN | CONTINUATION, NONE)));

        assertThat(probe.heard).containsExactly("text ");
    }

    @Test
    void putsFragmentsTogetherWithControlFramesBetween() {
        probe.feed(join(
                frame(TEXT, utf8("a")),
                ClientFrames.ping("p"),
                frame(CONTINUATION, utf8("b")),
                ClientFrames.pong("q"),
                frame(FIN | CONTINUATION, utf8("c"))));

        assertThat(probe.heard).containsExactly("ping p", "pong q", "text abc");
    }

    @Test
    void beginsEachMessageAnew() {
        probe.feed(join(
                frame(TEXT, utf8("ab")),
                frame(FIN | CONTINUATION, utf8("c")),
                frame(BINARY, bytes(0xff)),
                frame(FIN | CONTINUATION, bytes(0xfe)),
                ClientFrames.text("d")));

        assertThat(probe.heard).containsExactly("text abc", "binary fffe", "text d");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8, 9, 124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537})
    void deliversEveryFormOfLength(int length) {
        DecoderProbe large = DecoderProbe.withLimit(70_000);
        String text = "x".repeat(length);

        large.feed(ClientFrames.text(text));

        assertThat(large.heard).containsExactly("text " + text);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x00000000, 0xffffffff, 0x01020304, 0x80000000, 0x000000ff})
    void unmasksWithAnyKey(int mask) {
        probe.feed(frame(FIN | TEXT, utf8("0123456789abcdé"), mask));

        assertThat(probe.heard).containsExactly("text 0123456789abcdé");
    }

    @Test
    void refusesAnUnmaskedFrame() {
        probe.feed(bytes(0x81, 0x01, 'a'));

        assertThat(probe.heard).containsExactly("fail 1002 protocol_error: a frame was not masked");
    }

    @ParameterizedTest
    @ValueSource(ints = {0xc1, 0xa1, 0x91, 0xc9, 0x70})
    void refusesReservedBitsAtTheFirstByte(int first) {
        probe.feed(bytes(first));

        assertThat(probe.heard).containsExactly("fail 1002 protocol_error: a frame had a reserved bit set");
    }

    @ParameterizedTest
    @ValueSource(ints = {0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf})
    void refusesReservedOpcodesAtTheFirstByte(int opcode) {
        probe.feed(bytes(FIN | opcode));

        assertThat(probe.heard).containsExactly("fail 1002 protocol_error: a frame had a reserved opcode");
    }

    @ParameterizedTest
    @ValueSource(ints = {PING, PONG, CLOSE})
    void refusesAControlFrameInFragments(int opcode) {
        probe.feed(frame(opcode, NONE));

        assertThat(probe.heard).containsExactly("fail 1002 protocol_error: a control frame was fragmented");
    }

    @Test
    void takesAControlFrameOf125Bytes() {
        probe.feed(ClientFrames.ping("x".repeat(125)));

        assertThat(probe.heard).containsExactly("ping " + "x".repeat(125));
    }

    @ParameterizedTest
    @ValueSource(ints = {PING, PONG, CLOSE})
    void refusesAControlFrameOf126BytesAtItsSecondByte(int opcode) {
        probe.feed(header(FIN | opcode, 126), 0, 2);

        assertThat(probe.heard).containsExactly("fail 1002 protocol_error: a control frame was longer than 125 bytes");
    }

    @Test
    void refusesAContinuationOfNothing() {
        probe.feed(join(ClientFrames.text("a"), frame(FIN | CONTINUATION, utf8("b"))));

        assertThat(probe.heard)
                .containsExactly(
                        "text a", "fail 1002 protocol_error: a continuation frame came outside a fragmented message");
    }

    @ParameterizedTest
    @ValueSource(ints = {TEXT, BINARY, FIN | TEXT, FIN | BINARY})
    void refusesAMessageInsideAMessage(int first) {
        probe.feed(join(frame(TEXT, utf8("a")), frame(first, utf8("b"))));

        assertThat(probe.heard)
                .containsExactly("fail 1002 protocol_error: a new message began inside a fragmented one");
    }

    @Test
    void refusesASmallLengthInTwoBytes() {
        DecoderProbe other = DecoderProbe.withLimit(LIMIT);

        probe.feed(bytes(0x82, 0xfe, 0, 125));
        other.feed(bytes(0x82, 0xfe, 0, 126));

        assertThat(probe.heard)
                .containsExactly("fail 1002 protocol_error: a frame length was not in its shortest form");
        assertThat(other.heard).isEmpty();
    }

    @Test
    void refusesASmallLengthInEightBytes() {
        DecoderProbe large = DecoderProbe.withLimit(1 << 20);
        DecoderProbe other = DecoderProbe.withLimit(1 << 20);

        large.feed(bytes(0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff));
        other.feed(bytes(0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0));

        assertThat(large.heard)
                .containsExactly("fail 1002 protocol_error: a frame length was not in its shortest form");
        assertThat(other.heard).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, Long.MIN_VALUE + 1, -126, -1})
    void refusesALengthWithItsHighestBitSet(long length) {
        byte[] header =
                ByteBuffer.allocate(10).putShort((short) 0x82ff).putLong(length).array();

        probe.feed(header);

        assertThat(probe.heard).containsExactly("fail 1002 protocol_error: a frame length had its highest bit set");
    }

    @ParameterizedTest
    @ValueSource(longs = {LIMIT + 1, 65_536, 1L << 31, 1L << 32, (1L << 32) + 1, Long.MAX_VALUE})
    void refusesALargeMessageWhenTheHeaderSaysSo(long length) {
        byte[] header = header(FIN | BINARY, length);

        probe.feed(header, 0, header.length - 4);

        assertThat(probe.heard).containsExactly("fail 1009 message_too_big: a message was larger than 1000 bytes");
    }

    @Test
    void takesAMessageOfTheLargestSize() {
        probe.feed(ClientFrames.text("x".repeat(LIMIT)));

        assertThat(probe.heard).containsExactly("text " + "x".repeat(LIMIT));
    }

    @Test
    void countsTheSizeOverAllFragments() {
        probe.feed(join(frame(TEXT, utf8("x".repeat(600))), frame(FIN | CONTINUATION, utf8("y".repeat(400)))));
        probe.feed(join(frame(TEXT, utf8("x".repeat(600))), header(CONTINUATION, 401)));

        assertThat(probe.heard)
                .containsExactly(
                        "text " + "x".repeat(600) + "y".repeat(400),
                        "fail 1009 message_too_big: a message was larger than 1000 bytes");
    }

    @Test
    void countsFragmentsWithTheirOverhead() {
        byte[] three = join(frame(BINARY, NONE), frame(CONTINUATION, NONE), frame(FIN | CONTINUATION, bytes(1)));
        byte[] four = join(
                frame(BINARY, NONE),
                frame(CONTINUATION, NONE),
                frame(CONTINUATION, NONE),
                frame(FIN | CONTINUATION, bytes(1)));
        DecoderProbe tight = new DecoderProbe(new FrameDecoder.Limits(LIMIT, 3 * 128, 0));

        tight.feed(join(three, three, four));

        assertThat(tight.heard)
                .containsExactly(
                        "binary 01", "binary 01", "fail 1009 too_many_fragments: a message had more than 3 fragments");
    }

    @Test
    void endsAFloodOfEmptyFragmentsAtTheOrdinaryLimits() {
        probe.feed(frame(BINARY, NONE));
        for (int i = 1; i < 1_024; i++) {
            probe.feed(frame(CONTINUATION, NONE));
        }
        assertThat(probe.heard).isEmpty();

        probe.feed(frame(CONTINUATION, NONE));

        assertThat(probe.heard).containsExactly("fail 1009 too_many_fragments: a message had more than 1024 fragments");
    }

    @Test
    void takesTheLargestMessageInFragmentsOf64Bytes() {
        int size = 4 << 20;
        DecoderProbe large = DecoderProbe.withLimit(size);
        byte[] payload = utf8("*".repeat(64));

        large.feed(frame(TEXT, payload));
        for (int i = 2; i < size / 64; i++) {
            large.feed(frame(CONTINUATION, payload));
        }
        large.feed(frame(FIN | CONTINUATION, payload));

        assertThat(large.heard).containsExactly("text " + "*".repeat(size));
    }

    @Test
    void neverTakesMemoryForWhatIsOnlyAnnounced() {
        DecoderProbe large = DecoderProbe.withLimit(1 << 30);

        large.feed(join(header(FIN | BINARY, 1 << 30), bytes(1)));

        assertThat(large.decoder.keptBytes()).isBetween(1, 64);
    }

    @Test
    void keepsNothingBetweenMessages() {
        byte[] stream = join(
                ClientFrames.text("first"),
                ClientFrames.ping("p"),
                frame(TEXT, utf8("sec")),
                frame(FIN | CONTINUATION, utf8("ond")),
                ClientFrames.pong(""));

        probe.feedBytewise(stream);

        assertThat(probe.heard).containsExactly("text first", "ping p", "text second", "pong ");
        assertThat(probe.decoder.keptBytes()).isZero();
    }

    @Test
    void refusesBadTextAtTheByteThatShowsIt() {
        byte[] payload = bytes(0xce, 0xba, 0xf4, 0x90, 0x80, 0x80, 'a', 'b');
        byte[] frame = frame(FIN | TEXT, payload);
        int header = frame.length - payload.length;

        probe.feed(frame, 0, header + 3);
        assertThat(probe.heard).isEmpty();
        probe.feed(frame, header + 3, header + 4);

        assertThat(probe.heard).containsExactly("fail 1007 invalid_utf8: a text message was not UTF-8");
        assertThat(probe.decoder.keptBytes()).isZero();
    }

    @Test
    void refusesBadTextInAFragmentThatIsNotTheLast() {
        probe.feed(frame(TEXT, bytes('a', 0x80)));

        assertThat(probe.heard).containsExactly("fail 1007 invalid_utf8: a text message was not UTF-8");
    }

    @Test
    void checksACharacterThatIsCutByFragments() {
        DecoderProbe other = DecoderProbe.withLimit(LIMIT);

        probe.feed(join(
                frame(TEXT, bytes(0xf0)),
                frame(CONTINUATION, bytes(0x9f)),
                frame(CONTINUATION, NONE),
                ClientFrames.ping("\u00ff"),
                frame(FIN | CONTINUATION, bytes(0x94, 0x94))));
        other.feed(join(frame(TEXT, bytes(0xf0)), frame(CONTINUATION, bytes(0x8f))));

        assertThat(probe.heard).containsExactly("ping Ã¿", "text 🔔");
        assertThat(other.heard).containsExactly("fail 1007 invalid_utf8: a text message was not UTF-8");
    }

    @Test
    void refusesPlainTextInsideACharacterAtOnce() {
        probe.feed(join(frame(TEXT, bytes(0xe2, 0x82)), frame(CONTINUATION, utf8("a"))));

        assertThat(probe.heard).containsExactly("fail 1007 invalid_utf8: a text message was not UTF-8");
    }

    @Test
    void refusesATextThatEndsWithinACharacter() {
        DecoderProbe other = DecoderProbe.withLimit(LIMIT);

        probe.feed(frame(FIN | TEXT, bytes('a', 0xe2, 0x82)));
        other.feed(join(frame(TEXT, bytes(0xe2, 0x82)), frame(FIN | CONTINUATION, NONE)));

        assertThat(probe.heard).containsExactly("fail 1007 invalid_utf8: a text message was not UTF-8");
        assertThat(other.heard).containsExactly("fail 1007 invalid_utf8: a text message was not UTF-8");
    }

    @Test
    void doesNotReadBinaryAsText() {
        probe.feed(join(frame(BINARY, bytes(0xff)), frame(FIN | CONTINUATION, bytes(0xc0))));

        assertThat(probe.heard).containsExactly("binary ffc0");
    }

    @Test
    void deliversACloseAndNothingAfterIt() {
        probe.feed(join(ClientFrames.close(1000, "bye"), ClientFrames.text("late"), bytes(0xff)));
        probe.feed(ClientFrames.text("later"));

        assertThat(probe.heard).containsExactly("close 1000 bye");
    }

    @Test
    void deliversACloseWithoutCode() {
        probe.feed(frame(FIN | CLOSE, NONE));

        assertThat(probe.heard).containsExactly("close 1005 ");
    }

    @Test
    void deliversACloseWithTheLongestReason() {
        probe.feed(ClientFrames.close(1001, "x".repeat(123)));

        assertThat(probe.heard).containsExactly("close 1001 " + "x".repeat(123));
    }

    @Test
    void deliversACloseInsideAFragmentedMessage() {
        probe.feed(join(frame(TEXT, utf8("a")), ClientFrames.close(1000, "")));

        assertThat(probe.heard).containsExactly("close 1000 ");
        assertThat(probe.decoder.keptBytes()).isZero();
    }

    @Test
    void refusesACloseWithHalfACode() {
        probe.feed(frame(FIN | CLOSE, bytes(3)));

        assertThat(probe.heard).containsExactly("fail 1002 protocol_error: a close frame had one byte of payload");
    }

    @ParameterizedTest
    @ValueSource(
            ints = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999})
    void takesTheCloseCodesThatMayBeSent(int code) {
        probe.feed(ClientFrames.close(code, ""));

        assertThat(probe.heard).containsExactly("close " + code + " ");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535})
    void refusesTheCloseCodesThatMayNot(int code) {
        probe.feed(ClientFrames.close(code, ""));

        assertThat(probe.heard)
                .containsExactly("fail 1002 protocol_error: a close frame had a code that may not be sent");
    }

    @Test
    void refusesACloseReasonThatIsNotText() {
        DecoderProbe other = DecoderProbe.withLimit(LIMIT);

        probe.feed(frame(FIN | CLOSE, bytes(0x03, 0xe8, 0xc0, 0x80)));
        other.feed(frame(FIN | CLOSE, bytes(0x03, 0xe8, 0xe2, 0x82)));

        assertThat(probe.heard).containsExactly("fail 1007 invalid_utf8: a close reason was not UTF-8");
        assertThat(other.heard).containsExactly("fail 1007 invalid_utf8: a close reason was not UTF-8");
    }

    @Test
    void failsOnceAndIgnoresTheRest() {
        probe.feed(join(bytes(0xff, 0xff), ClientFrames.text("a"), bytes(0xff)));
        probe.feed(bytes(0xff));
        probe.feed(ClientFrames.text("b"));

        assertThat(probe.heard).containsExactly("fail 1002 protocol_error: a frame had a reserved bit set");
    }

    @Test
    void stopsInTheMiddleOfAChunkWhenTold() {
        probe.endsAtText = true;

        probe.feed(join(ClientFrames.text("a"), ClientFrames.text("b"), ClientFrames.ping("")));

        assertThat(probe.heard).containsExactly("text a");
        assertThat(probe.decoder.isEnded()).isTrue();
    }

    @Test
    void forgetsWhatIsIncompleteWhenTold() {
        probe.feed(frame(TEXT, utf8("a")));

        probe.decoder.end();
        probe.feed(frame(FIN | CONTINUATION, utf8("b")));

        assertThat(probe.heard).isEmpty();
        assertThat(probe.decoder.keptBytes()).isZero();
    }

    @Test
    void rejectsLimitsUnderWhichNothingComes() {
        assertThatThrownBy(() -> new FrameDecoder.Limits(0, 128, 0))
                .hasMessage("maxMessageBytes: 0 (expected: 1 to 1073741824)");
        assertThatThrownBy(() -> new FrameDecoder.Limits((1 << 30) + 1, 128, 0))
                .hasMessage("maxMessageBytes: 1073741825 (expected: 1 to 1073741824)");
        assertThatThrownBy(() -> new FrameDecoder.Limits(1, 127, 0))
                .hasMessage("maxFragmentOverheadBytes: 127 (expected: at least 128)");
    }
}

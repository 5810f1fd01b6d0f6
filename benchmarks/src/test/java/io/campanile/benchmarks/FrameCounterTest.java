package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.benchmarks.FrameCounter.BrokenFrameException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What counts as a message, wherever the bytes are split. */
final class FrameCounterTest {
    private static final int FIN = 0x80;
    private static final int TEXT = 0x1;
    private static final int CONTINUATION = 0x0;
    private static final int CLOSE = 0x8;
    private static final int PING = 0x9;
    private static final int PONG = 0xA;

    private final List<String> heard = new ArrayList<>();
    private final FrameCounter counter = new FrameCounter(new FrameCounter.Sink() {
        @Override
        public void message(byte[] payload, int length) {
            heard.add("message " + text(payload, length));
        }

        @Override
        public void ping(byte[] payload, int length) {
            heard.add("ping " + text(payload, length));
        }

        @Override
        public void close(int code, String reason) {
            heard.add("close " + code + " " + reason);
        }
    });

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 125, 126, 127, 65_535, 65_536, 70_000})
    void countsMessagesOfEveryLengthEncoding(int length) {
        ByteBuf twice = Unpooled.wrappedBuffer(frame(FIN | TEXT, length), frame(FIN | TEXT, length));

        assertThat(counter.feed(twice)).isEqualTo(2);
        assertThat(twice.isReadable()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 200, 65_536})
    void countsAMessageOnceWhereverItIsSplitInTwo(int length) {
        byte[] all = bytes(frame(FIN | TEXT, length));
        int header = all.length - length;

        for (int split :
                IntStream.rangeClosed(0, Math.min(all.length, header + 3)).toArray()) {
            int first = counter.feed(Unpooled.wrappedBuffer(all, 0, split));
            int second = counter.feed(Unpooled.wrappedBuffer(all, split, all.length - split));

            assertThat(first + second).as("split at %s", split).isEqualTo(1);
        }
    }

    @Test
    void countsTheSameWhenEachByteComesAlone() {
        byte[] all = bytes(Unpooled.wrappedBuffer(
                frame(FIN | TEXT, 5), frame(FIN | PING, 2), frame(FIN | TEXT, 300), frame(FIN | TEXT, 0)));
        int messages = 0;

        for (byte each : all) {
            messages += counter.feed(Unpooled.wrappedBuffer(new byte[] {each}));
        }

        assertThat(messages).isEqualTo(3);
        assertThat(heard).containsExactly("ping ab");
    }

    @Test
    void countsAFragmentedMessageWhenItsLastFrameEnds() {
        assertThat(counter.feed(frame(TEXT, 3))).isZero();
        assertThat(counter.feed(frame(FIN | PONG, 1))).isZero();
        assertThat(counter.feed(frame(CONTINUATION, 0))).isZero();
        assertThat(counter.feed(frame(FIN | CONTINUATION, 3))).isEqualTo(1);
    }

    @Test
    void handsOverTheBeginningOfEachMessageWhileCapturing() {
        counter.capture(4);

        counter.feed(Unpooled.wrappedBuffer(frame(FIN | TEXT, 2), frame(TEXT, 3), frame(FIN | CONTINUATION, 3)));
        counter.capture(0);
        counter.feed(frame(FIN | TEXT, 2));

        assertThat(heard).containsExactly("message ab", "message abca");
    }

    @Test
    void readsTheCodeAndReasonOfAClose() {
        byte[] reason = "slow_client".getBytes(StandardCharsets.UTF_8);
        ByteBuf close = Unpooled.buffer()
                .writeByte(FIN | CLOSE)
                .writeByte(2 + reason.length)
                .writeShort(4_001)
                .writeBytes(reason);

        counter.feed(close);
        counter.feed(frame(FIN | CLOSE, 0));

        assertThat(heard).containsExactly("close 4001 slow_client", "close 1005 ");
    }

    @Test
    void refusesWhatAServerMayNotSend() {
        assertBroken("received a reserved bit, and no extension was negotiated", 0xC1, 0);
        assertBroken("received the reserved opcode 3", FIN | 3, 0);
        assertBroken("received a continuation frame outside a fragmented message", FIN, 0);
        assertBroken("received a masked frame from the server", FIN | TEXT, 0x80);
        assertBroken("received a fragmented control frame", PING, 0);
        assertBroken("received a control frame of more than 125 bytes", FIN | PING, 126);
        assertBroken("received a frame length with the highest bit set", FIN | TEXT, 127, 0x80, 0, 0, 0, 0, 0, 0, 0);
        assertBroken("received a new message inside a fragmented one", TEXT, 0, TEXT, 0);
    }

    private static void assertBroken(String message, int... octets) {
        FrameCounter fresh = new FrameCounter(new FrameCounter.Sink() {
            @Override
            public void message(byte[] payload, int length) {}

            @Override
            public void ping(byte[] payload, int length) {}

            @Override
            public void close(int code, String reason) {}
        });
        ByteBuf in = Unpooled.buffer();
        for (int octet : octets) {
            in.writeByte(octet);
        }

        assertThatThrownBy(() -> fresh.feed(in))
                .isInstanceOf(BrokenFrameException.class)
                .hasMessage(message);
    }

    /** A frame as a server sends it, with the payload abcabc… */
    private static ByteBuf frame(int flagsAndOpcode, int length) {
        ByteBuf frame = Unpooled.buffer().writeByte(flagsAndOpcode);
        if (length < 126) {
            frame.writeByte(length);
        } else if (length < 65_536) {
            frame.writeByte(126).writeShort(length);
        } else {
            frame.writeByte(127).writeLong(length);
        }
        for (int i = 0; i < length; i++) {
            frame.writeByte('a' + i % 3);
        }
        return frame;
    }

    private static byte[] bytes(ByteBuf buffer) {
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes);
        return bytes;
    }

    private static String text(byte[] payload, int length) {
        return new String(payload, 0, length, StandardCharsets.UTF_8);
    }
}

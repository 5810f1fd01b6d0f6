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
import static io.campanile.gateway.ClientFrames.join;
import static io.campanile.gateway.ClientFrames.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.Utf8FrameValidator;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** That it makes no difference where a stream is cut, and that no stream does harm. */
final class FrameDecoderStreamsTest {

    private static final int LIMIT = 400;
    private static final byte[] NONE = {};

    static Stream<byte[]> conversations() {
        return Stream.of(
                join(ClientFrames.text("hello"), ClientFrames.text(""), ClientFrames.text("wörld 🔔")),
                join(ClientFrames.text("x".repeat(125)), ClientFrames.text("y".repeat(126)), ClientFrames.ping("")),
                join(
                        frame(TEXT, bytes(0xf0, 0x9f)),
                        ClientFrames.ping("in between"),
                        frame(CONTINUATION, NONE),
                        ClientFrames.pong("and again"),
                        frame(FIN | CONTINUATION, bytes(0x94, 0x94)),
                        ClientFrames.close(1000, "bye ✋"),
                        ClientFrames.text("ignored")),
                join(
                        frame(BINARY, new byte[130]),
                        frame(CONTINUATION, new byte[200]),
                        ClientFrames.ping("p".repeat(125)),
                        frame(FIN | CONTINUATION, new byte[70]),
                        ClientFrames.binary(NONE),
                        frame(FIN | CLOSE, NONE)),
                join(ClientFrames.text("a"), frame(TEXT, utf8("b")), frame(FIN | CONTINUATION, bytes('c', 0xc3, 'd'))),
                join(ClientFrames.ping("a"), ClientFrames.text("b"), bytes(0x81, 0x01, 'c'), ClientFrames.text("d")),
                join(frame(BINARY, new byte[300]), frame(CONTINUATION, new byte[101])),
                join(ClientFrames.text("a"), ClientFrames.close(1005, ""), ClientFrames.text("b")));
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void deliversTheSameWhereverTheStreamIsCut(byte[] stream) {
        List<String> whole = probe().feed(stream).heard;

        assertThat(whole).isNotEmpty();
        assertThat(probe().feedBytewise(stream).heard).isEqualTo(whole);
        for (int first = 0; first <= stream.length; first++) {
            for (int second = first; second <= Math.min(stream.length, first + 7); second++) {
                DecoderProbe cut = probe().feed(stream, 0, first)
                        .feed(stream, first, second)
                        .feed(stream, second, stream.length);
                assertThat(cut.heard).isEqualTo(whole);
            }
        }
    }

    @Test
    void deliversALongMessageTheSameWhereverTheStreamIsCut() {
        byte[] stream = join(ClientFrames.text("é".repeat(40_000)), ClientFrames.text("b"));
        List<String> whole = DecoderProbe.withLimit(80_000).feed(stream).heard;

        assertThat(whole).hasSize(2);
        for (int size = 1; size < stream.length; size = size * 5 + 2) {
            DecoderProbe cut = DecoderProbe.withLimit(80_000);
            for (int i = 0; i < stream.length; i += size) {
                cut.feed(stream, i, Math.min(stream.length, i + size));
            }
            assertThat(cut.heard).isEqualTo(whole);
        }
    }

    @Test
    void survivesRandomBytes() {
        Random random = new Random(1);
        int[] firsts = {0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8a};
        for (int round = 0; round < 100_000; round++) {
            byte[] stream = new byte[random.nextInt(80)];
            random.nextBytes(stream);
            // Every other stream begins like a frame, so that it gets past the first byte.
            if (stream.length > 2 && random.nextBoolean()) {
                stream[0] = (byte) firsts[random.nextInt(firsts.length)];
                stream[1] = (byte) (0x80 | random.nextInt(128));
            }
            assertHarmless(stream, random, round);
        }
    }

    @Test
    void survivesMutatedStreams() {
        Random random = new Random(2);
        for (int round = 0; round < 40_000; round++) {
            byte[] stream = mutated(validStream(random), random);
            assertHarmless(stream, random, round);
        }
    }

    @Test
    void readsWhatNettyReads() {
        Random random = new Random(3);
        for (int round = 0; round < 2_000; round++) {
            byte[] stream = validStream(random);
            List<String> heard = feedInPieces(stream, random).heard;
            List<String> expected = nettyHears(stream);
            if (!heard.equals(expected)) {
                assertThat(heard).as("round %d", round).isEqualTo(expected);
            }
        }
    }

    private static DecoderProbe probe() {
        return DecoderProbe.withLimit(LIMIT);
    }

    private static void assertHarmless(byte[] stream, Random random, int round) {
        DecoderProbe probe = feedInPieces(stream, random);

        for (String line : probe.heard.subList(0, Math.max(0, probe.heard.size() - 1))) {
            if (line.startsWith("fail") || line.startsWith("close")) {
                fail("round %d went on after its end: %s".formatted(round, probe.heard));
            }
        }
        if (probe.most > Math.min(LIMIT, 2 * stream.length) + 2 * FrameDecoder.MAX_HELD) {
            fail("round %d kept %d bytes of %d".formatted(round, probe.most, stream.length));
        }
    }

    private static DecoderProbe feedInPieces(byte[] stream, Random random) {
        DecoderProbe probe = probe();
        int most = 1 + random.nextInt(random.nextBoolean() ? 20 : 500);
        for (int i = 0; i < stream.length; ) {
            int to = Math.min(stream.length, i + 1 + random.nextInt(most));
            probe.feed(stream, i, to);
            i = to;
        }
        return probe;
    }

    private static byte[] validStream(Random random) {
        List<byte[]> frames = new ArrayList<>();
        for (int messages = 1 + random.nextInt(4); messages > 0; messages--) {
            boolean text = random.nextBoolean();
            byte[] payload = text ? utf8(randomText(random)) : randomBytes(random, random.nextInt(300));
            int opcode = text ? TEXT : BINARY;
            int from = 0;
            while (random.nextInt(3) == 0) {
                int to = from + random.nextInt(payload.length - from + 1);
                frames.add(frame(opcode, Arrays.copyOfRange(payload, from, to), random.nextInt()));
                opcode = CONTINUATION;
                from = to;
                if (random.nextInt(3) == 0) {
                    frames.add(frame(
                            FIN | (random.nextBoolean() ? PING : PONG),
                            randomBytes(random, random.nextInt(126)),
                            random.nextInt()));
                }
            }
            frames.add(frame(FIN | opcode, Arrays.copyOfRange(payload, from, payload.length), random.nextInt()));
        }
        if (random.nextBoolean()) {
            frames.add(ClientFrames.close(
                    3000 + random.nextInt(2_000), randomText(random).substring(0, 1)));
        }
        return join(frames.toArray(byte[][]::new));
    }

    private static byte[] mutated(byte[] stream, Random random) {
        byte[] result = stream;
        for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
            int at = random.nextInt(result.length);
            int to = Math.min(result.length, at + 1 + random.nextInt(8));
            byte[] before = Arrays.copyOf(result, at);
            byte[] after = Arrays.copyOfRange(result, to, result.length);
            byte[] changed = switch (random.nextInt(4)) {
                case 0 -> join(before, bytes(result[at] ^ 1 << random.nextInt(8)), rest(result, at));
                case 1 -> join(before, after);
                case 2 -> join(before, randomBytes(random, 1 + random.nextInt(4)), rest(result, at));
                default -> join(result, Arrays.copyOfRange(result, at, to));
            };
            result = changed.length == 0 ? bytes(0) : changed;
        }
        return result;
    }

    private static byte[] rest(byte[] stream, int at) {
        return Arrays.copyOfRange(stream, at + 1, stream.length);
    }

    private static byte[] randomBytes(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static String randomText(Random random) {
        StringBuilder text = new StringBuilder("~");
        for (int i = random.nextInt(20); i > 0; i--) {
            switch (random.nextInt(4)) {
                case 0 -> text.append("plain ascii");
                case 1 -> text.append('é');
                case 2 -> text.append('✋');
                default -> text.append("🔔");
            }
        }
        return text.toString();
    }

    /** Puts together what Netty's own decoder makes of a stream, in the words of the probe. */
    private static List<String> nettyHears(byte[] stream) {
        EmbeddedChannel netty = new EmbeddedChannel(
                new WebSocket13FrameDecoder(WebSocketDecoderConfig.newBuilder()
                        .expectMaskedFrames(true)
                        .allowMaskMismatch(false)
                        .maxFramePayloadLength(LIMIT)
                        .build()),
                new Utf8FrameValidator(false));
        netty.writeInbound(Unpooled.wrappedBuffer(stream));
        DecoderProbe words = probe();
        byte[] message = NONE;
        boolean text = false;
        for (WebSocketFrame frame = netty.readInbound(); frame != null; frame = netty.readInbound()) {
            byte[] payload = content(frame);
            if (frame instanceof PingWebSocketFrame) {
                words.ping(payload);
            } else if (frame instanceof PongWebSocketFrame) {
                words.pong(payload);
            } else if (frame instanceof CloseWebSocketFrame close) {
                words.close(close.statusCode(), close.reasonText());
            } else {
                if (!(frame instanceof ContinuationWebSocketFrame)) {
                    message = NONE;
                    text = frame instanceof TextWebSocketFrame;
                    assertThat(text || frame instanceof BinaryWebSocketFrame).isTrue();
                }
                message = join(message, payload);
                if (frame.isFinalFragment() && text) {
                    words.text(message);
                } else if (frame.isFinalFragment()) {
                    words.binary(message);
                }
            }
            frame.release();
        }
        netty.finishAndReleaseAll();
        return words.heard;
    }

    private static byte[] content(WebSocketFrame frame) {
        ByteBuf content = frame.content();
        byte[] bytes = new byte[content.readableBytes()];
        content.getBytes(content.readerIndex(), bytes);
        return bytes;
    }
}

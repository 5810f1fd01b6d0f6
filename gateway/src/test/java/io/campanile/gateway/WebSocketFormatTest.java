package io.campanile.gateway;

import static io.campanile.gateway.ClientFrames.bytes;
import static io.campanile.gateway.ClientFrames.join;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Message;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How messages look on the wire. */
final class WebSocketFormatTest {

    @Test
    void writesATextAsOneFrame() {
        byte[] frame = WebSocketFormat.INSTANCE.encode(Message.text("hé"));

        assertThat(frame).isEqualTo(bytes(0x81, 3, 'h', 0xc3, 0xa9));
    }

    @Test
    void writesABinaryAsOneFrame() {
        byte[] frame = WebSocketFormat.INSTANCE.encode(Message.binary(bytes(0, 255)));

        assertThat(frame).isEqualTo(bytes(0x82, 2, 0, 255));
    }

    @Test
    void writesLengthsInTheirShortestForm() {
        assertThat(frameOf(0)).isEqualTo(bytes(0x82, 0));
        assertThat(frameOf(125)).isEqualTo(join(bytes(0x82, 125), new byte[125]));
        assertThat(frameOf(126)).isEqualTo(join(bytes(0x82, 126, 0, 126), new byte[126]));
        assertThat(frameOf(256)).isEqualTo(join(bytes(0x82, 126, 1, 0), new byte[256]));
        assertThat(frameOf(65_535)).isEqualTo(join(bytes(0x82, 126, 0xff, 0xff), new byte[65_535]));
        assertThat(frameOf(65_536)).isEqualTo(join(bytes(0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0), new byte[65_536]));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 125, 126, 127, 65_535, 65_536, 100_000})
    void writesWhatAnotherDecoderReads(int length) {
        EmbeddedChannel client = new EmbeddedChannel(new WebSocket13FrameDecoder(WebSocketDecoderConfig.newBuilder()
                .expectMaskedFrames(false)
                .maxFramePayloadLength(1 << 20)
                .build()));
        String text = "x".repeat(length);

        client.writeInbound(Unpooled.wrappedBuffer(WebSocketFormat.INSTANCE.encode(Message.text(text))));

        TextWebSocketFrame frame = client.readInbound();
        assertThat(frame.text()).isEqualTo(text);
        frame.release();
        client.finishAndReleaseAll();
    }

    @Test
    void encodesAMessageOnceForAllItsRecipients() {
        Message message = Message.text("one");

        assertThat(message.encoded(WebSocketFormat.INSTANCE)).isSameAs(message.encoded(WebSocketFormat.INSTANCE));
    }

    private static byte[] frameOf(int length) {
        return WebSocketFormat.INSTANCE.encode(Message.binary(new byte[length]));
    }
}

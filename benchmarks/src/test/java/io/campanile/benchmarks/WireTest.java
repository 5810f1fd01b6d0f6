package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the generator puts on the wire, and finds in what comes back. */
final class WireTest {

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 125, 126, 65_535, 65_536})
    void masksWhatAClientSends(int length) {
        byte[] payload = "x".repeat(length).getBytes(StandardCharsets.US_ASCII);

        ByteBuf frame =
                ClientFrames.encode(UnpooledByteBufAllocator.DEFAULT, ClientFrames.TEXT, payload, payload.length);

        assertThat(frame.readUnsignedByte()).isEqualTo((short) 0x81);
        int second = frame.readUnsignedByte();
        assertThat(second & 0x80).isEqualTo(0x80);
        long read = switch (second & 0x7f) {
            case 126 -> frame.readUnsignedShort();
            case 127 -> frame.readLong();
            default -> second & 0x7f;
        };
        assertThat(read).isEqualTo(length);
        byte[] key = new byte[4];
        frame.readBytes(key);
        byte[] unmasked = new byte[frame.readableBytes()];
        for (int i = 0; i < unmasked.length; i++) {
            unmasked[i] = (byte) (frame.readByte() ^ key[i & 3]);
        }
        assertThat(unmasked).isEqualTo(payload);
        frame.release();
    }

    @Test
    void findsAStampInWhateverSurroundsIt() {
        byte[] text = new byte[10 + Stamp.LENGTH + 5];
        Stamp.write(text, 10, -5, 42);

        int found = Stamp.find(text, text.length, 3);

        assertThat(found).isEqualTo(10);
        assertThat(Stamp.sentNanos(text, found)).isEqualTo(-5);
        assertThat(Stamp.number(text, found)).isEqualTo(42);
    }

    @Test
    void findsNoStampThatIsCutOff() {
        byte[] text = new byte[Stamp.LENGTH];
        Stamp.write(text, 0, 1, 2);

        assertThat(Stamp.find(text, text.length - 1, 0)).isEqualTo(-1);
    }

    @Test
    void asksForAnUpgradeOfTheUrl() {
        String request = new String(
                new Handshake().request(URI.create("ws://example.org:81/ws?a=b"), List.of("Authorization: Bearer t")),
                StandardCharsets.UTF_8);

        assertThat(request)
                .startsWith("GET /ws?a=b HTTP/1.1\r\nHost: example.org:81\r\n")
                .contains("\r\nAuthorization: Bearer t\r\n")
                .endsWith("\r\n\r\n");
    }

    @Test
    void answersTheExampleKeyOfTheRfc() {
        assertThat(Handshake.accept("dGhlIHNhbXBsZSBub25jZQ==")).isEqualTo("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    @Test
    void takesAnUpgradeOnlyWithTheRightAnswerToItsKey() {
        Handshake handshake = new Handshake();
        String accept = Handshake.accept(handshake.key());

        assertThat(handshake.refusal("HTTP/1.1 101 Switching Protocols\r\nSEC-WEBSOCKET-ACCEPT: " + accept))
                .isEmpty();
        assertThat(handshake.refusal("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: other"))
                .hasValue("the server's Sec-WebSocket-Accept does not fit the key sent");
        assertThat(handshake.refusal("HTTP/1.1 101 Switching Protocols"))
                .hasValue("the server's answer has no Sec-WebSocket-Accept");
        assertThat(handshake.refusal("HTTP/1.1 403 Forbidden\r\nContent-Length: 0"))
                .hasValue("the server refused the handshake: HTTP/1.1 403 Forbidden");
    }
}

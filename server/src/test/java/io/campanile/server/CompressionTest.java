package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the options of compression do, to a client that offers it. */
@Timeout(60)
final class CompressionTest {

    private static final String HANDSHAKE = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
            + "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    private static final int TEXT = 0x81;
    private static final int COMPRESSED_TEXT = 0xc1;

    @RegisterExtension
    final RunningServer server = new RunningServer();

    @Test
    void nothingIsCompressedUnlessConfigured() throws IOException {
        server.start();
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            assertThat(handshake(socket)).doesNotContain("Sec-WebSocket-Extensions");
        }
    }

    @Test
    void messagesOfTheSizeThatIsConfiguredAreCompressed() throws IOException {
        server.start("websocket: {compression: true, compression-level: 9, compression-min-size: 300}");
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            assertThat(handshake(socket))
                    .contains("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover;"
                            + " client_no_context_takeover\r\n");
            var in = new DataInputStream(socket.getInputStream());
            assertThat(firstByteOfFrame(in)).isEqualTo(TEXT);
            assertThat(server.get("/metrics").body()).contains("\ncampanile_compressed_connections 1.0\n");

            // The answer is {"event":"pong","data":"…"}, of 26 bytes and the data.
            ping(socket, 273);
            assertThat(firstByteOfFrame(in)).isEqualTo(TEXT);
            ping(socket, 274);
            assertThat(firstByteOfFrame(in)).isEqualTo(COMPRESSED_TEXT);

            assertThat(server.get("/metrics").body())
                    .contains(
                            "\ncampanile_deflate_input_bytes_total 300.0\n", "\ncampanile_deflate_output_bytes_total ");
        }
    }

    private static String handshake(Socket socket) throws IOException {
        socket.setSoTimeout(30_000);
        socket.getOutputStream().write(HANDSHAKE.getBytes(StandardCharsets.US_ASCII));
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = socket.getInputStream().read();
            assertThat(next).as("the answer went on after " + head).isNotNegative();
            head.append((char) next);
        }
        return head.toString();
    }

    /** Sends the event {@code ping} with so many characters, with a mask of zeros. */
    private static void ping(Socket socket, int length) throws IOException {
        byte[] text =
                ("{\"event\":\"ping\",\"data\":\"" + "x".repeat(length) + "\"}").getBytes(StandardCharsets.US_ASCII);
        byte[] frame = new byte[8 + text.length];
        frame[0] = (byte) TEXT;
        frame[1] = (byte) (0x80 | 126);
        frame[2] = (byte) (text.length >>> 8);
        frame[3] = (byte) text.length;
        System.arraycopy(text, 0, frame, 8, text.length);
        socket.getOutputStream().write(frame);
    }

    /** Reads a frame and returns its first byte. */
    private static int firstByteOfFrame(DataInputStream in) throws IOException {
        int first = in.readUnsignedByte();
        int length = in.readUnsignedByte();
        in.readFully(new byte[length < 126 ? length : in.readUnsignedShort()]);
        return first;
    }
}

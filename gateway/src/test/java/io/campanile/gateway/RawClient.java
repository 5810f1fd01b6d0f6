package io.campanile.gateway;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** A client that sends exactly what it is told, well-formed or not. Blocks; gives up after 10 s of silence. */
final class RawClient implements AutoCloseable {

    static final int CONTINUATION = 0x0;
    static final int TEXT = 0x1;
    static final int BINARY = 0x2;
    static final int CLOSE = 0x8;
    static final int PING = 0x9;
    static final int PONG = 0xa;

    static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";
    static final String ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private static final byte[] MASK = {0x37, (byte) 0xfa, 0x21, 0x3d};

    /** What came back for a request. */
    record Response(int status, Map<String, String> headers, String body) {}

    /** A frame from the server. */
    record Frame(boolean fin, boolean compressed, int opcode, byte[] payload) {
        String text() {
            return new String(payload, StandardCharsets.UTF_8);
        }

        int closeCode() {
            return payload.length < 2 ? 1005 : (payload[0] & 0xff) << 8 | payload[1] & 0xff;
        }
    }

    private final Socket socket;
    private final DataInputStream in;

    private RawClient(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    }

    static RawClient connect(GatewayServer gateway) {
        return connect(gateway, 0);
    }

    /** Connects with a receive buffer of about so many bytes, or the system's own size for 0. */
    static RawClient connect(GatewayServer gateway, int receiveBytes) {
        return connect(gateway.address(), receiveBytes);
    }

    static RawClient connect(InetSocketAddress address, int receiveBytes) {
        return connect(address, receiveBytes, new InetSocketAddress(0));
    }

    /** Connects from an address of this machine. */
    static RawClient from(String local, GatewayServer gateway) {
        return connect(gateway.address(), 0, new InetSocketAddress(local, 0));
    }

    private static RawClient connect(InetSocketAddress address, int receiveBytes, InetSocketAddress local) {
        try {
            Socket socket = new Socket();
            socket.bind(local);
            if (receiveBytes > 0) {
                socket.setReceiveBufferSize(receiveBytes);
            }
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(10_000);
            socket.connect(address);
            return new RawClient(socket);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static RawClient webSocket(GatewayServer gateway, String path) {
        return connect(gateway).open(path);
    }

    RawClient open(String path) {
        send(handshake(path));
        Response response = response();
        if (response.status() != 101) {
            throw new IllegalStateException("handshake answered with " + response);
        }
        return this;
    }

    static String handshake(String path, String... moreHeaders) {
        StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n"
                + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + KEY
                + "\r\n");
        for (String header : moreHeaders) {
            request.append(header).append("\r\n");
        }
        return request.append("\r\n").toString();
    }

    void send(String text) {
        send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    void send(byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void text(String text) {
        send(frame(TEXT, text.getBytes(StandardCharsets.UTF_8)));
    }

    static byte[] frame(int opcode, byte[] payload) {
        return frame(0x80 | opcode, payload, true);
    }

    static byte[] frame(int first, byte[] payload, boolean masked) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int mask = masked ? 0x80 : 0;
        out.write(first);
        if (payload.length < 126) {
            out.write(mask | payload.length);
        } else if (payload.length <= 0xffff) {
            out.write(mask | 126);
            out.write(payload.length >>> 8);
            out.write(payload.length);
        } else {
            out.write(mask | 127);
            for (int shift = 56; shift >= 0; shift -= 8) {
                out.write((int) ((long) payload.length >>> shift));
            }
        }
        if (masked) {
            out.writeBytes(MASK);
        }
        for (int i = 0; i < payload.length; i++) {
            out.write(masked ? payload[i] ^ MASK[i & 3] : payload[i]);
        }
        return out.toByteArray();
    }

    static byte[] closeFrame(int code) {
        return frame(CLOSE, new byte[] {(byte) (code >>> 8), (byte) code});
    }

    Response response() {
        return response(true);
    }

    Response response(boolean withBody) {
        try {
            String status = line();
            Map<String, String> headers = new LinkedHashMap<>();
            for (String line = line(); !line.isEmpty(); line = line()) {
                int colon = line.indexOf(':');
                headers.merge(
                        line.substring(0, colon).toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).strip(),
                        (a, b) -> a + ", " + b);
            }
            int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
            byte[] body = withBody ? in.readNBytes(length) : new byte[0];
            return new Response(
                    Integer.parseInt(status.substring(9, 12)), headers, new String(body, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.readUnsignedByte(); c != '\n'; c = in.readUnsignedByte()) {
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    Frame frame() {
        try {
            int first = in.readUnsignedByte();
            int second = in.readUnsignedByte();
            long length = second & 0x7f;
            if (length == 126) {
                length = in.readUnsignedShort();
            } else if (length == 127) {
                length = in.readLong();
            }
            byte[] payload = new byte[(int) length];
            in.readFully(payload);
            return new Frame((first & 0x80) != 0, (first & 0x40) != 0, first & 0x0f, payload);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Begins a stream and reads past its greeting. */
    static RawClient stream(GatewayServer gateway, String target, String... moreHeaders) {
        RawClient client = connect(gateway);
        client.send(get(target, moreHeaders));
        Response response = client.response();
        if (response.status() != 200) {
            throw new IllegalStateException("the stream was answered with " + response);
        }
        client.chunk();
        return client;
    }

    static String get(String target, String... moreHeaders) {
        StringBuilder request = new StringBuilder("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n");
        for (String header : moreHeaders) {
            request.append(header).append("\r\n");
        }
        return request.append("\r\n").toString();
    }

    /** Reads one chunk of an HTTP answer; the last one is empty. */
    String chunk() {
        try {
            byte[] content = new byte[Integer.parseInt(line(), 16)];
            in.readFully(content);
            if (!line().isEmpty()) {
                throw new IllegalStateException("a chunk is longer than it says");
            }
            return new String(content, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String readText() {
        Frame frame = frame();
        if (frame.opcode() != TEXT) {
            throw new IllegalStateException(
                    "a frame of opcode " + frame.opcode() + " came instead of text, code " + frame.closeCode());
        }
        return frame.text();
    }

    /** Reads up to the close frame and returns its code. */
    int readClose() {
        Frame frame = frame();
        while (frame.opcode() != CLOSE) {
            frame = frame();
        }
        return frame.closeCode();
    }

    /** Reads up to the end and returns how many bytes there were before it. */
    int readToEnd() {
        try {
            return in.readAllBytes().length;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads up to the end, by whichever way it comes. */
    void readToCut() {
        try {
            InputStream rest = in;
            byte[] some = new byte[8_192];
            while (rest.read(some) >= 0) {}
        } catch (SocketTimeoutException e) {
            throw new UncheckedIOException(e);
        } catch (IOException e) {
            // A reset is an end as well.
        }
    }

    void shutdownOutput() {
        try {
            socket.shutdownOutput();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends the connection with a reset. */
    void reset() {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

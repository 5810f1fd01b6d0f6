package io.campanile.tests;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * One WebSocket client of a {@link Swarm}: well behaved by itself, and able to misbehave on request. Its methods may be
 * called from any thread; it lives on its loop.
 */
final class SwarmClient {

    private static final int TEXT = 0x1;
    private static final int CLOSE = 0x8;
    private static final int PING = 0x9;
    private static final int PONG = 0xa;
    private static final int MASK = 0x5ac30f96;
    private static final byte[] NOTHING = {};

    /** Hears what happens to a client, on the client's loop. */
    interface Receiver {

        /** The handshake is done. */
        default void opened(SwarmClient client) {}

        /** A text message arrived. */
        void text(SwarmClient client, String text);

        /** The socket is closed; the last to be told. */
        default void closed(SwarmClient client, End end) {}
    }

    /**
     * How it ended.
     *
     * @param code the server's close code; 1006 when it sent none
     * @param detail the server's sentence, or what went wrong
     */
    record End(int code, String detail) {}

    private final Swarm.Loop loop;
    private final String path;
    private final Receiver receiver;
    private final ArrayDeque<ByteBuffer> unsent = new ArrayDeque<>();

    /** What arrived of a frame, or of the handshake's answer, that is not whole yet. */
    private byte[] rest = NOTHING;

    private volatile @Nullable InetSocketAddress localAddress;
    private @Nullable SocketChannel channel;
    private @Nullable SelectionKey key;
    private @Nullable End serverClosed;
    private boolean connected;
    private boolean open;
    private boolean closeSent;
    private boolean paused;
    private boolean ended;

    SwarmClient(Swarm.Loop loop, String path, Receiver receiver) {
        this.loop = loop;
        this.path = path;
        this.receiver = receiver;
    }

    /** Sends a text message. */
    void send(String text) {
        loop.execute(() -> sendFrame(TEXT, text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Begins the close handshake. */
    void close(int code) {
        loop.execute(() -> {
            if (!closeSent) {
                closeSent = true;
                sendFrame(CLOSE, ByteBuffer.allocate(2).putShort((short) code).array());
            }
        });
    }

    /** Ends the TCP connection with a reset. */
    void reset() {
        loop.execute(() -> {
            SocketChannel socket = channel;
            if (socket != null && !ended) {
                try {
                    socket.setOption(StandardSocketOptions.SO_LINGER, 0);
                } catch (IOException e) {
                    // Then the server has ended it before.
                }
            }
            end("reset");
        });
    }

    /** Ends the client's direction of the TCP connection, without a close frame. */
    void halfClose() {
        loop.execute(() -> {
            SocketChannel socket = channel;
            if (socket != null && !ended) {
                try {
                    socket.shutdownOutput();
                } catch (IOException e) {
                    end(String.valueOf(e));
                }
            }
        });
    }

    /** Stops reading, and so answering the server's pings. */
    void pause() {
        loop.execute(() -> setPaused(true));
    }

    /** Reads on. */
    void resume() {
        loop.execute(() -> setPaused(false));
    }

    /** Returns the address of the client's socket; known once something was heard of the server. */
    InetSocketAddress localAddress() {
        InetSocketAddress known = localAddress;
        if (known == null) {
            throw new IllegalStateException("not connected");
        }
        return known;
    }

    // On the loop.

    void connect(InetSocketAddress server) {
        try {
            SocketChannel socket = SocketChannel.open();
            channel = socket;
            socket.configureBlocking(false);
            socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
            boolean atOnce = socket.connect(server);
            key = socket.register(loop.selector, SelectionKey.OP_CONNECT, this);
            if (atOnce) {
                ready();
            }
        } catch (IOException e) {
            end(String.valueOf(e));
        }
    }

    void ready() {
        SelectionKey interest = key;
        SocketChannel socket = channel;
        if (ended || interest == null || socket == null) {
            return;
        }
        try {
            if (!connected) {
                connected = socket.finishConnect();
                if (connected) {
                    shakeHands(socket);
                }
                return;
            }
            if (interest.isWritable()) {
                write();
            }
            if (interest.isReadable()) {
                read(socket);
            }
        } catch (IOException | RuntimeException e) {
            // A receiver that throws ends its client, and says so.
            end(String.valueOf(e));
        }
    }

    private void shakeHands(SocketChannel socket) throws IOException {
        localAddress = (InetSocketAddress) socket.getLocalAddress();
        InetSocketAddress server = (InetSocketAddress) socket.getRemoteAddress();
        put(ByteBuffer.wrap(("GET " + path + " HTTP/1.1\r\nHost: " + server.getHostString() + ":" + server.getPort()
                        + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII)));
    }

    private void read(SocketChannel socket) throws IOException {
        ByteBuffer received = loop.received.clear();
        int count = socket.read(received);
        if (count < 0) {
            end("end of stream");
            return;
        }
        received.flip();
        ByteBuffer bytes =
                ByteBuffer.allocate(rest.length + count).put(rest).put(received).flip();
        if (!open) {
            takeAnswer(bytes);
        }
        while (open && !ended && takeFrame(bytes)) {}
        rest = bytes.hasRemaining() ? remaining(bytes) : NOTHING;
    }

    private void takeAnswer(ByteBuffer bytes) {
        String said = new String(bytes.array(), 0, bytes.limit(), StandardCharsets.ISO_8859_1);
        int end = said.indexOf("\r\n\r\n");
        if (end < 0) {
            return;
        }
        if (!said.startsWith("HTTP/1.1 101 ") || !said.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")) {
            end("handshake refused: " + said);
            return;
        }
        bytes.position(end + 4);
        open = true;
        receiver.opened(this);
    }

    private boolean takeFrame(ByteBuffer bytes) {
        if (bytes.remaining() < 2) {
            return false;
        }
        int start = bytes.position();
        int first = bytes.get() & 0xff;
        int length = bytes.get() & 0xff;
        int more = length == 126 ? 2 : length == 127 ? 8 : 0;
        if (bytes.remaining() < more) {
            bytes.position(start);
            return false;
        }
        long announced = more == 2 ? bytes.getShort() & 0xffff : more == 8 ? bytes.getLong() : length;
        if (bytes.remaining() < announced) {
            bytes.position(start);
            return false;
        }
        byte[] payload = new byte[(int) announced];
        bytes.get(payload);
        take(first, payload);
        return true;
    }

    private void take(int first, byte[] payload) {
        switch (first) {
            case 0x80 | TEXT -> receiver.text(this, new String(payload, StandardCharsets.UTF_8));
            case 0x80 | PING -> sendFrame(PONG, payload);
            case 0x80 | PONG -> {}
            case 0x80 | CLOSE -> {
                ByteBuffer body = ByteBuffer.wrap(payload);
                int code = payload.length < 2 ? 1005 : body.getShort() & 0xffff;
                serverClosed = new End(code, StandardCharsets.UTF_8.decode(body).toString());
                if (!closeSent) {
                    closeSent = true;
                    sendFrame(CLOSE, payload);
                }
            }
            default -> end("a frame that begins with 0x" + Integer.toHexString(first));
        }
    }

    private void sendFrame(int opcode, byte[] payload) {
        ByteBuffer frame = ByteBuffer.allocate(14 + payload.length).put((byte) (0x80 | opcode));
        if (payload.length < 126) {
            frame.put((byte) (0x80 | payload.length));
        } else if (payload.length <= 0xffff) {
            frame.put((byte) 0xfe).putShort((short) payload.length);
        } else {
            frame.put((byte) 0xff).putLong(payload.length);
        }
        frame.putInt(MASK);
        for (int i = 0; i < payload.length; i++) {
            frame.put((byte) (payload[i] ^ MASK >>> (24 - 8 * (i & 3))));
        }
        put(frame.flip());
    }

    private void put(ByteBuffer bytes) {
        if (!ended) {
            unsent.add(bytes);
            if (unsent.size() == 1) {
                write();
            }
        }
    }

    private void write() {
        SocketChannel socket = channel;
        if (socket == null) {
            return;
        }
        try {
            for (ByteBuffer bytes = unsent.peek(); bytes != null; bytes = unsent.peek()) {
                socket.write(bytes);
                if (bytes.hasRemaining()) {
                    break;
                }
                unsent.remove();
            }
            interest();
        } catch (IOException e) {
            // The server has ended the connection. Why is in what it sent before, if the reset has left that.
            unsent.clear();
            interest();
        }
    }

    private void setPaused(boolean value) {
        paused = value;
        interest();
    }

    private void interest() {
        SelectionKey interest = key;
        if (interest != null && interest.isValid()) {
            interest.interestOps((paused ? 0 : SelectionKey.OP_READ) | (unsent.isEmpty() ? 0 : SelectionKey.OP_WRITE));
        }
    }

    private void end(String why) {
        if (ended) {
            return;
        }
        ended = true;
        SocketChannel socket = channel;
        if (socket != null) {
            try {
                socket.close();
            } catch (IOException e) {
                // Closed all the same.
            }
        }
        End reason = serverClosed;
        receiver.closed(this, reason == null ? new End(1006, why) : reason);
    }

    private static byte[] remaining(ByteBuffer bytes) {
        byte[] remaining = new byte[bytes.remaining()];
        bytes.get(remaining);
        return remaining;
    }
}

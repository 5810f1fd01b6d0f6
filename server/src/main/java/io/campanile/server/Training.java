package io.campanile.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Clients of a server in the same process, which do what clients do: come, join, publish, listen, ask, go. So a JVM that
 * records what it does has seen what a server needs.
 *
 * <p>They use plain sockets and none of the server's own classes, since what is recorded is to be the server's use of these
 * alone. One thread; blocks.
 */
final class Training implements AutoCloseable {

    /** More than an event loop writes to in a turn, so that a broadcast takes several. */
    private static final int CLIENTS = 300;

    private static final int LISTENERS = 10;
    private static final int[] IN_FLIGHT = {1, 4, 16, 1, 8, 2};
    private static final int ASKING_EVERY = 16;
    private static final long MOST_SILENCE_MILLIS = 10_000;
    private static final int BUFFER_BYTES = 65_536;
    private static final int SHORT_FRAME = 126;

    private static final byte[] HANDSHAKE = request(
            "GET /ws HTTP/1.1",
            "Upgrade: websocket",
            "Connection: keep-alive, Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "User-Agent: training");
    private static final byte[] JOIN = frame(1, "{\"event\":\"room.join\",\"data\":{\"room\":\"training\"},\"id\":1}");
    private static final byte[] PUBLISH = frame(
            1,
            "{\"event\":\"room.publish\",\"data\":{\"room\":\"training\",\"event\":\"m\",\"data\":\"" + "x".repeat(90)
                    + "\"}}");
    private static final byte[] GOODBYE = frame(8, "\u0003\u00e8");
    private static final byte[] LISTEN = request("GET /sse?room=training HTTP/1.1");
    private static final byte[] METRICS = request("GET /metrics HTTP/1.1", "Connection: close");
    private static final String PUBLICATION = "{\"room\":\"training\",\"event\":\"m\",\"data\":{\"n\":1}}";
    private static final byte[] PUBLISH_OVER_HTTP =
            bytes(head("POST /api/publish HTTP/1.1", "Connection: close", "Content-Length: " + PUBLICATION.length())
                    + PUBLICATION);

    private final InetSocketAddress server;
    private final Selector selector = Selector.open();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final Deque<SelectionKey> members = new ArrayDeque<>();
    private long bytes;

    private Training(InetSocketAddress server) throws IOException {
        this.server = server;
    }

    /**
     * Starts a server on a free port of this machine, keeps it busy, and stops it.
     *
     * @return how many bytes it sent to its clients
     */
    static long run(Duration time) throws IOException {
        Settings settings = SettingsLoader.load(
                Optional.empty(),
                // As in production, but that nobody reaches these.
                Map.of(Options.MESSAGE_RATE.env(), "1000000", Options.BYTE_RATE.env(), "1GiB"),
                Map.of("--host", "127.0.0.1", "--port", "0"));
        CampanileServer server = CampanileServer.start(settings);
        try (var training = new Training(server.address())) {
            training.keepBusy(time.toNanos());
            return training.bytes;
        } catch (UncheckedIOException e) {
            throw new IOException(e.getMessage(), e);
        } finally {
            server.stop();
        }
    }

    private void keepBusy(long nanos) throws IOException {
        for (int i = 0; i < LISTENERS; i++) {
            open(LISTEN, null);
        }
        while (members.size() < CLIENTS) {
            SelectionKey member = open(HANDSHAKE, JOIN);
            members.add(member);
            readUntil(() -> member.attachment() == null);
        }
        long start = System.nanoTime();
        for (long turn = 0, gone = 0; gone < nanos; turn++, gone = System.nanoTime() - start) {
            // Who has been there longest makes room for somebody new, also before he would be pinged.
            SelectionKey leaving = members.removeFirst();
            int inFlight = IN_FLIGHT[(int) (gone * IN_FLIGHT.length / nanos)];
            for (int i = 0; i < inFlight; i++) {
                write(leaving, PUBLISH);
            }
            write(leaving, GOODBYE);
            if (turn % ASKING_EVERY == 0) {
                open(turn % (2 * ASKING_EVERY) == 0 ? METRICS : PUBLISH_OVER_HTTP, null);
            }
            members.add(open(HANDSHAKE, JOIN));
            // Its connection is closed behind all that was sent to it.
            readUntil(() -> !leaving.channel().isOpen());
        }
    }

    private void readUntil(BooleanSupplier over) throws IOException {
        while (!over.getAsBoolean()) {
            if (selector.select(this::read, MOST_SILENCE_MILLIS) == 0) {
                throw new IOException("nothing came for " + MOST_SILENCE_MILLIS / 1_000 + " s");
            }
        }
    }

    /** Connects and writes; the second text when the first is answered. */
    private SelectionKey open(byte[] first, byte @Nullable [] second) throws IOException {
        SocketChannel channel = SocketChannel.open(server);
        channel.configureBlocking(false);
        SelectionKey key = channel.register(selector, SelectionKey.OP_READ, second);
        write(key, first);
        return key;
    }

    /** Writes at once: so little always finds room in a socket whose server reads. */
    private static void write(SelectionKey key, byte[] text) throws IOException {
        ((SocketChannel) key.channel()).write(ByteBuffer.wrap(text));
    }

    private void read(SelectionKey key) {
        try {
            buffer.clear();
            int count = ((SocketChannel) key.channel()).read(buffer);
            if (count < 0) {
                key.channel().close();
                return;
            }
            bytes += count;
            if (key.attachment() instanceof byte[] second) {
                key.attach(null);
                write(key, second);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] request(String line, String... headers) {
        return bytes(head(line, headers));
    }

    private static String head(String line, String... headers) {
        return Stream.concat(Stream.of(line, "Host: localhost"), Stream.of(headers))
                .collect(Collectors.joining("\r\n", "", "\r\n\r\n"));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Returns a client's frame; its mask is zero, which leaves the text as it is. */
    private static byte[] frame(int opcode, String text) {
        int length = text.length();
        ByteBuffer frame = ByteBuffer.allocate(length + 8).put((byte) (0x80 | opcode));
        if (length < SHORT_FRAME) {
            frame.put((byte) (0x80 | length));
        } else {
            frame.put((byte) (0x80 | SHORT_FRAME)).putShort((short) length);
        }
        frame.putInt(0).put(bytes(text));
        return Arrays.copyOf(frame.array(), frame.position());
    }

    @Override
    public void close() throws IOException {
        for (SelectionKey key : selector.keys()) {
            key.channel().close();
        }
        selector.close();
    }
}

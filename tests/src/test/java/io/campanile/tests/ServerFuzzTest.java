package io.campanile.tests;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Whatever bytes a socket brings, they end in an answer or a close, and cost nothing that stays. {@code fuzz.streams} says
 * how many, {@code fuzz.seed} which.
 */
final class ServerFuzzTest {

    private static final int STREAMS = Integer.getInteger("fuzz.streams", 4_000);
    private static final long SEED = Long.getLong("fuzz.seed", System.nanoTime());
    private static final int AT_ONCE = 16;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long MAX_GROWTH_KIB = 64 << 10;

    private static final int[] TELLING = {0, 1, 0x0a, 0x0d, 0x20, 0x7e, 0x7f, 0x80, 0x81, 0x88, 0x89, 0xfe, 0xff};

    private static final byte[] HANDSHAKE = ascii(
            "GET /ws?user=ada HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                    + "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n");

    private static final List<byte[]> CORPUS = List.of(
            join(
                    HANDSHAKE,
                    text("{\"event\":\"room.join\",\"id\":1,\"data\":{\"room\":\"lobby\"}}"),
                    text(
                            "{\"event\":\"room.publish\",\"id\":2,\"data\":{\"room\":\"lobby\",\"event\":\"m\",\"data\":[1,\"é\"]}}"),
                    frame(0x89, utf8("ping")),
                    frame(0x88, new byte[] {3, (byte) 0xe8})),
            join(
                    HANDSHAKE,
                    frame(0x01, utf8("{\"event\":\"ping\",")),
                    frame(0x00, new byte[0]),
                    frame(0x89, new byte[125]),
                    frame(0x80, utf8("\"id\":3,\"data\":{\"a\":[[[[1e9]]]]}}"))),
            join(
                    HANDSHAKE,
                    text("{\"event\":\"ping\",\"data\":\"" + "x".repeat(300) + "\"}"),
                    frame(0x82, new byte[20])),
            join(HANDSHAKE, text("{\"event\":\"ping\",\"id\":4,\"data\":\"" + "y".repeat(66_000) + "\"}")),
            join(
                    HANDSHAKE,
                    text(
                            "{\"event\":\"direct.send\",\"id\":5,\"data\":{\"user\":\"ada\",\"event\":\"d\",\"data\":null}}"),
                    text("{\"event\":\"room.leave\",\"id\":6,\"data\":{\"room\":\"lobby\"}}")),
            HANDSHAKE,
            ascii("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nHEAD /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
            ascii(
                    "POST /api/publish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 51\r\n"
                            + "\r\n{\"room\":\"lobby\",\"event\":\"chat\",\"data\":{\"a\":\"hello\"}}"),
            ascii("POST /api/publish?room=lobby&event=e HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nTrailer: t\r\n\r\n"
                    + "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n\r\n"));

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void everyStreamOfBytesEndsAndLeavesNothing() throws Exception {
        Assumptions.assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")), "SKIPPED: needs /proc");
        System.out.println("fuzz: seed " + SEED + ", " + STREAMS + " streams");
        try (var server = ServerProcess.startSteady();
                var healthy = EnvelopeClient.connect(server.origin())) {
            URI origin = server.origin();
            var address = new InetSocketAddress("127.0.0.1", origin.getPort());
            serves(origin);
            long socketsBefore = server.sockets();
            feed(address, healthy, 0, STREAMS / 4);
            long residentBefore = server.residentKib();

            feed(address, healthy, STREAMS / 4, STREAMS);

            Await.until(
                    PATIENCE,
                    () -> server.sockets() <= socketsBefore,
                    () -> server.sockets() + " sockets (expected: " + socketsBefore + ")");
            serves(origin);
            long growth = server.residentKib() - residentBefore;
            System.out.println("fuzz: resident KiB before " + residentBefore + ", growth " + growth);
            assertThat(growth).as("growth in KiB").isLessThanOrEqualTo(MAX_GROWTH_KIB);
            server.terminate();
            assertThat(server.awaitEnd()).doesNotContain("Exception", "ERROR");
        }
    }

    private static void serves(URI origin) {
        try (var client = EnvelopeClient.connect(origin)) {
            client.join("after-all");
        }
    }

    private static void feed(InetSocketAddress server, EnvelopeClient healthy, int from, int to) throws Exception {
        ExecutorService workers = Executors.newFixedThreadPool(AT_ONCE);
        try {
            List<Future<Object>> running = new ArrayList<>();
            for (int i = from; i < to; i++) {
                int number = i;
                running.add(workers.submit((Callable<Object>) () -> {
                    feed(server, number);
                    synchronized (healthy) {
                        healthy.send("{\"event\":\"ping\",\"data\":" + number + "}");
                        assertThat(healthy.next()).isEqualTo("{\"event\":\"pong\",\"data\":" + number + "}");
                    }
                    return number;
                }));
            }
            for (Future<Object> each : running) {
                each.get(PATIENCE.toSeconds() * 5, TimeUnit.SECONDS);
            }
        } finally {
            workers.shutdownNow();
        }
    }

    /** Sends one stream in pieces, ends it in one of several ways, and looks at what comes back. */
    private static void feed(InetSocketAddress server, int number) throws IOException {
        var random = new Random(SEED * 31 + number);
        byte[] stream = stream(random);
        var received = new ByteArrayOutputStream();
        try (var socket = new Socket()) {
            socket.setSoTimeout((int) PATIENCE.toMillis());
            socket.connect(server, (int) PATIENCE.toMillis());
            try {
                send(random, stream, socket.getOutputStream());
                int ending = random.nextInt(5);
                if (ending == 0) {
                    socket.setSoLinger(true, 0);
                } else if (ending > 1) {
                    socket.shutdownOutput();
                    socket.getInputStream().transferTo(received);
                }
            } catch (SocketTimeoutException e) {
                throw new AssertionError("not ended after " + PATIENCE + ": " + describe(number, stream), e);
            } catch (SocketException e) {
                // Reset: an end as well.
            }
        }
        String answer = received.toString(ISO_8859_1);
        assertThat(answer.isEmpty() || answer.startsWith("HTTP/1.1 "))
                .as("%s begins the answer to %s", answer, describe(number, stream))
                .isTrue();
        assertThat(answer).as(describe(number, stream)).doesNotContain("HTTP/1.1 500");
    }

    private static String describe(int number, byte[] stream) {
        return "stream " + number + " of seed " + SEED + ": "
                + HexFormat.of().formatHex(stream, 0, Math.min(stream.length, 2_000));
    }

    private static void send(Random random, byte[] stream, OutputStream out) throws IOException {
        int sent = 0;
        while (sent < stream.length) {
            int length = random.nextInt(3) == 0 ? 1 + random.nextInt(20) : stream.length;
            length = Math.min(length, stream.length - sent);
            out.write(stream, sent, length);
            sent += length;
        }
    }

    // Streams.

    private static byte[] stream(Random random) {
        if (random.nextInt(20) == 0) {
            byte[] noise = new byte[random.nextInt(2_000)];
            random.nextBytes(noise);
            return random.nextBoolean() ? noise : join(HANDSHAKE, noise);
        }
        byte[] whole = CORPUS.get(random.nextInt(CORPUS.size()));
        boolean framesOnly = startsWithHandshake(whole) && random.nextInt(10) < 7;
        int kept = framesOnly ? HANDSHAKE.length : 0;
        byte[] changed = Arrays.copyOfRange(whole, kept, whole.length);
        for (int i = random.nextInt(6); i >= 0; i--) {
            changed = mutate(random, changed);
        }
        return join(Arrays.copyOf(whole, kept), changed);
    }

    private static boolean startsWithHandshake(byte[] stream) {
        return stream.length >= HANDSHAKE.length
                && Arrays.equals(stream, 0, HANDSHAKE.length, HANDSHAKE, 0, HANDSHAKE.length);
    }

    private static byte[] mutate(Random random, byte[] bytes) {
        int at = random.nextInt(bytes.length + 1);
        int length = Math.min(bytes.length - at, random.nextInt(random.nextBoolean() ? 4 : 64));
        byte[] head = Arrays.copyOf(bytes, at);
        byte[] range = Arrays.copyOfRange(bytes, at, at + length);
        byte[] tail = Arrays.copyOfRange(bytes, at + length, bytes.length);
        switch (random.nextInt(7)) {
            case 0 -> {
                for (int i = 0; i < range.length; i++) {
                    range[i] ^= (byte) (1 << random.nextInt(8));
                }
                return join(head, range, tail);
            }
            case 1 -> {
                Arrays.fill(range, (byte) TELLING[random.nextInt(TELLING.length)]);
                return join(head, range, tail);
            }
            case 2 -> {
                return join(head, tail);
            }
            case 3 -> {
                return join(head, range, range, range, tail);
            }
            case 4 -> {
                random.nextBytes(range);
                return join(head, range, new byte[] {(byte) TELLING[random.nextInt(TELLING.length)]}, tail);
            }
            case 5 -> {
                return random.nextInt(4) == 0 ? head : join(head, range, tail);
            }
            default -> {
                byte[] other = CORPUS.get(random.nextInt(CORPUS.size()));
                int from = random.nextInt(other.length);
                return join(head, Arrays.copyOfRange(other, from, other.length));
            }
        }
    }

    private static byte[] text(String text) {
        return frame(0x81, utf8(text));
    }

    private static byte[] frame(int first, byte[] payload) {
        ByteBuffer frame = ByteBuffer.allocate(14 + payload.length).put((byte) first);
        if (payload.length < 126) {
            frame.put((byte) (0x80 | payload.length));
        } else if (payload.length <= 0xffff) {
            frame.put((byte) 0xfe).putShort((short) payload.length);
        } else {
            frame.put((byte) 0xff).putLong(payload.length);
        }
        byte[] mask = {0x21, 0x43, 0x65, (byte) 0x87};
        frame.put(mask);
        for (int i = 0; i < payload.length; i++) {
            frame.put((byte) (payload[i] ^ mask[i & 3]));
        }
        return Arrays.copyOf(frame.array(), frame.position());
    }

    private static byte[] join(byte[]... parts) {
        var all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(ISO_8859_1);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(UTF_8);
    }
}

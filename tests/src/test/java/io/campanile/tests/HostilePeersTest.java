package io.campanile.tests;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What one peer does to a server, in every way that we know of, harms nobody else: each case ends as it should, after which
 * those who were there and those who come are served, no socket is left, and the process has not grown.
 */
@Timeout(120)
final class HostilePeersTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long MAX_GROWTH_KIB = 64 << 10;
    private static final int MAX_MESSAGE = 64 << 10;
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.1 (\\d+) ");
    private static final Pattern LENGTH = Pattern.compile("(?i)\r\ncontent-length: (\\d+)\r\n");

    private static final String HOST = "Host: 127.0.0.1\r\n";
    private static final String API_KEY = "X-API-Key: 0123456789abcdef\r\n";
    private static final String UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    private static final String VERSION = "Sec-WebSocket-Version: 13\r\n";
    private static final String KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    private static final byte[] OPEN = ascii("GET /ws HTTP/1.1\r\n" + HOST + UPGRADE + VERSION + KEY + "\r\n");
    private static final byte[] OPEN_ECHO = ascii("GET /echo HTTP/1.1\r\n" + HOST + UPGRADE + VERSION + KEY + "\r\n");
    private static final byte[] BYE = frame(0x88, new byte[] {3, (byte) 0xe8});

    /** What a peer does with its socket before it reads to the end. */
    private interface Attack {
        void on(Socket socket) throws IOException;
    }

    /**
     * One case.
     *
     * @param outcome what the peer sees: the status of each answer, then the code of a Close frame
     */
    record Case(String name, String outcome, Attack attack) {
        @Override
        public String toString() {
            return name;
        }
    }

    @SuppressWarnings("NullAway.Init") // before all tests
    private static ServerProcess server;

    @SuppressWarnings("NullAway.Init")
    private static EnvelopeClient before;

    private static long sockets;
    private static long residentKib;

    @BeforeAll
    static void start() throws IOException {
        Assumptions.assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")), "SKIPPED: needs /proc");
        Path config = Files.createTempFile("hostile-", ".yml");
        config.toFile().deleteOnExit();
        Files.writeString(config, """
                server.port: 0
                http.handshake-timeout: 1s
                client.close-timeout: 1s
                client.max-messages-per-second: 0
                client.max-bytes-per-second: 0
                diagnostics.echo-path: /echo
                api.key: 0123456789abcdef
                """);
        server = ServerProcess.startSteady("--config", config.toString());
        before = EnvelopeClient.connect(server.origin());
        isServed();
        sockets = server.sockets();
        residentKib = server.residentKib();
    }

    @AfterAll
    static void stop() {
        if (server != null) {
            before.close();
            server.stop();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"requests", "handshakes", "frames", "messages"})
    void isHarmless(Case hostile) throws IOException {
        String seen = peer(hostile.attack());

        assertThat(seen).isEqualTo(hostile.outcome());
        isServed();
        Await.until(
                PATIENCE,
                () -> server.sockets() <= sockets,
                () -> server.sockets() + " sockets (expected: " + sockets + ")");
        assertThat(server.residentKib() - residentKib).as("growth in KiB").isLessThanOrEqualTo(MAX_GROWTH_KIB);
    }

    private static void isServed() {
        before.send("{\"event\":\"ping\",\"data\":1}");
        assertThat(before.next()).isEqualTo("{\"event\":\"pong\",\"data\":1}");
        try (var later = EnvelopeClient.connect(server.origin())) {
            later.join("lobby");
        }
    }

    /** Lets a peer do its worst, and returns what it sees then. */
    private static String peer(Attack attack) throws IOException {
        var received = new ByteArrayOutputStream();
        try (var socket = new Socket()) {
            socket.setReceiveBufferSize(8 << 10);
            socket.setSoTimeout((int) PATIENCE.toMillis());
            socket.connect(new InetSocketAddress("127.0.0.1", server.origin().getPort()));
            try {
                attack.on(socket);
            } catch (SocketException e) {
                // Closed or reset in the middle: what was sent to it may be there still.
            }
            if (!socket.isClosed()) {
                byte[] chunk = new byte[8 << 10];
                try {
                    for (int n; (n = socket.getInputStream().read(chunk)) >= 0; ) {
                        received.write(chunk, 0, n);
                    }
                } catch (SocketException e) {
                    // Reset: an end as well.
                }
            }
        }
        return outcome(received.toByteArray());
    }

    private static String outcome(byte[] bytes) {
        List<String> seen = new ArrayList<>();
        String text = new String(bytes, ISO_8859_1);
        int at = 0;
        Matcher status = STATUS.matcher(text);
        while (status.find(at)) {
            seen.add(status.group(1));
            int end = text.indexOf("\r\n\r\n", at) + 4;
            Matcher length = LENGTH.matcher(text.substring(at, end));
            at = end + (length.find() ? Integer.parseInt(length.group(1)) : 0);
            if (status.group(1).equals("101")) {
                closeCode(ByteBuffer.wrap(bytes, at, bytes.length - at), seen);
                break;
            }
        }
        return String.join(" ", seen);
    }

    private static void closeCode(ByteBuffer frames, List<String> seen) {
        while (frames.remaining() >= 2) {
            int opcode = frames.get() & 0xf;
            long length = frames.get() & 0x7f;
            length = length == 126 ? frames.getShort() & 0xffff : length == 127 ? frames.getLong() : length;
            if (opcode == 8) {
                seen.add(Integer.toString(frames.getShort() & 0xffff));
                return;
            }
            if (length > frames.remaining()) {
                return;
            }
            frames.position(frames.position() + (int) length);
        }
    }

    // Requests.

    private static Case request(String name, String outcome, String request) {
        return new Case(name, outcome, socket -> socket.getOutputStream().write(ascii(request)));
    }

    private static Case headers(String name, String outcome, String headers) {
        return request(name, outcome, "GET /healthz HTTP/1.1\r\n" + headers + "\r\n");
    }

    /** A request of which another stands in what may be its body. */
    private static Case body(String name, String outcome, String headers, String body) {
        return request(
                name,
                outcome,
                "POST /api/publish HTTP/1.1\r\n" + HOST + API_KEY + headers + "\r\n" + body
                        + "GET /healthz HTTP/1.1\r\n" + HOST + "\r\n");
    }

    static List<Case> requests() {
        return List.of(
                request("nothing at all", "", ""),
                request("one byte", "", "G"),
                request("half a request line", "", "GET /hea"),
                request("half a header", "", "GET /healthz HTTP/1.1\r\nHost: 127"),
                request(
                        "half a body",
                        "",
                        "POST /api/publish HTTP/1.1\r\n" + HOST + API_KEY + "Content-Length: 9\r\n\r\n{"),
                request(
                        "the beginning of a body, and no key",
                        "401",
                        "POST /api/publish HTTP/1.1\r\n" + HOST + "Content-Length: 1000000\r\n\r\n{"),
                new Case("a request line without end", "414", socket -> forever(socket, "GET /", "x")),
                new Case(
                        "a header without end",
                        "431",
                        socket -> forever(socket, "GET /healthz HTTP/1.1\r\n" + HOST + "Name: ", "x")),
                new Case(
                        "headers without end",
                        "431",
                        socket -> forever(socket, "GET /healthz HTTP/1.1\r\n" + HOST, "n: x\r\n")),
                new Case("empty lines without end", "", socket -> forever(socket, "", "\r\n")),
                request("blanks before a request", "400", "  GET /healthz HTTP/1.1\r\n" + HOST + "\r\n"),
                request("zeros", "400", "\0\0\0\0"),
                request("the beginning of TLS", "400", "\26\3\1\2\0\1\0\1\374\3\3"),
                request("HTTP/0.9", "400", "GET /healthz\r\n\r\n"),
                request("HTTP/1.0", "400", "GET /healthz HTTP/1.0\r\n" + HOST + "\r\n"),
                request("HTTP/1.2", "400", "GET /healthz HTTP/1.2\r\n" + HOST + "\r\n"),
                request("HTTP/2 without upgrade", "400", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
                request("a target with a host", "400", "GET http://127.0.0.1/healthz HTTP/1.1\r\n" + HOST + "\r\n"),
                request("a target with a fragment", "400", "GET /healthz#x HTTP/1.1\r\n" + HOST + "\r\n"),
                headers("no host", "400", ""),
                headers("two hosts", "400", HOST + "Host: other\r\n"),
                headers("an empty host", "400", "Host:\r\n"),
                headers("101 header lines", "431", HOST + "n: x\r\n".repeat(100)),
                headers("a folded header", "400", HOST + "Name: x\r\n y\r\n"),
                headers("a bare line feed", "400", HOST + "Name: x\nOther: y\r\n"),
                headers("a bare carriage return", "400", HOST + "Name: x\rOther: y\r\n"),
                headers("a zero in a value", "400", HOST + "Name: x\0y\r\n"),
                headers("a blank in a name", "400", HOST + "Na me: x\r\n"),
                headers("a blank before the colon", "400", HOST + "Name : x\r\n"),
                headers("a body where none belongs", "400", HOST + "Content-Length: 1000000\r\n"),
                headers("an expectation that nobody meets", "417", HOST + "Expect: magic\r\n"),
                body("length and chunks", "400", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                body("chunks and length", "400", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
                body("chunked in one line twice", "400", "Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"),
                body(
                        "chunked in two lines",
                        "400",
                        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                        "0\r\n\r\n"),
                body("the encoding identity", "400", "Transfer-Encoding: identity\r\n", ""),
                body("an encoding before chunked", "400", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
                body("an encoding like chunked", "400", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
                body("two lengths", "400", "Content-Length: 1\r\nContent-Length: 2\r\n", "xx"),
                body("the same length twice", "400", "Content-Length: 1\r\nContent-Length: 1\r\n", "x"),
                body("a negative length", "400", "Content-Length: -1\r\n", ""),
                body("a hexadecimal length", "400", "Content-Length: 0x5\r\n", "hello"),
                body("a length beyond the limit", "413", "Content-Length: 1048577\r\n", ""),
                body("a length beyond all numbers", "400", "Content-Length: 9223372036854775808\r\n", ""),
                body("a chunk whose size is none", "400", "Transfer-Encoding: chunked\r\n", "zz\r\n"),
                body("a chunk of 2^64", "400", "Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n"),
                body("a negative chunk", "400", "Transfer-Encoding: chunked\r\n", "-1\r\n\r\n"),
                new Case(
                        "chunks without end",
                        "413",
                        socket -> forever(
                                socket,
                                "POST /api/publish HTTP/1.1\r\n" + HOST + API_KEY
                                        + "Transfer-Encoding: chunked\r\n\r\n",
                                "400\r\n" + "x".repeat(1_024) + "\r\n")),
                new Case("a reset in the middle of a request", "", socket -> {
                    socket.getOutputStream().write(ascii("GET /healthz HT"));
                    reset(socket);
                }));
    }

    // Handshakes.

    private static Case handshake(String name, String outcome, String headers) {
        return request(name, outcome, "GET /ws HTTP/1.1\r\n" + headers + "\r\n");
    }

    private static Case origin(String name, String origin) {
        return handshake(
                name, "403", HOST + UPGRADE + VERSION + KEY + "Connection: close\r\nOrigin: " + origin + "\r\n");
    }

    static List<Case> handshakes() {
        String end = "Connection: close\r\n";
        return List.of(
                request(
                        "HTTP/1.0 with an upgrade",
                        "400",
                        "GET /ws HTTP/1.0\r\n" + HOST + UPGRADE + VERSION + KEY + "\r\n"),
                request("POST", "405", "POST /ws HTTP/1.1\r\n" + HOST + UPGRADE + VERSION + KEY + end + "\r\n"),
                request(
                        "nobody's path",
                        "404",
                        "GET /nowhere HTTP/1.1\r\n" + HOST + UPGRADE + VERSION + KEY + end + "\r\n"),
                handshake("no version", "400", HOST + UPGRADE + KEY + end),
                handshake("version 8", "426", HOST + UPGRADE + "Sec-WebSocket-Version: 8\r\n" + KEY + end),
                handshake("two versions", "400", HOST + UPGRADE + VERSION + VERSION + KEY + end),
                handshake("no key", "400", HOST + UPGRADE + VERSION + end),
                handshake("two keys", "400", HOST + UPGRADE + VERSION + KEY + KEY + end),
                handshake("a short key", "400", HOST + UPGRADE + VERSION + "Sec-WebSocket-Key: AAAA\r\n" + end),
                handshake("a key of stars", "400", HOST + UPGRADE + VERSION + KEY.replace('d', '*') + end),
                handshake(
                        "an upgrade without a connection",
                        "400",
                        HOST + "Upgrade: websocket\r\n" + VERSION + KEY + end),
                handshake("a length of a body", "400", HOST + UPGRADE + VERSION + KEY + "Content-Length: 3\r\n"),
                handshake("a body in chunks", "400", HOST + UPGRADE + VERSION + KEY + "Transfer-Encoding: chunked\r\n"),
                origin("a foreign page", "http://evil.example"),
                origin("a page whose host begins like ours", "http://127.0.0.1.evil.example"),
                origin("a page whose host ends like ours", "http://evil-127.0.0.1"),
                origin("a page of another port", "http://127.0.0.1:1"),
                origin("a page of nobody", "null"),
                new Case("one byte after the other", "101 1000", socket -> {
                    for (byte each : join(OPEN, frame(0x89, utf8("slow")), BYE)) {
                        socket.getOutputStream().write(each);
                    }
                }),
                new Case("frames behind the handshake", "101 1000", socket -> {
                    byte[] ping = frame(0x89, utf8("early"));
                    socket.getOutputStream().write(join(OPEN, ping, ping, BYE));
                }),
                new Case("half a handshake and the end", "", socket -> {
                    socket.getOutputStream().write(OPEN, 0, OPEN.length / 2);
                    socket.shutdownOutput();
                }),
                new Case("a handshake and a reset", "", socket -> {
                    socket.getOutputStream().write(OPEN);
                    reset(socket);
                }));
    }

    // Frames.

    private static Case frames(String name, String outcome, byte[]... frames) {
        return new Case(name, outcome, socket -> {
            socket.getOutputStream().write(OPEN);
            socket.getOutputStream().write(join(frames));
        });
    }

    private static Case endless(String name, String outcome, byte[] first, byte[] next) {
        return new Case(name, outcome, socket -> {
            socket.getOutputStream().write(join(OPEN, first));
            byte[] many = join(next, next, next, next, next, next, next, next, next, next);
            for (int i = 0; i < 1_000_000; i++) {
                socket.getOutputStream().write(many);
            }
        });
    }

    private static Case closing(String name, int code) {
        return frames(name, "101 1002", frame(0x88, new byte[] {(byte) (code >> 8), (byte) code}));
    }

    private static byte[] header(int first, int... rest) {
        byte[] header = new byte[1 + rest.length];
        header[0] = (byte) first;
        for (int i = 0; i < rest.length; i++) {
            header[1 + i] = (byte) rest[i];
        }
        return header;
    }

    static List<Case> frames() {
        return List.of(
                frames("an unmasked frame", "101 1002", header(0x81, 2, 'h', 'i')),
                frames("the first reserved bit", "101 1002", frame(0xc1, utf8("x"))),
                frames("the second reserved bit", "101 1002", frame(0xa1, utf8("x"))),
                frames("the third reserved bit", "101 1002", frame(0x91, utf8("x"))),
                frames("a reserved opcode", "101 1002", frame(0x83, utf8("x"))),
                frames("a reserved opcode of control", "101 1002", frame(0x8b, utf8("x"))),
                frames("a large payload of a reserved opcode", "101 1002", frame(0x87, new byte[100_000])),
                frames("a ping in fragments", "101 1002", frame(0x09, utf8("x"))),
                frames("a close in fragments", "101 1002", frame(0x08, utf8("x"))),
                frames("a ping of 126 bytes", "101 1002", frame(0x89, new byte[126])),
                frames("a close of 126 bytes", "101 1002", frame(0x88, new byte[126])),
                frames("a continuation of nothing", "101 1002", frame(0x80, utf8("x"))),
                frames("a message within another", "101 1002", frame(0x01, utf8("x")), frame(0x81, utf8("y"))),
                frames("a length of 125 in 16 bits", "101 1002", header(0x81, 0xfe, 0, 125, 0, 0, 0, 0)),
                frames("a length of 65535 in 64 bits", "101 1002", header(0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff)),
                frames("a length of 2^63", "101 1002", header(0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0)),
                frames(
                        "a length of 2^63 - 1",
                        "101 1009",
                        header(0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
                frames("a length of 2^31", "101 1009", header(0x81, 0xff, 0, 0, 0, 0, 0x80, 0, 0, 0)),
                frames("one byte more than a message may have", "101 1009", frame(0x81, new byte[MAX_MESSAGE + 1])),
                frames(
                        "a message too large in fragments",
                        "101 1009",
                        frame(0x01, new byte[MAX_MESSAGE]),
                        frame(0x80, new byte[1])),
                endless("empty fragments without end", "101 1009", frame(0x01, new byte[0]), frame(0x00, new byte[0])),
                endless(
                        "fragments of one byte without end",
                        "101 1009",
                        frame(0x01, utf8("x")),
                        frame(0x00, utf8("x"))),
                endless("a message without end", "101 1009", frame(0x01, utf8("x")), frame(0x00, new byte[1_000])),
                frames("text that is not UTF-8", "101 1007", frame(0x81, header(0xff))),
                frames(
                        "UTF-8 that breaks in the second fragment",
                        "101 1007",
                        frame(0x01, header(0xe2, 0x82)),
                        frame(0x80, header(0x28))),
                frames("UTF-8 that ends in a character", "101 1007", frame(0x81, header(0xe2, 0x82))),
                frames("a surrogate in UTF-8", "101 1007", frame(0x81, header(0xed, 0xa0, 0x80))),
                frames("a slash written too long", "101 1007", frame(0x81, header(0xc0, 0xaf))),
                frames("a character beyond Unicode", "101 1007", frame(0x81, header(0xf4, 0x90, 0x80, 0x80))),
                frames("a close of one byte", "101 1002", frame(0x88, header(3))),
                frames("a close reason that is not UTF-8", "101 1007", frame(0x88, header(3, 0xe8, 0xff))),
                closing("the close code 0", 0),
                closing("the close code 999", 999),
                closing("the close code 1004", 1_004),
                closing("the close code 1005", 1_005),
                closing("the close code 1006", 1_006),
                closing("the close code 1015", 1_015),
                closing("the close code 2999", 2_999),
                closing("the close code 5000", 5_000),
                frames("a binary message", "101 1003", frame(0x82, utf8("x"))),
                frames("a message after the close", "101 1000", BYE, frame(0x81, utf8("x"))),
                endless(
                        "pings whose pongs nobody reads",
                        "101",
                        frame(0x89, new byte[125]),
                        frame(0x89, new byte[125])),
                new Case("an echo that nobody reads", "101", socket -> {
                    socket.getOutputStream().write(OPEN_ECHO);
                    byte[] megabyte = frame(0x82, new byte[1 << 20]);
                    for (int i = 0; i < 10_000; i++) {
                        socket.getOutputStream().write(megabyte);
                    }
                }),
                new Case("pongs that nobody asked for", "101 1000", socket -> {
                    socket.getOutputStream().write(OPEN);
                    for (int i = 0; i < 10_000; i++) {
                        socket.getOutputStream().write(frame(0x8a, utf8("pong")));
                    }
                    socket.getOutputStream().write(BYE);
                }),
                new Case("the end in the middle of a frame", "101", socket -> {
                    socket.getOutputStream().write(join(OPEN, header(0x81, 0xfe, 1)));
                    socket.shutdownOutput();
                }),
                new Case("a reset in the middle of a frame", "", socket -> {
                    socket.getOutputStream().write(join(OPEN, header(0x81, 0xfe, 1)));
                    reset(socket);
                }));
    }

    // Messages: each is answered with an error, and the connection goes on until its close.

    private static Case message(String name, String json) {
        return frames(name, "101 1000", frame(0x81, utf8(json)), BYE);
    }

    static List<Case> messages() {
        String room = "{\"event\":\"room.join\",\"id\":1,\"data\":{\"room\":\"%s\"}}";
        return List.of(
                message("nothing", ""),
                message("no JSON", "hello"),
                message("half of JSON", "{\"event\":\"ping\",\"data\":{"),
                message("JSON and more", "{\"event\":\"ping\"}{\"event\":\"ping\"}"),
                message("a list", "[{\"event\":\"ping\"}]"),
                message("no event", "{\"data\":1}"),
                message("an event that is a number", "{\"event\":1}"),
                message("the event twice", "{\"event\":\"ping\",\"event\":\"room.join\"}"),
                message("an event that nobody knows", "{\"event\":\"nobody.knows\",\"id\":1}"),
                message("an id that is a list", "{\"event\":\"ping\",\"id\":[1]}"),
                message("an id beyond all numbers", "{\"event\":\"ping\",\"id\":" + "9".repeat(400) + "}"),
                message("nesting of 65", "{\"event\":\"ping\",\"data\":" + "[".repeat(65) + "]".repeat(65) + "}"),
                message(
                        "nesting of 30000",
                        "{\"event\":\"ping\",\"data\":" + "[".repeat(30_000) + "]".repeat(30_000) + "}"),
                message("nesting that never ends", "{\"event\":\"ping\",\"data\":" + "{\"a\":".repeat(12_000)),
                message("a number of 1001 digits", "{\"event\":\"ping\",\"data\":1" + "0".repeat(1_000) + "}"),
                message("a number of 60000 digits", "{\"event\":\"ping\",\"data\":1" + "0".repeat(60_000) + "}"),
                message("half a surrogate", "{\"event\":\"ping\",\"data\":\"\\ud800\"}"),
                message("an escape that is none", "{\"event\":\"ping\",\"data\":\"\\x\"}"),
                message("a control in a string", "{\"event\":\"ping\",\"data\":\"\n\"}"),
                message("a room with a long name", room.formatted("x".repeat(129))),
                message("a room with a zero in its name", room.formatted("a\\u0000b")),
                message("a room with a bell in its name", room.formatted("🔔")),
                message("a room without a name", room.formatted("")),
                message("no room", "{\"event\":\"room.join\",\"id\":1,\"data\":{}}"));
    }

    // Bytes.

    private static void forever(Socket socket, String first, String next) throws IOException {
        socket.getOutputStream().write(ascii(first));
        byte[] bytes = ascii(next);
        for (int i = 0; i < 100_000_000; i++) {
            socket.getOutputStream().write(bytes);
        }
    }

    private static void reset(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
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
        // A mask of zeros leaves the payload as it is.
        frame.putInt(0).put(payload);
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

package io.campanile.gateway;

import static io.campanile.gateway.ClientFrames.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Audience;
import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.Delivery;
import io.campanile.core.Message;
import io.campanile.core.OutboundLimits;
import io.campanile.core.OverflowPolicy;
import io.campanile.core.RegistryConfig;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compressed messages on the wire, from the offer to the end of the gateway. */
@Timeout(60)
@ParameterizedClass
@MethodSource("io.campanile.gateway.TestGateway#kinds")
final class GatewayCompressionTest {

    private static final String DEFLATE = "permessage-deflate";
    private static final String ACCEPTED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    private static final int LIMIT = 64 << 10;
    private static final int RSV1 = 0x40;
    private static final int FIN = 0x80;

    private final IoKind io;
    private final TestGateway.Echo echo = new TestGateway.Echo();

    GatewayCompressionTest(IoKind io) {
        this.io = io;
    }

    private GatewayBuilder builder() {
        return TestGateway.on(io).webSocket("/echo", echo).compression(new Compression(6, 100));
    }

    private static RawClient offering(GatewayServer gateway, String offer) {
        RawClient client = RawClient.connect(gateway);
        client.send(RawClient.handshake("/echo", "Sec-WebSocket-Extensions: " + offer));
        assertThat(client.response().status()).isEqualTo(101);
        return client;
    }

    private static byte[] compressed(int opcode, byte[] message) {
        return RawClient.frame(FIN | RSV1 | opcode, Deflate.deflate(message), true);
    }

    private static byte[] compressed(String text) {
        return compressed(RawClient.TEXT, utf8(text));
    }

    private static String inflated(RawClient.Frame frame) throws Exception {
        assertThat(frame.compressed()).isTrue();
        assertThat(frame.opcode()).isEqualTo(RawClient.TEXT);
        return new String(Deflate.inflate(frame.payload()), java.nio.charset.StandardCharsets.UTF_8);
    }

    // The handshake.

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "permessage-deflate | " + ACCEPTED,
                "permessage-deflate; client_max_window_bits | " + ACCEPTED,
                "permessage-deflate; server_max_window_bits=15 | " + ACCEPTED + "; server_max_window_bits=15",
                "permessage-deflate; server_max_window_bits=12 | " + ACCEPTED + "; server_max_window_bits=9",
                "permessage-deflate; server_max_window_bits=8 |",
                "x-webkit-deflate-frame |",
            })
    void theAnswerSaysWhatIsAgreed(String offer, String answer) {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(RawClient.handshake("/echo", "Sec-WebSocket-Extensions: " + offer));

            RawClient.Response response = client.response();
            assertThat(response.status()).isEqualTo(101);
            assertThat(response.headers().get("sec-websocket-extensions")).isEqualTo(answer);
        }
    }

    @Test
    void withoutASettingNothingIsAgreed() {
        try (GatewayServer gateway = TestGateway.on(io).webSocket("/echo", echo).start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(RawClient.handshake("/echo", "Sec-WebSocket-Extensions: " + DEFLATE));

            RawClient.Response response = client.response();
            assertThat(response.status()).isEqualTo(101);
            assertThat(response.headers()).doesNotContainKey("sec-websocket-extensions");
            client.send(compressed("hello"));
            assertThat(client.readClose()).isEqualTo(1002);
        }
    }

    @Test
    void whoAgreedOnNothingMaySendNothingCompressed() {
        try (GatewayServer gateway = builder().start();
                RawClient client = RawClient.webSocket(gateway, "/echo")) {
            client.send(compressed("hello"));

            assertThat(client.readClose()).isEqualTo(1002);
            assertThat(gateway.stats().compressed().inflatedFrom()).isZero();
        }
    }

    @Test
    void countsWhoAgreedAsLongAsTheyAreThere() {
        try (GatewayServer gateway = builder().start();
                RawClient plain = RawClient.webSocket(gateway, "/echo");
                RawClient wide = offering(gateway, DEFLATE);
                RawClient narrow = offering(gateway, DEFLATE + "; server_max_window_bits=10")) {
            for (RawClient client : List.of(plain, wide, narrow)) {
                client.text("there");
                assertThat(client.readText()).isEqualTo("there");
            }
            assertThat(gateway.stats().compressed().webSockets()).isEqualTo(2);

            wide.send(RawClient.closeFrame(1000));
            assertThat(wide.readClose()).isEqualTo(1000);
            TestGateway.await(echo.closed);

            assertThat(gateway.stats().compressed().webSockets()).isOne();
        }
    }

    /** Nobody inflates anything for a client that is not admitted. */
    @Test
    void nothingIsInflatedBeforeTheHandshakeIsAnswered() {
        var asked = new LinkedBlockingQueue<CompletableFuture<Admission>>();
        var texts = new LinkedBlockingQueue<Integer>();
        Endpoint deciding = new Endpoint() {
            @Override
            public CompletionStage<Admission> admit(Handshake handshake) {
                var admission = new CompletableFuture<Admission>();
                asked.add(admission);
                return admission;
            }

            @Override
            public void text(Connection connection, byte[] utf8) {
                texts.add(utf8.length);
            }
        };
        try (GatewayServer gateway = builder().webSocket("/deciding", deciding).start();
                RawClient refused = RawClient.connect(gateway);
                RawClient admitted = RawClient.connect(gateway);
                RawClient other = offering(gateway, DEFLATE)) {
            String handshake = RawClient.handshake("/deciding", "Sec-WebSocket-Extensions: " + DEFLATE);
            byte[] message = compressed("x".repeat(1_000));
            refused.send(ClientFrames.join(utf8(handshake), message));
            var refusal = TestGateway.await(asked);
            admitted.send(ClientFrames.join(utf8(handshake), message));
            var admission = TestGateway.await(asked);
            other.text("a turn of the loops later");
            assertThat(other.readText()).isNotEmpty();
            assertThat(gateway.stats().compressed().inflatedFrom()).isZero();

            refusal.complete(new Admission.Refused(403, "not you"));
            assertThat(refused.response().status()).isEqualTo(403);
            refused.close();
            assertThat(gateway.stats().compressed().inflatedFrom()).isZero();

            admission.complete(Admission.anonymous());
            assertThat(admitted.response().status()).isEqualTo(101);
            assertThat(TestGateway.await(texts)).isEqualTo(1_000);
            assertThat(gateway.stats().compressed().inflatedTo()).isEqualTo(1_000);
            assertThat(texts).isEmpty();
        }
    }

    // Messages.

    @ParameterizedTest
    @ValueSource(strings = {DEFLATE, DEFLATE + "; server_max_window_bits=9"})
    void aMessageIsSentCompressedWhereItBecomesSmaller(String offer) throws Exception {
        try (GatewayServer gateway = builder().start();
                RawClient client = offering(gateway, offer)) {
            String text = "Glockenturm é 🔔, ".repeat(3_000);
            client.send(compressed(text));
            assertThat(inflated(client.frame())).isEqualTo(text);

            client.send(compressed("x".repeat(99)));
            assertThat(client.readText()).isEqualTo("x".repeat(99));

            byte[] noise = noise(1_000);
            client.send(RawClient.frame(RawClient.BINARY, noise));
            RawClient.Frame frame = client.frame();
            assertThat(frame.compressed()).isFalse();
            assertThat(frame.payload()).isEqualTo(noise);
        }
    }

    @Test
    void aMessageMayBeCompressedOrNot() {
        try (GatewayServer gateway = builder().start();
                RawClient client = offering(gateway, DEFLATE)) {
            client.text("plain");
            client.send(compressed("compressed"));
            client.text("");
            client.send(compressed(""));

            for (String text : List.of("plain", "compressed", "", "")) {
                assertThat(client.readText()).isEqualTo(text);
            }
        }
    }

    @Test
    void aCompressedMessageMayComeInFragmentsWithPingsBetweenThem() {
        try (GatewayServer gateway = builder().start();
                RawClient client = offering(gateway, DEFLATE)) {
            byte[] payload = Deflate.deflate(utf8("Glockenturm é 🔔"));
            client.send(RawClient.frame(RSV1 | RawClient.TEXT, Arrays.copyOf(payload, 3), true));
            client.send(RawClient.frame(RawClient.PING, utf8("between")));
            client.send(RawClient.frame(RawClient.CONTINUATION, new byte[0], true));
            client.send(RawClient.frame(
                    FIN | RawClient.CONTINUATION, Arrays.copyOfRange(payload, 3, payload.length), true));

            assertThat(client.frame().text()).isEqualTo("between");
            assertThat(client.readText()).isEqualTo("Glockenturm é 🔔");
        }
    }

    @Test
    void controlFramesAreNeverCompressed() {
        try (GatewayServer gateway = builder().start();
                RawClient client = offering(gateway, DEFLATE)) {
            byte[] payload = utf8("x".repeat(125));
            client.send(RawClient.frame(RawClient.PING, payload));

            RawClient.Frame pong = client.frame();
            assertThat(pong.compressed()).isFalse();
            assertThat(pong.payload()).isEqualTo(payload);
            Connection connection = TestGateway.await(echo.opened);
            gateway.registry()
                    .close(connection.id(), new CloseReason(4000, "bye", "x".repeat(120), CloseReason.ComeBack.NO));
            RawClient.Frame close = client.frame();
            assertThat(close.compressed()).isFalse();
            assertThat(close.closeCode()).isEqualTo(4000);
        }
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                FIN | RSV1 | RawClient.PING,
                FIN | RSV1 | RawClient.PONG,
                FIN | RSV1 | RawClient.CLOSE,
                FIN | RSV1 | 0x3,
                FIN | 0x20 | RawClient.TEXT,
                FIN | 0x10 | RawClient.TEXT,
                FIN | RSV1 | 0x20 | RawClient.TEXT,
                FIN | RSV1 | RawClient.CONTINUATION
            })
    void theBitMayStandNowhereElse(int first) {
        try (GatewayServer gateway = builder().start();
                RawClient client = offering(gateway, DEFLATE)) {
            client.send(RawClient.frame(first, new byte[0], true));

            assertThat(client.readClose()).isEqualTo(1002);
            assertThat(gateway.stats().protocolErrors()).containsEntry("protocol_error", 1L);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {RSV1 | RawClient.TEXT, RawClient.TEXT})
    void theBitMayNotStandOnALaterFragment(int first) {
        try (GatewayServer gateway = builder().start();
                RawClient client = offering(gateway, DEFLATE)) {
            client.send(RawClient.frame(first, new byte[0], true));
            client.send(RawClient.frame(FIN | RSV1 | RawClient.CONTINUATION, new byte[] {0}, true));

            assertThat(client.readClose()).isEqualTo(1002);
        }
    }

    // Limits.

    @Test
    void aMessageAtTheLimitIsTaken() throws Exception {
        try (GatewayServer gateway = builder().start();
                RawClient client = offering(gateway, DEFLATE)) {
            String largest = "x".repeat(LIMIT);
            client.send(compressed(largest));
            assertThat(inflated(client.frame())).isEqualTo(largest);

            // What cannot be made smaller is larger on the way.
            byte[] noise = noise(LIMIT);
            byte[] payload = Deflate.deflate(noise, 0, Deflater.DEFAULT_STRATEGY);
            assertThat(payload).hasSizeGreaterThan(LIMIT);
            client.send(RawClient.frame(FIN | RSV1 | RawClient.BINARY, payload, true));
            assertThat(client.frame().payload()).isEqualTo(noise);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {LIMIT + 1, 1 << 20, 16 << 20})
    void aMessageBeyondTheLimitIsTooBigHoweverSmallItCame(int length) {
        try (GatewayServer gateway = builder().start();
                RawClient client = offering(gateway, DEFLATE)) {
            client.send(compressed(RawClient.BINARY, new byte[length]));

            assertThat(client.readClose()).isEqualTo(1009);
            assertThat(client.readToEnd()).isZero();
            assertThat(gateway.stats().protocolErrors()).containsEntry("message_too_big", 1L);
            assertThat(gateway.stats().compressed().inflatedTo()).isZero();
        }
    }

    /** Blocks that hold nothing cost time all the same, so they count as what they are: bytes that came. */
    @Test
    void emptyBlocksCountAsBytesOfTheMessage() {
        int most = LIMIT + LIMIT / 4 + 64;
        try (GatewayServer gateway = builder().start();
                RawClient client = offering(gateway, DEFLATE);
                RawClient other = offering(gateway, DEFLATE)) {
            client.send(RawClient.frame(FIN | RSV1 | RawClient.TEXT, emptyBlocks(most), true));
            assertThat(client.readText()).isEmpty();

            client.send(RawClient.frame(FIN | RSV1 | RawClient.TEXT, emptyBlocks(most + 1), true));
            assertThat(client.readClose()).isEqualTo(1009);

            // In two fragments, of which the second is too large by one byte.
            byte[] blocks = emptyBlocks(most + 1);
            other.send(RawClient.frame(RSV1 | RawClient.TEXT, Arrays.copyOf(blocks, LIMIT), true));
            other.send(RawClient.frame(
                    FIN | RawClient.CONTINUATION, Arrays.copyOfRange(blocks, LIMIT, blocks.length), true));
            assertThat(other.readClose()).isEqualTo(1009);
            assertThat(gateway.stats().protocolErrors()).containsEntry("message_too_big", 2L);
        }
    }

    /** A plain message may not be as large as a compressed one on the way. */
    @Test
    void thePlainLimitHoldsForPlainMessages() {
        try (GatewayServer gateway = builder().start();
                RawClient client = offering(gateway, DEFLATE)) {
            client.text("x".repeat(LIMIT + 1));

            assertThat(client.readClose()).isEqualTo(1009);
        }
    }

    @Test
    void whatAMessageInflatesToCountsAsBytesOfItsClient() {
        try (GatewayServer gateway = builder()
                        .limits(GatewayLimits.defaults().withMaxBytesPerSecond(1))
                        .start();
                RawClient client = offering(gateway, DEFLATE)) {
            // The largest message in all its fragments and compressed, 272 KiB, may come at once: four, and a bit.
            byte[] message = compressed(RawClient.BINARY, new byte[LIMIT]);
            for (int i = 0; i < 4; i++) {
                client.send(message);
                assertThat(client.frame().compressed()).isTrue();
            }

            client.send(message);

            assertThat(client.readClose()).isEqualTo(3005);
            assertThat(echo.texts).isEmpty();
        }
    }

    @Test
    void nothingIsInflatedForAClientThatWasClosed() {
        try (GatewayServer gateway = builder().start();
                RawClient client = offering(gateway, DEFLATE)) {
            gateway.registry().unregister(TestGateway.await(echo.opened).id());
            assertThat(client.readClose()).isEqualTo(1000);
            client.send(compressed("x".repeat(1_000)));
            client.send(RawClient.closeFrame(1000));

            assertThat(client.readToEnd()).isZero();
            assertThat(gateway.stats().compressed().inflatedFrom()).isZero();
        }
    }

    // Bad data.

    @Test
    void dataThatIsNotDeflateIsInvalid() {
        assertThat(codeFor(new byte[] {0x07, 0x08}, "invalid_deflate")).isEqualTo(1007);
    }

    @Test
    void aMessageThatBuildsUponTheOneBeforeIsInvalid() {
        assertThat(codeFor(new byte[] {(byte) 0xf2, 0x00, 0x11, 0x00, 0x00}, "invalid_deflate"))
                .isEqualTo(1007);
    }

    @Test
    void textThatIsNotUtf8IsInvalid() {
        assertThat(codeFor(Deflate.deflate(new byte[] {'a', (byte) 0xc0, (byte) 0xaf}), "invalid_utf8"))
                .isEqualTo(1007);
    }

    private int codeFor(byte[] payload, String label) {
        try (GatewayServer gateway = builder().start();
                RawClient client = offering(gateway, DEFLATE)) {
            client.send(compressed("Hello"));
            assertThat(client.readText()).isEqualTo("Hello");
            client.send(RawClient.frame(FIN | RSV1 | RawClient.TEXT, payload, true));

            int code = client.readClose();
            assertThat(client.readToEnd()).isZero();
            assertThat(gateway.stats().protocolErrors()).containsExactlyEntriesOf(java.util.Map.of(label, 1L));
            return code;
        }
    }

    // For all.

    @Test
    void aBroadcastIsCompressedOnceForAllItsRecipients() throws Exception {
        try (GatewayServer gateway = builder().start()) {
            List<RawClient> wide = new ArrayList<>();
            List<RawClient> narrow = new ArrayList<>();
            List<RawClient> plain = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                wide.add(offering(gateway, DEFLATE));
                narrow.add(offering(gateway, DEFLATE + "; server_max_window_bits=9"));
                plain.add(RawClient.webSocket(gateway, "/echo"));
            }
            for (int i = 0; i < 60; i++) {
                TestGateway.await(echo.opened);
            }
            String text = "once for all, ".repeat(100);

            gateway.registry().broadcast(Audience.all(), Message.text(text));

            byte[] first = wide.get(0).frame().payload();
            assertThat(Deflate.inflate(first)).isEqualTo(utf8(text));
            for (RawClient client : wide.subList(1, 20)) {
                assertThat(client.frame().payload()).isEqualTo(first);
            }
            for (RawClient client : narrow) {
                assertThat(inflated(client.frame())).isEqualTo(text);
            }
            for (RawClient client : plain) {
                assertThat(client.readText()).isEqualTo(text);
            }
            // Once for each window that is in use.
            assertThat(gateway.stats().compressed().deflatedFrom()).isEqualTo(2L * text.length());
            wide.forEach(RawClient::close);
            narrow.forEach(RawClient::close);
            plain.forEach(RawClient::close);
        }
    }

    /** Room is kept for the longest notice there can be, so that a notice may not become longer than another. */
    @Test
    void aNoticeOfAGapIsNotCompressed() {
        Endpoint wordy = new Endpoint() {
            @Override
            public void opened(Connection connection) {
                echo.opened(connection);
            }

            @Override
            public void text(Connection connection, byte[] utf8) {}

            @Override
            public Message gapNotice(java.util.Optional<String> room, long missed) {
                return Message.text("missed " + missed + " " + "really ".repeat(100));
            }
        };
        try (GatewayServer gateway = builder()
                        .webSocket("/wordy", wordy)
                        .registry(RegistryConfig.defaults().withOutbound(new OutboundLimits(100_000, 1_000)))
                        .start();
                RawClient client = RawClient.connect(gateway)) {
            client.send(RawClient.handshake("/wordy", "Sec-WebSocket-Extensions: " + DEFLATE));
            assertThat(client.response().headers()).containsKey("sec-websocket-extensions");
            Connection connection = TestGateway.await(echo.opened);

            gateway.registry()
                    .send(
                            connection.id(),
                            Message.binary(noise(100_000)),
                            Delivery.usual().withOverflow(OverflowPolicy.DROP_NEWEST));

            assertThat(client.readText()).startsWith("missed 1 really");
        }
    }

    @Test
    void nativeMemoryIsThatOfTheLoopsAndEndsWithThem() throws Exception {
        GatewayServer gateway = builder().start();
        BlockingQueue<Connection> opened = echo.opened;
        assertThat(gateway.compressors()).isZero();
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            clients.add(offering(gateway, DEFLATE));
            TestGateway.await(opened);
        }
        for (int round = 0; round < 20; round++) {
            for (RawClient client : clients) {
                client.send(compressed("as many as there are loops, ".repeat(40)));
            }
            for (RawClient client : clients) {
                assertThat(inflated(client.frame())).hasSize(28 * 40);
            }
        }
        // Two loops, each with what it inflates with, and at most one message in each being compressed.
        assertThat(gateway.compressors()).isBetween(3, 4);

        clients.forEach(RawClient::close);
        gateway.close();

        assertThat(gateway.compressors()).isZero();
    }

    /** A message of so many bytes that inflates to nothing: of stored blocks, and fixed ones to make the length come out. */
    private static byte[] emptyBlocks(int length) {
        var blocks = new ByteArrayOutputStream();
        int pairs = (length - 1) % 5;
        for (int i = 0; i < pairs; i++) {
            blocks.writeBytes(new byte[] {0x02, 0, 0, 0, -1, -1});
        }
        for (int left = length - 1 - 6 * pairs; left > 0; left -= 5) {
            blocks.writeBytes(new byte[] {0, 0, 0, -1, -1});
        }
        blocks.write(0);
        return blocks.toByteArray();
    }

    private static byte[] noise(int length) {
        byte[] noise = new byte[length];
        new Random(length).nextBytes(noise);
        return noise;
    }
}

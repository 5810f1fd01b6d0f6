package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The server as {@code java.net.http.WebSocket} sees it. */
final class JdkWebSocketTest {

    private static ServerProcess server;

    @BeforeAll
    static void start() {
        server = ServerProcess.start();
    }

    @AfterAll
    static void stop() {
        server.stop();
    }

    @Test
    void aMessageReachesTheMembersOfItsRoomAndNobodyElse() {
        try (var ada = EnvelopeClient.connect(server.origin());
                var ben = EnvelopeClient.connect(server.origin());
                var cleo = EnvelopeClient.connect(server.origin())) {
            ada.join("jdk-lobby");
            ben.join("jdk-lobby");
            cleo.join("jdk-kitchen");

            ada.send(
                    "{\"event\":\"room.publish\",\"id\":2,"
                            + "\"data\":{\"room\":\"jdk-lobby\",\"event\":\"chat\",\"data\":{\"text\":\"hi\"},\"echo\":false}}");

            assertThat(ben.next()).isEqualTo("{\"event\":\"chat\",\"room\":\"jdk-lobby\",\"data\":{\"text\":\"hi\"}}");
            assertThat(ada.next())
                    .isEqualTo("{\"event\":\"ack\",\"id\":2,"
                            + "\"data\":{\"matched\":1,\"queued\":1,\"dropped\":0,\"evicted\":0}}");
            cleo.send("{\"event\":\"ping\",\"id\":3,\"data\":null}");
            assertThat(cleo.next()).isEqualTo("{\"event\":\"pong\",\"id\":3,\"data\":null}");
        }
    }

    @Test
    void aDirectMessageNamesItsSender() {
        try (var ada = EnvelopeClient.connect(server.origin());
                var ben = EnvelopeClient.connect(server.origin())) {
            ada.send("{\"event\":\"direct.send\",\"data\":{\"to\":\"" + ben.connection()
                    + "\",\"event\":\"whisper\",\"data\":[1.0]}}");

            assertThat(ben.next())
                    .isEqualTo("{\"event\":\"whisper\",\"from\":\"" + ada.connection() + "\",\"data\":[1.0]}");
        }
    }

    @Test
    void aMessageSentInPartsIsOneMessage() {
        try (var client = EnvelopeClient.connect(server.origin())) {
            client.socket().sendText("{\"event\":\"ping\",\"id\":1,", false).join();
            client.socket().sendPing(ByteBuffer.allocate(0)).join();
            client.socket().sendText("\"data\":\"in parts\"}", true).join();

            assertThat(client.next()).isEqualTo("{\"event\":\"pong\",\"id\":1,\"data\":\"in parts\"}");
        }
    }

    @Test
    void manyMessagesArriveInTheOrderSent() {
        try (var sender = EnvelopeClient.connect(server.origin());
                var receiver = EnvelopeClient.connect(server.origin())) {
            receiver.join("jdk-order");

            IntStream.range(0, 500)
                    .forEach(i -> sender.send("{\"event\":\"room.publish\",\"data\":"
                            + "{\"room\":\"jdk-order\",\"event\":\"count\",\"data\":" + i + "}}"));

            assertThat(IntStream.range(0, 500).mapToObj(i -> receiver.next()))
                    .containsExactlyElementsOf(IntStream.range(0, 500)
                            .mapToObj(i -> "{\"event\":\"count\",\"room\":\"jdk-order\",\"data\":" + i + "}")
                            .toList());
        }
    }

    @Test
    void aPingIsAnsweredWithItsPayload() {
        try (var client = EnvelopeClient.connect(server.origin())) {
            client.socket()
                    .sendPing(ByteBuffer.wrap("are you there".getBytes(StandardCharsets.UTF_8)))
                    .join();

            assertThat(client.nextPong()).isEqualTo("are you there");
        }
    }

    @Test
    void aCloseIsAnsweredWithItsCode() {
        try (var client = EnvelopeClient.connect(server.origin())) {
            client.socket().sendClose(WebSocket.NORMAL_CLOSURE, "good bye").join();

            assertThat(client.awaitClose().code()).isEqualTo(WebSocket.NORMAL_CLOSURE);
        }
    }
}

package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.campanile.core.Audience;
import io.campanile.protocol.EnvelopeMessage;
import io.campanile.protocol.JsonSlice;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What the README says holds. */
final class ReadmeTest {

    @Test
    void quotesAProgramThatCompiles() throws Exception {
        Path root = Path.of("..");
        String source = Files.readString(root.resolve("tests/src/test/java/io/campanile/tests/Embedded.java"));
        String program = source.substring(
                        source.indexOf("// README begins\n") + "// README begins\n".length(),
                        source.indexOf("// README ends"))
                .stripIndent();

        assertThat(program.lines().count()).isLessThanOrEqualTo(20);
        assertThat(Files.readString(root.resolve("README.md"))).contains("```java\n" + program + "```\n");
    }

    @Test
    void quotesAProgramThatRuns() throws Exception {
        Embedded program = new Embedded(0);
        BlockingQueue<String> received = new LinkedBlockingQueue<>();
        try (var gateway = program.gateway()) {
            WebSocket client = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .buildAsync(
                            URI.create("ws://127.0.0.1:" + gateway.address().getPort() + "/ws"),
                            new WebSocket.Listener() {
                                @Override
                                public CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
                                    received.add(text.toString());
                                    socket.request(1);
                                    return java.util.concurrent.CompletableFuture.completedFuture(null);
                                }
                            })
                    .get(30, TimeUnit.SECONDS);
            assertThat(received.poll(30, TimeUnit.SECONDS)).startsWith("{\"event\":\"welcome\"");
            client.sendText("{\"event\":\"room.join\",\"id\":1,\"data\":{\"room\":\"lobby\"}}", true)
                    .get(30, TimeUnit.SECONDS);
            assertThat(received.poll(30, TimeUnit.SECONDS)).startsWith("{\"event\":\"ack\",\"id\":1");

            program.registry()
                    .broadcast(
                            Audience.room("lobby"),
                            EnvelopeMessage.inRoom("lobby", "chime", JsonSlice.of("{\"hour\":12}")));

            assertThat(received.poll(30, TimeUnit.SECONDS))
                    .isEqualTo("{\"event\":\"chime\",\"room\":\"lobby\",\"data\":{\"hour\":12}}");
            client.abort();
        }
    }
}

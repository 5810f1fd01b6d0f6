package io.campanile.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The HTTP API as {@code curl} sees it. */
final class CurlTest {

    private static String curl;
    private static ServerProcess server;

    /** What curl got; the status and the content type stand on the last line of its output. */
    private record Answer(String status, String contentType, String body) {}

    @BeforeAll
    static void start() {
        curl = Clients.curl();
        server = ServerProcess.start();
    }

    @AfterAll
    static void stop() {
        server.stop();
    }

    @Test
    void publishesToARoomAndSaysHowManyItReached() {
        try (var ada = EnvelopeClient.connect(server.origin());
                var ben = EnvelopeClient.connect(server.origin())) {
            ada.join("curl-lobby");
            ben.join("curl-lobby");

            Answer answer = publish("{\"room\":\"curl-lobby\",\"event\":\"chat\",\"data\":{\"n\":1.50}}");

            assertThat(answer)
                    .isEqualTo(new Answer(
                            "200", "application/json", "{\"matched\":2,\"queued\":2,\"dropped\":0,\"evicted\":0}"));
            String message = "{\"event\":\"chat\",\"room\":\"curl-lobby\",\"data\":{\"n\":1.50}}";
            assertThat(List.of(ada.next(), ben.next())).containsExactly(message, message);
        }
    }

    @Test
    void publishesToSeveralRoomsOnceForEachMember() {
        try (var ada = EnvelopeClient.connect(server.origin());
                var ben = EnvelopeClient.connect(server.origin())) {
            ada.join("curl-one");
            ada.join("curl-two");
            ben.join("curl-two");

            Answer answer =
                    publish("{\"rooms\":[\"curl-one\",\"curl-two\"],\"event\":\"chat\",\"data\":0,\"except\":[\""
                            + ben.connection() + "\"]}");

            assertThat(answer.body()).isEqualTo("{\"matched\":1,\"queued\":1,\"dropped\":0,\"evicted\":0}");
        }
    }

    @Test
    void publishesTextAsItIs() {
        try (var ada = EnvelopeClient.connect(server.origin())) {
            ada.join("curl-text");

            Answer answer = curl(
                    "/api/publish?room=curl-text&event=note",
                    "-H",
                    "Content-Type: text/plain",
                    "--data-binary",
                    "ding \"dong\"");

            assertThat(answer.status()).isEqualTo("200");
            assertThat(ada.next())
                    .isEqualTo("{\"event\":\"note\",\"room\":\"curl-text\",\"data\":\"ding \\\"dong\\\"\"}");
        }
    }

    @Test
    void listensToAStream() {
        try (var listener = ExternalProcess.start(
                Clients.DIRECTORY,
                Map.of(),
                List.of(
                        curl,
                        "-sSN",
                        "--max-time",
                        "60",
                        "--noproxy",
                        "*",
                        server.origin() + "/sse?room=curl-stream"))) {
            listener.awaitLine("the welcome", "event: welcome"::equals);

            publish("{\"room\":\"curl-stream\",\"event\":\"chat\",\"data\":{\"n\":1.50}}");

            listener.awaitLine("the event", "event: chat"::equals);
            assertThat(listener.awaitLine("the data", line -> line.startsWith("data")))
                    .isEqualTo("data: {\"n\":1.50}");
        }
    }

    @Test
    void aRefusedStreamSaysWhy() {
        Answer answer = curl("/sse?room=two%20words");

        assertThat(answer.status()).isEqualTo("400");
        assertThat(answer.contentType()).isEqualTo("application/problem+json");
        assertThat(answer.body()).contains("room: ");
    }

    @Test
    void anEmptyRoomIsNoError() {
        assertThat(publish("{\"room\":\"curl-nobody\",\"event\":\"chat\",\"data\":null}"))
                .isEqualTo(new Answer(
                        "200", "application/json", "{\"matched\":0,\"queued\":0,\"dropped\":0,\"evicted\":0}"));
    }

    @Test
    void aBodyThatIsNotJsonIsRefusedAndTheAnswerSaysAtWhichByte() {
        assertThat(publish("not json"))
                .isEqualTo(new Answer(
                        "400",
                        "application/problem+json",
                        "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"code\":\"malformed\","
                                + "\"detail\":\"byte 0: expected a JSON object\"}"));
    }

    @Test
    void aPublishToNobodyNamesWhatIsMissing() {
        Answer answer = publish("{\"event\":\"chat\",\"data\":1}");

        assertThat(answer.status()).isEqualTo("400");
        assertThat(answer.body()).contains("none of room, rooms, user and all");
    }

    @Test
    void healthAndReadinessAreGreen() {
        assertThat(curl("/healthz").status()).isEqualTo("200");
        assertThat(curl("/readyz").status()).isEqualTo("200");
    }

    @Test
    void metricsCountTheConnections() {
        try (var ada = EnvelopeClient.connect(server.origin())) {
            ada.join("curl-metrics");

            Answer answer = curl("/metrics");

            assertThat(answer.status()).isEqualTo("200");
            assertThat(answer.contentType()).startsWith("text/plain; version=0.0.4");
            assertThat(answer.body()).containsPattern("(?m)^campanile_connections(\\{[^}]*})? [1-9]");
        }
    }

    @Test
    void anUnknownPathIsNotFoundAndAWrongMethodSaysWhichAreAllowed() {
        assertThat(curl("/nowhere").status()).isEqualTo("404");

        Answer answer = curl("/api/publish", "-i");

        assertThat(answer.status()).isEqualTo("405");
        assertThat(answer.body()).containsIgnoringCase("\nallow: OPTIONS, POST");
    }

    @Test
    void thePageForbidsContentFromElsewhere() {
        Answer answer = curl("/", "-i");

        assertThat(answer.contentType()).startsWith("text/html");
        assertThat(answer.body()).containsIgnoringCase("content-security-policy: default-src 'self'");
    }

    private static Answer publish(String body) {
        return curl("/api/publish", "-H", "Content-Type: application/json", "--data-binary", body);
    }

    private static Answer curl(String path, String... options) {
        var command = new ArrayList<>(
                List.of(curl, "-sS", "--max-time", "30", "--noproxy", "*", "-w", "\\n%{http_code} %{content_type}"));
        command.addAll(List.of(options));
        command.add(server.origin() + path);
        try (var process = ExternalProcess.start(Clients.DIRECTORY, Map.of(), command)) {
            assertThat(process.awaitExit()).as(process.output()).isZero();
            String output = process.output();
            int last = output.lastIndexOf('\n');
            String[] facts = output.substring(last + 1).split(" ", 2);
            return new Answer(facts[0], facts[1], output.substring(0, last));
        }
    }
}

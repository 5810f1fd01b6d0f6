package io.campanile.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** That what {@code docs/protocol.md} shows and lists is so. */
final class ProtocolPageTest {
    private static final Pattern EXAMPLE = Pattern.compile("^(?:[<>] )?(\\{\"event\".*})$", Pattern.MULTILINE);
    private static final Pattern ERROR_ROW = Pattern.compile("^\\| `([a-z_]+)` \\| (\\d+) \\|", Pattern.MULTILINE);
    private static final Pattern CURL_BODY = Pattern.compile("-d '(\\{.*})'");

    private final String page = read();

    @Test
    void showsMessagesThatAreMessages() {
        List<String> events = new ArrayList<>();

        for (Matcher example = EXAMPLE.matcher(page); example.find(); ) {
            Inbound inbound = EnvelopeCodecTest.decode(example.group(1));

            assertThat(inbound).as(example.group(1)).isInstanceOf(Inbound.Request.class);
            var request = (Inbound.Request) inbound;
            events.add(request.event());
            switch (request.event()) {
                case "room.join", "room.leave", "room.members" -> assertValid(Payloads.roomRequest(request.data()));
                case "room.publish" -> assertValid(Payloads.roomPublish(request.data()));
                case "direct.send" -> assertValid(Payloads.directSend(request.data()));
                default -> {}
            }
        }

        assertThat(events)
                .contains(
                        "welcome",
                        "room.join",
                        "room.leave",
                        "room.members",
                        "room.publish",
                        "direct.send",
                        "ping",
                        "pong",
                        "ack",
                        "error");
    }

    @Test
    void showsAPublishOverHttpThatIsOne() {
        Matcher curl = CURL_BODY.matcher(page);
        assertThat(curl.find()).isTrue();
        byte[] body = curl.group(1).getBytes(StandardCharsets.UTF_8);

        assertValid(Payloads.httpPublish(body, 0, body.length));
    }

    @Test
    void listsTheErrorCodesAndTheirStatus() {
        List<String> listed = new ArrayList<>();
        for (Matcher row = ERROR_ROW.matcher(page); row.find(); ) {
            listed.add(row.group(1) + " " + row.group(2));
        }

        assertThat(listed)
                .isEqualTo(Arrays.stream(ErrorCode.values())
                        .map(code -> code.wireName() + " " + code.httpStatus())
                        .toList());
    }

    @Test
    void saysHowDeepDataMayBeNestedInAPublish() {
        assertThat(page).contains("so 62 levels are left to it; over HTTP 63");

        assertThat(publish(62)).isInstanceOf(Inbound.Request.class);
        assertThat(publish(63)).isInstanceOf(Inbound.ProtocolError.class);
        assertThat(httpPublish(63)).isInstanceOf(Payload.Valid.class);
        assertThat(httpPublish(64)).isInstanceOf(Payload.Refused.class);
    }

    private static Inbound publish(int depth) {
        return EnvelopeCodecTest.decode("{\"event\":\"room.publish\",\"data\":" + request(depth) + "}");
    }

    private static Payload<HttpPublish> httpPublish(int depth) {
        byte[] body = request(depth).getBytes(StandardCharsets.UTF_8);
        return Payloads.httpPublish(body, 0, body.length);
    }

    private static String request(int depth) {
        return "{\"room\":\"a\",\"event\":\"b\",\"data\":" + "[".repeat(depth) + "]".repeat(depth) + "}";
    }

    private static void assertValid(Payload<?> payload) {
        assertThat(payload).isInstanceOf(Payload.Valid.class);
    }

    private static String read() {
        try {
            return Files.readString(Path.of("..", "docs", "protocol.md"));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}

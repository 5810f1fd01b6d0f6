package io.campanile.server;

import io.campanile.gateway.HttpCall;
import io.campanile.protocol.ErrorCode;
import io.campanile.protocol.HttpPublish;
import io.campanile.protocol.JsonSlice;
import io.campanile.protocol.Payload;
import io.campanile.protocol.Payloads;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Reads what a publish over HTTP asks for. Without a query the body is the whole request in JSON. With one, the query
 * says to whom and under which event, and the body is the data: as it is when its content type is JSON, as a JSON string
 * when it is text.
 */
final class PublishBody {

    /** What the query may have. */
    static final Set<String> PARAMETERS = Collections.unmodifiableSet(
            new LinkedHashSet<>(List.of("room", "user", "all", "except", "exceptRooms", "event", "key", "eventId")));

    /** What of it may be given more than once. */
    static final Set<String> REPEATED = Set.of("room", "except", "exceptRooms");

    private PublishBody() {}

    static Payload<HttpPublish> read(HttpCall call) {
        return call.query().isEmpty() ? Payloads.httpPublish(call.body(), 0, call.body().length) : withQuery(call);
    }

    private static Payload<HttpPublish> withQuery(HttpCall call) {
        JsonSlice data;
        try {
            data = data(call);
        } catch (IllegalArgumentException e) {
            return new Payload.Refused<>(ErrorCode.MALFORMED, "body: " + e.getMessage());
        }
        // Put together as the JSON form, so that both forms obey the same rules and are refused in the same words.
        byte[] json = asJson(call, data).getBytes(StandardCharsets.UTF_8);
        return Payloads.httpPublish(json, 0, json.length);
    }

    private static JsonSlice data(HttpCall call) {
        String type = call.header("content-type")
                .orElse("text/plain")
                .split(";", 2)[0]
                .strip()
                .toLowerCase(Locale.ROOT);
        return HttpApi.isJson(type) ? JsonSlice.of(call.body()) : JsonSlice.string(utf8(call.body()));
    }

    private static String utf8(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("not valid UTF-8", e);
        }
    }

    private static String asJson(HttpCall call, JsonSlice data) {
        var json = new StringBuilder(data.length() + 128).append('{');
        List<String> rooms = call.parameters("room");
        if (rooms.size() > 1) {
            json.append("\"rooms\":").append(list(rooms)).append(',');
        } else {
            rooms.forEach(room -> json.append("\"room\":").append(string(room)).append(','));
        }
        call.parameters("user")
                .forEach(user -> json.append("\"user\":").append(string(user)).append(','));
        call.parameters("all")
                .forEach(all -> json.append("\"all\":")
                        .append(all.equals("true") || all.isEmpty() ? "true" : string(all))
                        .append(','));
        for (String name : List.of("except", "exceptRooms")) {
            List<String> values = call.parameters(name);
            if (!values.isEmpty()) {
                json.append(string(name)).append(':').append(list(values)).append(',');
            }
        }
        for (String name : List.of("event", "key", "eventId")) {
            call.parameters(name)
                    .forEach(value -> json.append(string(name))
                            .append(':')
                            .append(string(value))
                            .append(','));
        }
        return json.append("\"data\":").append(data.text()).append('}').toString();
    }

    private static String list(List<String> texts) {
        return texts.stream().map(PublishBody::string).collect(Collectors.joining(",", "[", "]"));
    }

    private static String string(String text) {
        return JsonSlice.string(text).text();
    }
}

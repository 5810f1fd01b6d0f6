package io.campanile.server;

import io.campanile.gateway.HttpCall;
import io.campanile.protocol.ErrorCode;
import io.campanile.protocol.HttpPublish;
import io.campanile.protocol.JsonSlice;
import io.campanile.protocol.Payload;
import io.campanile.protocol.Payloads;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Reads what a publish over HTTP asks for. Without a query the body is the whole request in JSON. With one, the query
 * says to whom and under which event, and the body is the data: as it is when its content type is JSON, as a JSON string
 * when it is text.
 */
final class PublishBody {

    private static final List<String> PARAMETERS =
            List.of("room", "user", "all", "except", "exceptRooms", "event", "key", "eventId");

    private PublishBody() {}

    static Payload<HttpPublish> read(HttpCall call) {
        return call.query().isEmpty() ? Payloads.httpPublish(call.body(), 0, call.body().length) : withQuery(call);
    }

    private static Payload<HttpPublish> withQuery(HttpCall call) {
        for (String pair : call.query().split("&", -1)) {
            String name = pair.split("=", 2)[0];
            if (!name.isEmpty() && !PARAMETERS.contains(decoded(name))) {
                return refused("query: unknown parameter (expected: " + String.join(", ", PARAMETERS) + ")");
            }
        }
        Optional<JsonSlice> data;
        try {
            data = data(call);
        } catch (IllegalArgumentException e) {
            return new Payload.Refused<>(ErrorCode.MALFORMED, "body: " + e.getMessage());
        }
        if (data.isEmpty()) {
            return refused("content-type: expected application/json or text/plain beside a query");
        }
        // Put together as the JSON form, so that both forms obey the same rules and are refused in the same words.
        byte[] json = asJson(call, data.get()).getBytes(StandardCharsets.UTF_8);
        return Payloads.httpPublish(json, 0, json.length);
    }

    private static Optional<JsonSlice> data(HttpCall call) {
        String type = call.header("content-type")
                .orElse("text/plain")
                .split(";", 2)[0]
                .strip()
                .toLowerCase(Locale.ROOT);
        if (type.equals("application/json") || type.endsWith("+json")) {
            return Optional.of(JsonSlice.of(call.body()));
        }
        // The last is what curl says of a body unless told otherwise.
        if (type.startsWith("text/") || type.equals("application/x-www-form-urlencoded")) {
            return Optional.of(JsonSlice.string(utf8(call.body())));
        }
        return Optional.empty();
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
        // A parameter that is given twice becomes a field given twice, which the reader refuses.
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

    private static String decoded(String name) {
        try {
            return URLDecoder.decode(name, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return name;
        }
    }

    private static Payload<HttpPublish> refused(String message) {
        return new Payload.Refused<>(ErrorCode.INVALID, message);
    }
}

package io.campanile.gateway;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/** What a client must send to open a WebSocket (RFC 6455 section 4.2.1), and who may. */
final class HandshakeRules {

    /** Either of the two below. */
    sealed interface Verdict {}

    /**
     * The request may be admitted.
     *
     * @param accept the key's answer, which shows that it was understood
     * @param protocol the subprotocol to select: the gateway's own where the client offers it, and never another, since
     *     what else it offers may be its token
     */
    record Valid(Gateway.Route route, String accept, Optional<String> protocol) implements Verdict {}

    /**
     * The request is refused.
     *
     * @param label what was wrong, for the counter
     */
    record Refused(String label, HttpAnswer answer) implements Verdict {}

    private static final String KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final String PROTOCOL = "campanile";
    private static final int KEY_BYTES = 16;
    private static final int KEY_CHARACTERS = 24;

    private HandshakeRules() {}

    static Verdict check(HttpRequest head, String path, Gateway gateway) {
        HttpHeaders headers = head.headers();
        Gateway.Route route = gateway.endpoint(path);
        if (route == null) {
            return refused("not_found", 404, "there is no WebSocket at this path");
        }
        if (!head.method().equals(HttpMethod.GET)) {
            return new Refused(
                    "method",
                    HttpAnswer.problem(405, "a WebSocket is opened with GET").withHeader("allow", "GET"));
        }
        if (!RequestRules.hasToken(headers, HttpHeaderNames.CONNECTION, "upgrade")) {
            return refused("malformed", 400, "the connection header does not name upgrade");
        }
        List<String> versions = headers.getAll(HttpHeaderNames.SEC_WEBSOCKET_VERSION);
        if (versions.size() != 1) {
            return refused("malformed", 400, "the handshake does not have exactly one sec-websocket-version");
        }
        if (!versions.get(0).equals("13")) {
            return new Refused(
                    "version",
                    HttpAnswer.problem(426, "the WebSocket version is not 13")
                            .withHeader("sec-websocket-version", "13"));
        }
        List<String> keys = headers.getAll(HttpHeaderNames.SEC_WEBSOCKET_KEY);
        if (keys.size() != 1 || !isKey(keys.get(0))) {
            return refused(
                    "malformed",
                    400,
                    "the handshake does not have exactly one sec-websocket-key of 16 bytes in base64");
        }
        List<String> origins = headers.getAll(HttpHeaderNames.ORIGIN);
        if (origins.size() > 1) {
            return refused("malformed", 400, "the handshake has more than one origin");
        }
        String host = headers.get(HttpHeaderNames.HOST, "");
        if (origins.size() == 1 && !gateway.origins.admits(origins.get(0), host)) {
            return refused("origin", 403, "pages of this origin may not connect");
        }
        Optional<Agreement> agreement =
                ExtensionOffers.answer(headers.getAll(HttpHeaderNames.SEC_WEBSOCKET_EXTENSIONS));
        if (agreement.isEmpty()) {
            return refused("malformed", 400, "the sec-websocket-extensions are not well-formed");
        }
        Gateway.Route agreed = gateway.endpoint(path, agreement.get());
        return new Valid(agreed == null ? route : agreed, accept(keys.get(0)), protocol(headers));
    }

    private static Optional<String> protocol(HttpHeaders headers) {
        return headers.getAll(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL).stream()
                .flatMap(value -> Arrays.stream(value.split(",", -1)))
                .map(String::strip)
                .filter(PROTOCOL::equals)
                .findFirst();
    }

    private static Refused refused(String label, int status, String detail) {
        return new Refused(label, HttpAnswer.problem(status, detail));
    }

    private static boolean isKey(String key) {
        try {
            return key.length() == KEY_CHARACTERS && Base64.getDecoder().decode(key).length == KEY_BYTES;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static String accept(String key) {
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-1").digest((key + KEY_SUFFIX).getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-1 is missing, which every Java platform has", e);
        }
    }
}

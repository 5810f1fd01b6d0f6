package io.campanile.benchmarks;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** The opening handshake of one connection (RFC 6455 section 4), from the client's side. */
final class Handshake {
    private static final String SALT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private final String key;

    Handshake() {
        byte[] nonce = new byte[16];
        ThreadLocalRandom.current().nextBytes(nonce);
        key = Base64.getEncoder().encodeToString(nonce);
    }

    /**
     * Returns the request's bytes.
     *
     * @param headers complete lines such as {@code Authorization: Bearer …}
     */
    byte[] request(URI url, List<String> headers) {
        String path = url.getRawPath() == null || url.getRawPath().isEmpty() ? "/" : url.getRawPath();
        String query = url.getRawQuery() == null ? "" : "?" + url.getRawQuery();
        StringBuilder request = new StringBuilder()
                .append("GET ")
                .append(path)
                .append(query)
                .append(" HTTP/1.1\r\nHost: ")
                .append(url.getRawAuthority())
                .append(
                        "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ")
                .append(key)
                .append("\r\n");
        headers.forEach(header -> request.append(header).append("\r\n"));
        return request.append("\r\n").toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Returns why the answer's head (status line and headers) is not an upgrade, or empty when it is. */
    Optional<String> refusal(String head) {
        List<String> lines = head.lines().toList();
        String status = lines.isEmpty() ? "" : lines.get(0);
        if (!status.startsWith("HTTP/1.1 101")) {
            return Optional.of("the server refused the handshake: " + status);
        }
        for (String line : lines) {
            int colon = line.indexOf(':');
            if (colon > 0 && line.substring(0, colon).toLowerCase(Locale.ROOT).equals("sec-websocket-accept")) {
                return line.substring(colon + 1).trim().equals(accept(key))
                        ? Optional.empty()
                        : Optional.of("the server's Sec-WebSocket-Accept does not fit the key sent");
            }
        }
        return Optional.of("the server's answer has no Sec-WebSocket-Accept");
    }

    /** Returns what a server answers to a key. */
    static String accept(String key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest((key + SALT).getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-1", e);
        }
    }

    String key() {
        return key;
    }
}

package io.campanile.server;

import io.campanile.gateway.HttpAnswer;
import io.campanile.gateway.HttpCall;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;

/** Decides who may publish over HTTP. */
final class ApiAccess {

    private static final String BEARER = "Bearer ";

    private final Mode mode;
    private final Optional<byte[]> keyHash;

    ApiAccess(Mode mode, Optional<String> key) {
        this.mode = mode;
        this.keyHash = key.map(ApiAccess::sha256);
    }

    /** Returns why the call is refused; empty when it may go on. */
    Optional<HttpAnswer> refuse(HttpCall call) {
        if (keyHash.isPresent()) {
            return refuseWithoutKey(call, keyHash.get());
        }
        if (mode == Mode.CONFIGURED) {
            return Optional.of(HttpAnswer.problem(
                    403,
                    "publishing over HTTP is closed on this server (to open it: set api.key in its configuration)"));
        }
        return Localhost.refuse(call);
    }

    private static Optional<HttpAnswer> refuseWithoutKey(HttpCall call, byte[] expected) {
        Optional<String> shown = call.header("x-api-key")
                .or(() -> call.header("authorization")
                        .filter(value -> value.regionMatches(true, 0, BEARER, 0, BEARER.length()))
                        .map(value -> value.substring(BEARER.length()).strip()));
        if (shown.isEmpty()) {
            return Optional.of(unauthorized("no API key (expected: X-API-Key: KEY, or Authorization: Bearer KEY)"));
        }
        // Hashes are of one length and say nothing of their input, so the time this takes tells nothing of the key.
        return MessageDigest.isEqual(sha256(shown.get()), expected)
                ? Optional.empty()
                : Optional.of(unauthorized("the API key is not the one of this server"));
    }

    private static HttpAnswer unauthorized(String detail) {
        return HttpAnswer.problem(401, detail).withHeader("www-authenticate", "Bearer");
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}

package io.campanile.server;

import io.campanile.gateway.HttpAnswer;
import io.campanile.gateway.HttpCall;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/** The demo page and what it is made of, read once at the start. */
final class StaticFiles {

    /** By path: what is served there. */
    private static final Map<String, String> FILES = files();

    private static final String CONTENT_SECURITY_POLICY = "default-src 'self'; connect-src 'self' ws: wss:;"
            + " img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    private static Map<String, String> files() {
        var files = new LinkedHashMap<String, String>();
        files.put("/", "index.html");
        files.put("/app.js", "app.js");
        files.put("/campanile.js", "campanile.js");
        files.put("/style.css", "style.css");
        return files;
    }

    private StaticFiles() {}

    /** Returns the answer for each path. */
    static Map<String, HttpAnswer> load() {
        var answers = new LinkedHashMap<String, HttpAnswer>();
        FILES.forEach((path, file) -> answers.put(path, whole(file)));
        return answers;
    }

    /** Returns the whole answer, or 304 when the browser has it already. */
    static HttpAnswer answer(HttpCall call, HttpAnswer answer) {
        String tag = answer.headers().getOrDefault("etag", "");
        return call.header("if-none-match").filter(tag::equals).isPresent()
                ? new HttpAnswer(304, answer.headers(), new byte[0])
                : answer;
    }

    private static HttpAnswer whole(String file) {
        byte[] bytes = read(file);
        return HttpAnswer.bytes(200, contentType(file), bytes)
                .withHeader("etag", '"' + digest(bytes) + '"')
                .withHeader("cache-control", "no-cache")
                .withHeader("content-security-policy", CONTENT_SECURITY_POLICY)
                .withHeader("x-content-type-options", "nosniff")
                .withHeader("referrer-policy", "no-referrer");
    }

    private static byte[] read(String file) {
        try (InputStream in = StaticFiles.class.getResourceAsStream("web/" + file)) {
            if (in == null) {
                throw new IllegalStateException("web/" + file + " is missing from the server's own files");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String contentType(String file) {
        return switch (file.substring(file.lastIndexOf('.') + 1)) {
            case "html" -> "text/html; charset=utf-8";
            case "js" -> "text/javascript; charset=utf-8";
            case "css" -> "text/css; charset=utf-8";
            default -> throw new IllegalArgumentException(file + ": no content type is known for it");
        };
    }

    private static String digest(byte[] bytes) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
            return HexFormat.of().formatHex(hash, 0, 12);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}

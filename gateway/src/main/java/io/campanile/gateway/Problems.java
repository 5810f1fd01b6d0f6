package io.campanile.gateway;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Refusals in the form of RFC 9457. */
final class Problems {

    private Problems() {}

    /** Returns the code of a refusal of which no more is known than its status. */
    static String codeOf(int status) {
        return switch (status) {
            case 400 -> "invalid";
            case 413, 414, 431 -> "limit_exceeded";
            case 429 -> "rate_limited";
            case 500 -> "internal";
            case 503 -> "unavailable";
            default ->
                HttpResponseStatus.valueOf(status)
                        .reasonPhrase()
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^a-z0-9]+", "_");
        };
    }

    static byte[] json(int status, String code, String detail) {
        String title = HttpResponseStatus.valueOf(status).reasonPhrase();
        String json = "{\"type\":\"about:blank\",\"title\":\"" + escaped(title) + "\",\"status\":" + status
                + ",\"code\":\"" + escaped(code) + "\",\"detail\":\"" + escaped(detail) + "\"}";
        return json.getBytes(StandardCharsets.UTF_8);
    }

    private static String escaped(String text) {
        StringBuilder out = new StringBuilder(text.length() + 8);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ') {
                out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }
}

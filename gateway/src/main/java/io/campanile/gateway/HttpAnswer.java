package io.campanile.gateway;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * An answer to an HTTP request. The gateway adds {@code content-length}, {@code date} and {@code connection}.
 *
 * @param status the status, 200 to 599
 * @param headers the headers, one value each, by name; names are lower-cased and values checked
 * @param body the body, which must not change afterwards; empty for none
 */
@SuppressWarnings("ArrayRecordComponent") // handed over, not shared; answers are not compared
public record HttpAnswer(int status, Map<String, String> headers, byte[] body) {

    private static final String RETRY_AFTER_SECONDS = "5";
    private static final Set<String> OWN =
            Set.of("content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer", "date");

    /** Rejects a status or header that could not be sent, or that is the gateway's to send. */
    public HttpAnswer {
        Checks.inRange("status", status, 200, 599);
        Map<String, String> checked = new LinkedHashMap<>();
        headers.forEach((name, value) -> checked.put(checkedName(name), checkedValue(name, value)));
        headers = java.util.Collections.unmodifiableMap(checked);
    }

    /** Returns an answer in JSON. */
    public static HttpAnswer json(int status, String json) {
        return json(status, json.getBytes(StandardCharsets.UTF_8));
    }

    /** Returns an answer in JSON, from its UTF-8 bytes, which must not change afterwards. */
    public static HttpAnswer json(int status, byte[] json) {
        return bytes(status, "application/json", json);
    }

    /** Returns an answer in plain text. */
    public static HttpAnswer text(int status, String text) {
        return bytes(status, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
    }

    /** Returns an answer of a content type; the bytes must not change afterwards. */
    public static HttpAnswer bytes(int status, String contentType, byte[] body) {
        return new HttpAnswer(status, Map.of("content-type", contentType), body);
    }

    /** Returns an answer without a body. */
    public static HttpAnswer empty(int status) {
        return new HttpAnswer(status, Map.of(), new byte[0]);
    }

    /**
     * Returns a refusal as RFC 9457 has it, with the code that is usual for the status, such as {@code forbidden} for 403.
     *
     * @param detail a sentence that says what was wrong and what would be right
     */
    public static HttpAnswer problem(int status, String detail) {
        return problem(status, Problems.codeOf(status), detail);
    }

    /**
     * Returns a refusal as RFC 9457 has it: {@code {"type":"about:blank","title":…,"status":…,"code":…,"detail":…}}. The
     * type says that the title is the status's own; what programs tell refusals apart by is the code.
     *
     * @param code the kind of refusal in lower case and underscores; it keeps its meaning
     * @param detail a sentence that says what was wrong and what would be right
     */
    public static HttpAnswer problem(int status, String code, String detail) {
        return bytes(status, "application/problem+json", Problems.json(status, code, detail));
    }

    /** Returns a refusal that holds for now only, and says when to try again. */
    static HttpAnswer tryLater(int status, String detail) {
        return problem(status, detail).withHeader("retry-after", RETRY_AFTER_SECONDS);
    }

    /** Returns the same answer with one header added or replaced. */
    public HttpAnswer withHeader(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name.toLowerCase(Locale.ROOT), value);
        return new HttpAnswer(status, more, body);
    }

    private static String checkedName(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (!Requests.isToken(lower)) {
            throw new IllegalArgumentException("header name: not a token (expected: RFC 9110 section 5.1)");
        }
        if (OWN.contains(lower)) {
            throw new IllegalArgumentException("header " + lower + " (expected: none, the gateway sends it)");
        }
        return lower;
    }

    static String checkedValue(String name, String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c > 0xff || c == 0x7f || (c < ' ' && c != '\t')) {
                throw new IllegalArgumentException("header " + name + ": character " + (int) c + " at " + i
                        + " (expected: visible ISO 8859-1, RFC 9110 section 5.5)");
            }
        }
        return value;
    }

    /** Names the status only. */
    @Override
    public String toString() {
        return "HttpAnswer[" + status + ", " + body.length + " bytes]";
    }
}

package io.campanile.gateway;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What lets the pages of other origins read answers (WHATWG Fetch, section 3.3): only those that the {@link
 * OriginPolicy} names, each by its own origin, with credentials.
 */
final class Cors {

    private static final String MAX_AGE_SECONDS = "600";

    private Cors() {}

    /** Returns the headers that an answer on a path open to other origins has. */
    static Map<String, String> headers(HttpHeaders request, OriginPolicy policy) {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("vary", "origin");
        origin(request, policy).ifPresent(origin -> {
            headers.put("access-control-allow-origin", origin);
            headers.put("access-control-allow-credentials", "true");
        });
        return headers;
    }

    /** Returns an answer with these headers. */
    static HttpAnswer open(HttpAnswer answer, HttpHeaders request, OriginPolicy policy) {
        HttpAnswer open = answer;
        for (Map.Entry<String, String> header : headers(request, policy).entrySet()) {
            String before = answer.headers().get(header.getKey());
            boolean more = before != null && header.getKey().equals("vary");
            open = open.withHeader(header.getKey(), more ? before + ", " + header.getValue() : header.getValue());
        }
        return open;
    }

    /**
     * Answers a browser that asks what a page may send.
     *
     * @param methods those of the path
     */
    static HttpAnswer preflight(HttpHeaders request, OriginPolicy policy, String methods) {
        if (!request.contains(HttpHeaderNames.ORIGIN)) {
            return HttpAnswer.empty(204).withHeader("allow", methods);
        }
        if (origin(request, policy).isEmpty()) {
            return HttpAnswer.problem(403, "pages of this origin may not call this path");
        }
        HttpAnswer answer = HttpAnswer.empty(204)
                .withHeader("access-control-allow-methods", methods)
                .withHeader("access-control-max-age", MAX_AGE_SECONDS);
        List<String> asked = request.getAll(HttpHeaderNames.ACCESS_CONTROL_REQUEST_HEADERS);
        // The origin is trusted, so it may send what it likes; what is no list of names is not repeated.
        return asked.size() == 1 && isList(asked.get(0))
                ? answer.withHeader("access-control-allow-headers", asked.get(0))
                : answer;
    }

    private static boolean isList(String names) {
        for (String name : names.split(",", -1)) {
            if (!Requests.isToken(name.strip())) {
                return false;
            }
        }
        return true;
    }

    private static Optional<String> origin(HttpHeaders request, OriginPolicy policy) {
        List<String> origins = request.getAll(HttpHeaderNames.ORIGIN);
        return origins.size() == 1
                        && origins.get(0).chars().allMatch(c -> c > ' ' && c < 0x7f)
                        && policy.admits(origins.get(0), request.get(HttpHeaderNames.HOST, ""))
                ? Optional.of(origins.get(0))
                : Optional.empty();
    }
}

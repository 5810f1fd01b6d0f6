package io.campanile.gateway;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a request's head must be before anything else is done with it. Doubt is a refusal, and ends the connection. */
final class RequestRules {

    private RequestRules() {}

    /** Returns the answer to a head that breaks a rule; empty for one that does not. */
    static Optional<HttpAnswer> check(HttpRequest head, GatewayLimits limits) {
        HttpHeaders headers = head.headers();
        if (!head.protocolVersion().equals(HttpVersion.HTTP_1_1)) {
            return bad("the protocol is not HTTP/1.1");
        }
        List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
        if (hosts.size() != 1 || hosts.get(0).isBlank()) {
            return bad("the request does not have exactly one host");
        }
        if (!isOriginForm(head.uri())) {
            return bad("the request target is not a path of visible ASCII");
        }
        List<String> codings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
        List<String> lengths = headers.getAll(HttpHeaderNames.CONTENT_LENGTH);
        if (!codings.isEmpty() && !lengths.isEmpty()) {
            return bad("the request has both a content-length and a transfer-encoding");
        }
        if (codings.size() > 1 || (codings.size() == 1 && !codings.get(0).equalsIgnoreCase("chunked"))) {
            return bad("the transfer-encoding is not just chunked");
        }
        if (lengths.size() > 1 || (lengths.size() == 1 && !lengths.get(0).matches("[0-9]{1,18}"))) {
            return bad("the content-length is not one number");
        }
        long length = lengths.isEmpty() ? 0 : Long.parseLong(lengths.get(0));
        if (isUpgrade(headers) && (length > 0 || !codings.isEmpty())) {
            return bad("a request to upgrade has a body");
        }
        if (hasBody(headers)
                && (head.method().equals(HttpMethod.GET) || head.method().equals(HttpMethod.HEAD))) {
            return bad("a request that only reads has a body");
        }
        if (length > limits.maxHttpBodyBytes()) {
            return Optional.of(bodyTooLarge(limits));
        }
        List<String> expectations = headers.getAll(HttpHeaderNames.EXPECT);
        if (expectations.size() > 1
                || (expectations.size() == 1 && !expectations.get(0).equalsIgnoreCase("100-continue"))) {
            return Optional.of(HttpAnswer.problem(417, "the only expectation that is met is 100-continue"));
        }
        return Optional.empty();
    }

    /** Returns a request with what an answer to it depends on, and no other headers. */
    static HttpRequest essence(HttpRequest head) {
        HttpHeaders headers = DefaultHttpHeadersFactory.headersFactory().newHeaders();
        for (CharSequence name : List.of(HttpHeaderNames.HOST, HttpHeaderNames.ORIGIN)) {
            headers.add(name, head.headers().getAll(name));
        }
        return new DefaultHttpRequest(head.protocolVersion(), head.method(), head.uri(), headers);
    }

    static HttpAnswer bodyTooLarge(GatewayLimits limits) {
        return HttpAnswer.problem(413, "the body is larger than " + limits.maxHttpBodyBytes() + " bytes");
    }

    /** Returns whether a body follows a head that keeps the rules. */
    static boolean hasBody(HttpHeaders headers) {
        return headers.contains(HttpHeaderNames.TRANSFER_ENCODING)
                || Long.parseLong(headers.get(HttpHeaderNames.CONTENT_LENGTH, "0")) > 0;
    }

    /** Returns whether the client asks for a WebSocket, rightly or not. */
    static boolean isUpgrade(HttpHeaders headers) {
        return hasToken(headers, HttpHeaderNames.UPGRADE, "websocket");
    }

    /** Returns whether a header's comma-separated values have a token, in any case. */
    static boolean hasToken(HttpHeaders headers, CharSequence name, String token) {
        for (String value : headers.getAll(name)) {
            for (String part : value.split(",", -1)) {
                if (part.strip().toLowerCase(Locale.ROOT).equals(token)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isOriginForm(String uri) {
        return uri.startsWith("/") && uri.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '#');
    }

    private static Optional<HttpAnswer> bad(String detail) {
        return Optional.of(HttpAnswer.problem(400, detail));
    }
}

package io.campanile.examples.tradingfloor;

import io.campanile.gateway.HttpAnswer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;

/** The page and what it is made of. Nothing in it comes from elsewhere, and its policy lets nothing in. */
final class Page {

    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
            + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /** By path: the file, and what it is. */
    static final Map<String, HttpAnswer> FILES = Map.of(
            "/", file("index.html", "text/html; charset=utf-8"),
            "/floor.js", file("floor.js", "text/javascript; charset=utf-8"),
            "/floor.css", file("floor.css", "text/css; charset=utf-8"));

    private Page() {}

    private static HttpAnswer file(String name, String type) {
        try (InputStream in = Page.class.getResourceAsStream("web/" + name)) {
            if (in == null) {
                throw new IllegalStateException("web/" + name + " is missing");
            }
            return HttpAnswer.bytes(200, type, in.readAllBytes())
                    .withHeader("content-security-policy", POLICY)
                    .withHeader("x-content-type-options", "nosniff")
                    .withHeader("referrer-policy", "no-referrer")
                    .withHeader("cache-control", "no-cache");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

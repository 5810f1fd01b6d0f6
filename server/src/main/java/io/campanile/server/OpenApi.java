package io.campanile.server;

import io.campanile.gateway.HttpAnswer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The description of the HTTP API in the form of OpenAPI 3.1. */
final class OpenApi {

    private static final String VERSION = "${version}";

    private OpenApi() {}

    static HttpAnswer answer() {
        return HttpAnswer.json(200, document()).withHeader("cache-control", "no-cache");
    }

    static String document() {
        try (InputStream in = OpenApi.class.getResourceAsStream("openapi.json")) {
            if (in == null) {
                throw new IllegalStateException("openapi.json is missing from the server's own files");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).replace(VERSION, Version.text());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

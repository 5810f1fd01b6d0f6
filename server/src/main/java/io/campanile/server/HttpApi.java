package io.campanile.server;

import io.campanile.core.ConnectionRegistry;
import io.campanile.gateway.GatewayBuilder;
import io.campanile.gateway.HttpAnswer;
import io.campanile.gateway.HttpCall;
import io.campanile.gateway.HttpHandler;
import io.campanile.gateway.Revocations;
import io.campanile.protocol.Payload;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** What can be asked for under {@code /api}, and what every call must be before it is answered. */
final class HttpApi {

    /** Answers calls that have passed the rules below. */
    @FunctionalInterface
    interface Handler {
        CompletionStage<HttpAnswer> answer(HttpCall call, ApiCaller caller);
    }

    /**
     * One thing that can be asked for. The document at {@link Paths#OPENAPI} describes each.
     *
     * @param scope what the caller's key must be good for
     * @param parameters what the query may have, each once
     * @param repeated what of them may be given more than once
     */
    record Route(
            String method, String path, ApiScope scope, Set<String> parameters, Set<String> repeated, Handler handler) {

        static Route get(String path, ApiScope scope, Set<String> parameters, Handler handler) {
            return new Route("GET", path, scope, parameters, Set.of(), handler);
        }

        static Route post(String path, ApiScope scope, Handler handler) {
            return new Route("POST", path, scope, Set.of(), Set.of(), handler);
        }
    }

    static final String TOO_MANY = "this key asks for more than api.max-requests-per-second; try again later";

    private static final Duration AT_LEAST = Duration.ofSeconds(1);

    private final ApiAccess access;
    private final List<Route> routes;

    /**
     * Begins an API.
     *
     * @param registry what it works on, from the first call on
     * @param lists where lists are looked through
     */
    HttpApi(
            ApiAccess access,
            Supplier<ConnectionRegistry> registry,
            IdempotentAnswers answers,
            Executor lists,
            Revocations revocations) {
        this.access = access;
        this.routes = Stream.of(
                        new Publishing(registry, answers).routes(),
                        new Lists(registry, lists).routes(),
                        new Management(registry, revocations).routes())
                .flatMap(List::stream)
                .toList();
    }

    /** Returns everything that can be asked for, but the stream and the document. */
    List<Route> routes() {
        return routes;
    }

    void addTo(GatewayBuilder builder) {
        for (Route route : routes) {
            builder.http(route.method(), route.path(), handler(route)).crossOrigin(route.path());
        }
        HttpAnswer document = OpenApi.answer();
        builder.http("GET", Paths.OPENAPI, call -> now(document)).crossOrigin(Paths.OPENAPI);
        builder.sse(Paths.TAIL, new TailEndpoint(access));
    }

    private HttpHandler handler(Route route) {
        return new HttpHandler() {
            @Override
            public Optional<HttpAnswer> refusal(HttpCall head) {
                return access.decide(head.headers(), route.scope()) instanceof ApiAccess.Refused refused
                        ? Optional.of(refused.answer())
                        : Optional.empty();
            }

            @Override
            public CompletionStage<HttpAnswer> handle(HttpCall call) {
                return answer(route, call);
            }
        };
    }

    private CompletionStage<HttpAnswer> answer(Route route, HttpCall call) {
        ApiAccess.Decision decision = access.decide(call.headers(), route.scope());
        if (decision instanceof ApiAccess.Refused refused) {
            return now(refused.answer());
        }
        ApiCaller caller = ((ApiAccess.Granted) decision).caller();
        Optional<HttpAnswer> refusal = tooMany(caller, 1)
                .or(() -> wrongQuery(call.query(), route.parameters(), route.repeated())
                        .map(detail -> HttpAnswer.problem(400, detail)))
                .or(() -> wrongType(call));
        if (refusal.isPresent()) {
            return now(refusal.get());
        }
        caller.called();
        return route.handler().answer(call, caller).thenApply(answer -> answer.withHeader("cache-control", "no-store"));
    }

    /** Refuses a caller that asks too often; takes what its request costs otherwise. */
    static Optional<HttpAnswer> tooMany(ApiCaller caller, int cost) {
        Duration wait = Duration.ofNanos(caller.take(cost, System.nanoTime()));
        if (wait.isZero()) {
            return Optional.empty();
        }
        long seconds =
                Math.max(AT_LEAST.toSeconds(), wait.plusNanos(999_999_999).toSeconds());
        return Optional.of(HttpAnswer.problem(429, TOO_MANY).withHeader("retry-after", Long.toString(seconds)));
    }

    /** Refuses what is asked for in words that are not known: what they should have meant is not done. */
    static Optional<String> wrongQuery(String query, Set<String> known, Set<String> repeated) {
        var seen = new LinkedHashSet<String>();
        for (String pair : query.isEmpty() ? new String[0] : query.split("&", -1)) {
            String[] parts = pair.split("=", 2);
            try {
                String name = URLDecoder.decode(parts[0], StandardCharsets.UTF_8);
                if (parts.length == 2) {
                    URLDecoder.decode(parts[1], StandardCharsets.UTF_8);
                }
                if (!known.contains(name)) {
                    String expected = known.isEmpty() ? "none" : String.join(", ", known);
                    return Optional.of("query: unknown parameter (expected: " + expected + ")");
                }
                if (!seen.add(name) && !repeated.contains(name)) {
                    return Optional.of(name + ": given twice (expected: at most once)");
                }
            } catch (IllegalArgumentException e) {
                return Optional.of("query: broken percent-encoding");
            }
        }
        return Optional.empty();
    }

    /**
     * Refuses a body that says it is no JSON. One that says nothing is taken for it, and so is what {@code curl -d} says
     * unless told otherwise. Beside a query the body is data, which may be text.
     */
    private static Optional<HttpAnswer> wrongType(HttpCall call) {
        if (!call.method().equals("POST")) {
            return Optional.empty();
        }
        List<String> types = call.headers().getOrDefault("content-type", List.of());
        boolean right = types.isEmpty()
                || (types.size() == 1 && isTaken(types.get(0), !call.query().isEmpty()));
        boolean plain = call.headers().getOrDefault("content-encoding", List.of()).stream()
                .allMatch(encoding -> encoding.equalsIgnoreCase("identity"));
        return right && plain
                ? Optional.empty()
                : Optional.of(HttpAnswer.problem(
                                415,
                                right
                                        ? "content-encoding: the body is encoded (expected: as it is)"
                                        : "content-type: expected application/json, or text/plain beside a query, in UTF-8")
                        .withHeader("accept", "application/json"));
    }

    private static boolean isTaken(String contentType, boolean besideQuery) {
        String[] parts = contentType.toLowerCase(Locale.ROOT).split(";", -1);
        for (int i = 1; i < parts.length; i++) {
            String parameter = parts[i].strip().replace("\"", "");
            if (parameter.startsWith("charset=") && !parameter.equals("charset=utf-8")) {
                return false;
            }
        }
        return isJson(parts[0].strip()) || isForm(parts[0].strip()) || (besideQuery && isText(parts[0].strip()));
    }

    /** Whether a content type, in lower case and without parameters, is that of JSON. */
    static boolean isJson(String type) {
        return type.equals("application/json") || type.endsWith("+json");
    }

    static boolean isText(String type) {
        return type.startsWith("text/");
    }

    /** Whether it is what curl says of a body unless told otherwise. */
    static boolean isForm(String type) {
        return type.equals("application/x-www-form-urlencoded");
    }

    /** Returns the answer to a body that breaks a rule. */
    static HttpAnswer refusal(Payload.Refused<?> refused) {
        return HttpAnswer.problem(refused.code().httpStatus(), refused.code().wireName(), refused.message());
    }

    static CompletionStage<HttpAnswer> now(HttpAnswer answer) {
        return CompletableFuture.completedFuture(answer);
    }
}

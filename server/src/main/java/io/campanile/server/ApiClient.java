package io.campanile.server;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow.Publisher;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Speaks to the HTTP API of a running server. Whatever is no good answer comes out as a {@link CommandFailure}. */
final class ApiClient {

    /**
     * A key, and where it came from.
     *
     * @param origin how the user called the place
     */
    record Key(String text, String origin) {}

    /** An answer of the kind that was asked for. */
    record Answer(Map<?, ?> body, HttpHeaders headers) {

        /** Returns a number that must be there. */
        long number(String name) {
            if (body.get(name) instanceof Number number) {
                return number.longValue();
            }
            throw unlike("no number " + name + " in it");
        }

        /** Returns a number that is left out when it is 0. */
        long count(String name) {
            return body.containsKey(name) ? number(name) : 0;
        }
    }

    private static final int PAGE = 1_000;
    private static final int MOST_DETAIL = 300;

    private final URI server;
    private final Optional<Key> key;
    private final Duration timeout;
    private final HttpClient http;

    ApiClient(URI server, Optional<Key> key, Duration timeout) {
        this.server = server;
        this.key = key;
        this.timeout = timeout;
        this.http = HttpClient.newBuilder()
                // An offer to change to HTTP/2 is one thing more that a proxy on the way could not like.
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(timeout)
                .build();
    }

    /** Returns the address that the text is; says what is wrong with it in the words of the place it came from. */
    static URI server(String text, String origin) {
        String wrong = origin + ": " + SettingsLoader.quoted(text);
        URI uri;
        try {
            uri = new URI(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
        } catch (URISyntaxException e) {
            throw CommandFailure.misused(wrong + " (expected: a URL such as http://127.0.0.1:8080)");
        }
        boolean web = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
        if (!web || uri.getHost() == null) {
            String hint = text.contains("://") ? "" : "; did you mean http://" + Shown.line(text) + "?";
            throw CommandFailure.misused(wrong + " (expected: a URL such as http://127.0.0.1:8080)" + hint);
        }
        if (uri.getRawUserInfo() != null || uri.getRawQuery() != null || uri.getRawFragment() != null) {
            throw CommandFailure.misused(
                    origin
                            + ": has a user, a query or a fragment (expected: scheme, host, port, and a path if a proxy wants one)");
        }
        return uri;
    }

    Answer get(String path, Map<String, String> parameters) {
        return answer(request(path + query(parameters)).GET());
    }

    Answer post(String path, Map<String, ?> body, Map<String, String> headers) {
        HttpRequest.Builder request = request(path)
                .header("content-type", "application/json")
                .POST(BodyPublishers.ofByteArray(Json.bytes(body)));
        headers.forEach(request::header);
        return answer(request);
    }

    /**
     * Gets all pages of a list.
     *
     * @param field the name of the list in the answer
     * @param page called with the items of each page, which may be none
     */
    void pages(String path, Map<String, String> parameters, String field, Consumer<List<?>> page) {
        var asked = new LinkedHashMap<>(parameters);
        asked.put("limit", String.valueOf(PAGE));
        Object next;
        do {
            Map<?, ?> body = get(path, asked).body();
            if (!(body.get(field) instanceof List<?> items)) {
                throw unlike("no list " + field + " in it");
            }
            page.accept(items);
            next = body.get("next");
            if (next != null && next.toString().equals(asked.put("after", next.toString()))) {
                throw unlike("a page that says it follows itself");
            }
        } while (next != null);
    }

    private static String query(Map<String, String> parameters) {
        var query = new StringJoiner("&", "?", "").setEmptyValue("");
        parameters.forEach((name, value) -> query.add(name + "=" + encoded(value)));
        return query.toString();
    }

    static String encoded(String value) {
        // A plus is a space in forms only; %20 is one everywhere.
        return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private HttpRequest.Builder request(String pathAndQuery) {
        var request = HttpRequest.newBuilder(URI.create(server + pathAndQuery))
                .header("user-agent", "campanile/" + Version.text().replaceAll("[()]", ""));
        key.ifPresent(k -> request.header("authorization", "Bearer " + k.text()));
        return request;
    }

    private Answer answer(HttpRequest.Builder request) {
        HttpResponse<byte[]> response = receive(
                http.sendAsync(request.header("accept", "application/json").build(), BodyHandlers.ofByteArray()));
        if (response.statusCode() != 200) {
            throw refused(response.statusCode(), response.headers(), response.body());
        }
        return new Answer(
                Json.object(response.body()).orElseThrow(() -> unlike("it is not a JSON object")), response.headers());
    }

    /**
     * Opens an event stream.
     *
     * @param headers more headers of the request
     * @param silence how long a read of the stream may wait; zero is forever
     */
    InputStream stream(String pathAndQuery, Map<String, String> headers, Duration silence) {
        HttpRequest.Builder request = request(pathAndQuery).header("accept", "text/event-stream");
        headers.forEach(request::header);
        HttpResponse<Publisher<List<ByteBuffer>>> response =
                receive(http.sendAsync(request.GET().build(), BodyHandlers.ofPublisher()));
        boolean good = response.statusCode() == 200
                && response.headers().firstValue("content-type").orElse("").startsWith("text/event-stream");
        var body = new LiveBody(good ? silence : timeout);
        response.body().subscribe(body);
        if (good) {
            return body;
        }
        try (body) {
            throw refused(response.statusCode(), response.headers(), body.readNBytes(1 << 20));
        } catch (IOException e) {
            throw CommandFailure.unavailable(server + ": " + sentence(e));
        }
    }

    /** Waits as long as the user lets us, until the answer has begun or, where all of it is asked for, has come. */
    private <T> HttpResponse<T> receive(CompletableFuture<HttpResponse<T>> response) {
        try {
            return response.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            response.cancel(true);
            throw CommandFailure.unavailable(
                    server + ": no answer within " + OptionType.durationText(timeout) + "; allow more with --timeout");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException io) {
                throw CommandFailure.unavailable(server + ": " + sentence(io));
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            throw CommandFailure.failed("interrupted");
        }
    }

    private String sentence(IOException e) {
        String other = "name another server with --server URL or " + ServerFlags.SERVER_ENV;
        if (e instanceof HttpConnectTimeoutException) {
            return "no connection within " + OptionType.durationText(timeout) + "; check host and port, or " + other;
        }
        if (caused(e, UnresolvedAddressException.class)) {
            return "no address found for this host; check its spelling, or " + other;
        }
        if (caused(e, NoRouteToHostException.class)) {
            return "no route to this host; check the network, or " + other;
        }
        if (e instanceof ConnectException) {
            return "nobody listens there; start a server with: campanile serve, or " + other;
        }
        String detail = Shown.line(String.valueOf(e.getMessage()));
        return e instanceof SSLException
                ? "no secure connection: " + detail + "; check whether the URL should begin with http:// or https://"
                : "the connection broke: " + detail + "; check that a Campanile server listens on this port";
    }

    private static boolean caused(Throwable e, Class<? extends Throwable> by) {
        for (@Nullable Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (by.isInstance(cause)) {
                return true;
            }
        }
        return false;
    }

    /** Returns what an answer other than 200 means. */
    private CommandFailure refused(int status, HttpHeaders headers, byte[] body) {
        Optional<Map<?, ?>> problem = Json.object(body);
        Optional<String> detail = problem.flatMap(
                        p -> Optional.<Object>ofNullable(p.get("detail")).or(() -> Optional.ofNullable(p.get("title"))))
                .map(text -> Shown.line(text.toString()));
        if (status >= 300 && status < 400) {
            return CommandFailure.failed(server + " answered " + status + " and sends to "
                    + headers.firstValue("location").map(Shown::line).orElse("nowhere")
                    + "; give --server the URL it sends to");
        }
        if (detail.isEmpty()) {
            return CommandFailure.failed(server + " answered " + status + remedy(status)
                    + " (expected: an answer of a Campanile server" + got(body) + "); check --server");
        }
        String sentence = detail.get() + remedy(status) + " (" + status + " from " + server + ")";
        return status == 503 || status == 429 ? CommandFailure.unavailable(sentence) : CommandFailure.failed(sentence);
    }

    private static String got(byte[] body) {
        String text = new String(body, StandardCharsets.UTF_8).strip();
        return text.isEmpty()
                ? ""
                : ", got " + SettingsLoader.quoted(text.substring(0, Math.min(text.length(), MOST_DETAIL)));
    }

    private String remedy(int status) {
        return switch (status) {
            case 401 ->
                key.map(k -> "; the key came from " + k.origin())
                        .orElse("; put the key into " + ServerFlags.KEY_ENV
                                + ", or name a file that holds it with --api-key-file");
            case 403 -> key.map(k -> "; the key came from " + k.origin()).orElse("");
            default -> "";
        };
    }

    static CommandFailure unlike(String what) {
        return CommandFailure.failed("the answer is not one that this version (" + Version.text() + ") knows: " + what);
    }
}

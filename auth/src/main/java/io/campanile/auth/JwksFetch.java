package io.campanile.auth;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Fetches a JWK set over HTTP: one answer of a bounded size within a bounded time, and no redirect is followed. */
final class JwksFetch {

    private final URI uri;
    private final JwksLimits limits;

    /** Made at the first fetch, since it starts a thread. */
    private volatile @Nullable HttpClient client;

    JwksFetch(URI uri, JwksLimits limits) {
        this.uri = uri;
        this.limits = limits;
    }

    CompletionStage<KeySet> fetch() {
        HttpRequest request = HttpRequest.newBuilder(uri)
                .timeout(limits.timeout())
                .header("accept", "application/json, application/jwk-set+json")
                .GET()
                .build();
        CompletableFuture<HttpResponse<byte[]>> answer = client().sendAsync(request, this::body);
        // The request's own timeout ends with the headers. A body that trickles is cut off by this one.
        CompletableFuture<HttpResponse<byte[]>> inTime =
                answer.copy().orTimeout(limits.timeout().toNanos(), TimeUnit.NANOSECONDS);
        inTime.whenComplete((response, failure) -> answer.cancel(true));
        return inTime.thenApply(
                response -> KeySet.parse(new String(response.body(), StandardCharsets.UTF_8), KeySet.Secrets.REFUSED));
    }

    private HttpClient client() {
        HttpClient present = client;
        if (present == null) {
            present = HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .followRedirects(HttpClient.Redirect.NEVER)
                    .connectTimeout(limits.timeout())
                    .build();
            client = present;
        }
        return present;
    }

    private BodySubscriber<byte[]> body(HttpResponse.ResponseInfo info) {
        Bounded body = new Bounded(limits.maxBytes());
        if (info.statusCode() != 200) {
            body.fail(new IOException("status " + info.statusCode() + " (expected: 200)"));
        }
        return body;
    }

    /** A body in memory, up to a limit. */
    private static final class Bounded implements BodySubscriber<byte[]> {
        private final int maxBytes;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final CompletableFuture<byte[]> body = new CompletableFuture<>();
        private @Nullable Subscription subscription;

        Bounded(int maxBytes) {
            this.maxBytes = maxBytes;
        }

        void fail(Throwable failure) {
            body.completeExceptionally(failure);
        }

        @Override
        public CompletionStage<byte[]> getBody() {
            return body;
        }

        @Override
        public void onSubscribe(Subscription begun) {
            if (subscription != null || body.isDone()) {
                begun.cancel();
                return;
            }
            subscription = begun;
            body.whenComplete((done, failure) -> begun.cancel());
            begun.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> chunks) {
            for (ByteBuffer chunk : chunks) {
                if (body.isDone()) {
                    return;
                }
                if (chunk.remaining() > maxBytes - bytes.size()) {
                    fail(new IOException("an answer of more than " + maxBytes + " bytes"));
                    return;
                }
                byte[] more = new byte[chunk.remaining()];
                chunk.get(more);
                bytes.writeBytes(more);
            }
        }

        @Override
        public void onError(Throwable failure) {
            fail(failure);
        }

        @Override
        public void onComplete() {
            body.complete(bytes.toByteArray());
        }
    }
}

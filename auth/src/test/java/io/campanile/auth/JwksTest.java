package io.campanile.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.campanile.gateway.Admission;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys that are fetched from an issuer that rotates them, is down, slow or hostile; and keys in a file that changes. */
final class JwksTest {

    private static final JwksLimits LIMITS = new JwksLimits(
            Duration.ofSeconds(10), 4_096, Duration.ofMinutes(5), Duration.ofHours(1), Duration.ofSeconds(5));
    private static final String FIRST = Keys.jwk(Keys.RSA, "first");
    private static final String SECOND = Keys.jwk(Keys.OTHER_RSA, "second");

    /** What the issuer does with a request. */
    private interface Answer {
        void to(HttpExchange exchange) throws IOException;
    }

    private final AtomicLong nanos = new AtomicLong(1);
    private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private volatile Answer answer = set(FIRST);
    private HttpServer issuer;

    @BeforeEach
    void start() throws IOException {
        issuer = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        issuer.setExecutor(threads);
        issuer.createContext("/", exchange -> {
            requests.add(exchange.getRequestURI().getPath());
            try (exchange) {
                answer.to(exchange);
            }
        });
        issuer.start();
    }

    @AfterEach
    void stop() {
        issuer.stop(0);
        threads.shutdownNow();
    }

    @Test
    void areFetchedOnceAndThenKept() {
        JwtVerifier verifier = verifier(LIMITS);

        assertThat(verify(verifier, token("first"))).isEqualTo("Claims[ada]");
        assertThat(verify(verifier, token("first"))).isEqualTo("Claims[ada]");
        assertThat(requests).hasSize(1);
    }

    @Test
    void areFetchedOnceForAllWhoWait() {
        var arrived = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        answer = exchange -> {
            arrived.countDown();
            await(go);
            set(FIRST).to(exchange);
        };
        JwtVerifier verifier = verifier(LIMITS);

        CompletionStage<Admission> one = verifier.verify(token("first"));
        await(arrived);
        CompletionStage<Admission> two = verifier.verify(token("first"));
        assertThat(one.toCompletableFuture()).isNotDone();
        go.countDown();

        assertThat(text(one)).isEqualTo("Claims[ada]");
        assertThat(text(two)).isEqualTo("Claims[ada]");
        assertThat(requests).hasSize(1);
    }

    @Test
    void areFetchedAgainForATokenOfAKeyThatIsNotKnown() {
        JwtVerifier verifier = verifier(LIMITS);
        verify(verifier, token("first"));
        answer = set(FIRST, SECOND);
        pass(Duration.ofSeconds(5));

        assertThat(verify(verifier, token("second"))).isEqualTo("Claims[ada]");
        assertThat(verify(verifier, token("first"))).isEqualTo("Claims[ada]");
        assertThat(requests).hasSize(2);
    }

    @Test
    void areNotFetchedAgainAndAgainForKeysThatNobodyKnows() {
        JwtVerifier verifier = verifier(LIMITS);
        verify(verifier, token("first"));

        for (int i = 0; i < 50; i++) {
            assertThat(verify(verifier, token("made-up-" + i))).contains("a key that is not known");
        }
        assertThat(requests).hasSize(1);
        pass(Duration.ofSeconds(5));
        for (int i = 0; i < 50; i++) {
            verify(verifier, token("made-up-" + i));
        }
        assertThat(requests).hasSize(2);
    }

    @Test
    void thatTheIssuerHasWithdrawnAreRefusedFromTheNextFetchOn() {
        JwtVerifier verifier = verifier(LIMITS);
        verify(verifier, token("first"));
        answer = set(SECOND);
        pass(Duration.ofMinutes(5).plusNanos(1));

        // This token is judged by the keys at hand, and has them fetched anew.
        assertThat(verify(verifier, token("first"))).isEqualTo("Claims[ada]");
        assertThat(verify(verifier, token("second"))).isEqualTo("Claims[ada]");
        assertThat(verify(verifier, token("first"))).contains("a key that is not known");
    }

    @Test
    void areKeptThroughAnOutageAndNotForEver() {
        JwtVerifier verifier = verifier(LIMITS);
        verify(verifier, token("first"));
        answer = exchange -> exchange.sendResponseHeaders(500, -1);

        pass(Duration.ofHours(1));
        assertThat(verify(verifier, token("first"))).isEqualTo("Claims[ada]");
        pass(Duration.ofSeconds(6));
        assertThat(verify(verifier, token("first"))).startsWith("503");
        answer = set(FIRST);
        pass(Duration.ofSeconds(6));
        assertThat(verify(verifier, token("first"))).isEqualTo("Claims[ada]");
    }

    @Test
    void thatCannotBeHadAreAnswered503AndAskedForAgainOnlyAfterAPause() {
        answer = exchange -> exchange.sendResponseHeaders(404, -1);
        JwtVerifier verifier = verifier(LIMITS);

        assertThat(verify(verifier, token("first"))).startsWith("503");
        assertThat(verify(verifier, token("first"))).startsWith("503");
        assertThat(requests).hasSize(1);
        assertThat(verifier.refusals()).containsEntry("no_keys", 2L);
        answer = set(FIRST);
        pass(Duration.ofSeconds(5));
        assertThat(verify(verifier, token("first"))).isEqualTo("Claims[ada]");
    }

    @Test
    void ofAnAnswerAsLargeAsMayBeAreTakenAndOfOneByteMoreAreNot() {
        String set = Keys.jwks(FIRST);
        JwtVerifier exact = verifier(LIMITS.withMaxBytes(set.length()));
        JwtVerifier less = verifier(LIMITS.withMaxBytes(set.length() - 1));

        assertThat(verify(exact, token("first"))).isEqualTo("Claims[ada]");
        assertThat(verify(less, token("first"))).startsWith("503");
    }

    @Test
    void ofAnAnswerWithoutEndAreNotTaken() {
        answer = exchange -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] some = new byte[1_024];
            try {
                while (true) {
                    exchange.getResponseBody().write(some);
                }
            } catch (IOException e) {
                requests.add("cut");
            }
        };

        assertThat(verify(verifier(LIMITS), token("first"))).startsWith("503");
        take("/jwks");
        take("cut");
    }

    @Test
    void ofAnAnswerThatTricklesAreGivenUpInTime() {
        var never = new CountDownLatch(1);
        answer = exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write('{');
            exchange.getResponseBody().flush();
            await(never);
        };

        assertThat(verify(verifier(LIMITS.withTimeout(Duration.ofMillis(300))), token("first")))
                .startsWith("503");
        never.countDown();
    }

    @Test
    void areNotFetchedFromWhereTheIssuerSendsThemTo() {
        answer = exchange -> {
            if (exchange.getRequestURI().getPath().equals("/jwks")) {
                exchange.getResponseHeaders().add("location", "/elsewhere");
                exchange.sendResponseHeaders(302, -1);
            } else {
                set(FIRST).to(exchange);
            }
        };

        assertThat(verify(verifier(LIMITS), token("first"))).startsWith("503");
        assertThat(requests).containsExactly("/jwks");
    }

    @Test
    void thatAreNoneLeaveTheOnesBeforeInForce() {
        JwtVerifier verifier = verifier(LIMITS);
        verify(verifier, token("first"));
        for (String junk : new String[] {
            "",
            "[]",
            "{\"keys\":7}",
            "{\"keys\":[]}",
            "<html>",
            "{\"keys\":[{\"kty\":\"oct\",\"k\":\"" + Keys.base64("x".repeat(32)) + "\"}]}"
        }) {
            answer = exchange -> send(exchange, junk);
            pass(Duration.ofMinutes(6));
            assertThat(verify(verifier, token("unknown"))).contains("a key that is not known");
            assertThat(verify(verifier, token("first"))).isEqualTo("Claims[ada]");
        }
    }

    @Test
    void comeOverHttpsOrFromThisMachineOnly() {
        assertThat(JwtKeys.url(URI.create("https://id.example/jwks"))).isNotNull();
        for (String url : new String[] {
            "http://id.example/jwks",
            "http://localhost.evil.example/jwks",
            "file:///etc/passwd",
            "ftp://localhost/jwks",
            "http://localhost@id.example/jwks",
            "https://user@id.example/jwks",
            "jwks"
        }) {
            assertThatThrownBy(() -> JwtKeys.url(URI.create(url)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("(expected: https, or http to this machine)");
        }
    }

    @Test
    void ofAFileAreReadAgainWhenItChanges(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("keys.json"), Keys.jwks(FIRST));
        JwtVerifier verifier =
                JwtVerifier.builder().anyIssuer(JwtKeys.file(file, nanos::get)).build();
        assertThat(verify(verifier, token("second"))).contains("a key that is not known");

        Files.writeString(file, Keys.pem(Keys.OTHER_RSA.getPublic()));
        pass(Duration.ofSeconds(1));
        assertThat(verify(verifier, token("second"))).isEqualTo("Claims[ada]");
        Files.writeString(file, "half-writ");
        pass(Duration.ofSeconds(6));
        assertThat(verify(verifier, token("second"))).isEqualTo("Claims[ada]");
        Files.delete(file);
        pass(Duration.ofSeconds(6));
        assertThat(verify(verifier, token("second"))).isEqualTo("Claims[ada]");
    }

    @Test
    void ofAFileThatIsNoneAreRefusedAtTheStart(@TempDir Path directory) throws IOException {
        Path missing = directory.resolve("missing.pem");
        Path empty = Files.writeString(directory.resolve("empty.pem"), "");
        Path large = Files.writeString(directory.resolve("large.pem"), "x".repeat((256 << 10) + 1));

        assertThatThrownBy(() -> JwtKeys.file(missing))
                .hasMessage(missing + ": cannot be read (expected: PEM or a JWK set)");
        assertThatThrownBy(() -> JwtKeys.file(empty))
                .hasMessage(empty + ": no key (expected: PEM, which begins with -----BEGIN)");
        assertThatThrownBy(() -> JwtKeys.file(large)).hasMessage(large + ": more than 262144 bytes");
    }

    private JwtVerifier verifier(JwksLimits limits) {
        URI uri = URI.create("http://127.0.0.1:" + issuer.getAddress().getPort() + "/jwks");
        return JwtVerifier.builder()
                .issuer("https://id.example", JwtKeys.url(uri, limits, nanos::get))
                .build();
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    private static String token(String id) {
        return Keys.sign(
                "{\"alg\":\"RS256\",\"kid\":\"" + id + "\"}",
                "{\"iss\":\"https://id.example\",\"sub\":\"ada\",\"exp\":99999999999}",
                Keys.signing(id.equals("second") ? Keys.OTHER_RSA : Keys.RSA));
    }

    private static Answer set(String... jwks) {
        return exchange -> send(exchange, Keys.jwks(jwks));
    }

    private static void send(HttpExchange exchange, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private static String verify(JwtVerifier verifier, String token) {
        return text(verifier.verify(token));
    }

    private static String text(CompletionStage<Admission> stage) {
        Admission admission = ((CompletableFuture<Admission>) stage.toCompletableFuture())
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
        return admission instanceof Admission.Refused refused
                ? refused.status() + " " + refused.detail()
                : ((Admission.Admitted) admission).claims().toString();
    }

    private void take(String expected) {
        try {
            assertThat(requests.poll(30, TimeUnit.SECONDS)).isEqualTo(expected);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

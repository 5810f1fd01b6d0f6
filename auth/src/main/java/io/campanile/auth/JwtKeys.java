package io.campanile.auth;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import javax.crypto.spec.SecretKeySpec;

/**
 * The keys that the tokens of one issuer are verified with. Each key is used with its own algorithm alone: a secret with
 * HS256, RSA with RS256, EC on P-256 with ES256, Ed25519 with EdDSA. RSA keys have 2,048 to 8,192 bits, secrets at least
 * 32 bytes.
 */
public final class JwtKeys {

    private static final Duration FILE_AGE = Duration.ofSeconds(5);
    private static final Duration FILE_PAUSE = Duration.ofSeconds(1);
    /** What a file said last holds until it says something else. */
    private static final Duration FOR_EVER = Duration.ofDays(36_500);

    private static final int MAX_FILE_BYTES = 256 << 10;
    private static final Set<String> THIS_MACHINE = Set.of("localhost", "127.0.0.1", "[::1]");

    private final KeyCache cache;

    private JwtKeys(KeyCache cache) {
        this.cache = cache;
    }

    /**
     * Returns a secret for HS256.
     *
     * @param secret at least 32 bytes in UTF-8, and hard to guess: who knows it makes tokens
     */
    public static JwtKeys secret(String secret) {
        byte[] bytes = TrustedKey.checked(secret.getBytes(StandardCharsets.UTF_8));
        return fixed(new KeySet(List.of(TrustedKey.of(new SecretKeySpec(bytes, "HmacSHA256"), Optional.empty()))));
    }

    /**
     * Returns public keys in PEM, or a JWK or JWK set.
     *
     * @throws IllegalArgumentException if there is none, with a sentence that says why
     */
    public static JwtKeys text(String pemOrJwks) {
        return fixed(KeySet.parse(pemOrJwks, KeySet.Secrets.ALLOWED));
    }

    /**
     * Returns the keys of a file, in PEM or a JWK set. It is read now, and again when a token comes 5 seconds or more after
     * that, or names a key that is not known; what is wrong with it then is logged, and the keys before go on to hold.
     *
     * @throws IllegalArgumentException if it cannot be read, or has no key, with a sentence that says why
     */
    public static JwtKeys file(Path file) {
        return file(file, System::nanoTime);
    }

    static JwtKeys file(Path file, LongSupplier nanoTime) {
        KeyCache cache = new KeyCache(
                file.toString(),
                () -> CompletableFuture.supplyAsync(() -> read(file)),
                FILE_AGE,
                FOR_EVER,
                FILE_PAUSE,
                nanoTime);
        try {
            cache.put(read(file));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        } catch (UncheckedIOException e) {
            throw new IllegalArgumentException(file + ": cannot be read (expected: PEM or a JWK set)", e);
        }
        return new JwtKeys(cache);
    }

    private static KeySet read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
            if (bytes.length > MAX_FILE_BYTES) {
                throw new IllegalArgumentException("more than " + MAX_FILE_BYTES + " bytes");
            }
            return KeySet.parse(new String(bytes, StandardCharsets.UTF_8), KeySet.Secrets.ALLOWED);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the keys of a JWK set that is fetched from a URL when the first token comes, and then as the defaults say. */
    public static JwtKeys url(URI uri) {
        return url(uri, JwksLimits.defaults());
    }

    /**
     * Returns the keys of a JWK set that is fetched from a URL when the first token comes. No redirect is followed, and
     * secrets in the set are passed over.
     *
     * @param uri with the scheme https; http only to this machine, since who is on the way could put keys of their own in
     */
    public static JwtKeys url(URI uri, JwksLimits limits) {
        return url(uri, limits, System::nanoTime);
    }

    static JwtKeys url(URI uri, JwksLimits limits, LongSupplier nanoTime) {
        boolean secure = "https".equals(uri.getScheme());
        boolean local = "http".equals(uri.getScheme()) && THIS_MACHINE.contains(String.valueOf(uri.getHost()));
        if (!(secure || local) || uri.getHost() == null || uri.getRawUserInfo() != null) {
            throw new IllegalArgumentException(
                    "the URL of keys: " + uri.getScheme() + ":… (expected: https, or http to this machine)");
        }
        JwksFetch fetch = new JwksFetch(uri, limits);
        return new JwtKeys(new KeyCache(
                uri.getScheme() + "://" + uri.getRawAuthority() + uri.getRawPath(),
                fetch::fetch,
                limits.refreshAfter(),
                limits.maxAge(),
                limits.pause(),
                nanoTime));
    }

    private static JwtKeys fixed(KeySet keys) {
        KeyCache cache = new KeyCache(
                "configuration",
                () -> CompletableFuture.completedFuture(keys),
                FOR_EVER,
                FOR_EVER,
                FOR_EVER,
                System::nanoTime);
        cache.put(keys);
        return new JwtKeys(cache);
    }

    /**
     * Returns the keys to try a token with. One that names a key which is not there has them loaded anew, once in a while.
     *
     * @return nothing if there are no keys at the moment, and none if there are but not for this token
     */
    CompletionStage<Optional<List<TrustedKey>>> candidates(Algorithm algorithm, Optional<String> id) {
        return cache.current().thenCompose(keys -> {
            if (keys.isEmpty()) {
                return CompletableFuture.completedFuture(Optional.empty());
            }
            List<TrustedKey> known = keys.get().candidates(algorithm, id);
            return known.isEmpty()
                    ? cache.newerThan(keys.get()).thenApply(newer -> newer.map(set -> set.candidates(algorithm, id)))
                    : CompletableFuture.completedFuture(Optional.of(known));
        });
    }

    /** Loads what is not loaded yet; completes when that is done or has failed, with whether there are keys. */
    public CompletionStage<Boolean> load() {
        return cache.current().thenApply(Optional::isPresent);
    }
}

package io.campanile.auth;

import io.campanile.core.Claims;
import io.campanile.gateway.Admission;
import io.campanile.gateway.TokenVerifier;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Keys of clients that have no issuer, such as devices and programs, each with its claims. They are kept as hashes only, so
 * whoever reads the configuration has no key; and since nobody can guess a key of 16 random bytes or more, a fast hash will
 * do. A key that is shown is compared with all, in the same time whatever it is.
 */
public final class ApiKeys implements TokenVerifier {

    private static final String SHA256 = "sha256:";
    private static final int HASH_BYTES = 32;
    private static final int MAX_KEYS = 1_000;

    @SuppressWarnings("ArrayRecordComponent") // never compared as a whole
    private record Entry(byte[] hash, Claims claims) {}

    private final List<Entry> entries;

    private ApiKeys(List<Entry> entries) {
        this.entries = List.copyOf(entries);
    }

    /**
     * Returns the verifier of some keys.
     *
     * @param claimsByHash what each key stands for, by what {@link #hash} returns for it; at most 1,000
     */
    public static ApiKeys of(Map<String, Claims> claimsByHash) {
        if (claimsByHash.size() > MAX_KEYS) {
            throw new IllegalArgumentException(claimsByHash.size() + " keys (expected: at most " + MAX_KEYS + ")");
        }
        List<Entry> entries = new ArrayList<>();
        claimsByHash.forEach((hash, claims) -> entries.add(new Entry(bytes(hash), claims)));
        return new ApiKeys(entries);
    }

    /**
     * Reads keys from lines such as {@code sha256:3fc9… sensor-7 role=device tenant=acme}: the hash, the subject, and claims.
     *
     * @throws IllegalArgumentException if a line is something else, with a sentence that says why
     */
    public static ApiKeys parse(List<String> lines) {
        Map<String, Claims> keys = new LinkedHashMap<>();
        for (String line : lines) {
            String[] words = line.strip().split("\\s+", -1);
            if (words.length < 2 || words[1].contains("=")) {
                throw new IllegalArgumentException(
                        "a key without a subject (expected: sha256:HASH SUBJECT [CLAIM=VALUE…])");
            }
            Map<String, String> values = new LinkedHashMap<>();
            for (int i = 2; i < words.length; i++) {
                int equals = words[i].lastIndexOf('=');
                if (equals < 1 || equals == words[i].length() - 1) {
                    throw new IllegalArgumentException("\"" + words[i] + "\" is no claim (expected: CLAIM=VALUE)");
                }
                values.put(words[i].substring(0, equals), words[i].substring(equals + 1));
            }
            bytes(words[0]);
            if (keys.putIfAbsent(words[0], Claims.of(words[1], values)) != null) {
                throw new IllegalArgumentException("the key of " + words[1] + " is there twice (expected: each once)");
            }
        }
        return of(keys);
    }

    /** Returns what stands for a key in the configuration: {@code sha256:} and 64 digits. */
    public static String hash(String key) {
        return SHA256 + HexFormat.of().formatHex(sha256(key));
    }

    private static byte[] bytes(String hash) {
        if (hash.startsWith(SHA256) && hash.length() == SHA256.length() + 2 * HASH_BYTES) {
            try {
                return HexFormat.of().parseHex(hash.substring(SHA256.length()));
            } catch (IllegalArgumentException e) {
                // Said below.
            }
        }
        throw new IllegalArgumentException("a key that is no hash (expected: sha256: and 64 hexadecimal digits)");
    }

    @Override
    public CompletionStage<Admission> verify(String token) {
        byte[] shown = sha256(token);
        @Nullable Claims found = null;
        for (Entry entry : entries) {
            if (MessageDigest.isEqual(entry.hash(), shown)) {
                found = entry.claims();
            }
        }
        return CompletableFuture.completedFuture(
                found == null ? Admission.tokenRefused("the key is not known here") : new Admission.Admitted(found));
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is missing, which every Java platform has", e);
        }
    }

    @Override
    public String toString() {
        return "ApiKeys[" + entries.size() + "]";
    }
}

package io.campanile.auth;

import com.nimbusds.jose.Algorithm;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.AsymmetricJWK;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyOperation;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.OctetSequenceKey;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyFactory;
import java.security.spec.X509EncodedKeySpec;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The keys of one issuer at one time. */
final class KeySet {

    /** Which secrets a text may have. */
    enum Secrets {
        /** Where anybody may read it: what everyone knows is no secret. */
        REFUSED,
        /** In a file of this machine. */
        ALLOWED
    }

    static final int MAX_KEYS = 100;

    /** The most keys that one token is tried with; each try costs the time of a signature. */
    private static final int MAX_TRIES = 4;

    /** The encoding of an Ed25519 public key in front of its 32 bytes (RFC 8410 section 4). */
    private static final byte[] ED25519_PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

    private static final int ED25519_BYTES = 32;

    private final List<TrustedKey> keys;

    KeySet(List<TrustedKey> keys) {
        this.keys = List.copyOf(keys);
    }

    /**
     * Reads PEM, a JWK or a JWK set (RFC 7517). Keys of a set that are of no use here are passed over, as section 5 wants it.
     *
     * @throws IllegalArgumentException if there is no key in it that tokens can be verified with
     */
    static KeySet parse(String text, Secrets secrets) {
        return text.stripLeading().startsWith("{")
                ? new KeySet(jwks(text, secrets))
                : new KeySet(Pem.publicKeys(text).stream()
                        .map(key -> TrustedKey.of(key, Optional.empty()))
                        .toList());
    }

    private static List<TrustedKey> jwks(String text, Secrets secrets) {
        List<TrustedKey> keys = new ArrayList<>();
        String reason = "it is empty";
        try {
            Map<String, Object> json = JSONObjectUtils.parse(text);
            List<Map<String, Object>> entries = json.containsKey("keys")
                    ? List.of(JSONObjectUtils.getJSONObjectArray(json, "keys"))
                    : List.of(json);
            if (entries.size() > MAX_KEYS) {
                throw new IllegalArgumentException(
                        "a set of " + entries.size() + " keys (expected: at most " + MAX_KEYS + ")");
            }
            for (Map<String, Object> entry : entries) {
                try {
                    keys.add(trusted(JWK.parse(entry), secrets));
                } catch (ParseException | JOSEException | IllegalArgumentException e) {
                    reason = String.valueOf(e.getMessage());
                }
            }
        } catch (ParseException e) {
            throw new IllegalArgumentException("no JWK set (expected: JSON with keys)", e);
        }
        if (keys.isEmpty()) {
            throw new IllegalArgumentException("a JWK set without a key to verify tokens with: " + reason);
        }
        return keys;
    }

    private static TrustedKey trusted(JWK jwk, Secrets secrets) throws JOSEException {
        KeyUse use = jwk.getKeyUse();
        Set<KeyOperation> operations = jwk.getKeyOperations();
        if ((use != null && !use.equals(KeyUse.SIGNATURE))
                || (operations != null && !operations.contains(KeyOperation.VERIFY))) {
            throw new IllegalArgumentException("a key that is not for signatures");
        }
        if (jwk instanceof OctetSequenceKey && secrets == Secrets.REFUSED) {
            throw new IllegalArgumentException("a secret in a set that anybody may read");
        }
        TrustedKey key = TrustedKey.of(keyOf(jwk), Optional.ofNullable(jwk.getKeyID()));
        Algorithm algorithm = jwk.getAlgorithm();
        if (algorithm != null && !algorithm.getName().equals(key.algorithm().toString())) {
            throw new IllegalArgumentException("a key for an algorithm that is not taken here");
        }
        return key;
    }

    private static Key keyOf(JWK jwk) throws JOSEException {
        if (jwk instanceof OctetSequenceKey secret) {
            return secret.toSecretKey("HmacSHA256");
        }
        if (jwk instanceof OctetKeyPair pair) {
            byte[] x = pair.getDecodedX();
            if (!Curve.Ed25519.equals(pair.getCurve()) || x.length != ED25519_BYTES) {
                throw new IllegalArgumentException("a key of another curve than Ed25519");
            }
            byte[] encoded = java.util.Arrays.copyOf(ED25519_PREFIX, ED25519_PREFIX.length + x.length);
            System.arraycopy(x, 0, encoded, ED25519_PREFIX.length, x.length);
            try {
                return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
            } catch (GeneralSecurityException e) {
                throw new IllegalArgumentException("an Ed25519 key that cannot be read", e);
            }
        }
        return ((AsymmetricJWK) jwk).toPublicKey();
    }

    /**
     * Returns the keys to try a token with: of its algorithm, and with its key id where it names one; a key without an id
     * is tried with all tokens, since PEM has none.
     */
    List<TrustedKey> candidates(io.campanile.auth.Algorithm algorithm, Optional<String> id) {
        return keys.stream()
                .filter(key -> key.algorithm() == algorithm)
                .filter(key -> id.isEmpty() || key.id().isEmpty() || key.id().equals(id))
                .limit(MAX_TRIES)
                .toList();
    }

    int size() {
        return keys.size();
    }
}

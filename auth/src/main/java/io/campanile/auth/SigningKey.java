package io.campanile.auth;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.EdECPrivateKey;
import java.security.interfaces.RSAPrivateKey;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** What tokens are signed with: a secret, or a private key. */
public final class SigningKey {

    private static final int P256_BITS = 256;

    private final Algorithm algorithm;
    private final Key key;
    private final Optional<String> id;

    private SigningKey(Algorithm algorithm, Key key, Optional<String> id) {
        this.algorithm = algorithm;
        this.key = key;
        this.id = id;
    }

    /**
     * Returns a secret for HS256.
     *
     * @param secret at least 32 bytes in UTF-8
     */
    public static SigningKey secret(String secret) {
        byte[] bytes = TrustedKey.checked(secret.getBytes(StandardCharsets.UTF_8));
        return new SigningKey(Algorithm.HS256, new SecretKeySpec(bytes, "HmacSHA256"), Optional.empty());
    }

    /**
     * Returns a private key in PEM, which says itself what it is for: RSA for RS256, EC on P-256 for ES256, Ed25519 for
     * EdDSA.
     *
     * @throws IllegalArgumentException if it is none of these, with a sentence that says why
     */
    public static SigningKey pem(String pem) {
        List<Key> keys = Pem.privateKeys(pem);
        if (keys.size() > 1) {
            throw new IllegalArgumentException(keys.size() + " private keys (expected: one)");
        }
        return new SigningKey(algorithmOf(keys.get(0)), keys.get(0), Optional.empty());
    }

    private static Algorithm algorithmOf(Key key) {
        if (key instanceof RSAPrivateKey) {
            return Algorithm.RS256;
        }
        if (key instanceof ECPrivateKey ec && isP256(ec)) {
            return Algorithm.ES256;
        }
        if (key instanceof EdECPrivateKey) {
            return Algorithm.EDDSA;
        }
        throw new IllegalArgumentException("a private key of another kind (expected: RSA, EC P-256 or Ed25519)");
    }

    private static boolean isP256(ECPrivateKey key) {
        BigInteger order = key.getParams().getOrder();
        return order.bitLength() == P256_BITS
                && com.nimbusds.jose.jwk.Curve.P_256.equals(
                        com.nimbusds.jose.jwk.Curve.forECParameterSpec(key.getParams()));
    }

    /** Returns the same key with the id that tokens name it by, in the header {@code kid}. */
    public SigningKey withId(String value) {
        return new SigningKey(algorithm, key, Optional.of(value));
    }

    /** Returns what it signs with. */
    public Algorithm algorithm() {
        return algorithm;
    }

    Optional<String> id() {
        return id;
    }

    byte[] sign(byte[] content) {
        try {
            if (algorithm == Algorithm.HS256) {
                Mac mac = Mac.getInstance("HmacSHA256");
                mac.init(key);
                return mac.doFinal(content);
            }
            Signature signature = Signature.getInstance(
                    switch (algorithm) {
                        case RS256 -> "SHA256withRSA";
                        case ES256 -> "SHA256withECDSAinP1363Format";
                        default -> "Ed25519";
                    });
            signature.initSign((PrivateKey) key);
            signature.update(content);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("a key that cannot sign with " + algorithm, e);
        }
    }

    /** Names the algorithm only. */
    @Override
    public String toString() {
        return "SigningKey[" + algorithm + "]";
    }
}

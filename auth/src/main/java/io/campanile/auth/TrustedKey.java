package io.campanile.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.util.Base64URL;
import java.math.BigInteger;
import java.security.Key;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.EdECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.NamedParameterSpec;
import java.util.Arrays;
import java.util.Optional;
import javax.crypto.SecretKey;

/**
 * A key, and the one algorithm it is used with. That an RSA key is never taken for a secret is so because the algorithm
 * comes from the key and is compared with the token's, never the other way round.
 */
final class TrustedKey {

    static final int MIN_SECRET_BYTES = 32;
    private static final int MIN_RSA_BITS = 2_048;
    private static final int MAX_RSA_BITS = 8_192;
    private static final int EC_PART_BYTES = 32;
    private static final BigInteger P256_ORDER = Curve.P_256.toECParameterSpec().getOrder();

    private final Algorithm algorithm;
    private final Optional<String> id;
    private final JWSVerifier verifier;

    private TrustedKey(Algorithm algorithm, Optional<String> id, JWSVerifier verifier) {
        this.algorithm = algorithm;
        this.id = id;
        this.verifier = verifier;
    }

    /**
     * Returns a key for what it can verify.
     *
     * @throws IllegalArgumentException if it is of no use here, with a sentence that says why and not what it is
     */
    static TrustedKey of(Key key, Optional<String> id) {
        try {
            if (key instanceof SecretKey secret) {
                return new TrustedKey(Algorithm.HS256, id, new MACVerifier(checked(secret.getEncoded())));
            }
            if (key instanceof RSAPublicKey rsa) {
                int bits = rsa.getModulus().bitLength();
                if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
                    throw new IllegalArgumentException(
                            "an RSA key of " + bits + " bits (expected: " + MIN_RSA_BITS + " to " + MAX_RSA_BITS + ")");
                }
                return new TrustedKey(Algorithm.RS256, id, new RSASSAVerifier(rsa));
            }
            if (key instanceof ECPublicKey ec && Curve.P_256.equals(Curve.forECParameterSpec(ec.getParams()))) {
                return new TrustedKey(Algorithm.ES256, id, new ECDSAVerifier(ec));
            }
            if (key instanceof EdECPublicKey ed
                    && ed.getParams().getName().equals(NamedParameterSpec.ED25519.getName())) {
                return new TrustedKey(Algorithm.EDDSA, id, new Ed25519Verifier((PublicKey) key));
            }
        } catch (JOSEException e) {
            throw new IllegalArgumentException("a key that cannot be used: " + e.getMessage(), e);
        }
        throw new IllegalArgumentException("a key of another kind (expected: an RSA, EC P-256 or Ed25519 public key)");
    }

    static byte[] checked(byte[] secret) {
        if (secret.length < MIN_SECRET_BYTES) {
            throw new IllegalArgumentException(
                    "a secret of " + secret.length + " bytes (expected: at least " + MIN_SECRET_BYTES + " for HS256)");
        }
        return secret;
    }

    Algorithm algorithm() {
        return algorithm;
    }

    Optional<String> id() {
        return id;
    }

    /** Returns whether a signature is this key's. */
    boolean verifies(byte[] signed, Base64URL signature) {
        if (algorithm == Algorithm.ES256 && !isPossible(signature.decode())) {
            return false;
        }
        try {
            return verifier.verify(new JWSHeader(algorithm.jws()), signed, signature);
        } catch (JOSEException e) {
            return false;
        }
    }

    /** Whether both halves are from 1 to the order of the curve less 1: there were JDKs that took two zeros for valid. */
    private static boolean isPossible(byte[] signature) {
        if (signature.length != 2 * EC_PART_BYTES) {
            return false;
        }
        for (int from = 0; from < signature.length; from += EC_PART_BYTES) {
            var part = new BigInteger(1, Arrays.copyOfRange(signature, from, from + EC_PART_BYTES));
            if (part.signum() == 0 || part.compareTo(P256_ORDER) >= 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return "TrustedKey[" + algorithm + "]";
    }
}

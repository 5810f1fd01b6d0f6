package io.campanile.auth;

import com.nimbusds.jose.JWSAlgorithm;
import java.util.Arrays;
import java.util.Optional;

/** How tokens are signed (RFC 7518 section 3.1, RFC 8037). A key belongs to one of these, and is used for no other. */
public enum Algorithm {
    /** HMAC with SHA-256: a secret that signer and verifier share. */
    HS256("HS256"),
    /** RSASSA-PKCS1-v1_5 with SHA-256. */
    RS256("RS256"),
    /** ECDSA on the curve P-256 with SHA-256. */
    ES256("ES256"),
    /** Ed25519. */
    EDDSA("EdDSA");

    private final String text;

    Algorithm(String text) {
        this.text = text;
    }

    /** Returns the algorithm of that name, as the header of a token has it: in this case and no other. */
    public static Optional<Algorithm> of(String text) {
        return Arrays.stream(values()).filter(a -> a.text.equals(text)).findFirst();
    }

    JWSAlgorithm jws() {
        return JWSAlgorithm.parse(text);
    }

    /** Returns the name as it stands in the header of a token. */
    @Override
    public String toString() {
        return text;
    }
}

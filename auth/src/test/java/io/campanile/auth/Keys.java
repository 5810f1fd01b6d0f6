package io.campanile.auth;

import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/** Keys for tests, made once. */
final class Keys {

    static final String SECRET = "a secret of more than thirty-two bytes";
    static final KeyPair RSA = make("RSA");
    static final KeyPair OTHER_RSA = make("RSA");
    static final KeyPair EC = make("EC");
    static final KeyPair ED = make("Ed25519");

    private Keys() {}

    private static KeyPair make(String kind) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(kind);
            if (kind.equals("RSA")) {
                generator.initialize(2_048);
            } else if (kind.equals("EC")) {
                generator.initialize(new ECGenParameterSpec("secp256r1"));
            }
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    static String pem(Key key) {
        String label = key.getFormat().equals("X.509") ? "PUBLIC KEY" : "PRIVATE KEY";
        return "-----BEGIN " + label + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded()) + "\n-----END " + label
                + "-----\n";
    }

    static SigningKey signing(KeyPair pair) {
        return SigningKey.pem(pem(pair.getPrivate()));
    }

    /** Returns a public key as a JWK with an id. */
    static String jwk(KeyPair pair, String id) {
        if (pair.getPublic() instanceof RSAPublicKey rsa) {
            return new RSAKey.Builder(rsa).keyID(id).build().toJSONString();
        }
        if (pair.getPublic() instanceof ECPublicKey ec) {
            return new ECKey.Builder(Curve.P_256, ec).keyID(id).build().toJSONString();
        }
        byte[] encoded = pair.getPublic().getEncoded();
        byte[] x = Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length);
        return "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"" + id + "\",\"x\":\"" + Base64URL.encode(x) + "\"}";
    }

    static String jwks(String... jwks) {
        return "{\"keys\":[" + String.join(",", List.of(jwks)) + "]}";
    }

    static String base64(String text) {
        return base64(text.getBytes(StandardCharsets.UTF_8));
    }

    static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** Signs any header and payload, well-formed or not. */
    static String sign(String header, String payload, SigningKey key) {
        String signed = base64(header) + "." + base64(payload);
        return signed + "." + base64(key.sign(signed.getBytes(StandardCharsets.US_ASCII)));
    }
}

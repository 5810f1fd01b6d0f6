package io.campanile.auth;

import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyFactory;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.KeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Keys in textual form (RFC 7468). */
final class Pem {

    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\\s]*)-----END \\1-----");

    private Pem() {}

    /** Reads public keys and certificates; of a private key, which does not belong where tokens are verified, it says so. */
    static List<Key> publicKeys(String text) {
        return read(text, (label, content) -> switch (label) {
            case "PUBLIC KEY" -> key(label, factory -> factory.generatePublic(spec(label, content)));
            case "CERTIFICATE" -> certified(content);
            default ->
                throw new IllegalArgumentException("a " + label.toLowerCase(java.util.Locale.ROOT)
                        + " (expected: BEGIN PUBLIC KEY, or BEGIN CERTIFICATE)");
        });
    }

    /** Reads private keys. */
    static List<Key> privateKeys(String text) {
        return read(text, (label, content) -> switch (label) {
            case "PRIVATE KEY" -> key(label, factory -> factory.generatePrivate(spec(label, content)));
            default ->
                throw new IllegalArgumentException("a " + label.toLowerCase(java.util.Locale.ROOT)
                        + " (expected: BEGIN PRIVATE KEY, which is PKCS #8)");
        });
    }

    private interface Reader {
        Key read(String label, byte[] content);
    }

    private interface Maker {
        Key make(KeyFactory factory) throws InvalidKeySpecException;
    }

    private static List<Key> read(String text, Reader reader) {
        List<Key> keys = new ArrayList<>();
        Matcher block = BLOCK.matcher(text);
        while (block.find()) {
            keys.add(reader.read(block.group(1), Base64.getMimeDecoder().decode(block.group(2))));
        }
        if (keys.isEmpty()) {
            throw new IllegalArgumentException("no key (expected: PEM, which begins with -----BEGIN)");
        }
        return keys;
    }

    private static KeySpec spec(String label, byte[] content) {
        return label.equals("PUBLIC KEY") ? new X509EncodedKeySpec(content) : new PKCS8EncodedKeySpec(content);
    }

    private static Key key(String label, Maker maker) {
        for (String kind : List.of("RSA", "EC", "Ed25519")) {
            try {
                return maker.make(KeyFactory.getInstance(kind));
            } catch (InvalidKeySpecException e) {
                // Of another kind, perhaps.
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(kind + " is missing, which every Java platform has", e);
            }
        }
        throw new IllegalArgumentException("a " + label.toLowerCase(java.util.Locale.ROOT)
                + " that cannot be read (expected: RSA, EC or Ed25519)");
    }

    private static Key certified(byte[] content) {
        try {
            return CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(content))
                    .getPublicKey();
        } catch (CertificateException e) {
            throw new IllegalArgumentException("a certificate that cannot be read", e);
        }
    }
}

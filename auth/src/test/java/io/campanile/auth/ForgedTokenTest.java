package io.campanile.auth;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.EncryptionMethod;
import com.nimbusds.jose.JWEAlgorithm;
import com.nimbusds.jose.JWEHeader;
import com.nimbusds.jose.JWEObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.RSAEncrypter;
import com.sun.net.httpserver.HttpServer;
import io.campanile.gateway.Authenticator;
import io.campanile.gateway.Authorizer;
import io.campanile.gateway.GatewayServer;
import io.campanile.gateway.RoomsEndpoint;
import io.campanile.gateway.TokenSources;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Tokens that were made up, over real sockets, at a gateway that also admits clients without one. */
final class ForgedTokenTest {

    private static final long NOW = Instant.now().getEpochSecond();
    private static final SigningKey RSA = Keys.signing(Keys.RSA);
    private static final SigningKey EC = Keys.signing(Keys.EC);
    private static final SigningKey ED = Keys.signing(Keys.ED);
    private static final SigningKey OTHER = Keys.signing(Keys.OTHER_RSA);
    private static final SigningKey SECRET = SigningKey.secret(Keys.SECRET);

    private static final String MAIN = "https://id.example";
    private static final String SECOND = "https://second.example";
    private static final String LOCAL = "https://local.example";

    private static final AtomicInteger fetches = new AtomicInteger();
    private static HttpServer attacker;
    private static GatewayServer gateway;

    @BeforeAll
    static void start() throws IOException {
        attacker = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        attacker.createContext("/", exchange -> {
            fetches.incrementAndGet();
            byte[] body = Keys.jwks(Keys.jwk(Keys.OTHER_RSA, "evil")).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        attacker.start();
        JwtVerifier verifier = JwtVerifier.builder()
                .issuer(
                        MAIN,
                        JwtKeys.text(
                                Keys.jwks(Keys.jwk(Keys.RSA, "rsa"), Keys.jwk(Keys.EC, "ec"), Keys.jwk(Keys.ED, "ed"))))
                .issuer(SECOND, JwtKeys.text(Keys.jwks(Keys.jwk(Keys.OTHER_RSA, "second"))))
                .issuer(LOCAL, JwtKeys.secret(Keys.SECRET))
                .audiences(Set.of("chat"))
                .build();
        TokenSources sources = TokenSources.defaults().withCookie("session").withParameterUnsafe("token");
        gateway = GatewayServer.builder()
                .port(0)
                .loops(1)
                .webSocket(
                        "/ws",
                        new RoomsEndpoint(Authenticator.tokensOrAnonymous(sources, verifier), Authorizer.defaults()))
                .start();
    }

    @AfterAll
    static void stop() {
        gateway.close();
        attacker.stop(0);
    }

    @Test
    void theGenuineOnesAreTaken() throws IOException {
        assertThat(status("Authorization: Bearer " + good(RSA, "rsa"))).startsWith("HTTP/1.1 101");
        assertThat(status("Authorization: Bearer " + good(EC, "ec"))).startsWith("HTTP/1.1 101");
        assertThat(status("Authorization: Bearer " + good(ED, "ed"))).startsWith("HTTP/1.1 101");
        assertThat(status("Authorization: Bearer " + local())).startsWith("HTTP/1.1 101");
        assertThat(status("Cookie: session=" + local())).startsWith("HTTP/1.1 101");
        assertThat(status("X-Nothing: 1")).startsWith("HTTP/1.1 101");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("forged")
    void theForgedAreRefused(String name, String token) throws IOException {
        long before = gateway.stats().handshakes();
        int fetched = fetches.get();

        for (String header : List.of("Authorization: Bearer ", "Cookie: session=")) {
            String answer = status(header + token);

            assertThat(answer).startsWith("HTTP/1.1 401");
            assertThat(answer).containsIgnoringCase("www-authenticate: Bearer error=\"invalid_token\"");
            if (token.length() > 20) {
                assertThat(answer).doesNotContain(token);
            }
        }
        assertThat(gateway.stats().handshakes()).isEqualTo(before);
        assertThat(fetches.get()).isEqualTo(fetched);
    }

    @Test
    void oneGenuineTokenBesideAnotherIsRefused() throws IOException {
        String mine = good(RSA, "rsa");
        String anothers = good(EC, "ec");

        assertThat(status("Authorization: Bearer " + mine + "\r\nCookie: session=" + anothers))
                .startsWith("HTTP/1.1 400");
        assertThat(status("Authorization: Bearer " + mine + "\r\nSec-WebSocket-Protocol: bearer." + anothers))
                .startsWith("HTTP/1.1 400");
        assertThat(status("Cookie: session=" + mine + "; session=" + anothers)).startsWith("HTTP/1.1 400");
        assertThat(status("Authorization: Bearer " + mine + "\r\nCookie: session=" + mine))
                .startsWith("HTTP/1.1 101");
    }

    @Test
    void aPageOfAnotherOriginIsRefusedWithAGenuineCookieToo() throws IOException {
        String cookie = "Cookie: session=" + good(RSA, "rsa");

        assertThat(status(cookie + "\r\nOrigin: https://evil.example")).startsWith("HTTP/1.1 403");
        assertThat(status(cookie + "\r\nOrigin: null")).startsWith("HTTP/1.1 403");
        assertThat(status(cookie + "\r\nOrigin: http://localhost")).startsWith("HTTP/1.1 101");
    }

    static Stream<Arguments> forged() throws Exception {
        Map<String, String> forged = new LinkedHashMap<>();
        String rs = good(RSA, "rsa");
        String es = good(EC, "ec");
        String ed = good(ED, "ed");
        String claims = claims();
        String head = rs.substring(0, rs.lastIndexOf('.'));
        String signature = rs.substring(rs.lastIndexOf('.') + 1);

        // No signature at all.
        for (String none : List.of("none", "None", "NONE", "nOnE", "", "null")) {
            forged.put(
                    "alg " + none + " without a signature",
                    base("{\"alg\":\"" + none + "\"}") + "." + base(claims) + ".");
            forged.put(
                    "alg " + none + " with a signature",
                    base("{\"alg\":\"" + none + "\"}") + "." + base(claims) + "." + signature);
        }
        forged.put("no alg", Keys.sign("{\"kid\":\"rsa\"}", claims, RSA));
        forged.put("alg a list", Keys.sign("{\"alg\":[\"RS256\"],\"kid\":\"rsa\"}", claims, RSA));
        forged.put("alg in lower case", Keys.sign("{\"alg\":\"rs256\",\"kid\":\"rsa\"}", claims, RSA));
        forged.put("an empty signature", head + ".");
        forged.put("two parts", head);
        forged.put("two parts and no dots", "abc");
        forged.put("only dots", "..");

        // Key confusion.
        for (String pem : List.of(
                Keys.pem(Keys.RSA.getPublic()), Keys.pem(Keys.RSA.getPublic()).strip(), Keys.jwk(Keys.RSA, "rsa"))) {
            forged.put(
                    "HS256 with the public RSA key as the secret " + forged.size(),
                    hmac("{\"alg\":\"HS256\",\"kid\":\"rsa\"}", claims, pem.getBytes(StandardCharsets.UTF_8)));
        }
        forged.put(
                "HS256 with the encoded RSA key as the secret",
                hmac(
                        "{\"alg\":\"HS256\",\"kid\":\"rsa\"}",
                        claims,
                        Keys.RSA.getPublic().getEncoded()));
        forged.put(
                "HS256 with the modulus as the secret",
                hmac(
                        "{\"alg\":\"HS256\"}",
                        claims,
                        ((RSAPublicKey) Keys.RSA.getPublic()).getModulus().toByteArray()));
        forged.put(
                "HS256 with the public EC key as the secret",
                hmac(
                        "{\"alg\":\"HS256\",\"kid\":\"ec\"}",
                        claims,
                        Keys.pem(Keys.EC.getPublic()).getBytes(StandardCharsets.UTF_8)));
        forged.put("HS256 with an empty secret", hmac("{\"alg\":\"HS256\"}", claims, new byte[] {0}));
        forged.put("RS256 signature called ES256", Keys.sign("{\"alg\":\"ES256\",\"kid\":\"ec\"}", claims, RSA));
        forged.put("ES256 signature called RS256", Keys.sign("{\"alg\":\"RS256\",\"kid\":\"rsa\"}", claims, EC));
        forged.put("ES256 signature called EdDSA", Keys.sign("{\"alg\":\"EdDSA\",\"kid\":\"ed\"}", claims, EC));
        forged.put("EdDSA with the id of the RSA key", Keys.sign("{\"alg\":\"EdDSA\",\"kid\":\"rsa\"}", claims, ED));
        forged.put("RS512 called by a key for RS256", Keys.sign("{\"alg\":\"RS512\",\"kid\":\"rsa\"}", claims, RSA));
        forged.put("PS256", Keys.sign("{\"alg\":\"PS256\",\"kid\":\"rsa\"}", claims, RSA));

        // Other keys.
        forged.put("the key of another", Keys.sign("{\"alg\":\"RS256\",\"kid\":\"rsa\"}", claims, OTHER));
        forged.put(
                "the key and the id of another issuer",
                Keys.sign("{\"alg\":\"RS256\",\"kid\":\"second\"}", claims, OTHER));
        forged.put("the secret of another issuer", Keys.sign("{\"alg\":\"HS256\"}", claims, SECRET));
        forged.put("the key of another without an id", Keys.sign("{\"alg\":\"RS256\"}", claims, OTHER));
        String evilJwk = Keys.jwk(Keys.OTHER_RSA, "rsa");
        forged.put(
                "a key in the token",
                Keys.sign("{\"alg\":\"RS256\",\"kid\":\"rsa\",\"jwk\":" + evilJwk + "}", claims, OTHER));
        forged.put(
                "a key in the token and no id",
                Keys.sign("{\"alg\":\"RS256\",\"jwk\":" + evilJwk + "}", claims, OTHER));
        String url = "http://127.0.0.1:" + attacker.getAddress().getPort() + "/jwks";
        forged.put(
                "a key at a URL",
                Keys.sign("{\"alg\":\"RS256\",\"kid\":\"evil\",\"jku\":\"" + url + "\"}", claims, OTHER));
        forged.put(
                "a certificate at a URL",
                Keys.sign("{\"alg\":\"RS256\",\"kid\":\"rsa\",\"x5u\":\"" + url + "\"}", claims, OTHER));
        forged.put("a certificate in the token", Keys.sign("{\"alg\":\"RS256\",\"x5c\":[\"AAAA\"]}", claims, OTHER));
        forged.put(
                "an issuer at a URL of its own",
                Keys.sign("{\"alg\":\"RS256\",\"kid\":\"evil\"}", claims.replace(MAIN, url), OTHER));
        for (String id : List.of(
                "../../../../dev/null",
                "/etc/passwd",
                "' OR '1'='1",
                "rsa\\u0000",
                "${jndi:ldap://127.0.0.1/a}",
                url)) {
            forged.put("kid " + id, Keys.sign("{\"alg\":\"HS256\",\"kid\":\"" + id + "\"}", claims, SECRET));
        }
        forged.put("kid a number", Keys.sign("{\"alg\":\"RS256\",\"kid\":7}", claims, RSA));
        forged.put("kid null", Keys.sign("{\"alg\":\"RS256\",\"kid\":null}", claims, RSA));

        // What the claims say.
        forged.put("expired", signed(claims.replace("\"exp\":" + (NOW + 60), "\"exp\":" + (NOW - 3_600))));
        forged.put("not yet", signed(claims.replace("{", "{\"nbf\":" + (NOW + 3_600) + ",")));
        forged.put("issued in the future", signed(claims.replace("{", "{\"iat\":" + (NOW + 3_600) + ",")));
        forged.put("no exp", signed(claims.replace("\"exp\"", "\"not\"")));
        forged.put("exp a text", signed(claims.replace("\"exp\":" + (NOW + 60), "\"exp\":\"" + (NOW + 60) + "\"")));
        forged.put("exp infinite", signed(claims.replace("\"exp\":" + (NOW + 60), "\"exp\":1e999")));
        forged.put(
                "exp beyond all time", signed(claims.replace("\"exp\":" + (NOW + 60), "\"exp\":9223372036854775807")));
        forged.put("another audience", signed(claims.replace("\"chat\"", "\"shop\"")));
        forged.put("no audience", signed(claims.replace("\"aud\"", "\"for\"")));
        forged.put("another issuer", signed(claims.replace(MAIN, "https://evil.example")));
        forged.put("almost the issuer", signed(claims.replace(MAIN, MAIN + "/")));
        forged.put("no issuer", signed(claims.replace("\"iss\"", "\"issuer\"")));
        forged.put("issuers in a list", signed(claims.replace("\"" + MAIN + "\"", "[\"" + MAIN + "\"]")));
        forged.put("two subjects", signed(claims.replace("{", "{\"sub\":\"root\",")));
        forged.put("two algorithms", Keys.sign("{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"rsa\"}", claims, RSA));
        forged.put("claims that are no object", signed("[1]"));
        forged.put("claims that are no JSON", signed("{sub:root}"));
        forged.put("claims with more behind them", signed(claims + "{}"));
        forged.put("a subject of control characters", signed(claims.replace("ada", "a\\u000ab")));
        forged.put(
                "claims deeply nested",
                signed(claims.replace("{", "{\"a\":" + "[".repeat(2_000) + "]".repeat(2_000) + ",")));

        // What the header says.
        forged.put("crit", Keys.sign("{\"alg\":\"RS256\",\"kid\":\"rsa\",\"crit\":[\"exp\"],\"exp\":1}", claims, RSA));
        forged.put("crit empty", Keys.sign("{\"alg\":\"RS256\",\"kid\":\"rsa\",\"crit\":[]}", claims, RSA));
        forged.put(
                "b64 false",
                Keys.sign("{\"alg\":\"RS256\",\"kid\":\"rsa\",\"b64\":false,\"crit\":[\"b64\"]}", claims, RSA));
        forged.put("zipped", Keys.sign("{\"alg\":\"RS256\",\"kid\":\"rsa\",\"zip\":\"DEF\"}", claims, RSA));
        forged.put("a nested token", Keys.sign("{\"alg\":\"RS256\",\"kid\":\"rsa\",\"cty\":\"JWT\"}", claims, RSA));
        forged.put(
                "a token for something else",
                Keys.sign("{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"logout+jwt\"}", claims, RSA));
        JWEObject encrypted = new JWEObject(
                new JWEHeader.Builder(JWEAlgorithm.RSA_OAEP_256, EncryptionMethod.A128GCM)
                        .contentType("JWT")
                        .build(),
                new Payload(base("{\"alg\":\"none\"}") + "." + base(claims) + "."));
        encrypted.encrypt(new RSAEncrypter((RSAPublicKey) Keys.RSA.getPublic()));
        forged.put("an unsigned token inside an encrypted one", encrypted.serialize());

        // What was cut, changed or written in another way.
        forged.put("cut in the signature", rs.substring(0, rs.length() - 4));
        forged.put("cut in the claims", head.substring(0, head.length() - 4) + "." + signature);
        forged.put("an extra part", rs + ".x");
        forged.put("an extra empty part", rs + ".");
        forged.put("an empty part before", "." + rs);
        forged.put(
                "other claims under the signature",
                rs.split("\\.")[0] + "." + base(claims.replace("ada", "root")) + "." + signature);
        forged.put(
                "another header under the signature",
                base("{\"alg\":\"RS256\"}") + "." + base(claims) + "." + signature);
        forged.put("padding", rs + "==");
        forged.put("padding of the header", rs.replaceFirst("\\.", "=."));
        char last = es.charAt(es.length() - 1);
        forged.put("bits that no byte uses", es.substring(0, es.length() - 1) + (char) (last + 1));
        byte[] bytes = Base64.getUrlDecoder().decode(signature);
        forged.put(
                "base64 of the other alphabet", head + "." + Base64.getEncoder().encodeToString(bytes));
        forged.put("a zero before the signature", head + "." + Keys.base64(join(new byte[] {0}, bytes)));
        forged.put("a zero behind the signature", head + "." + Keys.base64(join(bytes, new byte[] {0})));
        BigInteger modulus = ((RSAPublicKey) Keys.RSA.getPublic()).getModulus();
        byte[] more = new BigInteger(1, bytes).add(modulus).toByteArray();
        forged.put("the RSA signature and the modulus", head + "." + Keys.base64(more));
        forged.put("an RSA signature of zeros", head + "." + Keys.base64(new byte[256]));
        String esHead = es.substring(0, es.lastIndexOf('.') + 1);
        forged.put("an ECDSA signature of zeros", esHead + Keys.base64(new byte[64]));
        byte[] order =
                unsigned(com.nimbusds.jose.jwk.Curve.P_256.toECParameterSpec().getOrder());
        forged.put("an ECDSA signature of the order", esHead + Keys.base64(join(order, order)));
        forged.put("an ECDSA signature in DER", esHead + Keys.base64(new byte[] {0x30, 6, 2, 1, 0, 2, 1, 0}));
        String edHead = ed.substring(0, ed.lastIndexOf('.') + 1);
        forged.put("an Ed25519 signature of zeros", edHead + Keys.base64(new byte[64]));
        forged.put(
                "the Ed25519 signature and the order", edHead + Keys.base64(withOrder(ed.substring(edHead.length()))));
        byte[] badUtf8 = claims.getBytes(StandardCharsets.UTF_8);
        badUtf8[badUtf8.length - 3] = (byte) 0xff;
        String bad = base("{\"alg\":\"RS256\",\"kid\":\"rsa\"}") + "." + Keys.base64(badUtf8);
        forged.put(
                "bytes that are no UTF-8", bad + "." + Keys.base64(RSA.sign(bad.getBytes(StandardCharsets.US_ASCII))));
        forged.put("more than 8 KiB", signed(claims.replace("{", "{\"x\":\"" + "x".repeat(8_192) + "\",")));
        return forged.entrySet().stream().map(entry -> Arguments.of(entry.getKey(), entry.getValue()));
    }

    /** Adds the order of the curve to the second half, which some verifiers take for the same signature. */
    private static byte[] withOrder(String signature) {
        byte[] bytes = Base64.getUrlDecoder().decode(signature);
        BigInteger order = BigInteger.TWO.pow(252).add(new BigInteger("27742317777372353535851937790883648493"));
        byte[] s = unsigned(new BigInteger(1, reversed(Arrays.copyOfRange(bytes, 32, 64))).add(order));
        System.arraycopy(reversed(s), 0, bytes, 32, 32);
        return bytes;
    }

    private static byte[] unsigned(BigInteger number) {
        byte[] bytes = number.toByteArray();
        byte[] sized = new byte[32];
        int length = Math.min(bytes.length, 32);
        System.arraycopy(bytes, bytes.length - length, sized, 32 - length, length);
        return sized;
    }

    private static byte[] reversed(byte[] bytes) {
        byte[] turned = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            turned[i] = bytes[bytes.length - 1 - i];
        }
        return turned;
    }

    private static byte[] join(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    private static String claims() {
        return "{\"iss\":\"" + MAIN + "\",\"aud\":\"chat\",\"sub\":\"ada\",\"exp\":" + (NOW + 60) + "}";
    }

    private static String good(SigningKey key, String id) {
        return Keys.sign("{\"alg\":\"" + key.algorithm() + "\",\"typ\":\"JWT\",\"kid\":\"" + id + "\"}", claims(), key);
    }

    private static String local() {
        return Keys.sign("{\"alg\":\"HS256\"}", claims().replace(MAIN, LOCAL), SECRET);
    }

    private static String signed(String claims) {
        return Keys.sign("{\"alg\":\"RS256\",\"kid\":\"rsa\"}", claims, RSA);
    }

    private static String base(String text) {
        return Keys.base64(text);
    }

    private static String hmac(String header, String claims, byte[] secret) throws Exception {
        String signed = base(header) + "." + base(claims);
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(secret, "HmacSHA256"));
        return signed + "." + Keys.base64(mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII)));
    }

    /** Asks for a WebSocket with more headers, and returns the head of the answer. */
    private static String status(String headers) throws IOException {
        try (var socket =
                new Socket(gateway.address().getAddress(), gateway.address().getPort())) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream()
                    .write(("GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                    + headers + "\r\n\r\n")
                            .getBytes(StandardCharsets.ISO_8859_1));
            var head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int c = socket.getInputStream().read();
                if (c < 0) {
                    throw new IOException("ended after " + head);
                }
                head.append((char) c);
            }
            return head.toString();
        }
    }
}

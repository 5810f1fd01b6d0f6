package io.campanile.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which tokens {@code token make} makes, and what {@code token check} says of good and bad ones. */
final class TokenCommandsTest {

    private static final String SECRET = "0123456789abcdef0123456789abcdef";

    @TempDir
    Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private String secretFile = "";
    private String in = "";

    @BeforeEach
    void writeSecret() throws IOException {
        secretFile =
                Files.writeString(directory.resolve("secret"), SECRET + "\n").toString();
    }

    @Test
    void makeATokenThatCheckFindsGood() {
        String token = make(
                "--sub",
                "alice",
                "--ttl",
                "15m",
                "--claim",
                "role=admin",
                "--claim",
                "rooms=[\"a\",\"b\"]",
                "--claim",
                "level=7",
                "--jti",
                "t1");

        assertThat(run("token", "check", token, "--secret-file", secretFile)).isZero();

        assertThat(out())
                .matches("good until \\S+Z\n\\{.*\"exp\":\\d+.*}\n")
                .contains("\"role\":\"admin\"", "\"rooms\":[\"a\",\"b\"]", "\"level\":7")
                .contains("\"sub\":\"alice\"", "\"jti\":\"t1\"");
        assertThat(err()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"RSA", "EC", "Ed25519"})
    void signWithPrivateKeysAndCheckWithPublicOnes(String kind) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(kind);
        if (kind.equals("EC")) {
            generator.initialize(new ECGenParameterSpec("secp256r1"));
        }
        KeyPair pair = generator.generateKeyPair();
        Path privateKey = pem("PRIVATE KEY", pair.getPrivate().getEncoded());
        Path publicKey = pem("PUBLIC KEY", pair.getPublic().getEncoded());

        assertThat(run("token", "make", "--sub", "alice", "--key-file", privateKey.toString()))
                .isZero();
        String token = out().strip();
        out.reset();
        assertThat(run("token", "check", token, "--key-file", publicKey.toString()))
                .isZero();
        assertThat(run("token", "check", token, "--secret-file", secretFile)).isEqualTo(1);

        assertThat(out()).startsWith("good until ");
        assertThat(err()).startsWith("campanile: the token is signed with a key that is not known here\n");
    }

    @Test
    void sayWhatIsWrongWithAToken() throws IOException {
        String token = make("--sub", "alice", "--iss", "us", "--aud", "shop");
        String other =
                Files.writeString(directory.resolve("other"), SECRET + "!").toString();

        assertThat(run("token", "check", token, "--secret-file", secretFile)).isEqualTo(1);
        assertThat(run("token", "check", token, "--secret-file", secretFile, "--aud", "shop", "--iss", "them"))
                .isEqualTo(1);
        assertThat(run("token", "check", token, "--secret-file", other, "--aud", "shop"))
                .isEqualTo(1);
        assertThat(run("token", "check", token.substring(5), "--secret-file", secretFile))
                .isEqualTo(1);
        assertThat(run("token", "check", expired(), "--secret-file", secretFile))
                .isEqualTo(1);
        assertThat(run("token", "check", token, "--secret-file", secretFile, "--aud", "shop", "--iss", "us"))
                .isZero();

        assertThat(err().lines().filter(line -> !line.startsWith("campanile: it says, and nothing vouches for that: ")))
                .containsExactly(
                        "campanile: the token is for another audience",
                        "campanile: the token is of another issuer",
                        "campanile: the signature of the token does not hold",
                        "campanile: the token is malformed",
                        "campanile: the token has expired");
        assertThat(err()).contains("\"aud\":\"shop\"", "(exp is 2001-09-09T01:46:40Z)");
    }

    @Test
    void checkForScripts() {
        in = make("--sub", "alice") + "\n";

        assertThat(run("token", "check", "-", "--secret-file", secretFile, "--json"))
                .isZero();
        in = expired();
        assertThat(run("token", "check", "-", "--secret-file", secretFile, "--json"))
                .isEqualTo(1);

        assertThat(out())
                .matches("\\{\"good\":true,\"header\":\\{\"alg\":\"HS256\",\"typ\":\"JWT\"},\"claims\":\\{.*}}\n"
                        + "\\{\"good\":false,\"reason\":\"the token has expired\",\"header\":.*\n");
    }

    @Test
    void refuseWhatCannotBeMeant() throws IOException {
        String weak = Files.writeString(directory.resolve("weak"), "short").toString();
        assertThat(run("token", "make")).isEqualTo(2);
        assertThat(run("token", "make", "--secret-file", weak)).isEqualTo(2);
        assertThat(run("token", "make", "--secret-file", secretFile, "--claim", "admin"))
                .isEqualTo(2);
        assertThat(run("token", "make", "--secret-file", secretFile, "--claim", "exp=1"))
                .isEqualTo(2);
        assertThat(run("token", "make", "--secret-file", secretFile, "--ttl", "soon"))
                .isEqualTo(2);
        assertThat(run("token", "check", "x")).isEqualTo(2);
        assertThat(run("token", "check", "--secret-file", secretFile)).isEqualTo(2);
        assertThat(run("token", "mak")).isEqualTo(2);
        assertThat(run("token")).isEqualTo(2);

        assertThat(err())
                .contains(
                        "campanile: --secret-file, --key-file: neither is given (expected: one of them)\n",
                        "campanile: try: campanile token make --help\n",
                        "campanile: --claim: \"admin\" (expected: NAME=VALUE, such as role=admin)\n",
                        "campanile: --claim: exp has a flag of its own (expected: --sub, --ttl or --jti)\n",
                        "campanile: --ttl: expected a duration",
                        "campanile: no keys are given (expected: one of --secret-file, --key-file and --jwks-url)\n",
                        "campanile: TOKEN: missing\n",
                        "Usage: campanile token")
                .doesNotContain("Exception");
        assertThat(out()).isEmpty();
    }

    @Test
    void explainThemselves() {
        assertThat(run("token", "--help")).isZero();
        assertThat(run("token", "make", "--help")).isZero();
        assertThat(run("token", "check", "--help")).isZero();

        assertThat(out()).contains("Usage: campanile token make", "--claim=NAME=VALUE", "Usage: campanile token check");
        assertThat(err()).isEmpty();
    }

    /** A token of which exp is a second long ago, signed by the same secret. */
    private String expired() {
        return io.campanile.auth.Jwt.sign(
                io.campanile.core.Claims.of("alice").withExpiresAt(java.time.Instant.ofEpochSecond(1_000_000_000)),
                io.campanile.auth.SigningKey.secret(SECRET));
    }

    private String make(String... flags) {
        String[] args = new String[flags.length + 4];
        args[0] = "token";
        args[1] = "make";
        args[2] = "--secret-file";
        args[3] = secretFile;
        System.arraycopy(flags, 0, args, 4, flags.length);
        assertThat(run(args)).as(err()).isZero();
        String token = out().strip();
        out.reset();
        return token;
    }

    private Path pem(String label, byte[] bytes) throws IOException {
        return Files.writeString(
                directory.resolve(label.replace(' ', '-')),
                "-----BEGIN " + label + "-----\n" + Base64.getMimeEncoder().encodeToString(bytes) + "\n-----END "
                        + label + "-----\n");
    }

    private int run(String... args) {
        return new Commands(new Console(
                        new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8)),
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        Map.of()))
                .run(args);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }
}

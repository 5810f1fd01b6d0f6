package io.campanile.server;

import io.campanile.auth.Jwt;
import io.campanile.auth.SigningKey;
import io.campanile.core.Claims;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code token make}: makes a token, for tests and for programs without an issuer. */
final class TokenMakeCommand implements Subcommand {

    private static final String SUBJECT = "--sub";
    private static final String TTL = "--ttl";
    private static final String CLAIM = "--claim";
    private static final String ISSUER = "--iss";
    private static final String AUDIENCE = "--aud";
    private static final String TOKEN_ID = "--jti";
    private static final String KEY_ID = "--kid";
    private static final String SECRET_FILE = "--secret-file";
    private static final String KEY_FILE = "--key-file";
    private static final OptionType<Duration> TTL_TYPE =
            OptionType.duration(Duration.ofSeconds(1), Duration.ofDays(3650));
    private static final Duration USUAL_TTL = Duration.ofHours(1);

    private final Console console;

    TokenMakeCommand(Console console) {
        this.console = console;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create()
                .addOption(ServerFlags.value(SUBJECT, "NAME", "The user it is for. Default: nobody in particular."))
                .addOption(ServerFlags.value(
                        TTL,
                        "TIME",
                        "How long it is good, such as 15m. Default: " + OptionType.durationText(USUAL_TTL)))
                .addOption(ServerFlags.list(
                        CLAIM,
                        "NAME=VALUE",
                        "A claim; may be given several times. What is JSON, such as 7, true or [\"a\"], is taken as"
                                + " such, all else as text."))
                .addOption(ServerFlags.value(ISSUER, "NAME", "Who issues it."))
                .addOption(ServerFlags.value(AUDIENCE, "NAME", "Whom it is meant for."))
                .addOption(ServerFlags.value(TOKEN_ID, "ID", "Its own id, by which it can be revoked."))
                .addOption(ServerFlags.value(KEY_ID, "ID", "The id of the key that signs it."))
                .addOption(ServerFlags.value(
                        SECRET_FILE, "FILE", "Sign with the secret in this file (HS256); at least 32 bytes."))
                .addOption(
                        ServerFlags.value(
                                KEY_FILE,
                                "FILE",
                                "Sign with the private key in this file, in PEM: RSA (RS256), EC P-256 (ES256) or Ed25519 (EdDSA)."))
                .addOption(Commands.help());
        spec.usageMessage()
                .sortOptions(false)
                .description("Makes a JSON Web Token and prints it.", "")
                .footer(
                        "",
                        "Example: campanile token make --sub alice --ttl 15m --claim role=admin --secret-file secret.txt",
                        "Whoever reads the token can use it until it expires: do not leave it in logs.");
        return spec;
    }

    @Override
    public int run(ParseResult given) {
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        Map<String, Object> values = new LinkedHashMap<>();
        ServerFlags.text(given, ISSUER).ifPresent(name -> values.put("iss", name));
        ServerFlags.text(given, AUDIENCE).ifPresent(name -> values.put("aud", name));
        ServerFlags.texts(given, CLAIM).forEach(text -> addClaim(values, text));
        try {
            Claims claims = ServerFlags.text(given, SUBJECT)
                    .map(Claims::of)
                    .orElseGet(Claims::anonymous)
                    .withValues(values)
                    .withIssuedAt(now)
                    .withExpiresAt(
                            now.plus(ServerFlags.read(given, TTL, TTL_TYPE).orElse(USUAL_TTL)));
            claims = ServerFlags.text(given, TOKEN_ID).map(claims::withTokenId).orElse(claims);
            console.out().println(Jwt.sign(claims, key(given)));
        } catch (IllegalArgumentException e) {
            throw CommandFailure.misused(String.valueOf(e.getMessage()));
        }
        return Exit.DONE;
    }

    private static void addClaim(Map<String, Object> values, String text) {
        int equals = text.indexOf('=');
        String name = text.substring(0, Math.max(0, equals));
        if (name.isEmpty()) {
            throw CommandFailure.misused(
                    CLAIM + ": " + SettingsLoader.quoted(text) + " (expected: NAME=VALUE, such as role=admin)");
        }
        if (List.of("sub", "exp", "iat", "jti").contains(name)) {
            throw CommandFailure.misused(
                    CLAIM + ": " + name + " has a flag of its own (expected: --sub, --ttl or --jti)");
        }
        if (values.put(name, Json.valueOrText(text.substring(equals + 1))) != null) {
            throw CommandFailure.misused(CLAIM + ": " + Shown.line(name) + " is given twice (expected: once)");
        }
    }

    private static SigningKey key(ParseResult given) {
        Optional<String> secret = ServerFlags.text(given, SECRET_FILE);
        Optional<String> file = ServerFlags.text(given, KEY_FILE);
        if (secret.isPresent() == file.isPresent()) {
            throw CommandFailure.misused(SECRET_FILE + ", " + KEY_FILE + ": "
                    + (secret.isPresent() ? "both are" : "neither is") + " given (expected: one of them)");
        }
        SigningKey key = secret.map(name -> SigningKey.secret(ServerFlags.secret(name, SECRET_FILE)))
                .orElseGet(() -> SigningKey.pem(ServerFlags.secret(file.orElse(""), KEY_FILE)));
        return ServerFlags.text(given, KEY_ID).map(key::withId).orElse(key);
    }
}

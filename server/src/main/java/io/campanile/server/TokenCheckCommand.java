package io.campanile.server;

import io.campanile.auth.JwtKeys;
import io.campanile.auth.JwtVerifier;
import io.campanile.gateway.Admission;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code token check}: judges a token as a server would, and shows what it says. */
final class TokenCheckCommand implements Subcommand {

    private static final String SECRET_FILE = "--secret-file";
    private static final String KEY_FILE = "--key-file";
    private static final String JWKS_URL = "--jwks-url";
    private static final String ISSUER = "--iss";
    private static final String AUDIENCE = "--aud";
    private static final String JSON = "--json";

    private final Console console;

    TokenCheckCommand(Console console) {
        this.console = console;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create()
                .addPositional(PositionalParamSpec.builder()
                        .index("0")
                        .arity("1")
                        .required(true)
                        .paramLabel("TOKEN")
                        .type(String.class)
                        .description("The token, or - to read it from standard input.")
                        .build())
                .addOption(ServerFlags.value(SECRET_FILE, "FILE", "The secret it should be signed with (HS256)."))
                .addOption(ServerFlags.value(
                        KEY_FILE, "FILE", "The public keys one of which should have signed it: PEM, or a JWK set."))
                .addOption(
                        ServerFlags.value(JWKS_URL, "URL", "The same at a URL, with https, or http to this machine."))
                .addOption(ServerFlags.value(ISSUER, "NAME", "Who should have issued it. Default: anybody."))
                .addOption(ServerFlags.list(AUDIENCE, "NAME", "Whom it may be meant for; may be given several times."))
                .addOption(ServerFlags.flag(
                        JSON,
                        "Print {\"good\":true,\"header\":{...},\"claims\":{...}}, with \"reason\" where it is not."))
                .addOption(Commands.help());
        spec.usageMessage()
                .sortOptions(false)
                .description("Judges a JSON Web Token as a server would, and says what is wrong with it.", "")
                .footer("", "Exit codes: 0 the token is good, 1 it is not, 2 wrong usage, 3 the keys cannot be had.");
        return spec;
    }

    @Override
    public int run(ParseResult given) {
        JwtVerifier verifier = verifier(given);
        String token = token(given.matchedPositionalValue(0, ""));
        Admission admission;
        try {
            admission = verifier.verify(token).toCompletableFuture().join();
        } catch (CompletionException e) {
            throw CommandFailure.failed("the token cannot be judged: " + Shown.line(String.valueOf(e.getMessage())));
        }
        List<Map<?, ?>> parts = parts(token);
        Optional<String> reason = admission instanceof Admission.Refused refused
                ? Optional.of(Shown.line(refused.detail()))
                : Optional.empty();
        if (admission instanceof Admission.Refused refused && refused.status() == 503) {
            throw CommandFailure.unavailable(refused.detail());
        }
        if (ServerFlags.isSet(given, JSON)) {
            console.out().println(Json.text(document(reason, parts)));
        } else if (reason.isEmpty()) {
            console.out()
                    .println(
                            "good" + expiry(parts).map(time -> " until " + time).orElse(""));
            console.out().println(Shown.line(Json.text(parts.get(1))));
        } else {
            console.note(reason.get());
            if (parts.size() == 2) {
                console.note("it says, and nothing vouches for that: " + Shown.line(Json.text(parts.get(0))) + " "
                        + Shown.line(Json.text(parts.get(1)))
                        + expiry(parts).map(time -> " (exp is " + time + ")").orElse(""));
            }
        }
        return reason.isEmpty() ? Exit.DONE : Exit.FAILED;
    }

    private static Map<String, Object> document(Optional<String> reason, List<Map<?, ?>> parts) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("good", reason.isEmpty());
        reason.ifPresent(text -> document.put("reason", text));
        if (parts.size() == 2) {
            document.put("header", parts.get(0));
            document.put("claims", parts.get(1));
        }
        return document;
    }

    private static JwtVerifier verifier(ParseResult given) {
        List<JwtKeys> keys = new ArrayList<>();
        try {
            ServerFlags.text(given, SECRET_FILE)
                    .ifPresent(file -> keys.add(JwtKeys.secret(ServerFlags.secret(file, SECRET_FILE))));
            ServerFlags.text(given, KEY_FILE)
                    .ifPresent(file -> keys.add(JwtKeys.text(ServerFlags.secret(file, KEY_FILE))));
            Optional<String> url = ServerFlags.text(given, JWKS_URL);
            if (url.isPresent()) {
                keys.add(JwtKeys.url(new URI(url.get())));
            }
            if (keys.size() != 1) {
                throw CommandFailure.misused(
                        (keys.isEmpty() ? "no keys are given" : "keys are given from several places")
                                + " (expected: one of " + SECRET_FILE + ", " + KEY_FILE + " and " + JWKS_URL + ")");
            }
        } catch (URISyntaxException e) {
            throw CommandFailure.misused(JWKS_URL + ": is not a URL (expected: one with https)");
        } catch (IllegalArgumentException e) {
            throw CommandFailure.misused(String.valueOf(e.getMessage()));
        }
        JwtVerifier.Builder builder = JwtVerifier.builder();
        ServerFlags.text(given, ISSUER)
                .ifPresentOrElse(name -> builder.issuer(name, keys.get(0)), () -> builder.anyIssuer(keys.get(0)));
        return builder.audiences(Set.copyOf(ServerFlags.texts(given, AUDIENCE))).build();
    }

    private String token(String argument) {
        if (!argument.equals("-")) {
            return argument.strip();
        }
        try {
            return new String(console.in().readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw CommandFailure.misused("standard input: cannot be read: " + e.getMessage());
        }
    }

    /** Returns header and claims; nothing when they cannot be read. */
    private static List<Map<?, ?>> parts(String token) {
        String[] parts = token.split("\\.", -1);
        if (parts.length < 2) {
            return List.of();
        }
        try {
            Optional<Map<?, ?>> header = Json.object(Base64.getUrlDecoder().decode(parts[0]));
            Optional<Map<?, ?>> claims = Json.object(Base64.getUrlDecoder().decode(parts[1]));
            return header.isPresent() && claims.isPresent() ? List.of(header.get(), claims.get()) : List.of();
        } catch (IllegalArgumentException e) {
            return List.of();
        }
    }

    private static Optional<Instant> expiry(List<Map<?, ?>> parts) {
        return parts.size() == 2
                        && parts.get(1).get("exp") instanceof Number seconds
                        && Math.abs(seconds.doubleValue()) < 1e11
                ? Optional.of(Instant.ofEpochSecond(seconds.longValue()))
                : Optional.empty();
    }
}

package io.campanile.server;

import io.campanile.auth.ApiKeys;
import io.campanile.auth.JwksLimits;
import io.campanile.auth.JwtKeys;
import io.campanile.auth.JwtVerifier;
import io.campanile.core.Connection;
import io.campanile.gateway.Authenticator;
import io.campanile.gateway.Authorizer;
import io.campanile.gateway.TokenSources;
import io.campanile.gateway.TokenVerifier;
import io.campanile.server.StartFailure.Blame;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Who clients are and what they may do, as the settings say. */
final class ClientAuth {

    /** Where keys for tokens may come from. */
    static final List<Option<?>> JWT_KEYS = List.of(Options.JWT_SECRET, Options.JWT_KEY_FILE, Options.JWKS_URL);

    /** What says more of tokens, and nothing without keys. */
    static final List<Option<?>> JWT_DETAILS =
            List.of(Options.JWT_ISSUER, Options.JWT_AUDIENCE, Options.JWT_ALGORITHMS, Options.JWT_WITHOUT_EXPIRY);

    /** What says more of how clients show who they are, and nothing where they cannot. */
    static final List<Option<?>> DETAILS = List.of(Options.AUTH_ANONYMOUS, Options.AUTH_COOKIE, Options.AUTH_PARAMETER);

    private final Optional<JwtVerifier> jwt;
    private final Optional<TokenVerifier> verifier;
    private final Authenticator authenticator;

    /**
     * Reads the keys.
     *
     * @throws StartFailure if a file with keys is not one
     */
    ClientAuth(Settings settings) {
        this.jwt = jwt(settings);
        Optional<TokenVerifier> keys = settings.find(Options.CLIENT_KEYS).map(ApiKeys::parse);
        this.verifier = keys.isPresent() && jwt.isPresent()
                ? Optional.of(keys.get().or(jwt.get()))
                : keys.or(() -> jwt.map(TokenVerifier.class::cast));
        this.authenticator =
                verifier.map(tokens -> authenticator(settings, tokens)).orElse(Authenticator.anonymous());
    }

    private static Authenticator authenticator(Settings settings, TokenVerifier verifier) {
        TokenSources sources =
                new TokenSources(settings.find(Options.AUTH_COOKIE), settings.find(Options.AUTH_PARAMETER));
        return settings.get(Options.AUTH_ANONYMOUS)
                ? Authenticator.tokensOrAnonymous(sources, verifier)
                : Authenticator.tokens(sources, verifier);
    }

    /** Returns the verifier of tokens that the settings ask for, if they do. */
    static Optional<JwtVerifier> jwt(Settings settings) {
        return keys(settings).map(keys -> {
            JwtVerifier.Builder builder = JwtVerifier.builder()
                    .audiences(Set.copyOf(settings.get(Options.JWT_AUDIENCE)))
                    .algorithms(Set.copyOf(settings.get(Options.JWT_ALGORITHMS)))
                    .clockSkew(settings.get(Options.JWT_CLOCK_SKEW));
            settings.find(Options.JWT_ISSUER)
                    .ifPresentOrElse(issuer -> builder.issuer(issuer, keys), () -> builder.anyIssuer(keys));
            return (settings.get(Options.JWT_WITHOUT_EXPIRY) ? builder.withoutExpiryUnsafe() : builder).build();
        });
    }

    private static Optional<JwtKeys> keys(Settings settings) {
        Optional<JwtKeys> secret = settings.find(Options.JWT_SECRET).map(JwtKeys::secret);
        Optional<JwtKeys> file = settings.find(Options.JWT_KEY_FILE).map(path -> {
            try {
                return JwtKeys.file(Path.of(path));
            } catch (IllegalArgumentException e) {
                throw new StartFailure(Blame.USAGE, settings.place(Options.JWT_KEY_FILE) + ": " + e.getMessage(), e);
            }
        });
        JwksLimits limits =
                JwksLimits.defaults().withAges(settings.get(Options.JWKS_REFRESH), settings.get(Options.JWKS_MAX_AGE));
        return secret.or(() -> file)
                .or(() -> settings.find(Options.JWKS_URL).map(url -> JwtKeys.url(URI.create(url), limits)));
    }

    /** Loads keys that are elsewhere, so that the first client need not wait for them. */
    void load() {
        jwt.ifPresent(JwtVerifier::load);
    }

    /** Returns whether clients can show who they are at all. */
    boolean isOn() {
        return verifier.isPresent();
    }

    Authenticator authenticator() {
        return authenticator;
    }

    /** Returns how many tokens were refused, by reason. */
    Map<String, Long> refusals() {
        return jwt.map(JwtVerifier::refusals).orElse(Map.of());
    }

    /** Returns what clients may do: what the rules allow in rooms, and what the options allow everywhere. */
    static Authorizer authorizer(Settings settings) {
        Authorizer rules = Authorizer.rules(settings.get(Options.ROOM_RULES));
        boolean publish = settings.get(Options.MAY_PUBLISH);
        boolean direct = settings.get(Options.MAY_SEND_DIRECT);
        return new Authorizer() {
            @Override
            public boolean mayJoin(Connection connection, String room) {
                return rules.mayJoin(connection, room);
            }

            @Override
            public boolean mayPublish(Connection connection, String room) {
                return publish || rules.mayPublish(connection, room);
            }

            @Override
            public boolean maySendDirect(Connection connection) {
                return direct;
            }

            @Override
            public boolean maySeeMembers(Connection connection, String room) {
                return rules.maySeeMembers(connection, room);
            }
        };
    }

    /** Returns what is wrong with the settings taken together, a sentence each. */
    static List<String> problems(Settings settings) {
        List<String> problems = new ArrayList<>();
        List<Option<?>> keys = JWT_KEYS.stream()
                .filter(option -> settings.find(option).isPresent())
                .toList();
        boolean clientKeys = settings.find(Options.CLIENT_KEYS).isPresent();
        if (keys.size() > 1) {
            problems.add(settings.place(keys.get(0)) + ", " + settings.place(keys.get(1))
                    + ": both are set (expected: one of auth.jwt.secret, auth.jwt.key-file and auth.jwt.jwks-url)");
        }
        if (keys.isEmpty()) {
            JWT_DETAILS.stream()
                    .filter(option -> isSet(settings, option))
                    .forEach(option -> problems.add(settings.place(option)
                            + ": is set, and no tokens are taken (expected: auth.jwt.secret, auth.jwt.key-file or"
                            + " auth.jwt.jwks-url as well)"));
        }
        if (keys.isEmpty() && !clientKeys) {
            DETAILS.stream()
                    .filter(option -> isSet(settings, option))
                    .forEach(option -> problems.add(settings.place(option)
                            + ": is set, and clients cannot show who they are (expected: keys below auth.jwt, or"
                            + " auth.client-keys, as well)"));
        }
        if (settings.find(Options.JWKS_URL).isPresent()
                && settings.find(Options.JWT_ISSUER).isEmpty()) {
            problems.add(settings.place(Options.JWKS_URL)
                    + ": is set without auth.jwt.issuer (expected: the iss of the tokens that these keys are for)");
        }
        if (settings.get(Options.JWKS_REFRESH).compareTo(settings.get(Options.JWKS_MAX_AGE)) > 0) {
            problems.add(settings.place(Options.JWKS_REFRESH) + ", " + settings.place(Options.JWKS_MAX_AGE)
                    + ": (expected: auth.jwt.jwks-refresh <= auth.jwt.jwks-max-age); raise auth.jwt.jwks-max-age");
        }
        if (settings.find(Options.AUTH_COOKIE).isPresent() && settings.get(Options.ALLOW_ANY_ORIGIN)) {
            problems.add(settings.place(Options.AUTH_COOKIE) + ", " + settings.place(Options.ALLOW_ANY_ORIGIN)
                    + ": with both, every page a user visits connects as that user (expected: one of them); name your"
                    + " pages in websocket.allowed-origins");
        }
        if ((clientKeys || !keys.isEmpty())
                && settings.mode() == Mode.CONFIGURED
                && settings.get(Options.CLAIM_ANY_USER)) {
            problems.add(settings.place(Options.CLAIM_ANY_USER)
                    + ": is on, so tokens are in vain (expected: false where clients are authenticated)");
        }
        try {
            authorizer(settings);
        } catch (IllegalArgumentException e) {
            problems.add(settings.place(Options.ROOM_RULES) + ": " + e.getMessage());
        }
        return problems;
    }

    private static <T> boolean isSet(Settings settings, Option<T> option) {
        return !settings.find(option).equals(option.defaultValue(settings.mode()));
    }
}

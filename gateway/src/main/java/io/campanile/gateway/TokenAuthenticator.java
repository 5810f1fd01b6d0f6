package io.campanile.gateway;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Finds the token of a handshake and has it verified. */
final class TokenAuthenticator implements Authenticator {

    private static final Admission SEVERAL = new Admission.Refused(
            400,
            "the request shows more than one token (expected: one, or the same everywhere)",
            Optional.of(Requests.BEARER + " error=\"invalid_request\""));
    private static final Admission MALFORMED =
            Admission.tokenRefused("what stands where a token belongs is none (expected: Bearer TOKEN)");

    private final TokenSources sources;
    private final TokenVerifier verifier;
    private final Admission withoutToken;

    TokenAuthenticator(TokenSources sources, TokenVerifier verifier, Admission withoutToken) {
        this.sources = sources;
        this.verifier = verifier;
        this.withoutToken = withoutToken;
    }

    @Override
    public CompletionStage<Admission> authenticate(Handshake handshake) {
        TokenSources.Found found = sources.find(handshake);
        return switch (found.amount()) {
            case NONE -> CompletableFuture.completedFuture(withoutToken);
            case SEVERAL -> CompletableFuture.completedFuture(SEVERAL);
            case MALFORMED -> CompletableFuture.completedFuture(MALFORMED);
            case ONE -> verifier.verify(found.token());
        };
    }

    @Override
    public CompletionStage<Admission> refresh(String token) {
        return TokenSources.isToken(token) ? verifier.verify(token) : CompletableFuture.completedFuture(MALFORMED);
    }
}

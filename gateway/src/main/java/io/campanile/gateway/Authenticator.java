package io.campanile.gateway;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Establishes who a client is. May be called from any thread, and by several at once; must not block: what takes long is
 * done elsewhere and completes the stage.
 *
 * <p>An answer that does not come within {@link GatewayLimits#handshakeTimeout} ends the handshake with 503, and a
 * failure refuses it with 500: no client is admitted because it could not be judged.
 */
@FunctionalInterface
public interface Authenticator {

    /** Returns the authenticator that admits everyone and knows nothing about anybody. */
    static Authenticator anonymous() {
        return handshake -> CompletableFuture.completedFuture(Admission.anonymous());
    }

    /** Returns the authenticator that admits those alone who show a token which the verifier accepts. */
    static Authenticator tokens(TokenSources sources, TokenVerifier verifier) {
        return new TokenAuthenticator(sources, verifier, Admission.tokenMissing());
    }

    /**
     * Returns the authenticator that admits those who show a token which the verifier accepts, and those who show none at
     * all, about whom it knows nothing. A token that is not good is refused here too.
     */
    static Authenticator tokensOrAnonymous(TokenSources sources, TokenVerifier verifier) {
        return new TokenAuthenticator(sources, verifier, Admission.anonymous());
    }

    /**
     * Judges a handshake that is otherwise valid, from an admitted origin.
     *
     * @return the claims to admit the client with, or why it is refused
     */
    CompletionStage<Admission> authenticate(Handshake handshake);

    /**
     * Judges a newer token, which a client that is connected shows so that it may stay.
     *
     * @return the claims it has from now on, or why they are refused; refused unless overridden
     */
    default CompletionStage<Admission> refresh(String token) {
        return CompletableFuture.completedFuture(
                new Admission.Refused(403, "the claims of a connection do not change here"));
    }
}

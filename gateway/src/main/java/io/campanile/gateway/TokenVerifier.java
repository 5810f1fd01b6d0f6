package io.campanile.gateway;

import io.campanile.gateway.Admission.Refused;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Judges a token. May be called from any thread, and by several at once; must not block: what takes long is done
 * elsewhere and completes the stage.
 */
@FunctionalInterface
public interface TokenVerifier {

    /**
     * Judges a token.
     *
     * @param token what the client showed, 1 character or more of the letters and digits of ASCII and {@code - . _ ~ + / =}
     * @return the claims it stands for, or why it is refused: {@link Admission#tokenRefused} where it is not good
     */
    CompletionStage<Admission> verify(String token);

    /** Returns the verifier that asks another one about the tokens which this one refuses with 401. */
    default TokenVerifier or(TokenVerifier other) {
        return token -> verify(token)
                .thenCompose(admission -> admission instanceof Refused refused && refused.status() == 401
                        ? other.verify(token)
                        : CompletableFuture.completedFuture(admission));
    }
}

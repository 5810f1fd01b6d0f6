package io.campanile.gateway;

import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** Answers the HTTP requests of one method and path. */
@FunctionalInterface
public interface HttpHandler {

    /**
     * Answers a request whose body is complete. Called on an event loop, so it must not block; several calls may run at
     * once on different event loops. The answer may come later and from any thread; until then nothing more is read from
     * that client. An exception, thrown or in the stage, is counted and logged and answered with 500.
     */
    CompletionStage<HttpAnswer> handle(HttpCall call);

    /**
     * Decides by its head about a request that has a body, before any of that is taken: whoever may not do what is asked for
     * need not be kept a body for. An answer is the last one of its connection, and the body is thrown away. Called on an event
     * loop, so it must not block. Nothing is refused unless this is overridden.
     *
     * @param head the call with no body
     */
    default Optional<HttpAnswer> refusal(HttpCall head) {
        return Optional.empty();
    }
}

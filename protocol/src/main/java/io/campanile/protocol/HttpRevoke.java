package io.campanile.protocol;

import java.time.Instant;
import java.util.Optional;

/** What the body of {@code POST /api/revoke} asks for. */
public sealed interface HttpRevoke {

    /**
     * Nothing that was given to a user counts any more.
     *
     * @param name the subject of the user's claims
     * @param issuedBefore only what was issued before this; empty for all there is
     */
    record OfUser(String name, Optional<Instant> issuedBefore) implements HttpRevoke {}

    /**
     * One token does not count any more.
     *
     * @param id the token's id ({@code jti})
     */
    record OfToken(String id) implements HttpRevoke {}
}

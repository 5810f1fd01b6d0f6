package io.campanile.core;

import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A change of claims on its way to the connection's shard, or waiting there for places. Confined to the shard by then. */
final class ClaimsChange implements Command {

    final long id;
    final Claims claims;

    /** The user the claims name, with a reference for this change; null when they name none. */
    final @Nullable Group user;

    final CompletableFuture<ClaimsOutcome> answer = new CompletableFuture<>();

    /** Those asked for later, which come after this one. */
    final ArrayDeque<ClaimsChange> behind = new ArrayDeque<>(0);

    ClaimsChange(long id, Claims claims, @Nullable Group user) {
        this.id = id;
        this.claims = claims;
        this.user = user;
    }

    @Override
    public void run(Shard shard) {
        shard.changeClaims(this);
    }

    @Override
    public void failed(Throwable cause) {
        answer.completeExceptionally(cause);
    }
}

package io.campanile.gateway;

import io.campanile.core.Audience;
import io.campanile.core.Claims;
import io.campanile.core.CloseOutcome;
import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.spi.Clock;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The claims of one gateway that hold no more, although they have not expired. Connections that have such claims are closed
 * with 3007 ({@link CloseReason#REVOKED}), at once; handshakes and refreshes with them are refused, for as long as the
 * revocation is kept ({@link ClaimsRules#revocationTime}). All methods may be called from any thread, and none waits.
 *
 * <p>Revocations are in memory: a node that starts again has none.
 */
public final class Revocations {

    /*
     * A revocation is first kept, then asked for among the connections. A connection is first in the registry, then asked
     * about here (LiveClaims, when it opens and when its claims change), both on its shard. The question to the registry
     * is a command of each shard. So for a connection whose handshake was under way, either the command comes behind the
     * step that registers it, and finds it; or that step comes behind the command, hence behind the keeping, and finds the
     * revocation. What the handshake itself has asked before does not matter.
     *
     * Kept revocations are in the order in which they end, since all are kept for the same time: renewed ones go to the
     * end. So what is over is at the beginning, and is taken out there.
     */

    /**
     * What became of a revocation.
     *
     * @param closed the connections that were closed
     * @param isKept whether handshakes and refreshes are refused from now on; false when there are as many revocations as
     *     are kept
     */
    public record Revoked(int closed, boolean isKept) {}

    /** What claims are revoked by. */
    private sealed interface Key {
        record User(String name) implements Key {}

        record Token(String id) implements Key {}
    }

    /** What is kept: claims issued before the moment hold no more. */
    private record Entry(Instant issuedBefore, long until) {}

    private final Supplier<ConnectionRegistry> registry;
    private final Clock clock;
    private final long nanos;
    private final int max;
    private final LongAdder notKept = new LongAdder();

    private final ReentrantLock lock = new ReentrantLock();
    /** Guarded by the lock. */
    private final Map<Key, Entry> kept = new LinkedHashMap<>();

    Revocations(ClaimsRules rules, Clock clock, Supplier<ConnectionRegistry> registry) {
        this.registry = registry;
        this.clock = clock;
        this.nanos = rules.revocationTime().toNanos();
        this.max = rules.maxRevocations();
    }

    /** Revokes all claims of a user, whenever they were or will be issued, for as long as the revocation is kept. */
    public CompletionStage<Revoked> revokeUser(String user) {
        return revokeUser(user, Instant.MAX);
    }

    /**
     * Revokes the claims of a user that were issued before a moment, or of which it is not known when they were.
     *
     * @param issuedBefore the moment; with that of now, the user may come back with a new token
     */
    public CompletionStage<Revoked> revokeUser(String user, Instant issuedBefore) {
        return revoke(
                new Key.User(user),
                issuedBefore,
                Audience.user(user),
                claims -> claims.subject().filter(user::equals).isPresent() && isBefore(claims, issuedBefore));
    }

    /** Revokes the claims of one token. Looks at every connection. */
    public CompletionStage<Revoked> revokeToken(String tokenId) {
        return revoke(
                new Key.Token(tokenId),
                Instant.MAX,
                Audience.all(),
                claims -> claims.tokenId().filter(tokenId::equals).isPresent());
    }

    private CompletionStage<Revoked> revoke(
            Key key, Instant issuedBefore, Audience audience, Predicate<Claims> isMeant) {
        boolean isKept = keep(key, issuedBefore);
        return registry.get()
                .connections(audience)
                .thenCompose(connections -> close(connections, isMeant))
                .thenApply(closed -> new Revoked(closed, isKept));
    }

    private boolean keep(Key key, Instant issuedBefore) {
        lock.lock();
        try {
            long now = clock.nanos();
            forgetUntil(now);
            Entry before = kept.remove(key);
            if (before == null && kept.size() >= max) {
                notKept.increment();
                return false;
            }
            Instant latest =
                    before != null && before.issuedBefore.isAfter(issuedBefore) ? before.issuedBefore : issuedBefore;
            kept.put(key, new Entry(latest, now + nanos));
            return true;
        } finally {
            lock.unlock();
        }
    }

    private CompletionStage<Integer> close(List<Connection> connections, Predicate<Claims> isMeant) {
        CompletionStage<Integer> closed = CompletableFuture.completedFuture(0);
        for (Connection connection : connections) {
            if (isMeant.test(connection.claims())) {
                closed = closed.thenCombine(
                        registry.get().close(connection.id(), CloseReason.REVOKED),
                        (count, outcome) -> outcome == CloseOutcome.CLOSED ? count + 1 : count);
            }
        }
        return closed;
    }

    /** Returns whether the claims hold no more. At once. */
    public boolean isRevoked(Claims claims) {
        lock.lock();
        try {
            return !kept.isEmpty()
                    && (claims.subject()
                                    .filter(user -> holds(new Key.User(user), claims))
                                    .isPresent()
                            || claims.tokenId()
                                    .filter(id -> holds(new Key.Token(id), claims))
                                    .isPresent());
        } finally {
            lock.unlock();
        }
    }

    private boolean holds(Key key, Claims claims) {
        Entry entry = kept.get(key);
        return entry != null && entry.until - clock.nanos() > 0 && isBefore(claims, entry.issuedBefore);
    }

    private static boolean isBefore(Claims claims, Instant moment) {
        return claims.issuedAt().map(issued -> issued.isBefore(moment)).orElse(true);
    }

    /** Forgets what was kept long enough. */
    void beat() {
        lock.lock();
        try {
            forgetUntil(clock.nanos());
        } finally {
            lock.unlock();
        }
    }

    private void forgetUntil(long now) {
        Iterator<Entry> entries = kept.values().iterator();
        while (entries.hasNext() && entries.next().until - now <= 0) {
            entries.remove();
        }
    }

    /** Returns how many revocations are kept. */
    public int size() {
        lock.lock();
        try {
            return kept.size();
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many were not kept, since there were as many as may be. */
    public long notKept() {
        return notKept.sum();
    }
}

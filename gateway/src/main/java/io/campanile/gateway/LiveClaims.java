package io.campanile.gateway;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.ConnectionId;
import io.campanile.core.ConnectionRegistry;
import io.campanile.core.RegistryListener;
import io.campanile.core.spi.Clock;
import io.campanile.protocol.EnvelopeMessage;
import io.campanile.protocol.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the connections of one gateway in step with their claims: warns clients whose claims are about to expire, ends
 * those whose claims have, and replaces claims by newer ones. Every gateway has one; endpoints get it at their start, and
 * an application that revokes claims gives the builder its own. All methods may be called from any thread, and none
 * waits.
 *
 * <p>The warning is the envelope's event {@code auth.expiring}, on WebSockets and streams alike. The end is close code
 * 3006 ({@link CloseReason#CLAIMS_EXPIRED}).
 *
 * <p>When claims expire is a moment of the clock on the wall, so it is that clock by which they are judged. When it is put
 * forward, claims whose time has passed by then end at once, perhaps without a warning; when it is put back, they hold so
 * much longer. How long a revocation is kept goes by a clock that is never put.
 */
public final class LiveClaims {

    /*
     * Whoever expires stands once in `due`, under the moment at which something is to be done, and nobody has a timer.
     * The shard of a connection puts it there and takes it out, the beat takes out the first and puts it back for its
     * end. The two meet when a connection leaves, or gets other claims, after the beat has taken it out and before it
     * has put it back. So the beat puts first and looks then:
     *
     *     beat:   put;   then look whether the connection is open and has these claims, else take out
     *     shard:  leave, or change the claims;   then take out
     *
     * Each looks, or takes out, behind its own first step, and all four are of volatile kind, so one of the two takes it
     * out: nothing of a connection that has left stays (G6).
     */

    /** What came of a refresh. */
    public sealed interface Refreshed {

        /**
         * The connection has the new claims.
         *
         * @param claims the new claims
         */
        record Renewed(Claims claims) implements Refreshed {}

        /**
         * The connection has the claims that it had.
         *
         * @param code what to tell the client
         * @param detail a sentence for the client
         */
        record Refused(ErrorCode code, String detail) implements Refreshed {}
    }

    /** So many warnings and ends at most in one beat, so that a loop has time for others. */
    private static final int ACTS_PER_BEAT = 1_024;

    private static final Duration REFRESH_TIMEOUT = Duration.ofSeconds(10);

    /** When something is to be done, and for whom. */
    private record Due(Instant at, ConnectionId id) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            int byTime = at.compareTo(other.at);
            return byTime != 0 ? byTime : Long.compare(id.value(), other.id.value());
        }
    }

    /** A connection with the claims for which it is watched. No record: what is taken out is this one and no equal one. */
    private static final class Watched {
        final Connection connection;
        final Claims claims;
        final Instant expires;

        Watched(Connection connection, Claims claims, Instant expires) {
            this.connection = connection;
            this.claims = claims;
            this.expires = expires;
        }
    }

    private final ClaimsRules rules;
    private final InstantSource clock;
    private final Revocations revocations;
    private final ConcurrentSkipListMap<Due, Watched> due = new ConcurrentSkipListMap<>();
    private final Set<ConnectionId> refreshing = ConcurrentHashMap.newKeySet();
    private volatile @Nullable ConnectionRegistry started;

    /** Begins with the machine's clocks. */
    public LiveClaims(ClaimsRules rules) {
        this(rules, InstantSource.system(), Clock.system());
    }

    /**
     * Begins with other clocks.
     *
     * @param wall tells the time of day, by which claims expire
     * @param clock tells how time passes, by which revocations are kept
     */
    public LiveClaims(ClaimsRules rules, InstantSource wall, Clock clock) {
        this.rules = rules;
        this.clock = wall;
        this.revocations = new Revocations(rules, clock, this::registry);
    }

    /** Returns what revokes claims. Of use once the gateway has started. */
    public Revocations revocations() {
        return revocations;
    }

    /** Returns how many connections are watched, which are those whose claims expire. */
    public int watched() {
        return due.size();
    }

    /**
     * Replaces the claims of a connection by those that a newer token stands for. Unless all goes well the connection
     * keeps what it has. One refresh of a connection is judged at a time; another one meanwhile is refused.
     *
     * @param authenticator judges the token, within ten seconds
     */
    public CompletionStage<Refreshed> refresh(Connection connection, Authenticator authenticator, String token) {
        ConnectionId id = connection.id();
        if (!refreshing.add(id)) {
            return refused(ErrorCode.LIMIT_EXCEEDED, "the token before this one is still being judged");
        }
        CompletionStage<Admission> judged;
        try {
            judged = authenticator.refresh(token);
        } catch (RuntimeException e) {
            judged = CompletableFuture.failedFuture(e);
        }
        return judged.thenApply(admission -> admission)
                .toCompletableFuture()
                .orTimeout(REFRESH_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .thenCompose(admission -> renew(connection, admission))
                .exceptionallyCompose(failure -> cause(failure) instanceof TimeoutException
                        ? refused(ErrorCode.UNAVAILABLE, "it took too long to judge the token")
                        : CompletableFuture.failedFuture(failure))
                .whenComplete((done, failure) -> refreshing.remove(id));
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException wrapped && wrapped.getCause() != null
                ? wrapped.getCause()
                : failure;
    }

    private CompletionStage<Refreshed> renew(Connection connection, Admission admission) {
        if (admission instanceof Admission.Refused no) {
            return refused(no.status() >= 429 ? ErrorCode.UNAVAILABLE : ErrorCode.UNAUTHORIZED, no.detail());
        }
        Claims claims = ((Admission.Admitted) admission).claims();
        Optional<String> problem = problem(claims);
        if (problem.isPresent()) {
            return refused(ErrorCode.UNAUTHORIZED, problem.get());
        }
        if (rules.subject() == ClaimsRules.Subject.STAYS
                && !claims.subject().equals(connection.claims().subject())) {
            return refused(ErrorCode.UNAUTHORIZED, "the token is of another user");
        }
        return registry().changeClaims(connection.id(), claims).thenApply(outcome -> switch (outcome) {
            case CHANGED -> new Refreshed.Renewed(claims);
            case REFUSED ->
                new Refreshed.Refused(ErrorCode.LIMIT_EXCEEDED, "there are as many connections of this kind as may be");
            case GONE -> new Refreshed.Refused(ErrorCode.NOT_FOUND, "the connection has left");
        });
    }

    private static CompletionStage<Refreshed> refused(ErrorCode code, String detail) {
        return CompletableFuture.completedFuture(new Refreshed.Refused(code, detail));
    }

    /** Returns why nobody is admitted with these claims, if there is a reason. */
    Optional<String> problem(Claims claims) {
        if (revocations.isRevoked(claims)) {
            return Optional.of("the token was revoked");
        }
        return claims.expiresAt()
                .filter(expires -> !clock.instant().isBefore(expires))
                .map(expires -> "the token has expired");
    }

    // From the gateway.

    void start(ConnectionRegistry registry) {
        ConnectionRegistry before = started;
        if (before != null && before != registry) {
            throw new IllegalStateException("the claims are those of another gateway (expected: some for each)");
        }
        started = registry;
    }

    private ConnectionRegistry registry() {
        ConnectionRegistry registry = started;
        if (registry == null) {
            throw new IllegalStateException("the gateway was not started");
        }
        return registry;
    }

    /** Hears of connections, on their shards; they may come before {@link #start} returns. */
    RegistryListener listener() {
        return new RegistryListener() {
            @Override
            public void opened(Connection connection) {
                closeIfRevoked(connection);
            }

            @Override
            public void claimsChanged(Connection connection, Claims before) {
                forget(connection, before);
                closeIfRevoked(connection);
                watch(connection);
            }

            @Override
            public void closed(Connection connection, CloseReason reason) {
                forget(connection, connection.claims());
            }
        };
    }

    private void closeIfRevoked(Connection connection) {
        if (revocations.isRevoked(connection.claims())) {
            registry().close(connection.id(), CloseReason.REVOKED);
        }
    }

    /** Begins to watch a connection whose endpoint has heard of it, so that its warning is not its first message. */
    void watch(Connection connection) {
        Claims claims = connection.claims();
        claims.expiresAt().ifPresent(expires -> {
            Watched watched = new Watched(connection, claims, expires);
            put(new Due(warnAt(expires), connection.id()), watched);
        });
    }

    @SuppressWarnings("ReferenceEquality") // claims that are equal are watched by themselves
    private void put(Due when, Watched watched) {
        due.put(when, watched);
        Connection connection = watched.connection;
        if (!connection.isOpen() || connection.claims() != watched.claims) {
            due.remove(when, watched);
        }
    }

    private void forget(Connection connection, Claims claims) {
        claims.expiresAt().ifPresent(expires -> {
            forget(new Due(warnAt(expires), connection.id()), claims);
            forget(new Due(expires, connection.id()), claims);
        });
    }

    @SuppressWarnings("ReferenceEquality")
    private void forget(Due when, Claims claims) {
        Watched watched = due.get(when);
        if (watched != null && watched.claims == claims) {
            due.remove(when, watched);
        }
    }

    private Instant warnAt(Instant expires) {
        return expires.isAfter(Instant.EPOCH) ? expires.minus(rules.expiryWarning()) : expires;
    }

    /** Does what time demands; about every 50 ms, by one thread at a time. */
    void beat() {
        revocations.beat();
        Instant now = clock.instant();
        for (int left = ACTS_PER_BEAT; left > 0; left--) {
            Map.Entry<Due, Watched> first = due.firstEntry();
            if (first == null || first.getKey().at().isAfter(now)) {
                return;
            }
            act(first.getKey(), first.getValue(), now);
        }
    }

    private void act(Due when, Watched watched, Instant now) {
        ConnectionId id = watched.connection.id();
        if (now.isBefore(watched.expires)) {
            // Watched for the end first: there is no moment at which it is watched for neither.
            put(new Due(watched.expires, id), watched);
            if (due.remove(when, watched)) {
                long millis = Duration.between(now, watched.expires).toMillis();
                registry().send(id, EnvelopeMessage.expiring((millis + 999) / 1_000));
            }
        } else if (due.remove(when, watched)) {
            registry().close(id, CloseReason.CLAIMS_EXPIRED);
        }
    }
}

package io.campanile.core;

import java.time.Duration;
import java.util.stream.LongStream;

/**
 * By what silence and age connections end; each of the times is off when it is zero. They are watched by {@link
 * ConnectionRegistry#beat}, which comes to every connection once in a second, or in an eighth of the shortest of these
 * times if that is shorter.
 *
 * @param pingInterval how long a peer is silent before it is pinged; up to a fifth shorter, by chance, so that many who
 *     came together are not pinged together. A peer whose transport is busy is not pinged
 * @param pongTimeout how long nothing may be heard after a ping before the connection ends with {@link
 *     CloseReason#NO_PONG}; without meaning for peers that cannot answer
 * @param idleTimeout how long nothing may be heard at all before the connection ends with {@link CloseReason#IDLE}
 * @param firstMessageTimeout how long a new peer may take to send its first message before the connection ends with
 *     {@link CloseReason#NO_MESSAGE}
 * @param maxLifetime how old a connection gets before it ends with {@link CloseReason#LIFETIME}; up to a tenth less, by
 *     chance, so that many who came together do not go together
 */
public record Liveness(
        Duration pingInterval,
        Duration pongTimeout,
        Duration idleTimeout,
        Duration firstMessageTimeout,
        Duration maxLifetime) {

    private static final Duration LEAST = Duration.ofMillis(100);
    private static final Duration MOST = Duration.ofDays(365);
    private static final Duration BEAT = Duration.ofMillis(50);
    private static final int BEATS_IN_SHORTEST = 16;

    private static final Liveness DEFAULTS = new Liveness(
            Duration.ofSeconds(25), Duration.ofSeconds(10), Duration.ofSeconds(60), Duration.ZERO, Duration.ZERO);

    private static final Liveness OFF =
            new Liveness(Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO);

    /** Rejects times that contradict each other. */
    public Liveness {
        offOrInRange("pingInterval", pingInterval);
        offOrInRange("pongTimeout", pongTimeout);
        offOrInRange("idleTimeout", idleTimeout);
        offOrInRange("firstMessageTimeout", firstMessageTimeout);
        offOrInRange("maxLifetime", maxLifetime);
        if (isOn(pingInterval)
                && isOn(idleTimeout)
                && pingInterval.plus(pongTimeout).compareTo(idleTimeout) >= 0) {
            throw new IllegalArgumentException("pingInterval: " + pingInterval + ", pongTimeout: " + pongTimeout
                    + ", idleTimeout: " + idleTimeout
                    + " (expected: pingInterval + pongTimeout < idleTimeout); raise idleTimeout");
        }
        if (isOn(firstMessageTimeout) && isOn(maxLifetime) && firstMessageTimeout.compareTo(maxLifetime) >= 0) {
            throw new IllegalArgumentException("firstMessageTimeout: " + firstMessageTimeout + ", maxLifetime: "
                    + maxLifetime + " (expected: firstMessageTimeout < maxLifetime); raise maxLifetime");
        }
    }

    /** Returns pings after 25 s of silence, 10 s for the pong, 60 s of silence at most, and nothing else. */
    public static Liveness defaults() {
        return DEFAULTS;
    }

    /** Returns no pings and no limits. */
    public static Liveness off() {
        return OFF;
    }

    /** Returns the same times with another silence before a ping. */
    public Liveness withPingInterval(Duration value) {
        return new Liveness(value, pongTimeout, idleTimeout, firstMessageTimeout, maxLifetime);
    }

    /** Returns the same times with another time for pongs. */
    public Liveness withPongTimeout(Duration value) {
        return new Liveness(pingInterval, value, idleTimeout, firstMessageTimeout, maxLifetime);
    }

    /** Returns the same times with another limit of silence. */
    public Liveness withIdleTimeout(Duration value) {
        return new Liveness(pingInterval, pongTimeout, value, firstMessageTimeout, maxLifetime);
    }

    /** Returns the same times with another time for the first message. */
    public Liveness withFirstMessageTimeout(Duration value) {
        return new Liveness(pingInterval, pongTimeout, idleTimeout, value, maxLifetime);
    }

    /** Returns the same times with another limit of age. */
    public Liveness withMaxLifetime(Duration value) {
        return new Liveness(pingInterval, pongTimeout, idleTimeout, firstMessageTimeout, value);
    }

    /** Returns how often to call {@link ConnectionRegistry#beat}: every 50 ms, or more often for times under 0.8 s. */
    public Duration beatInterval() {
        Duration shortest = Duration.ofNanos(shortestNanos()).dividedBy(BEATS_IN_SHORTEST);
        return shortest.compareTo(BEAT) < 0 ? shortest : BEAT;
    }

    /** Returns the shortest of the times that are on, or more than any when none is. */
    long shortestNanos() {
        return shortestOf(pingInterval, pongTimeout, idleTimeout, firstMessageTimeout, maxLifetime);
    }

    /** Returns the shortest of the times in which silence ends a connection, or more than any when none is on. */
    long shortestSilenceNanos() {
        return shortestOf(pongTimeout, idleTimeout, firstMessageTimeout);
    }

    private static long shortestOf(Duration... times) {
        return LongStream.of(java.util.Arrays.stream(times)
                        .filter(Liveness::isOn)
                        .mapToLong(Duration::toNanos)
                        .toArray())
                .min()
                .orElse(Long.MAX_VALUE);
    }

    static boolean isOn(Duration time) {
        return !time.isZero();
    }

    private static void offOrInRange(String name, Duration value) {
        if (isOn(value) && (value.compareTo(LEAST) < 0 || value.compareTo(MOST) > 0)) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: 0, which is off, or " + LEAST + " to " + MOST + ")");
        }
    }
}

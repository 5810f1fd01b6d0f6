package io.campanile.protocol;

import java.util.Optional;
import java.util.Set;

/**
 * What an event may be called: the same rule as for rooms ({@link RoomName}).
 *
 * <p>Some names are the server's own, so that a client can tell what the server said from what another client
 * published: {@code welcome}, {@code ack}, {@code error}, {@code ping}, {@code pong}, {@code
 * auth.expiring}, {@code room.lost}, and all that begin with {@code campanile.}.
 */
public final class EventName {

    /** The most characters an event's name may have. */
    public static final int MAX_CHARS = Names.MAX_CHARS;

    static final String WELCOME = "welcome";
    static final String ACK = "ack";
    static final String ERROR = "error";
    static final String PONG = "pong";
    static final String GAP = "campanile.gap";

    static final String AUTH_EXPIRING = "auth.expiring";
    static final String ROOM_LOST = "room.lost";

    private static final Set<String> RESERVED = Set.of(WELCOME, ACK, ERROR, PONG, "ping", AUTH_EXPIRING, ROOM_LOST);
    private static final String RESERVED_PREFIX = "campanile.";

    private EventName() {}

    /** Returns whether an event may have this name, be it the server's own or anybody's. */
    public static boolean isValid(String name) {
        return Names.isName(name);
    }

    /** Returns whether only the server itself may send events of this name, and publishing under it is refused. */
    public static boolean isReserved(String name) {
        return RESERVED.contains(name) || name.startsWith(RESERVED_PREFIX);
    }

    /**
     * Returns what is wrong with the name of an event that somebody wants to publish.
     *
     * @param field what the name was given as, to begin the sentence with
     * @param name any text
     * @return a sentence for the client, or nothing if the name is good and not reserved
     */
    public static Optional<String> problem(String field, String name) {
        return Names.nameProblem(field, name)
                .or(() -> isReserved(name)
                        ? Optional.of(Names.refused(field, name, "a name that is not the server's own"))
                        : Optional.empty());
    }
}

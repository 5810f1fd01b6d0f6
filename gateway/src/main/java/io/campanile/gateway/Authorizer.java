package io.campanile.gateway;

import io.campanile.core.Connection;
import java.util.List;

/**
 * What clients may do: join rooms, publish to them, send to each other, see who is there. Asked for each request, on the
 * connection's event loop, so it must answer from memory; what a decision depends on belongs in the connection's claims.
 * An exception refuses the request.
 *
 * <p>Unless overridden, clients join the rooms they like and listen, and only the application speaks.
 */
public interface Authorizer {

    /** Returns the authorizer that overrides nothing. */
    static Authorizer defaults() {
        return new Authorizer() {};
    }

    /** Returns the authorizer that lets every client publish to every room and send to everyone. */
    static Authorizer anyoneMaySendUnsafe() {
        return new Authorizer() {
            @Override
            public boolean mayPublish(Connection connection, String room) {
                return true;
            }

            @Override
            public boolean maySendDirect(Connection connection) {
                return true;
            }
        };
    }

    /**
     * Returns the authorizer that judges by rules. A room is governed by the first pattern that fits it, a claim in the
     * pattern standing for any segment there; what none of the rules of that shape allows the client is refused, and so is
     * everything in a room that no pattern fits. So the narrower pattern comes first. Rules whose patterns have one shape,
     * such as {@code user.{sub}} and {@code user.*}, add up. Nobody may send to single connections and users.
     *
     * <p>A decision takes time in proportion to the length of the name and the number of rules, whatever they are.
     *
     * @throws IllegalArgumentException if a rule could never hold, since an earlier one has all its rooms
     */
    static Authorizer rules(List<RoomRule> rules) {
        return new RuleAuthorizer(rules);
    }

    /** Returns whether the client may become a member of the room. */
    default boolean mayJoin(Connection connection, String room) {
        return true;
    }

    /** Returns whether the client may publish to the members of the room, be it one of them or not. */
    default boolean mayPublish(Connection connection, String room) {
        return false;
    }

    /** Returns whether the client may send to single connections and users. */
    default boolean maySendDirect(Connection connection) {
        return false;
    }

    /** Returns whether the client may see who is in the room, be it a member or not. */
    default boolean maySeeMembers(Connection connection, String room) {
        return false;
    }
}

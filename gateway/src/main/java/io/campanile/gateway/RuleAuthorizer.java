package io.campanile.gateway;

import io.campanile.core.Claims;
import io.campanile.core.Connection;
import io.campanile.gateway.RoomRule.Action;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Judges by the rules of the first pattern that fits a room. */
final class RuleAuthorizer implements Authorizer {

    private record Judged(RoomPattern rooms, RoomRule rule) {
        boolean allows(Action action, String room, Claims claims) {
            return rule.actions().contains(action) && rules(room, claims);
        }

        private boolean rules(String room, Claims claims) {
            return rooms.fits(room, claims) && rule.holdsFor(claims);
        }
    }

    /*
     * Rules whose patterns have one shape stand together, since the same rooms are theirs: "user.{sub} join" and "user.* join
     * if role=admin" add up. A room belongs to the first shape that fits it and to no other, so that whom a narrow rule does
     * not let in does not come in by a wide one further down.
     */
    private final List<List<Judged>> shapes;

    RuleAuthorizer(List<RoomRule> rules) {
        Map<String, List<Judged>> byShape = new LinkedHashMap<>();
        for (RoomRule rule : rules) {
            Judged judged = new Judged(new RoomPattern(rule.rooms()), rule);
            for (List<Judged> before : byShape.values()) {
                Judged first = before.get(0);
                if (first.rooms().covers(judged.rooms())
                        && !first.rooms().shape().equals(judged.rooms().shape())) {
                    throw new IllegalArgumentException("\"" + rule.text() + "\" never holds, since \""
                            + first.rule().text() + "\" stands before it (expected: the narrower one first)");
                }
            }
            byShape.computeIfAbsent(judged.rooms().shape(), shape -> new ArrayList<>())
                    .add(judged);
        }
        this.shapes = List.copyOf(byShape.values());
    }

    private boolean allows(Action action, Connection connection, String room) {
        for (List<Judged> shape : shapes) {
            if (shape.get(0).rooms().fits(room)) {
                Claims claims = connection.claims();
                return shape.stream().anyMatch(judged -> judged.allows(action, room, claims));
            }
        }
        return false;
    }

    @Override
    public boolean mayJoin(Connection connection, String room) {
        return allows(Action.JOIN, connection, room);
    }

    @Override
    public boolean mayPublish(Connection connection, String room) {
        return allows(Action.PUBLISH, connection, room);
    }

    @Override
    public boolean maySeeMembers(Connection connection, String room) {
        return allows(Action.MEMBERS, connection, room);
    }
}

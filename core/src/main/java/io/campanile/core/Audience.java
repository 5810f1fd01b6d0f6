package io.campanile.core;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Whom a broadcast addresses: everyone, the members of rooms, or the connections of users, less exceptions. Each
 * connection is addressed once, however many of the rooms it is in. Immutable.
 */
public final class Audience {

    private static final Audience ALL = new Audience(true, List.of(), List.of(), Set.of(), List.of());

    private final boolean everyone;
    private final List<String> rooms;
    private final List<String> users;
    private final Set<ConnectionId> except;
    private final List<String> exceptRooms;

    private Audience(
            boolean everyone,
            List<String> rooms,
            List<String> users,
            Set<ConnectionId> except,
            List<String> exceptRooms) {
        this.everyone = everyone;
        this.rooms = rooms;
        this.users = users;
        this.except = except;
        this.exceptRooms = exceptRooms;
    }

    /** Addresses every connection. */
    public static Audience all() {
        return ALL;
    }

    /** Addresses the members of a room. */
    public static Audience room(String room) {
        return rooms(List.of(room));
    }

    /** Addresses the members of any of the rooms, each once. */
    public static Audience rooms(String... rooms) {
        return rooms(List.of(rooms));
    }

    /** Addresses the members of any of the rooms, each once. */
    public static Audience rooms(List<String> rooms) {
        return new Audience(false, distinct("room", rooms), List.of(), Set.of(), List.of());
    }

    /** Addresses all connections whose claims name the user as their subject. */
    public static Audience user(String user) {
        return new Audience(false, List.of(), distinct("user", List.of(user)), Set.of(), List.of());
    }

    /** Returns the same audience without the given connections; ids that have left are ignored. */
    public Audience except(ConnectionId... ids) {
        return except(List.of(ids));
    }

    /** Returns the same audience without the given connections; ids that have left are ignored. */
    public Audience except(Iterable<ConnectionId> ids) {
        Set<ConnectionId> all = new java.util.HashSet<>(except);
        ids.forEach(all::add);
        return new Audience(everyone, rooms, users, Set.copyOf(all), exceptRooms);
    }

    /** Returns the same audience without those who are members of any of the given rooms. */
    public Audience exceptRooms(String... excepted) {
        List<String> all = new ArrayList<>(exceptRooms);
        all.addAll(List.of(excepted));
        return new Audience(everyone, rooms, users, except, distinct("room", all));
    }

    boolean everyone() {
        return everyone;
    }

    List<String> rooms() {
        return rooms;
    }

    List<String> users() {
        return users;
    }

    Set<ConnectionId> except() {
        return except;
    }

    List<String> exceptRooms() {
        return exceptRooms;
    }

    private static List<String> distinct(String what, List<String> names) {
        names.forEach(name -> Checks.notEmpty(what, name));
        return names.size() < 2 ? List.copyOf(names) : names.stream().distinct().toList();
    }
}

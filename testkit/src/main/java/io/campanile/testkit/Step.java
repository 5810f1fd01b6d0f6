package io.campanile.testkit;

import java.util.ArrayList;
import java.util.List;

/**
 * One step of a schedule: who does what, and what others do in the middle of it. Its numbers name clients, rooms and
 * shards as such, so a step keeps its meaning when others are taken out; one that has become impossible does nothing.
 *
 * @param kind what is done
 * @param actor who does it: {@link #CALLBACK}, a shard's own thread from {@link #ON_SHARD} on, else a caller
 * @param client the client it is about
 * @param a a number whose meaning depends on the kind
 * @param b another
 * @param at in the middle of an outer step: at which of its pauses
 * @param inside what is done at the pauses of this step
 */
record Step(Kind kind, int actor, int client, int a, int b, int at, List<Step> inside) {

    /** Whoever is at the pause: foreign code that calls the registry from within its callback. */
    static final int CALLBACK = -1;

    /** Added to the number of a shard. */
    static final int ON_SHARD = 100;

    static final int ROOMS = 3;

    enum Kind {
        REGISTER,
        JOIN,
        LEAVE,
        CHANGE_CLAIMS,
        SEND,
        TO_ROOM,
        TO_ROOMS,
        TO_USER,
        TO_ALL,
        CLOSE,
        CLOSE_ALL,
        SWEEP,
        BEAT,
        BEATS,
        DRAIN,
        HURRY,
        TOUCH,
        FORGED,
        MEMBERS,
        ROOMS_OF,
        SHUT_DOWN,
        HEAR,
        STALL,
        RESUME,
        READ,
        LOSE,
        EXPIRE,
        FAIL_NEXT,
        CONTROL,
        PONG,
        SPEAK,
        LISTENER_THROWS,
        PASS_TIME,
        JUMP,
        RUN,
        RUN_ALL
    }

    Step {
        inside = List.copyOf(inside);
    }

    Step with(List<Step> others) {
        return new Step(kind, actor, client, a, b, at, others);
    }

    /** Returns how many steps this is, those in the middle included. */
    int size() {
        int size = 1;
        for (Step step : inside) {
            size += step.size();
        }
        return size;
    }

    /** Returns the steps that are like this one but for one fewer in the middle. */
    List<Step> simpler() {
        List<Step> all = new ArrayList<>();
        for (int i = 0; i < inside.size(); i++) {
            List<Step> fewer = new ArrayList<>(inside);
            Step left = fewer.remove(i);
            all.add(with(fewer));
            for (Step simpler : left.simpler()) {
                List<Step> changed = new ArrayList<>(inside);
                changed.set(i, simpler);
                all.add(with(changed));
            }
        }
        return all;
    }

    /** Returns the user of other claims; empty for none. */
    static String user(int number) {
        int user = Math.floorMod(number, 3);
        return user == 0 ? "" : String.valueOf(user);
    }

    static String room(int number) {
        return String.valueOf((char) ('a' + Math.floorMod(number, ROOMS)));
    }

    private String who() {
        if (actor == CALLBACK) {
            return "the callback";
        }
        return actor >= ON_SHARD ? "shard " + (actor - ON_SHARD) + "'s thread" : "caller " + actor;
    }

    @Override
    public String toString() {
        String who = who() + ": ";
        String c = "client " + client;
        return switch (kind) {
            case REGISTER -> who + "register " + c + (b == 0 ? "" : " of user " + b);
            case JOIN -> who + c + " joins " + room(a);
            case LEAVE -> who + c + " leaves " + room(a);
            case CHANGE_CLAIMS -> who + c + " gets the claims of " + (user(b).isEmpty() ? "nobody" : "user " + user(b));
            case SEND -> who + "send " + Schedule.payload(a) + " bytes to " + c;
            case TO_ROOM -> who + "broadcast " + Schedule.payload(a) + " bytes to room " + room(b);
            case TO_ROOMS ->
                who + "broadcast " + Schedule.payload(a) + " bytes to rooms " + room(b) + " and " + room(b + 1)
                        + Schedule.exceptions(this);
            case TO_USER -> who + "broadcast " + Schedule.payload(a) + " bytes to user " + (1 + Math.floorMod(b, 2));
            case TO_ALL -> who + "broadcast " + Schedule.payload(a) + " bytes to all" + Schedule.exceptions(this);
            case CLOSE -> who + "close " + c;
            case CLOSE_ALL -> who + "close all";
            case SWEEP -> who + "sweep those silent for " + Schedule.millis(a) + " ms";
            case BEAT -> who + "beat";
            case DRAIN -> who + "drain by " + Schedule.drainPlan(a);
            case HURRY -> who + "hurry the drain";
            case BEATS -> who + Schedule.beats(a) + " beats, one after another";
            case TOUCH -> who + "touch " + c;
            case FORGED -> who + "use a forged id made from that of " + c + ", variant " + Math.floorMod(a, 8);
            case MEMBERS -> who + "ask for the members of " + room(a);
            case ROOMS_OF -> who + "ask for the rooms of " + c;
            case SHUT_DOWN -> who + "close the registry";
            case HEAR -> c + " is heard";
            case STALL -> c + " stops reading, its socket takes " + Math.floorMod(a, 64) + " bytes";
            case RESUME -> who + c + " reads on";
            case READ -> who + c + " reads " + Math.floorMod(a, 64) + " bytes";
            case LOSE -> who + c + " is lost";
            case EXPIRE -> who + "the closing time of " + c + " runs out";
            case FAIL_NEXT -> "the transport of " + c + " will throw at " + Schedule.call(a);
            case CONTROL -> who + "the transport of " + c + " queues a frame of its own";
            case PONG -> who + c + " answers a ping";
            case SPEAK -> who + c + " sends its first message";
            case LISTENER_THROWS -> "the listener will throw " + (1 + Math.floorMod(a, 3)) + " times";
            case PASS_TIME -> Schedule.millis(a) + " ms pass";
            case JUMP -> Schedule.jump(a).toMillis() + " ms pass at once";
            case RUN -> "shard " + a + " runs a task";
            case RUN_ALL -> "all shards run until idle";
        };
    }
}

package io.campanile.core;

import java.util.function.Function;

/**
 * Which policy holds for messages that do not bring their own.
 *
 * @param usual of messages through no room: direct, to users, to everyone
 * @param ofRoom of a room, by its name
 */
record OverflowRules(OverflowPolicy usual, Function<String, OverflowPolicy> ofRoom) {

    static final OverflowRules EVICT = new OverflowRules(OverflowPolicy.EVICT, room -> OverflowPolicy.EVICT);
}

package io.campanile.core;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;

/** What a registry has done since it was built. Any thread; raised once per command rather than per recipient. */
final class Counters {

    /** Connections registered or being registered. A number rather than an adder: the limit rests on it. */
    final AtomicInteger connections = new AtomicInteger();

    final LongAdder opened = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder posted = new LongAdder();
    final LongAdder overloaded = new LongAdder();
    final LongAdder queued = new LongAdder();
    final LongAdder dropped = new LongAdder();
    final LongAdder conflated = new LongAdder();
    final LongAdder evicted = new LongAdder();
    final LongAdder writtenBytes = new LongAdder();

    private final ConcurrentHashMap<String, LongAdder> closed = new ConcurrentHashMap<>();

    void closed(CloseReason reason) {
        closed.computeIfAbsent(reason.label(), label -> new LongAdder()).increment();
    }

    Map<String, Long> closed() {
        return closed.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().sum()));
    }
}

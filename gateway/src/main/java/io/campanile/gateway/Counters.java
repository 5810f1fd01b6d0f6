package io.campanile.gateway;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** What the gateway counts, from every event loop. The labels are the gateway's own, so there are few. */
final class Counters {

    final AtomicInteger httpConnections = new AtomicInteger();
    final AtomicInteger webSockets = new AtomicInteger();
    final AtomicInteger compressedWebSockets = new AtomicInteger();
    final AtomicInteger streams = new AtomicInteger();
    final LongAdder httpRequests = new LongAdder();
    final LongAdder handshakes = new LongAdder();
    final LongAdder messagesIn = new LongAdder();
    final LongAdder bytesIn = new LongAdder();
    final LongAdder deflatedFrom = new LongAdder();
    final LongAdder deflatedTo = new LongAdder();
    final LongAdder inflatedFrom = new LongAdder();
    final LongAdder inflatedTo = new LongAdder();
    final LongAdder handlerFailures = new LongAdder();
    private final Map<String, LongAdder> httpRefused = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> handshakesRefused = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> protocolErrors = new ConcurrentHashMap<>();

    void httpRefused(String label) {
        httpRefused.computeIfAbsent(label, l -> new LongAdder()).increment();
    }

    void handshakeRefused(String label) {
        handshakesRefused.computeIfAbsent(label, l -> new LongAdder()).increment();
    }

    void protocolError(String label) {
        protocolErrors.computeIfAbsent(label, l -> new LongAdder()).increment();
    }

    GatewayStats stats() {
        return new GatewayStats(
                httpConnections.get(),
                webSockets.get(),
                streams.get(),
                httpRequests.sum(),
                sums(httpRefused),
                handshakes.sum(),
                sums(handshakesRefused),
                messagesIn.sum(),
                bytesIn.sum(),
                new GatewayStats.Compressed(
                        compressedWebSockets.get(),
                        deflatedFrom.sum(),
                        deflatedTo.sum(),
                        inflatedFrom.sum(),
                        inflatedTo.sum()),
                sums(protocolErrors),
                handlerFailures.sum());
    }

    private static Map<String, Long> sums(Map<String, LongAdder> adders) {
        Map<String, Long> sums = new TreeMap<>();
        adders.forEach((label, adder) -> sums.put(label, adder.sum()));
        return sums;
    }
}

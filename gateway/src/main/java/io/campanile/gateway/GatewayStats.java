package io.campanile.gateway;

import java.util.Map;

/**
 * What a gateway has done since it started; what the registry did is in {@link io.campanile.core.RegistryStats}. Counters
 * only grow; they are read one after another, so two of them may differ by what happened in between.
 *
 * @param httpConnections the TCP connections that are neither WebSockets nor streams, or not yet, now
 * @param webSockets the connections that are WebSockets, now
 * @param streams the connections that are event streams, now
 * @param httpRequests the HTTP requests answered, refused handshakes among them
 * @param httpRefused the TCP connections closed as they came, and the requests that were refused or did not come in time,
 *     by the limit or rule: {@code http_full}, {@code address_full}, {@code header_too_large}, {@code body_too_large},
 *     {@code bad_request}, {@code handshake_timeout}
 * @param handshakes the handshakes that became connections
 * @param handshakesRefused the handshakes that did not, by what was wrong
 * @param messagesIn the messages delivered to endpoints
 * @param bytesIn the bytes read from WebSockets
 * @param compressed what became of compressed messages
 * @param protocolErrors the connections closed for a broken rule of the protocol, by the label of the close reason
 * @param handlerFailures the exceptions thrown by endpoints and HTTP handlers
 */
public record GatewayStats(
        int httpConnections,
        int webSockets,
        int streams,
        long httpRequests,
        Map<String, Long> httpRefused,
        long handshakes,
        Map<String, Long> handshakesRefused,
        long messagesIn,
        long bytesIn,
        Compressed compressed,
        Map<String, Long> protocolErrors,
        long handlerFailures) {

    /**
     * What compression has done to messages.
     *
     * @param webSockets the WebSockets that agreed on it, now
     * @param deflatedFrom the bytes of messages before they were compressed; each counts once, however many get it, and
     *     those that were not worth a try do not count
     * @param deflatedTo the bytes that became of them
     * @param inflatedFrom the bytes of compressed messages from clients, as they came
     * @param inflatedTo the bytes that became of them
     */
    public record Compressed(int webSockets, long deflatedFrom, long deflatedTo, long inflatedFrom, long inflatedTo) {}

    /** Copies the maps. */
    public GatewayStats {
        httpRefused = Map.copyOf(httpRefused);
        handshakesRefused = Map.copyOf(handshakesRefused);
        protocolErrors = Map.copyOf(protocolErrors);
    }
}

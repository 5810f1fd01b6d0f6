package io.campanile.gateway;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A request to open a WebSocket, valid by RFC 6455 section 4.2.1, or a stream; of an admitted origin.
 *
 * @param path the path, as sent
 * @param query what follows the question mark, as sent; empty when there is nothing
 * @param headers the values of each header by its name in lower case, in the order sent; unmodifiable
 * @param remote the address of the other end of the TCP connection, which may be a proxy's
 */
public record Handshake(String path, String query, Map<String, List<String>> headers, InetSocketAddress remote) {

    /** Copies the headers. */
    public Handshake {
        headers = Requests.copy(headers);
    }

    /**
     * Returns the first value of a header.
     *
     * @param name in any case
     */
    public Optional<String> header(String name) {
        return Requests.header(headers, name);
    }

    /** Returns the first value of a parameter of the query, decoded. */
    public Optional<String> parameter(String name) {
        return parameters(name).stream().findFirst();
    }

    /** Returns all values of a parameter of the query, decoded, in the order sent. */
    public List<String> parameters(String name) {
        return Requests.parameters(query, name);
    }

    /**
     * Returns the id of the last event that the client of a stream has seen, if it comes again after one with an id: from
     * the header {@code Last-Event-ID}, which browsers send, else from the parameter {@code lastEventId}. At most 128
     * characters, none of them a control character.
     */
    public Optional<String> lastEventId() {
        return Requests.lastEventIds(this).stream()
                .filter(id -> !id.isEmpty() && StreamRules.isEventId(id))
                .findFirst();
    }

    /** Names the path and the address only: queries and headers may hold credentials. */
    @Override
    public String toString() {
        return "Handshake[" + path + " from " + remote + "]";
    }
}

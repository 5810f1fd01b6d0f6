package io.campanile.gateway;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An HTTP request with its whole body.
 *
 * @param method the method, such as {@code GET}; a {@code HEAD} request reaches the handler of {@code GET} as itself,
 *     and the body of the answer is left out
 * @param path the path, as sent
 * @param query what follows the question mark, as sent; empty when there is nothing
 * @param headers the values of each header by its name in lower case, in the order sent; unmodifiable
 * @param body the body, at most {@link GatewayLimits#maxHttpBodyBytes}; the handler may keep the array
 * @param remote the address of the other end of the TCP connection, which may be a proxy's
 */
@SuppressWarnings("ArrayRecordComponent") // handed over, not shared; calls are not compared
public record HttpCall(
        String method,
        String path,
        String query,
        Map<String, List<String>> headers,
        byte[] body,
        InetSocketAddress remote) {

    /** Copies the headers. */
    public HttpCall {
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

    /** Names method, path and address only: queries, headers and bodies may hold credentials. */
    @Override
    public String toString() {
        return "HttpCall[" + method + " " + path + " from " + remote + "]";
    }
}

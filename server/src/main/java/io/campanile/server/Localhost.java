package io.campanile.server;

import io.campanile.gateway.Admission;
import io.campanile.gateway.Handshake;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Keeps foreign web pages out of a server in development mode. It asks for no key, and every page that its user visits
 * can send requests to the user's own machine: as that page's origin, or under a name that the page's owner points at
 * 127.0.0.1.
 */
final class Localhost {

    private static final Pattern HOST =
            Pattern.compile("(localhost|[a-z0-9-]+\\.localhost|127(\\.[0-9]{1,3}){3}|\\[::1])(:[0-9]{1,5})?");

    /** What a browser says of a request of a page of this origin, or of one that its user asked for. */
    private static final Set<String> OWN_SITES = Set.of("same-origin", "none");

    private Localhost() {}

    /** Returns the refusal of a connection that was not opened to a name of this machine, in development mode. */
    static Optional<Admission.Refused> refusal(Mode mode, Handshake handshake) {
        return mode != Mode.DEVELOPMENT || isOwnHost(handshake.headers())
                ? Optional.empty()
                : Optional.of(
                        new Admission.Refused(403, "in development mode only clients on this machine may connect"));
    }

    /** Returns whether the request was sent to a name of this machine. */
    private static boolean isOwnHost(Map<String, List<String>> headers) {
        List<String> hosts = headers.getOrDefault("host", List.of());
        return hosts.size() == 1
                && HOST.matcher(hosts.get(0).toLowerCase(Locale.ROOT)).matches();
    }

    /**
     * Returns whether a request is that of a program or an own page, as far as its headers tell. A browser may leave out the
     * origin of a page that only wants to load something, and says then that it comes from another site.
     */
    static boolean isOwn(Map<String, List<String>> headers) {
        return isOwnHost(headers)
                && headers.getOrDefault("sec-fetch-site", List.of()).stream().allMatch(OWN_SITES::contains)
                && headers.getOrDefault("origin", List.of()).stream()
                        .allMatch(origin -> origin.equalsIgnoreCase("http://"
                                + headers.getOrDefault("host", List.of()).get(0)));
    }
}

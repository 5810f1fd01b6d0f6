package io.campanile.gateway;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Optional;

/** Origins in one spelling, so that they can be compared as text (RFC 6454 section 6.2). */
final class Origins {

    private Origins() {}

    /** Returns scheme, host and port, the port always there; empty for what is not an origin, such as {@code null}. */
    static Optional<String> normalize(String text) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
        String scheme = uri.getScheme();
        String host = uri.getHost();
        if (scheme == null
                || host == null
                || uri.getRawUserInfo() != null
                || uri.getRawQuery() != null
                || uri.getRawFragment() != null
                || !uri.getRawPath().isEmpty()) {
            return Optional.empty();
        }
        String lower = scheme.toLowerCase(Locale.ROOT);
        int port = uri.getPort() >= 0 ? uri.getPort() : lower.equals("https") ? 443 : lower.equals("http") ? 80 : -1;
        return Optional.of(lower + "://" + host.toLowerCase(Locale.ROOT) + ":" + port);
    }
}

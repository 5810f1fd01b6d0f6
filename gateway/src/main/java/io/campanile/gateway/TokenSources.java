package io.campanile.gateway;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Where a handshake may carry a token: in the header {@code Authorization: Bearer TOKEN}, and as {@code bearer.TOKEN}
 * among the subprotocols, where the pages of browsers can put it, which have no say in other headers; in a cookie and in
 * a parameter of the query only if they are named here.
 *
 * @param cookie the name of the cookie
 * @param parameter the name of the parameter
 */
public record TokenSources(Optional<String> cookie, Optional<String> parameter) {

    private static final TokenSources DEFAULTS = new TokenSources(Optional.empty(), Optional.empty());

    /** How the subprotocol begins whose rest is a token. */
    private static final String BEARER_PROTOCOL = "bearer.";

    /** What a handshake shows. */
    enum Amount {
        NONE,
        ONE,
        /** Something stands where a token belongs, and is none. */
        MALFORMED,
        /** Tokens that are not the same, of which one must be somebody else's. */
        SEVERAL
    }

    /** What was found; the token only where there is one. */
    record Found(Amount amount, String token) {
        @Override
        public String toString() {
            return "Found[" + amount + "]";
        }
    }

    /** Rejects names that could never be sent. */
    public TokenSources {
        cookie.ifPresent(name -> checkName("cookie", name));
        parameter.ifPresent(name -> checkName("parameter", name));
    }

    /** Returns the header and the subprotocol. */
    public static TokenSources defaults() {
        return DEFAULTS;
    }

    /**
     * Returns the same with a cookie. A browser sends it along whichever page opens the connection, so what keeps foreign
     * pages out is the {@link OriginPolicy} alone.
     */
    public TokenSources withCookie(String name) {
        return new TokenSources(Optional.of(name), parameter);
    }

    /**
     * Returns the same with a parameter of the query. The gateway logs no queries, but proxies and browsers do, and whoever
     * reads their logs has the tokens: use it for tokens that live for seconds, or not at all.
     */
    public TokenSources withParameterUnsafe(String name) {
        return new TokenSources(cookie, Optional.of(name));
    }

    /** Looks in all places: one that is passed over could be the one that another part of the system goes by. */
    Found find(Handshake handshake) {
        Set<String> tokens = new LinkedHashSet<>();
        for (String value : handshake.headers().getOrDefault("authorization", List.of())) {
            tokens.add(bearer(value));
        }
        for (String value : handshake.headers().getOrDefault("sec-websocket-protocol", List.of())) {
            for (String protocol : value.split(",", -1)) {
                String offered = protocol.strip();
                if (offered.startsWith(BEARER_PROTOCOL)) {
                    tokens.add(offered.substring(BEARER_PROTOCOL.length()));
                }
            }
        }
        cookie.ifPresent(name -> tokens.addAll(Requests.cookies(handshake.headers(), name)));
        parameter.ifPresent(
                name -> Requests.rawParameters(handshake.query(), name).forEach(value -> tokens.add(value.orElse(""))));
        if (tokens.isEmpty()) {
            return new Found(Amount.NONE, "");
        }
        if (tokens.size() > 1) {
            return new Found(Amount.SEVERAL, "");
        }
        String token = tokens.iterator().next();
        return isToken(token) ? new Found(Amount.ONE, token) : new Found(Amount.MALFORMED, "");
    }

    /** Returns what follows the scheme; nothing for another scheme, which is not good enough and not no credentials. */
    private static String bearer(String value) {
        int blank = value.indexOf(' ');
        return blank > 0 && value.substring(0, blank).equalsIgnoreCase(Requests.BEARER)
                ? value.substring(blank).strip()
                : "";
    }

    /** Returns whether text has what tokens are made of (RFC 6750 section 2.1). */
    static boolean isToken(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            if (!letter && "-._~+/=".indexOf(c) < 0) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    private static void checkName(String what, String name) {
        if (!Requests.isToken(name)) {
            throw new IllegalArgumentException(
                    what + ": \"" + name + "\" (expected: a name of letters, digits and !#$%&'*+-.^_`|~)");
        }
    }
}

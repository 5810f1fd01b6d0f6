package io.campanile.gateway;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which web pages may open a WebSocket. A browser names the page's origin in the handshake and lets any page try, so the
 * server must look, or any page a user visits could speak with the user's cookies. A client that names no origin is not
 * a browser and is always let through to {@link Endpoint#admit}.
 */
public final class OriginPolicy {

    private static final OriginPolicy SAME_ORIGIN = new OriginPolicy(Set.of(), false);
    private static final OriginPolicy ANY = new OriginPolicy(Set.of(), true);

    private final Set<String> allowed;
    private final boolean any;

    private OriginPolicy(Set<String> allowed, boolean any) {
        this.allowed = allowed;
        this.any = any;
    }

    /**
     * Admits pages whose origin is this server's own: scheme {@code http}, and host and port those of the {@code Host}
     * header. Behind a proxy that ends TLS the pages' scheme is {@code https}: name their origin with {@link #allow}.
     */
    public static OriginPolicy sameOrigin() {
        return SAME_ORIGIN;
    }

    /**
     * Admits pages of the server's own origin and of those named.
     *
     * @param origins such as {@code https://chat.example.com} or {@code http://localhost:3000}: scheme, host, and the
     *     port unless it is the scheme's own; compared exactly, so there are no wildcards
     */
    public static OriginPolicy allow(String... origins) {
        return allow(Arrays.asList(origins));
    }

    /** Admits pages of the server's own origin and of those named. */
    public static OriginPolicy allow(List<String> origins) {
        Set<String> normal = new TreeSet<>();
        for (String origin : origins) {
            normal.add(Origins.normalize(origin)
                    .orElseThrow(() -> new IllegalArgumentException(
                            "origin: \"" + origin + "\" (expected: scheme://host[:port], without a path)")));
        }
        return new OriginPolicy(Set.copyOf(normal), false);
    }

    /**
     * Admits the pages of every site. Any page that a user visits can then connect with what the user's browser sends
     * along: only for servers that authenticate by a token in the handshake, or not at all.
     */
    public static OriginPolicy allowAnyOriginUnsafe() {
        return ANY;
    }

    boolean admits(String origin, String host) {
        if (any) {
            return true;
        }
        return Origins.normalize(origin)
                .filter(o -> allowed.contains(o)
                        || Origins.normalize("http://" + host).filter(o::equals).isPresent())
                .isPresent();
    }

    /** Tells what is admitted. */
    @Override
    public String toString() {
        return any ? "any origin" : allowed.isEmpty() ? "same origin" : "same origin and " + allowed;
    }
}

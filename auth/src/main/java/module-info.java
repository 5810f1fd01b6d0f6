import org.jspecify.annotations.NullMarked;

/** Verifies JSON Web Tokens and API keys, and makes tokens. */
@NullMarked
module io.campanile.auth {
    exports io.campanile.auth;

    requires transitive io.campanile.core;
    requires transitive io.campanile.gateway;
    requires com.nimbusds.jose.jwt;
    requires java.net.http;
    requires static org.jspecify;
}

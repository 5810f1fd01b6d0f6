import org.jspecify.annotations.NullMarked;

/** The gateway as an executable, with configuration, metrics and pages. */
@NullMarked
module io.campanile.server {
    exports io.campanile.server;

    requires ch.qos.logback.classic;
    requires ch.qos.logback.core;
    requires info.picocli;
    requires io.campanile.auth;
    requires io.campanile.gateway;
    requires java.net.http;
    requires jdk.unsupported;
    requires micrometer.core;
    requires micrometer.registry.prometheus;
    requires org.slf4j;
    requires org.snakeyaml.engine;
    requires static org.jspecify;

    uses io.campanile.gateway.Plugin;
}

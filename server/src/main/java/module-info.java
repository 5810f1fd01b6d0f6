import org.jspecify.annotations.NullMarked;

/** The gateway as an executable, with configuration, metrics and pages. */
@NullMarked
module io.campanile.server {
    // exports io.campanile.server; as soon as it has a public type

    requires io.campanile.gateway;
    requires info.picocli;
    requires micrometer.core;
    requires micrometer.registry.prometheus;
    requires org.slf4j;
    requires org.snakeyaml.engine;
    requires static org.jspecify;
}

import org.jspecify.annotations.NullMarked;

/** Application gateways: what a program does with its clients, built with lambdas or declared with annotations. */
@NullMarked
module io.campanile.app {
    exports io.campanile.app;
    exports io.campanile.app.annotation;

    requires transitive io.campanile.gateway;
    requires tools.jackson.databind;
    requires static jakarta.validation;
    requires static org.jspecify;
}

import org.jspecify.annotations.NullMarked;

/** What tests of transports, codecs and applications stand on. */
@NullMarked
module io.campanile.testkit {
    exports io.campanile.testkit;

    requires transitive io.campanile.core;
    requires transitive io.campanile.protocol;
    requires static transitive io.campanile.app;
    requires static org.assertj.core;
    requires static org.jspecify;
    requires static transitive org.junit.jupiter.api;
}

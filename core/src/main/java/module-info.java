import org.jspecify.annotations.NullMarked;

/** The connection registry: live connections, rooms and outbound limits. */
@NullMarked
module io.campanile.core {
    exports io.campanile.core;
    exports io.campanile.core.spi;

    requires static org.jspecify;
}

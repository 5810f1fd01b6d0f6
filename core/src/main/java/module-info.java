import org.jspecify.annotations.NullMarked;

/** The connection registry: live connections, rooms and outbound limits. */
@NullMarked
module io.campanile.core {
    // exports io.campanile.core; as soon as it has a public type
    // exports io.campanile.core.spi; as soon as it has a public type

    requires static org.jspecify;
}

import org.jspecify.annotations.NullMarked;

/** The codec seam and the JSON envelope. */
@NullMarked
module io.campanile.protocol {
    // exports io.campanile.protocol; as soon as it has a public type

    requires transitive io.campanile.core;
    requires tools.jackson.core;
    requires static org.jspecify;
}

import org.jspecify.annotations.NullMarked;

/** The codec seam and the JSON envelope. */
@NullMarked
module io.campanile.protocol {
    exports io.campanile.protocol;

    requires transitive io.campanile.core;
    requires static org.jspecify;
}

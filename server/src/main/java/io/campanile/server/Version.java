package io.campanile.server;

import java.util.Optional;

/** Which Campanile this is. */
final class Version {

    private Version() {}

    /** Returns the version that the archive's manifest names. */
    static String text() {
        return Optional.ofNullable(Version.class.getPackage().getImplementationVersion())
                .orElse("(unpackaged)");
    }
}

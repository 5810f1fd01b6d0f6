package io.campanile.gateway;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How the gateway speaks with the operating system. */
public enum IoKind {
    /** {@link #EPOLL} where it exists, else {@link #NIO}. */
    AUTO,
    /** Linux epoll, with writes straight to the socket. The fastest for most loads. */
    EPOLL,
    /**
     * Linux io_uring. Needs a kernel that has it and does not forbid it. Writes are confirmed later, so what was just
     * sent counts as waiting for a moment.
     */
    IO_URING,
    /** The JDK's selector: everywhere. */
    NIO;

    /** Returns whether this machine has it. Loads native code on the first call. */
    public boolean isAvailable() {
        return unavailability() == null;
    }

    /** Returns why this machine does not have it; empty when it has. Loads native code on the first call. */
    public Optional<Throwable> unavailabilityCause() {
        return Optional.ofNullable(unavailability());
    }

    private @Nullable Throwable unavailability() {
        return switch (this) {
            case AUTO, NIO -> null;
            case EPOLL -> Io.epollUnavailability();
            case IO_URING -> Io.ioUringUnavailability();
        };
    }
}

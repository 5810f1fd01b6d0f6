package io.campanile.gateway;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How the gateway speaks with the operating system. */
public enum IoKind {
    /** {@link #EPOLL_RING} where it exists, else {@link #EPOLL} where that does, else {@link #NIO}. */
    AUTO,
    /** Linux epoll, with writes straight to the socket. */
    EPOLL,
    /**
     * Linux epoll, and at the end of a turn one system call for what is written to all connections, by an io_uring of each
     * event loop's own. The fastest for most loads. Needs Java 22 or newer with native access enabled, Linux 6.6 or newer
     * that does not forbid io_uring, and one descriptor for each loop.
     */
    EPOLL_RING,
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
            case EPOLL_RING -> Io.ringUnavailability();
            case IO_URING -> Io.ioUringUnavailability();
        };
    }
}

package io.campanile.core.spi;

/** Time that only moves forward. */
@FunctionalInterface
public interface Clock {

    /** Returns nanoseconds since some fixed moment; never less than an earlier call returned. */
    long nanos();

    /** Returns the clock of the machine. */
    static Clock system() {
        return System::nanoTime;
    }
}

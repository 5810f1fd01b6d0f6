package io.campanile.core;

import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/** Tells listeners what happened, and keeps what they throw away from the shard. */
final class Listeners {

    private static final System.Logger LOG = System.getLogger("io.campanile.registry");

    private final List<RegistryListener> all;
    private final LongAdder failures = new LongAdder();

    Listeners(List<RegistryListener> all) {
        this.all = all;
    }

    void opened(Connection connection) {
        tell("opened", listener -> listener.opened(connection));
    }

    void joined(Connection connection, String room) {
        tell("joined", listener -> listener.joined(connection, room));
    }

    void left(Connection connection, String room) {
        tell("left", listener -> listener.left(connection, room));
    }

    void claimsChanged(Connection connection, Claims before) {
        tell("claimsChanged", listener -> listener.claimsChanged(connection, before));
    }

    void closed(Connection connection, CloseReason reason) {
        tell("closed", listener -> listener.closed(connection, reason));
    }

    void pinged(Connection connection) {
        tell("pinged", listener -> listener.pinged(connection));
    }

    void roundTrip(Connection connection, long nanos) {
        tell("roundTrip", listener -> listener.roundTrip(connection, nanos));
    }

    void written(long waitedNanos) {
        tell("written", listener -> listener.written(waitedNanos));
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    long failures() {
        return failures.sum();
    }

    private void tell(String what, Consumer<RegistryListener> call) {
        for (RegistryListener listener : all) {
            try {
                call.accept(listener);
            } catch (Throwable e) {
                failed("listener " + listener.getClass().getName() + " threw at " + what, e);
            }
        }
    }

    /** Counts a failure of foreign code, and logs the 1st, 2nd, 4th, 8th …: a flood of failures is no flood of lines. */
    void failed(String what, Throwable cause) {
        failures.increment();
        long count = failures.sum();
        if (Long.bitCount(count) <= 1) {
            try {
                LOG.log(System.Logger.Level.WARNING, what + " failures=" + count, cause);
            } catch (RuntimeException e) {
                // A log that is broken too: there is nowhere left to say so, and the shard goes on.
            }
        }
    }
}

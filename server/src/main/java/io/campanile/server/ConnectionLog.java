package io.campanile.server;

import io.campanile.core.CloseReason;
import io.campanile.core.Connection;
import io.campanile.core.RegistryListener;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs single connections at DEBUG, and at WARN, once a second at most, that clients are too slow. */
final class ConnectionLog implements RegistryListener {

    private static final Logger log = LoggerFactory.getLogger(ConnectionLog.class);
    private static final long PAUSE_NANOS = 1_000_000_000;

    private final AtomicLong nextWarning = new AtomicLong(System.nanoTime());
    private final AtomicLong evicted = new AtomicLong();

    @Override
    public void opened(Connection connection) {
        log.atDebug().addKeyValue("id", connection.id()).log("connection opened");
    }

    @Override
    public void closed(Connection connection, CloseReason reason) {
        log.atDebug()
                .addKeyValue("id", connection.id())
                .addKeyValue("reason", reason.label())
                .addKeyValue("code", reason.code())
                .log("connection closed");
        if (reason.isEviction()) {
            warnOfEviction(connection, reason);
        }
    }

    private void warnOfEviction(Connection connection, CloseReason reason) {
        long soFar = evicted.incrementAndGet();
        long now = System.nanoTime();
        long next = nextWarning.get();
        if (now - next >= 0 && nextWarning.compareAndSet(next, now + PAUSE_NANOS)) {
            log.atWarn()
                    .addKeyValue("id", connection.id())
                    .addKeyValue("detail", reason.detail())
                    .addKeyValue("evictedSoFar", soFar)
                    .log("slow client evicted");
        }
    }
}

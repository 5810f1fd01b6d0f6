package io.campanile.core.spi;

import io.campanile.core.Message;
import java.util.Optional;

/**
 * How a transport writes messages. Transports that write the same bytes share one instance: messages are encoded once
 * for each instance. Must be pure; called on any thread.
 */
@FunctionalInterface
public interface WireFormat {

    /**
     * Returns the message as it goes on the wire, framing included. The bytes are shared and must not change
     * afterwards. An exception costs the transports of this format the message, and nothing else.
     */
    byte[] encode(Message message);

    /** Returns what is written to a peer that has been silent; empty when there is no such thing. Must always be the same. */
    default Optional<KeepAlive> keepAlive() {
        return Optional.empty();
    }
}

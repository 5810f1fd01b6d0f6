package io.campanile.core.spi;

import io.campanile.core.Message;

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
}

package io.campanile.app;

import org.jspecify.annotations.Nullable;

/** A handler in the one form that all forms become. */
@FunctionalInterface
interface Step {

    /**
     * Calls the handler.
     *
     * @param payload the bytes of a binary message, the reason of a disconnect, or what came with an event, as it was sent
     * @param message the message, for an event
     * @return the value of the ack, or a stage of it
     */
    Object run(Connection connection, Object payload, @Nullable Message message) throws Exception;
}

package io.campanile.app;

import io.campanile.core.CloseReason;

/**
 * The forms that handlers have. They may block, and may throw whatever they like: a {@link Refusal} is told to the client,
 * anything else is logged and the client gets an error that only names the entry in the log.
 */
public final class Handlers {

    private Handlers() {}

    /** Handles what needs no more than the connection. */
    @FunctionalInterface
    public interface OnConnection {

        /** Handles it. */
        void handle(Connection connection) throws Exception;
    }

    /** Handles what comes with a payload. */
    @FunctionalInterface
    public interface OnPayload<T> {

        /** Handles it. */
        void handle(Connection connection, T payload) throws Exception;
    }

    /** Handles what comes with a payload, and answers as it likes. */
    @FunctionalInterface
    public interface OnMessage<T> {

        /** Handles it. */
        void handle(Connection connection, T payload, Message message) throws Exception;
    }

    /** Handles the end of a connection. */
    @FunctionalInterface
    public interface OnDisconnect {

        /** Handles it. What the connection remembers is still there; nothing can be sent to it any more. */
        void handle(Connection connection, CloseReason reason) throws Exception;
    }

    /** Answers what needs no more than the connection. */
    @FunctionalInterface
    public interface Answer {

        /** Returns the data of the ack, or a stage of it. */
        Object answer(Connection connection) throws Exception;
    }

    /** Answers what comes with a payload. */
    @FunctionalInterface
    public interface AnswerPayload<T> {

        /** Returns the data of the ack, or a stage of it. */
        Object answer(Connection connection, T payload) throws Exception;
    }
}

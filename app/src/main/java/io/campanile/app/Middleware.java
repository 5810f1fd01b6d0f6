package io.campanile.app;

import java.util.Optional;

/**
 * What stands around the handlers of a gateway, all of them: to count, to check, to time, to put something in a thread's
 * context. Runs on the handler's thread and within its deadline.
 *
 * <pre>{@code
 * gateway.around((call, next) -> {
 *     if (call.event().isPresent() && call.connection().claims().subject().isEmpty()) {
 *         throw new Refusal(ErrorCode.UNAUTHORIZED, "sign in first");
 *     }
 *     return next.proceed();
 * })
 * }</pre>
 */
@FunctionalInterface
public interface Middleware {

    /** What is about to be handled. */
    interface Call {

        /** Which of a gateway's handlers. */
        enum Kind {
            /** A client has connected. */
            CONNECT,
            /** A client sent an event. */
            EVENT,
            /** A client sent bytes. */
            BINARY,
            /** A client has left. A middleware that throws or does not proceed keeps it from the handler. */
            DISCONNECT
        }

        /** Returns which of the handlers. */
        Kind kind();

        /** Returns the client. */
        Connection connection();

        /** Returns the event's name, for {@link Kind#EVENT}. */
        default Optional<String> event() {
            return message().map(Message::event);
        }

        /** Returns the message, for {@link Kind#EVENT}. */
        Optional<Message> message();
    }

    /** The middleware further in, and the handler in the middle. */
    @FunctionalInterface
    interface Next {

        /** Goes on; returns what the handler returns, which may be a stage that is not complete. */
        Object proceed() throws Exception;
    }

    /** Handles a call: usually by {@link Next#proceed}, once. Returns what answers it, or a stage of that. */
    Object around(Call call, Next next) throws Exception;
}

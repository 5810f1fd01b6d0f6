package io.campanile.app;

import io.campanile.core.Posted;
import java.util.Optional;

/** What came of asking one client. */
public sealed interface Reply<T> {

    /**
     * The client answered.
     *
     * @param value what it said
     */
    record Answered<T>(T value) implements Reply<T> {}

    /**
     * The client answered with an error.
     *
     * @param code its code, as the client gave it; not to be trusted
     * @param message its sentence, as the client gave it; not to be trusted
     */
    record Refused<T>(String code, String message) implements Reply<T> {}

    /**
     * The client answered, and not with what was asked for.
     *
     * @param problem which field, and what was expected
     */
    record Unreadable<T>(String problem) implements Reply<T> {}

    /** The client did not answer in time. */
    record TimedOut<T>() implements Reply<T> {}

    /** The client left before it answered. */
    record Left<T>() implements Reply<T> {}

    /**
     * The client was not asked.
     *
     * @param posted why; {@link Posted#OVERLOADED} also when as many answers as may be are awaited from it already
     */
    record NotSent<T>(Posted posted) implements Reply<T> {}

    /** Returns the answer; empty when there was none. */
    default Optional<T> answer() {
        return this instanceof Answered<T> answered ? Optional.of(answered.value()) : Optional.empty();
    }
}

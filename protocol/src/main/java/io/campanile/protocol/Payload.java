package io.campanile.protocol;

/**
 * What came of reading the data of one of the server's own events.
 *
 * @param <T> what the data asks for
 */
public sealed interface Payload<T> {

    /**
     * The data follows the rules.
     *
     * @param value what it asks for
     * @param <T> the type of that
     */
    record Valid<T>(T value) implements Payload<T> {}

    /**
     * The data breaks a rule.
     *
     * @param code which kind of rule
     * @param message one sentence that names the field, its value where it is short, and what was expected
     * @param <T> what was asked for
     */
    record Refused<T>(ErrorCode code, String message) implements Payload<T> {}
}

package io.campanile.app;

import java.util.Optional;

/**
 * Checks payloads that could be read, before their handlers see them. Called on the handler's thread.
 *
 * <p>Where Jakarta Validation and a provider of it are on the class path, payloads are checked against the constraints on
 * their types unless the gateway says otherwise.
 */
@FunctionalInterface
public interface Validation {

    /**
     * Returns what is wrong with a payload: a sentence for the client that names the field and what was expected, and does
     * not repeat the payload. Empty when it is good.
     */
    Optional<String> problem(Object payload);

    /** Returns the validation that finds nothing wrong with anything. */
    static Validation none() {
        return payload -> Optional.empty();
    }

    /** Returns Jakarta Validation where it is on the class path with a provider, else none. */
    static Validation ofClassPath() {
        try {
            Class.forName("jakarta.validation.Validation");
        } catch (ClassNotFoundException e) {
            return none();
        }
        return JakartaValidation.find();
    }
}

package io.campanile.app;

import jakarta.validation.ConstraintViolation;
import jakarta.validation.NoProviderFoundException;
import jakarta.validation.Path;
import jakarta.validation.Validator;
import java.lang.System.Logger.Level;
import java.util.Comparator;
import java.util.Optional;

/** Checks payloads against the constraints of Jakarta Validation on their types. Loaded only where its API is there. */
final class JakartaValidation implements Validation {

    private final Validator validator;

    private JakartaValidation(Validator validator) {
        this.validator = validator;
    }

    static Validation find() {
        try {
            return new JakartaValidation(
                    jakarta.validation.Validation.buildDefaultValidatorFactory().getValidator());
        } catch (NoProviderFoundException e) {
            GatewayEndpoint.LOG.log(
                    Level.INFO, "payloads are not validated: the API of Jakarta Validation is there, and no provider");
            return Validation.none();
        }
    }

    /** Names the first field in the order of their names, so that the same payload is always refused with the same words. */
    @Override
    public Optional<String> problem(Object payload) {
        return validator.validate(payload).stream()
                .map(violation -> field(violation) + ": " + violation.getMessage())
                .min(Comparator.naturalOrder());
    }

    /** Returns the way to a field. Keys of maps are left out, for they are the client's. */
    private static String field(ConstraintViolation<?> violation) {
        StringBuilder path = new StringBuilder();
        for (Path.Node node : violation.getPropertyPath()) {
            if (node.getIndex() != null) {
                path.append('[').append(node.getIndex()).append(']');
            }
            String name = node.getName();
            if (name != null && !name.startsWith("<")) {
                path.append(path.isEmpty() ? "" : ".").append(name);
            }
        }
        return path.isEmpty() ? "data" : path.toString();
    }
}

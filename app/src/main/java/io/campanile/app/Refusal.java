package io.campanile.app;

import io.campanile.protocol.ErrorCode;

/**
 * What a handler, a middleware or a check throws to answer a client with an error of its own words. Unlike other exceptions
 * it is no failure: it is counted, not logged, and its message is sent to the client.
 */
public final class Refusal extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final String code;

    /**
     * Refuses with one of the protocol's codes.
     *
     * @param message one sentence for the client; it should not help an attacker
     */
    public Refusal(ErrorCode code, String message) {
        this(code.wireName(), message);
    }

    /**
     * Refuses with a code of the application's own.
     *
     * @param code lower case letters, digits and underscores, such as {@code market_closed}
     * @param message one sentence for the client; it should not help an attacker
     */
    public Refusal(String code, String message) {
        super(message, null, false, false);
        if (!code.matches("[a-z0-9_]{1,64}")) {
            throw new IllegalArgumentException("code: \"" + code + "\" (expected: 1 to 64 of a-z, 0-9 and _)");
        }
        this.code = code;
    }

    /** Returns the code, by which clients decide. */
    public String code() {
        return code;
    }

    /** Returns the sentence for the client. */
    public String sentence() {
        return String.valueOf(getMessage());
    }
}

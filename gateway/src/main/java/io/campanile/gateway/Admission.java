package io.campanile.gateway;

import io.campanile.core.Claims;

/** What an endpoint decided about a handshake. */
public sealed interface Admission {

    /**
     * The client may connect.
     *
     * @param claims what is known about it
     */
    record Admitted(Claims claims) implements Admission {}

    /**
     * The client gets a plain HTTP answer instead of a connection.
     *
     * @param status the status of the answer, 400 to 599: 401 when credentials are missing or wrong, 403 when they do
     *     not suffice, 429 or 503 when it may try again later
     * @param detail a sentence for the client; it should not help an attacker
     */
    record Refused(int status, String detail) implements Admission {

        /** Rejects a status that is no refusal. */
        public Refused {
            Checks.inRange("status", status, 400, 599);
        }
    }

    /** Returns the admission of a client about whom nothing is known. */
    static Admission anonymous() {
        return new Admitted(Claims.anonymous());
    }
}

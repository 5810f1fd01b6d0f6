package io.campanile.gateway;

import io.campanile.core.Claims;
import java.util.Optional;

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
     * @param challenge what the header {@code WWW-Authenticate} of the answer says (RFC 9110 section 11.6.1)
     */
    record Refused(int status, String detail, Optional<String> challenge) implements Admission {

        /** Rejects a status that is no refusal, and a challenge that is no value of a header. */
        public Refused {
            Checks.inRange("status", status, 400, 599);
            challenge.ifPresent(value -> HttpAnswer.checkedValue("www-authenticate", value));
        }

        /** Refuses with the challenge that belongs to the status: {@code Bearer} with 401, none with others. */
        public Refused(int status, String detail) {
            this(status, detail, status == 401 ? Optional.of(Requests.BEARER) : Optional.empty());
        }

        HttpAnswer answer() {
            HttpAnswer problem = status == 503 || status == 429
                    ? HttpAnswer.tryLater(status, detail)
                    : HttpAnswer.problem(status, detail);
            return challenge
                    .map(value -> problem.withHeader("www-authenticate", value))
                    .orElse(problem);
        }
    }

    /** Returns the refusal, with 401, of a client that shows no token. */
    static Admission tokenMissing() {
        return new Refused(401, "this path wants a token");
    }

    /**
     * Returns the refusal, with 401, of a client that shows a token that is not good (RFC 6750 section 3.1).
     *
     * @param detail a sentence for the client, without what the token says
     */
    static Refused tokenRefused(String detail) {
        return new Refused(401, detail, Optional.of(Requests.BEARER + " error=\"invalid_token\""));
    }

    /** Returns the admission of a client about whom nothing is known. */
    static Admission anonymous() {
        return new Admitted(Claims.anonymous());
    }
}

package io.campanile.examples.tradingfloor;

import io.campanile.gateway.Admission;
import io.campanile.gateway.HttpAnswer;
import io.campanile.gateway.HttpCall;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.ObjectMapper;

/**
 * {@code POST /login}, {@code POST /logout} and {@code GET /session}. The token goes into a cookie that scripts cannot read and that browsers
 * send to this site only. The first two want a body in JSON, which pages of other sites cannot send.
 */
final class SignIn {

    private static final ObjectMapper JSON = new ObjectMapper();

    record Credentials(String user, String password) {}

    private final Accounts accounts;
    private final Sessions sessions;
    private final Floor floor;
    private final ExecutorService hashing;

    /**
     * Signs people in and out.
     *
     * @param hashing where passwords are hashed; may refuse what is too much
     */
    SignIn(Accounts accounts, Sessions sessions, Floor floor, ExecutorService hashing) {
        this.accounts = accounts;
        this.sessions = sessions;
        this.floor = floor;
        this.hashing = hashing;
    }

    CompletionStage<HttpAnswer> login(HttpCall call) {
        if (!isJson(call)) {
            return now(notJson());
        }
        Credentials shown;
        try {
            shown = JSON.readValue(call.body(), Credentials.class);
        } catch (JacksonException e) {
            return now(HttpAnswer.problem(400, "expected {\"user\":\"...\",\"password\":\"...\"}"));
        }
        if (shown == null || shown.user() == null || shown.password() == null) {
            return now(HttpAnswer.problem(400, "expected {\"user\":\"...\",\"password\":\"...\"}"));
        }
        try {
            return CompletableFuture.supplyAsync(() -> accounts.open(shown.user(), shown.password()), hashing)
                    .thenApply(account -> account.map(known -> HttpAnswer.empty(204)
                                    .withHeader(
                                            "set-cookie",
                                            cookie(
                                                    sessions.begin(known),
                                                    sessions.lifetime().toSeconds())))
                            .orElseGet(() -> HttpAnswer.problem(401, "no such user, or another password")
                                    .withHeader("www-authenticate", "Session")));
        } catch (RejectedExecutionException e) {
            return now(HttpAnswer.problem(503, "too many sign in at once; try again")
                    .withHeader("retry-after", "1"));
        }
    }

    CompletionStage<HttpAnswer> logout(HttpCall call) {
        if (!isJson(call)) {
            return now(notJson());
        }
        HttpAnswer answer = HttpAnswer.empty(204).withHeader("set-cookie", cookie("", 0));
        return token(call)
                .map(token -> sessions.verify(token).thenApply(admission -> {
                    if (admission instanceof Admission.Admitted admitted) {
                        floor.signOut(admitted.claims());
                    }
                    return answer;
                }))
                .orElseGet(() -> now(answer));
    }

    /** Tells the page whether a socket would be let in, which a refused one cannot. */
    CompletionStage<HttpAnswer> session(HttpCall call) {
        return token(call)
                .map(token -> sessions.verify(token).thenApply(Admission.Admitted.class::isInstance))
                .orElseGet(() -> CompletableFuture.completedFuture(false))
                .thenApply(signedIn -> HttpAnswer.json(200, "{\"signedIn\":" + signedIn + "}")
                        .withHeader("cache-control", "no-store"));
    }

    private static Optional<String> token(HttpCall call) {
        for (String header : call.headers().getOrDefault("cookie", java.util.List.of())) {
            for (String pair : header.split(";", -1)) {
                String[] parts = pair.strip().split("=", 2);
                if (parts.length == 2 && parts[0].equals(Floor.COOKIE)) {
                    return Optional.of(parts[1]);
                }
            }
        }
        return Optional.empty();
    }

    /** Without Secure, so that the example works on http://127.0.0.1; behind TLS add it. */
    private static String cookie(String value, long seconds) {
        return Floor.COOKIE + "=" + value + "; HttpOnly; SameSite=Strict; Path=/; Max-Age=" + seconds;
    }

    private static boolean isJson(HttpCall call) {
        return call.header("content-type")
                .filter("application/json"::equalsIgnoreCase)
                .isPresent();
    }

    private static HttpAnswer notJson() {
        return HttpAnswer.problem(415, "content-type: expected application/json");
    }

    private static CompletionStage<HttpAnswer> now(HttpAnswer answer) {
        return CompletableFuture.completedFuture(answer);
    }
}

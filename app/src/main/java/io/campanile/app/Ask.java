package io.campanile.app;

import io.campanile.protocol.JsonSlice;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/** A question to one client, until it is answered in one way or another. */
final class Ask<T> implements Timed {

    private final ClientConnection client;
    private final long id;
    private final Class<T> type;
    private final long deadline;
    private final CompletableFuture<Reply<T>> future = new CompletableFuture<>();

    Ask(ClientConnection client, long id, Class<T> type, long deadline) {
        this.client = client;
        this.id = id;
        this.type = type;
        this.deadline = deadline;
    }

    CompletableFuture<Reply<T>> future() {
        return future;
    }

    @Override
    public long deadlineNanos() {
        return deadline;
    }

    @Override
    public void expire() {
        end(new Reply.TimedOut<>());
    }

    void left() {
        end(new Reply.Left<>());
    }

    void answered(boolean isError, JsonSlice data) {
        if (taken()) {
            complete(() -> isError ? refused(data) : read(data));
        }
    }

    void end(Reply<T> reply) {
        if (taken()) {
            complete(() -> reply);
        }
    }

    /** The first to take it out of the client's asks completes it. */
    private boolean taken() {
        if (!client.forget(id)) {
            return false;
        }
        client.endpoint().unwatch(this);
        return true;
    }

    // On a thread of its own: whoever waits for the answer may go on with it there, and may block. Not among the
    // handlers,
    // of which as many as may run could all be waiting for answers.
    private void complete(Supplier<Reply<T>> reply) {
        client.endpoint().answers.execute(() -> future.complete(reply.get()));
    }

    private Reply<T> read(JsonSlice data) {
        try {
            return new Reply.Answered<>(client.endpoint().json().read("data", data, type));
        } catch (Refusal unreadable) {
            return new Reply.Unreadable<>(unreadable.sentence());
        }
    }

    private Reply<T> refused(JsonSlice data) {
        JsonNode error = client.endpoint().json().read("data", data, JsonNode.class);
        return new Reply.Refused<>(
                error.path("code").asString(""), error.path("message").asString(""));
    }
}

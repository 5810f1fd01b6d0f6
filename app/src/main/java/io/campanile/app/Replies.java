package io.campanile.app;

import io.campanile.core.ConnectionId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What came of asking several clients at once.
 *
 * @param byConnection one reply for each that was asked; unmodifiable
 */
public record Replies<T>(Map<ConnectionId, Reply<T>> byConnection) {

    /** Copies the map. */
    public Replies {
        byConnection = Map.copyOf(byConnection);
    }

    /** Returns what those said who answered. */
    public Map<ConnectionId, T> answers() {
        Map<ConnectionId, T> answers = new LinkedHashMap<>();
        byConnection.forEach((id, reply) -> reply.answer().ifPresent(value -> answers.put(id, value)));
        return answers;
    }

    /** Returns those who are there and did not answer in time. */
    public List<ConnectionId> silent() {
        return those(Reply.TimedOut.class);
    }

    /** Returns those who left before they answered. */
    public List<ConnectionId> left() {
        return those(Reply.Left.class);
    }

    private List<ConnectionId> those(Class<?> kind) {
        return byConnection.entrySet().stream()
                .filter(entry -> kind.isInstance(entry.getValue()))
                .map(Map.Entry::getKey)
                .toList();
    }
}

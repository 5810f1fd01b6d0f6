package io.campanile.server;

import io.campanile.gateway.HttpCall;
import io.campanile.protocol.ErrorCode;
import io.campanile.protocol.Payload;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.Function;

/**
 * Which part of a list is asked for.
 *
 * <p>A page ends at its last entry, whose name or id is the cursor of the next. Lists are in order, so whatever comes and
 * goes meanwhile: an entry that is there all the time is on exactly one page, and none is on two.
 *
 * @param limit the most entries of the page
 * @param after the last entry of the page before; empty for the first page
 */
record PageRequest(int limit, Optional<String> after) {

    static final String LIMIT = "limit";
    static final String AFTER = "after";

    private static final int USUAL = 100;
    private static final int MOST = 1_000;

    /** A part of a list, and the cursor of what follows. */
    record Page<T>(List<T> entries, Optional<String> next) {}

    /** Reads what the query says. */
    static Payload<PageRequest> read(HttpCall call) {
        String limit = call.parameter(LIMIT).orElse(String.valueOf(USUAL));
        int number = limit.matches("[0-9]{1,4}") ? Integer.parseInt(limit) : 0;
        if (number < 1 || number > MOST) {
            return new Payload.Refused<>(ErrorCode.INVALID, LIMIT + ": expected 1 to " + MOST);
        }
        Optional<String> cursor = call.parameter(AFTER);
        Optional<String> after = cursor.flatMap(PageRequest::decode);
        return cursor.isPresent() && after.isEmpty()
                ? badCursor()
                : new Payload.Valid<>(new PageRequest(number, after));
    }

    static <T> Payload<T> badCursor() {
        return new Payload.Refused<>(ErrorCode.INVALID, AFTER + ": expected the next of an earlier answer");
    }

    /**
     * Returns the entries that come after a given one, as many as the page may hold. Looks at each entry once and keeps no more than a page of them, so
     * a page of a long list costs no copy and no sorting of the list.
     */
    <T> Page<T> of(Iterable<T> all, Comparator<? super T> order, Optional<T> last, Function<T, String> name) {
        // The largest is on top, so that it is found at once what a smaller one takes the place of.
        var smallest = new PriorityQueue<T>(limit + 2, Collections.reverseOrder(order));
        for (T entry : all) {
            if (last.isPresent() && order.compare(entry, last.get()) <= 0) {
                continue;
            }
            if (smallest.size() <= limit) {
                smallest.add(entry);
            } else if (order.compare(entry, smallest.peek()) < 0) {
                smallest.poll();
                smallest.add(entry);
            }
        }
        var entries = new ArrayList<>(smallest);
        entries.sort(order);
        return entries.size() <= limit
                ? new Page<>(entries, Optional.empty())
                : new Page<>(
                        List.copyOf(entries.subList(0, limit)),
                        Optional.of(encode(name.apply(entries.get(limit - 1)))));
    }

    /** Returns the cursor of what follows an entry. */
    static String encode(String last) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(last.getBytes(StandardCharsets.UTF_8));
    }

    private static Optional<String> decode(String cursor) {
        try {
            String last = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(Base64.getUrlDecoder().decode(cursor)))
                    .toString();
            return last.isEmpty() || !encode(last).equals(cursor) ? Optional.empty() : Optional.of(last);
        } catch (IllegalArgumentException | CharacterCodingException e) {
            return Optional.empty();
        }
    }
}

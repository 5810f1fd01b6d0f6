package io.campanile.protocol;

import io.campanile.core.Receipt;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The data of the server's answers: in an ack, in an error event and in the answers of the HTTP API alike. */
public final class Answers {
    private static final int TYPICAL_BYTES = 96;

    private Answers() {}

    /**
     * Returns what answers {@code room.join}, and a room as an entry of a list.
     *
     * @param room the room
     * @param members how many connections are in it
     * @return {@code {"room":"lobby","members":3}}
     */
    public static JsonSlice joined(String room, int members) {
        return finished(begin("{\"room\":").string(room).raw(",\"members\":").number(members));
    }

    /**
     * Returns what answers {@code room.members}.
     *
     * @param room the room
     * @param members of each connection in it what {@link #connection} returns
     * @return {@code {"room":"lobby","members":[{"connection":"1c8xpjb5s","user":"ada"}]}}
     */
    public static JsonSlice members(String room, List<JsonSlice> members) {
        return finished(appendEntries(begin("{\"room\":").string(room).raw(","), "members", members));
    }

    /**
     * Returns what answers {@code room.leave}.
     *
     * @param room the room that the client is no longer in
     * @return {@code {"room":"lobby"}}
     */
    public static JsonSlice left(String room) {
        return finished(begin("{\"room\":").string(room));
    }

    /**
     * Returns what answers {@code auth.refresh}.
     *
     * @param expiresAt when the new claims expire
     * @return {@code {"expiresAt":1790000000}} in seconds since 1970, or {@code {}} when they never do
     */
    public static JsonSlice refreshed(Optional<Instant> expiresAt) {
        return expiresAt
                .map(moment -> finished(begin("{\"expiresAt\":").number(moment.getEpochSecond())))
                .orElseGet(() -> finished(begin("{")));
    }

    /** Returns the data of {@code auth.expiring}: {@code {"inSeconds":30}}. */
    static JsonSlice expiring(long inSeconds) {
        return finished(begin("{\"inSeconds\":").number(inSeconds));
    }

    /** Returns the data of {@code room.lost}: {@code {"room":"staff","reason":"forbidden"}}. */
    static JsonSlice lost(String room, ErrorCode reason) {
        return finished(begin("{\"room\":").string(room).raw(",\"reason\":").string(reason.wireName()));
    }

    /**
     * Returns what answers {@code room.publish} and {@code POST /api/publish}.
     *
     * @param receipt what became of the broadcast
     * @return {@code {"matched":3,"queued":3,"dropped":0,"evicted":0}}, and {@code "displaced":2} behind it unless that is 0
     */
    public static JsonSlice receipt(Receipt receipt) {
        return receipt(receipt.matched(), receipt.queued(), receipt.dropped(), receipt.evicted(), receipt.displaced());
    }

    /**
     * Returns what answers a publish or a direct message.
     *
     * @param matched the connections that were addressed
     * @param queued those in whose outbound queue the message was put
     * @param dropped those for whom it was lost while they stay connected
     * @param evicted those that were closed because it did not fit
     * @param displaced older messages that were dropped or replaced for it
     * @return {@code {"matched":3,"queued":3,"dropped":0,"evicted":0}}, and {@code "displaced":2} behind it unless that is 0
     */
    public static JsonSlice receipt(int matched, int queued, int dropped, int evicted, int displaced) {
        JsonWriter writer = begin("{\"matched\":")
                .number(matched)
                .raw(",\"queued\":")
                .number(queued)
                .raw(",\"dropped\":")
                .number(dropped)
                .raw(",\"evicted\":")
                .number(evicted);
        return finished(displaced == 0 ? writer : writer.raw(",\"displaced\":").number(displaced));
    }

    /**
     * Returns what answers {@code POST /api/join}.
     *
     * @param matched the connections that were addressed
     * @param joined those that have become members
     * @param alreadyIn those that were members before
     * @param refused those that are in as many rooms as they may be
     * @return {@code {"matched":3,"joined":3}}, and {@code "alreadyIn":1} and {@code "refused":1} behind it unless they are 0
     */
    public static JsonSlice joined(int matched, int joined, int alreadyIn, int refused) {
        JsonWriter writer =
                begin("{\"matched\":").number(matched).raw(",\"joined\":").number(joined);
        if (alreadyIn != 0) {
            writer.raw(",\"alreadyIn\":").number(alreadyIn);
        }
        return finished(refused == 0 ? writer : writer.raw(",\"refused\":").number(refused));
    }

    /**
     * Returns what answers {@code POST /api/leave}.
     *
     * @param matched the connections that were addressed
     * @param left those that were members and are none any more
     * @return {@code {"matched":3,"left":2}}
     */
    public static JsonSlice left(int matched, int left) {
        return finished(begin("{\"matched\":").number(matched).raw(",\"left\":").number(left));
    }

    /**
     * Returns what answers {@code POST /api/disconnect}.
     *
     * @param matched the connections that were addressed
     * @param closed those that were closed for it, and had not left meanwhile
     * @return {@code {"matched":2,"closed":2}}
     */
    public static JsonSlice closed(int matched, int closed) {
        return finished(
                begin("{\"matched\":").number(matched).raw(",\"closed\":").number(closed));
    }

    /**
     * Returns what answers {@code POST /api/revoke}.
     *
     * @param closed the connections that were closed for it
     * @return {@code {"closed":2}}
     */
    public static JsonSlice revoked(int closed) {
        return finished(begin("{\"closed\":").number(closed));
    }

    /**
     * Returns what answers {@code POST /api/publish/batch}.
     *
     * @param results of each message its {@link #receipt(Receipt)} or what {@link #failed} returns, in order
     * @return {@code {"results":[{"matched":…},{"error":…}]}}
     */
    public static JsonSlice results(List<JsonSlice> results) {
        return finished(entries("results", results));
    }

    /**
     * Returns the result of a message of a batch that was refused.
     *
     * @param problem why, as RFC 9457 has it
     * @return {@code {"error":…}}
     */
    public static JsonSlice failed(JsonSlice problem) {
        return finished(begin("{\"error\":").slice(problem));
    }

    /**
     * Returns a page of a list.
     *
     * @param name what is listed
     * @param entries what the page holds
     * @param next where the next page begins; empty behind the last
     * @return {@code {"rooms":[…],"next":"…"}}
     */
    public static JsonSlice page(String name, List<JsonSlice> entries, Optional<String> next) {
        JsonWriter writer = entries(name, entries);
        next.ifPresent(cursor -> writer.raw(",\"next\":").string(cursor));
        return finished(writer);
    }

    /**
     * Returns a connection as an entry of a list.
     *
     * @param id its id
     * @param user whose it is, if that is known
     * @param openSeconds how long it has been there, where that is asked for
     * @param rooms the rooms it is in, where they are asked for
     * @return {@code {"connection":"1c8xpjb5s","user":"ada","openSeconds":12,"rooms":["lobby"]}}
     */
    public static JsonSlice connection(
            String id, Optional<String> user, OptionalLong openSeconds, Optional<List<String>> rooms) {
        JsonWriter writer = begin("{\"connection\":").string(id);
        user.ifPresent(name -> writer.raw(",\"user\":").string(name));
        openSeconds.ifPresent(seconds -> writer.raw(",\"openSeconds\":").number(seconds));
        rooms.ifPresent(names -> {
            String separator = ",\"rooms\":[";
            for (String name : names) {
                writer.raw(separator).string(name);
                separator = ",";
            }
            writer.raw(names.isEmpty() ? ",\"rooms\":[]" : "]");
        });
        return finished(writer);
    }

    private static JsonWriter entries(String name, List<JsonSlice> entries) {
        return appendEntries(begin("{"), name, entries);
    }

    private static JsonWriter appendEntries(JsonWriter writer, String name, List<JsonSlice> entries) {
        writer.string(name).raw(":[");
        for (int i = 0; i < entries.size(); i++) {
            writer.raw(i == 0 ? "" : ",").slice(entries.get(i));
        }
        return writer.raw("]");
    }

    /**
     * Returns what says why a request failed.
     *
     * @param code which kind of failure
     * @param message one sentence
     * @return {@code {"code":"forbidden","message":"…"}}
     */
    public static JsonSlice error(ErrorCode code, String message) {
        return error(code.wireName(), message);
    }

    static JsonSlice error(String code, String message) {
        return finished(begin("{\"code\":").string(code).raw(",\"message\":").string(message));
    }

    static JsonSlice gap(long missed) {
        return finished(begin("{\"missed\":").number(missed));
    }

    static JsonSlice welcome(String connection) {
        return finished(begin("{\"connection\":")
                .string(connection)
                .raw(",\"protocol\":")
                .number(EnvelopeCodec.PROTOCOL_VERSION));
    }

    private static JsonWriter begin(String ascii) {
        return new JsonWriter(TYPICAL_BYTES).raw(ascii);
    }

    private static JsonSlice finished(JsonWriter writer) {
        return writer.raw("}").toSlice();
    }
}

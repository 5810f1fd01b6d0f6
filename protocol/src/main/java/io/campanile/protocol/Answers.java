package io.campanile.protocol;

import io.campanile.core.Receipt;

/** The data of the server's answers: in an ack, in an error event and in the answers of the HTTP API alike. */
public final class Answers {
    private static final int TYPICAL_BYTES = 96;

    private Answers() {}

    /**
     * Returns what answers {@code room.join}.
     *
     * @param room the room that the client is in now
     * @param members how many connections are in it
     * @return {@code {"room":"lobby","members":3}}
     */
    public static JsonSlice joined(String room, int members) {
        return finished(begin("{\"room\":").string(room).raw(",\"members\":").number(members));
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
     * Returns what says why a request failed.
     *
     * @param code which kind of failure
     * @param message one sentence
     * @return {@code {"code":"forbidden","message":"…"}}
     */
    public static JsonSlice error(ErrorCode code, String message) {
        return finished(
                begin("{\"code\":").string(code.wireName()).raw(",\"message\":").string(message));
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

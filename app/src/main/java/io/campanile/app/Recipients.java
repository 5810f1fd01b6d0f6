package io.campanile.app;

import io.campanile.core.ConnectionId;
import io.campanile.core.Delivery;
import io.campanile.core.OverflowPolicy;
import io.campanile.core.Posted;
import io.campanile.core.Receipt;
import io.campanile.protocol.JsonSlice;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Whom a message is for, and how. Immutable: each method that says more returns recipients of its own. */
public interface Recipients {

    /** Leaves connections out. */
    Recipients except(io.campanile.core.Connection... connections);

    /** Leaves connections out, named by their ids. */
    Recipients except(ConnectionId... connections);

    /** Leaves out who is in any of these rooms. */
    Recipients exceptIn(Room... rooms);

    /** Says what to do with the message for clients that are slow. */
    Recipients with(Delivery delivery);

    /**
     * Sends such that a client which is slow to read keeps the newest message of each key only, of those that wait for it
     * ({@link OverflowPolicy#LATEST_PER_KEY}): for prices, positions, and whatever else outdates what was said before.
     */
    default Recipients latestPerKey(String key) {
        return with(Delivery.usual().withOverflow(OverflowPolicy.LATEST_PER_KEY).withKey(key));
    }

    /**
     * Returns who they are now, for a list of members and the like. Of a shared room, those who came by this gateway.
     * Completes on a thread of the gateway that may be blocked.
     */
    CompletionStage<List<Connection>> connections();

    /** Sends an event without data. */
    default Posted send(String event) {
        return send(event, JsonSlice.NULL);
    }

    /** Sends an event, with data as for {@link Connection#send(String, Object)}. Encoded once for all. */
    Posted send(String event, Object data);

    /** Sends an event and tells what became of it. */
    CompletionStage<Receipt> sendWithReceipt(String event, Object data);

    /** Sends bytes as a binary message. */
    Posted sendBinary(byte[] bytes);

    /**
     * Asks each of them, as {@link Connection#ask} does, and gathers the answers.
     *
     * @return what came from each of those that were asked, when the last has answered, left or used up its time; completes
     *     on a thread of the gateway, never with a failure
     */
    <T> CompletionStage<Replies<T>> ask(String event, Object data, Class<T> answer, Duration timeout);
}

package io.campanile.core.spi;

import io.campanile.core.CloseReason;
import io.campanile.core.Connection;

/** What a registered transport reports to the registry. */
public interface Link extends Connection {

    /** Marks the connection as heard from just now. Any thread; costs a clock reading and, once a tick, a store. */
    void touch();

    /** The peer has answered a keep-alive. Any thread; ends the measuring of a round trip, and is no {@link #touch}. */
    void pong();

    /**
     * The peer has sent a message, so that the deadline for its first one is met. Once is enough; a transport whose peer
     * cannot send any calls it when it is attached. Any thread.
     */
    void firstMessage();

    /**
     * What the transport held is written, and more may be given. Any thread; takes effect in order on the shard, and
     * counts as a sign of life, since the peer has made room for it.
     */
    void writable();

    /**
     * Of what the transport had put off in {@link Transport#writeSoon} the network did not take everything: the transport
     * has copied the rest and holds it, as if that call had given false. Only within {@link ShardExecutor#flush}, once for
     * a call, and takes effect at once.
     */
    void held();

    /**
     * Queues a finished frame of the transport's own, such as a pong, in order with messages and under the same limits.
     * Any thread. Ignored once the connection has left.
     *
     * @param frame the frame's bytes, which must not change afterwards
     */
    void control(byte[] frame);

    /**
     * The transport has ended: the connection leaves the registry if it had not, and what waited is discarded. Any
     * thread; idempotent.
     *
     * @param reason why, as far as the transport knows
     */
    void closed(CloseReason reason);
}

package io.campanile.core.spi;

import io.campanile.core.Claims;
import io.campanile.core.CloseReason;
import io.campanile.core.Message;
import io.campanile.core.OutboundLimits;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Where the outbound frames of one connection go. All methods are called by the shard that owns the connection, one at a
 * time, and must not block. An exception counts as a lost transport, which is then aborted.
 *
 * <pre>
 *  attach ──► write* ──► closing ──► write* ──► close ──► (abort)
 * </pre>
 *
 * The transport reports through its {@link Link}: {@link Link#writable} when it has written what it held, and
 * {@link Link#closed} when it ended, whoever ended it.
 */
public interface Transport {

    /** The value of {@link #shard} that leaves the choice to the registry. */
    int ANY_SHARD = -1;

    /** Returns the index of the shard whose executor owns this transport. Asked once, before {@link #attach}. */
    default int shard() {
        return ANY_SHARD;
    }

    /** Returns how messages are written. Asked once, before {@link #attach}; must always be the same. */
    WireFormat format();

    /**
     * Returns how much may wait for this connection, where that is not what the registry's configuration says. Asked once,
     * before {@link #attach}. A broadcast is held to the configuration all the same.
     */
    default Optional<OutboundLimits> outboundLimits() {
        return Optional.empty();
    }

    /** Hands over the link, before anything is written. */
    void attach(Link link);

    /**
     * Takes bytes to be written in order: all of them. What the network does not take now the transport copies and
     * holds, since the source is used again after the call.
     *
     * @param source a direct buffer; its position and limit have no meaning and must stay as they are
     * @param offset where the bytes begin
     * @param length how many there are; at least 1
     * @return true when the network took everything; false when some is held: then nothing more is given until the
     *     transport has called {@link Link#writable}
     */
    boolean write(ByteBuffer source, int offset, int length);

    /**
     * Takes bytes as above, one of many transports in a row: it may put the writing off until {@link ShardExecutor#flush}
     * and write for all of them together. The source stays as it is until then, and nothing else is asked of the
     * transport meanwhile. Unless overridden, the same as {@link #write(ByteBuffer, int, int)}.
     *
     * @param source a direct buffer, as above
     * @param offset where the bytes begin
     * @param length how many there are; at least 1
     * @return false when some is held, as above. What was put off counts as written, unless {@link Link#held} is called
     */
    default boolean writeSoon(ByteBuffer source, int offset, int length) {
        return write(source, offset, length);
    }

    /**
     * Takes several ranges of bytes as one, in order.
     *
     * @param source a direct buffer, as above
     * @param ranges offset and length of each range, in turn
     * @param count the number of ranges
     * @return as above
     */
    default boolean write(ByteBuffer source, int[] ranges, int count) {
        boolean all = true;
        for (int i = 0; i < count; i++) {
            all &= write(source, ranges[2 * i], ranges[2 * i + 1]);
        }
        return all;
    }

    /**
     * Returns what tells the peer that it missed messages, in the order of the others. Asked once to find out how much
     * room it may need, then again when it is written. A plain text unless overridden; a transport whose format cannot
     * write text must override it, since one that fails at its notice counts as lost.
     *
     * @param room the room they came through; empty for messages that came through none
     * @param missed how many, since the last notice of this room. More must not make the message longer than
     *     {@link Long#MAX_VALUE} does
     */
    default Message gapNotice(Optional<String> room, long missed) {
        return Message.text("missed " + missed + room.map(name -> " in " + name).orElse(""));
    }

    /**
     * The connection has other claims, which its {@link Link} returns from now on.
     *
     * @param before what they were
     */
    default void claimsChanged(Claims before) {}

    /**
     * The connection has left the registry: from now on nothing the peer sends may reach the application. What waited is
     * still given to {@link #write}, then {@link #close} is called. From this call on the transport bounds the time
     * until it ends, whether the peer reads or not.
     */
    default void closing(CloseReason reason) {}

    /** Nothing more will be written: tell the peer the reason after what is held, and end. */
    void close(CloseReason reason);

    /**
     * End at once and give up what is held: the registry counts it as gone when this returns. Called when the node is
     * short of memory, between {@link #write} having given false and {@link Link#writable}, possibly after {@link
     * #close}; at the deadline of a drain, any time after {@link #closing}; and after any method has thrown, for then the
     * transport may not know that it is at its end.
     */
    void abort();
}

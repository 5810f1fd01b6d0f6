package io.campanile.gateway;

import io.campanile.core.spi.ShardExecutor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.Buffer;
import io.netty.channel.unix.IovArray;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One event loop as the executor of one shard, with what its connections share. The fields belong to its thread. */
final class Loop implements ShardExecutor {

    /** What one call of the operating system takes. */
    private static final int MAX_RANGES = 1_024;

    /**
     * Enough for one system call to be worth it, few enough that sockets which are ready wait for a millisecond at most
     * while a large room is written to.
     */
    private static final int WRITES_PER_TURN = 256;

    final int index;
    final EventLoop eventLoop;
    private final Set<HttpConnection> httpConnections = new LinkedHashSet<>();

    /** Those that are not read from for now, and the timer that touches them while there are any. */
    private final Set<WebSocketConnection> held = new HashSet<>();

    private @Nullable Future<?> holding;

    // The registry gathers a turn in a buffer that it uses again, so what is known about the last one is worth keeping.
    private @Nullable ByteBuffer source;
    private long address;
    private ByteBuf wrapped = Unpooled.EMPTY_BUFFER;
    private @Nullable IovArray ranges;
    private final Inflation inflation = new Inflation();

    /** What the end of a turn writes. */
    final Sends sends = new Sends();

    Loop(int index, EventLoop eventLoop) {
        this.index = index;
        this.eventLoop = eventLoop;
    }

    @Override
    public boolean isOwner() {
        return eventLoop.inEventLoop();
    }

    @Override
    public void execute(Runnable task) {
        eventLoop.execute(task);
    }

    @Override
    public void executeNextTurn(Runnable task) {
        // A timer is looked at once in a turn, when sockets were; a task is run in the same turn as the one that gave
        // it.
        eventLoop.schedule(task, 0, TimeUnit.NANOSECONDS);
    }

    @Override
    public int writesPerTurn() {
        return WRITES_PER_TURN;
    }

    @Override
    public void flush() {
        sends.flush();
    }

    void add(HttpConnection connection) {
        httpConnections.add(connection);
    }

    void remove(HttpConnection connection) {
        httpConnections.remove(connection);
    }

    /** Touches a connection every so often, from now on until it is let go. */
    void hold(WebSocketConnection connection, long everyNanos) {
        held.add(connection);
        if (holding == null) {
            holding = eventLoop.scheduleWithFixedDelay(
                    () -> held.forEach(other -> other.link().touch()), everyNanos, everyNanos, TimeUnit.NANOSECONDS);
        }
    }

    void unhold(WebSocketConnection connection) {
        held.remove(connection);
        Future<?> timer = holding;
        if (held.isEmpty() && timer != null) {
            holding = null;
            timer.cancel(false);
        }
    }

    void endHttp() {
        new ArrayList<>(httpConnections).forEach(HttpConnection::endSoon);
    }

    /** Returns where a direct buffer's bytes begin. */
    long address(ByteBuffer direct) {
        if (!isRemembered(direct)) {
            remember(direct);
        }
        return address;
    }

    /** Returns a direct buffer's bytes, from its beginning to its capacity. */
    ByteBuf wrapped(ByteBuffer direct) {
        if (!isRemembered(direct)) {
            remember(direct);
        }
        return wrapped;
    }

    @SuppressWarnings("ReferenceEquality") // buffers with equal contents are not at the same address
    private boolean isRemembered(ByteBuffer direct) {
        return direct == source;
    }

    private void remember(ByteBuffer direct) {
        source = direct;
        address = direct.isDirect() && Io.epollUnavailability() == null ? Buffer.memoryAddress(direct) : 0;
        ByteBuffer whole = direct.duplicate();
        whole.clear();
        wrapped = Unpooled.wrappedBuffer(whole);
    }

    /** Returns an empty list of ranges, for use within one call. */
    IovArray ranges() {
        IovArray list = ranges;
        if (list == null) {
            ranges = list = new IovArray(MAX_RANGES);
        }
        list.clear();
        return list;
    }

    /** Returns what inflates the messages of this loop's connections, for use within one call. */
    Inflation inflation() {
        return inflation;
    }

    /** Gives back native memory; to be called when the event loop has ended. */
    void release() {
        IovArray list = ranges;
        ranges = null;
        if (list != null) {
            list.release();
        }
        inflation.release();
        sends.close();
    }
}
